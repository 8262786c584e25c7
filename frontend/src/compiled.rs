//! Compiled functions: handles that cost tens of nanoseconds to call.

use crate::rows::first_new_nan;
use crate::tree::{Outline, Trees};
use crate::{Array, ArrayView, ArrayViewMut, Error, Options, Tensor, Tree};
use rotrace_ir::graph::Function;
use rotrace_runtime::{Executable, Natives, Report, View, ViewMut};
use smallvec::SmallVec;
use std::marker::PhantomData;

/// As many leaves as a call passes without allocating.
const INLINE_LEAVES: usize = 32;

/// The tree `T` of tensors, with leaves of another type.
pub type With<T, L> = <T as Tree<Tensor>>::With<L>;

/// A compiled function from `In` to `Out`, trees of [`Tensor`]s that stand for the same trees of [`Array`]s.
///
/// It holds no reference to the closure it was made of, and is `Send + Sync`: many threads can call one handle at once.
/// Named dimensions take their sizes from the arguments of each call.
pub struct Compiled<In, Out> {
    executable: Executable,
    trees: Trees,
    types: PhantomData<fn(In) -> Out>,
}

/// The results' tree over their leaves.
pub(crate) fn tree_of<L, T: Tree<L>>(results: &Outline, leaves: Vec<L>) -> T {
    match results.build(leaves) {
        Some(tree) => tree,
        None => unreachable!("the executable has one result per leaf of the tree it was traced to"),
    }
}

impl<In, Out> std::fmt::Debug for Compiled<In, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Compiled")
    }
}

impl<In: Tree<Tensor>, Out: Tree<Tensor>> Compiled<In, Out> {
    pub(crate) fn new(function: &Function, natives: &Natives, trees: Trees, options: &Options) -> Result<Self, Error> {
        Ok(Self::of_executable(Executable::compile_with(function, natives, options)?, trees))
    }

    /// An executable with as many arguments and results as the trees have leaves.
    pub(crate) fn of_executable(executable: Executable, trees: Trees) -> Self {
        Self { executable, trees, types: PhantomData }
    }

    /// The structures of arguments and results.
    pub(crate) fn trees(&self) -> &Trees {
        &self.trees
    }

    /// Calls the function; the results are new arrays.
    ///
    /// # Errors
    /// If an argument has another type than the function was compiled for, a named dimension has two sizes or is too
    /// small for a slice in the program, there is no memory for results or temporaries (or the
    /// options permit less), or a native function fails.
    pub fn call(&self, inputs: &With<In, Array>) -> Result<With<Out, Array>, Error> {
        let mut views = SmallVec::<[View<'_>; INLINE_LEAVES]>::new();
        inputs.visit(&mut |array: &Array| views.push(array.view()));
        let shapes = self.executable.output_shapes(&views)?;
        let types = self.executable.outputs().iter().zip(&shapes);
        let mut arrays = types.map(|(ty, shape)| Array::zeros_of(ty.dtype, shape)).collect::<Result<Vec<_>, _>>()?;
        let mut outputs: SmallVec<[ViewMut<'_>; INLINE_LEAVES]> = arrays.iter_mut().map(Array::view_mut).collect();
        self.executable.call(&views, &mut outputs)?;
        drop(outputs);
        Ok(tree_of(&self.trees.results, arrays))
    }

    /// The structure of the results.
    pub(crate) fn outline(&self) -> &Outline {
        &self.trees.results
    }

    /// Bytes of temporaries that a call with these arguments takes, its results not counted: what the way forwards through
    /// a loop keeps for the way back, above all. [`Options::memory_limit`](crate::Options) bounds them.
    ///
    /// # Errors
    /// Arguments that do not fit, as for [`call`](Self::call).
    pub fn temporary_bytes(&self, inputs: &With<In, Array>) -> Result<u64, Error> {
        let mut views = SmallVec::<[View<'_>; INLINE_LEAVES]>::new();
        inputs.visit(&mut |array: &Array| views.push(array.view()));
        Ok(self.executable.temporary_bytes(&views)?)
    }

    /// As [`call`](Self::call), and checks that no result has a NaN where no argument has one.
    ///
    /// A result is checked row by row along its leading axis if that has a named size; the arguments' rows are those
    /// along a leading axis of the same name, and other arguments belong to every row. A function that mixes rows is
    /// blamed for the rows that a NaN of another row reaches.
    ///
    /// The error tells where the NaN began: the operation that gave it of numbers, its line, and the iterations of loops in
    /// which that was. To find out, the interpreter runs the function again, which takes seconds at worst, and is given up
    /// for calls that are too large; a call without a NaN costs one pass over its results. Iterations count from 0, and
    /// those of a scan in reverse by their index too. Loops of a derivative have the lines of the function's own loops, and
    /// carried and stacked values of their own (those of [`graph`](Self::graph)); under a checkpoint policy each is a loop
    /// over segments, with a loop in it. The way back begins with the last iteration.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, fori, trace};
    /// let shrink = trace(|x: Tensor| fori(5, x, |_, x| (x - 1.0).sqrt())).compile("f64[n]")?;
    /// let error = shrink.call_checked(&Array::from([1e9, 100.0])).expect_err("a NaN").to_string();
    /// assert!(error.starts_with("result 0 is NaN in row 1, where no argument is: it began with sqrt at "), "{error}");
    /// assert!(error.contains(", in step 4 (carried value 0) of the loop at "), "{error}");
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`call`](Self::call), and [`Error::NotANumber`] for the first such row.
    pub fn call_checked(&self, inputs: &With<In, Array>) -> Result<With<Out, Array>, Error> {
        let results = self.call(inputs)?;
        let (mut arguments, mut found) = (Vec::new(), Vec::new());
        inputs.visit(&mut |array: &Array| arguments.push(array));
        results.visit(&mut |array: &Array| found.push(array));
        let arguments: Vec<_> = self.executable.inputs().iter().zip(arguments).collect();
        let found = self.executable.outputs().iter().zip(found).enumerate();
        let nan = found.filter_map(|(result, pair)| first_new_nan(&arguments, pair).map(|row| (result, row))).next();
        let Some((result, row)) = nan else { return Ok(results) };
        let views: Vec<View<'_>> = arguments.iter().map(|(_, array)| array.view()).collect();
        let origin = Box::new(self.executable.origin_of_nan(&views, result, row));
        Err(Error::NotANumber { result, row, origin })
    }

    /// Calls the function and writes the results over `outputs`, which must have the right types and shapes. Allocates
    /// nothing for up to 32 arguments and 32 results, unless an output shares its elements with a clone: those are
    /// copied first, so that no other array changes.
    ///
    /// # Errors
    /// As [`call`](Self::call); also if an output has the wrong type or shape.
    pub fn call_into(&self, inputs: &With<In, Array>, outputs: &mut With<Out, Array>) -> Result<(), Error> {
        let mut views = SmallVec::<[View<'_>; INLINE_LEAVES]>::new();
        inputs.visit(&mut |array: &Array| views.push(array.view()));
        let mut targets = SmallVec::<[ViewMut<'_>; INLINE_LEAVES]>::new();
        outputs.visit_mut(&mut |array: &mut Array| targets.push(array.view_mut()));
        Ok(self.executable.call(&views, &mut targets)?)
    }

    /// As [`call_into`](Self::call_into), on borrowed memory.
    ///
    /// # Errors
    /// As [`call_into`](Self::call_into).
    pub fn call_views<'a, 'b>(
        &self,
        inputs: &With<In, ArrayView<'a>>,
        outputs: &mut With<Out, ArrayViewMut<'b>>,
    ) -> Result<(), Error> {
        let mut views = SmallVec::<[View<'_>; INLINE_LEAVES]>::new();
        inputs.visit(&mut |array: &ArrayView<'a>| views.push(array.view()));
        let mut targets = SmallVec::<[ViewMut<'_>; INLINE_LEAVES]>::new();
        outputs.visit_mut(&mut |array: &mut ArrayViewMut<'b>| targets.push(array.view_mut()));
        Ok(self.executable.call(&views, &mut targets)?)
    }

    /// The compiled program without its tree types.
    #[must_use]
    pub fn executable(&self) -> &Executable {
        &self.executable
    }

    /// The graph as it was lowered.
    #[must_use]
    pub fn graph(&self) -> String {
        self.executable.graph()
    }

    /// The graph after the named pass; `None` if no pass has that name.
    #[must_use]
    pub fn graph_after(&self, pass: &str) -> Option<String> {
        self.executable.graph_after(pass)
    }

    /// The kernels that the graph was fused into.
    #[must_use]
    pub fn kernels(&self) -> String {
        self.executable.kernels()
    }

    /// The names of what kernels are on the way to machine code, in order: `clif` in [`Engine::Compiled`](crate::Engine::Compiled),
    /// `mlir` and `llvm` in [`Engine::Optimised`](crate::Engine::Optimised), all of them in [`Engine::Tiered`](crate::Engine::Tiered); `mlir`,
    /// `llvm` and `ptx` on a GPU.
    #[must_use]
    pub fn stages(&self) -> Vec<&'static str> {
        self.executable.stages()
    }

    /// The kernels at the stage of this name; `None` if [`stages`](Self::stages) has no such name.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<String> {
        self.executable.stage(name)
    }

    /// The machine code that calls run now; on a GPU PTX, of which the driver makes it.
    #[must_use]
    pub fn disassembly(&self) -> String {
        self.executable.disassembly()
    }

    /// Times and sizes of the compilation, and how far it is in the background.
    #[must_use]
    pub fn report(&self) -> Report {
        self.executable.report()
    }

    /// Waits until nothing goes on in the background for this handle: from then on, calls run the best code that there will
    /// be. Only in [`Engine::Tiered`](crate::Engine::Tiered) there is anything to wait for; what came of it is in the
    /// [`report`](Self::report).
    ///
    /// ```
    /// use rotrace::{Array, Background, Engine, Options, Tensor, trace};
    /// let options = Options { engine: Engine::Tiered, ..Options::default() };
    /// let square = trace(|x: Tensor| x * x).lower("f64[n]")?.compile_with(&options);
    /// match square {
    ///     Ok(square) => {
    ///         let x = Array::from([3.0]);
    ///         assert_eq!(square.call(&x)?.to_vec::<f64>()?, [9.0]); // By whichever code is there.
    ///         square.wait_optimised();
    ///         assert!(matches!(square.report().background, Background::Done(_)));
    ///         assert_eq!(square.call(&x)?.to_vec::<f64>()?, [9.0]);
    ///     }
    ///     Err(error) => assert!(error.to_string().contains("the feature `mlir`"), "{error}"),
    /// }
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    pub fn wait_optimised(&self) {
        self.executable.wait_optimised();
    }
}
