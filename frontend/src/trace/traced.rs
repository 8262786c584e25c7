//! Traced functions: lowering them, and calling them inside another trace.

use super::frame::{Ambient, Given, ambient, place_of, poison, record_all, with_ambient};
use super::{top_types, with_frame, with_parameters};
use crate::compiled::Compiled;
use crate::implementations::{Implementations, with_implementations, without_implementations};
use crate::native::with_natives;
use crate::signature::{Signature, Specification};
use crate::tree::{Outline, leaves};
use crate::{Error, Natives, Options, Tensor, Tree};
use rotrace_ir::Type;
use rotrace_ir::graph::Function;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

/// What a function is recorded for.
pub(super) struct Request {
    /// Names of the dims that the types mention.
    pub dims: Vec<String>,
    /// One per leaf of the arguments; ignored if there is an error.
    pub types: Vec<Type>,
    pub arguments: Outline,
    /// Whether values of the enclosing traces may be used.
    pub may_capture: bool,
    /// Set if only the structure of the results is wanted.
    pub inert: bool,
    pub location: &'static Location<'static>,
}

/// A recorded function.
pub(super) struct Recorded {
    /// The structure of its results, known even after a mistake.
    pub results: Outline,
    /// The function, whose last parameters are the captures, and the captured values.
    pub outcome: Result<(Function, Vec<Tensor>), Error>,
}

pub(super) type Recording<'a> = dyn Fn(&Request) -> Recorded + 'a;

/// A function over traced arrays that has not been given argument types yet.
///
/// It can be lowered and compiled for any number of types, transformed ([`grad`](Self::grad), [`vjp`](Self::vjp),
/// [`jvp`](Self::jvp)) into another such function, and called inside another traced function
/// ([`call_traced`](Self::call_traced)). `In` and `Out` are trees of [`Tensor`]s.
pub struct Traced<'a, In, Out> {
    pub(super) recording: Rc<Recording<'a>>,
    pub(super) types: PhantomData<fn(In) -> Out>,
}

impl<In, Out> Clone for Traced<'_, In, Out> {
    fn clone(&self) -> Self {
        Self { recording: Rc::clone(&self.recording), types: PhantomData }
    }
}

impl<In, Out> std::fmt::Debug for Traced<'_, In, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Traced")
    }
}

/// Makes a function over traced arrays of an ordinary closure.
///
/// The closure is run once per lowering, on [`Tensor`]s that record what is done with them; captured [`Array`]s become
/// constants. It is cloned for each run, so it may consume what it captures.
///
/// ```
/// use rotrace::{Array, spatial::Rotation, trace};
/// let p = Array::from([1.0, 2.0, 3.0]);
/// let rotate = trace(|x| Rotation::from_rotvec(x).apply(p));
/// let lowered = rotate.lower("f64[n, 3]")?;
/// assert_eq!(lowered.function().result_types().next().unwrap().rank(), 2);
/// # Ok::<(), rotrace::Error>(())
/// ```
///
/// [`Array`]: crate::Array
pub fn trace<'a, In, Out, F>(function: F) -> Traced<'a, In, Out>
where
    F: FnOnce(In) -> Out + Clone + 'a,
    In: Tree<Tensor>,
    Out: Tree<Tensor>,
{
    let ambient = ambient();
    Traced::new(move |request| record_closure(function.clone(), ambient, request))
}

/// Records a function as where [`ambient`] gave `ambient`.
pub(super) fn record_closure<In: Tree<Tensor>, Out: Tree<Tensor>>(
    function: impl FnOnce(In) -> Out,
    ambient: Option<Ambient>,
    request: &Request,
) -> Recorded {
    let mut function = Some(function);
    recorded(ambient, request, &mut |parameters| {
        let arguments = request.arguments.build(parameters)?;
        let results = function.take()?(arguments);
        Some((leaves(&results), Outline::of(&results)))
    })
}

/// Records what `body` makes of parameters; `None` if they are too few.
fn recorded(
    ambient: Option<Ambient>,
    request: &Request,
    body: &mut dyn FnMut(Vec<Tensor>) -> Option<Given>,
) -> Recorded {
    let mistake =
        |message: &str| Error::Trace { message: message.to_owned(), operands: Vec::new(), location: request.location };
    let inert = request.inert.then(|| mistake("an argument is not of this trace"));
    let types: &[Type] = if request.inert { &[] } else { &request.types };
    let (results, finished) = with_frame(request, types, inert, &mut |mut parameters| {
        parameters.resize(request.arguments.leaves, Tensor::POISON);
        with_ambient(ambient, || body(parameters))
    });
    let Some(results) = results else {
        let message = format!("{} types do not fill the arguments", request.arguments.leaves);
        return Recorded {
            results: Outline::default(),
            outcome: Err(Error::Signature { message, location: request.location }),
        };
    };
    let outcome = finished.and_then(|finished| {
        let mut parameters = finished.builder.function().parameters.clone();
        let function = finished.builder.finish(finished.results);
        if finished.captures.is_empty() {
            return Ok((function, Vec::new()));
        }
        let (captured, captures): (Vec<_>, Vec<_>) = finished.captures.into_iter().unzip();
        parameters.extend(captures);
        let function = with_parameters(function, parameters).map_err(|violation| mistake(&violation.to_string()))?;
        Ok((function, captured))
    });
    Recorded { results, outcome }
}

impl<'a, In: Tree<Tensor>, Out: Tree<Tensor>> Traced<'a, In, Out> {
    pub(super) fn new(recording: impl Fn(&Request) -> Recorded + 'a) -> Self {
        Self { recording: Rc::new(recording), types: PhantomData }
    }

    /// Records the function for arguments of the given types: a string such as `"f64[n, 3], f64[3]"` with one type per
    /// leaf in order, or [`Signature::like`](crate::Signature::like) example arguments.
    ///
    /// # Errors
    /// A malformed signature, or the first mistake in the function, with its source line.
    #[track_caller]
    pub fn lower(&self, types: impl Specification) -> Result<Lowered<In, Out>, Error> {
        let fits = |outline: &Outline| outline.build::<Tensor, In>(vec![Tensor::POISON; outline.leaves]).is_some();
        let (function, natives, results) = lowered(&*self.recording, types.signature(), &fits, Location::caller())?;
        Ok(Lowered { function: Arc::new(function), natives, results, types: PhantomData })
    }

    /// Lowers and compiles with the default options.
    ///
    /// # Errors
    /// As [`lower`](Self::lower), and what the compiler reports.
    #[track_caller]
    pub fn compile(&self, types: impl Specification) -> Result<Compiled<In, Out>, Error> {
        self.compile_with(types, &Options::default())
    }

    /// Lowers and compiles.
    ///
    /// # Errors
    /// As [`lower`](Self::lower), and what the compiler reports.
    #[track_caller]
    pub fn compile_with(&self, types: impl Specification, options: &Options) -> Result<Compiled<In, Out>, Error> {
        self.lower(types)?.compile_with(options)
    }

    /// The same function with a user's own implementations of operations; see [`Implementations`].
    #[must_use]
    pub fn using(&self, implementations: &Implementations) -> Self
    where
        In: 'a,
        Out: 'a,
    {
        let (recording, implementations) = (Rc::clone(&self.recording), implementations.clone());
        Traced::new(move |request| with_implementations(&implementations, || recording(request)))
    }

    /// Calls the function inside another traced function: its nodes become part of that one.
    ///
    /// Values of the enclosing trace that the closure captured are used there, and differentiated through by
    /// transformations of the enclosing function (not by those of this one, for which they are constants).
    #[track_caller]
    pub fn call_traced(&self, arguments: In) -> Out {
        let (results, values) =
            inlined(&*self.recording, &leaves(&arguments), Outline::of(&arguments), place_of(Location::caller()));
        match results.build(values) {
            Some(results) => results,
            None => unreachable!("a tree is built from its own outline"),
        }
    }
}

/// The function recorded for these types, with the structure of its results. `fits` tells whether arguments can be built
/// from a structure.
fn lowered(
    recording: &Recording<'_>,
    signature: Result<Signature, String>,
    fits: &dyn Fn(&Outline) -> bool,
    location: &'static Location<'static>,
) -> Result<(Function, Natives, Outline), Error> {
    let signature = signature.map_err(|message| Error::Signature { message, location })?;
    check_leaf_count(&signature.outline, fits).map_err(|message| Error::Signature { message, location })?;
    let request = Request {
        dims: signature.dims,
        types: signature.types,
        arguments: signature.outline,
        may_capture: false,
        inert: false,
        location,
    };
    let (recorded, natives) = with_natives(|| without_implementations(|| recording(&request)));
    Ok((recorded.outcome?.0, natives, recorded.results))
}

/// Records the function for operands in the frame on top, into that frame. Gives the structure of the results with one
/// value for each of their leaves.
fn inlined(
    recording: &Recording<'_>,
    operands: &[Tensor],
    outline: Outline,
    location: &'static Location<'static>,
) -> (Outline, Vec<Tensor>) {
    let found = top_types(operands, location);
    let inert = found.is_none();
    let (dims, types) = found.unwrap_or_default();
    let request = Request { dims, types, arguments: outline, may_capture: true, inert, location };
    let Recorded { results, outcome } = recording(&request);
    let mut values = match outcome {
        Ok((function, captures)) => record_all(location, |recorder| {
            let all = operands.iter().chain(&captures);
            let ids = all.map(|&tensor| recorder.resolve(tensor)).collect::<Result<Vec<_>, _>>()?;
            Ok(recorder.builder().inline(&function, &ids))
        }),
        Err(error) => {
            poison(error);
            Vec::new()
        }
    };
    values.resize(results.leaves, Tensor::POISON);
    (results, values)
}

/// Tries whether arguments can be built, to learn early whether the number of leaves fits.
fn check_leaf_count(outline: &Outline, fits: &dyn Fn(&Outline) -> bool) -> Result<(), String> {
    if fits(outline) {
        return Ok(());
    }
    let fits = |&leaves: &usize| fits(&Outline { leaves, lengths: None });
    let wanted: Vec<usize> = (0..=MOST_LEAVES).filter(fits).take(3).collect();
    // An option makes two numbers fit, a `Vec` any.
    let wanted = match wanted[..] {
        [] => "another number of leaves".to_owned(),
        [1] => "1 leaf".to_owned(),
        [count] => format!("{count} leaves"),
        [first, second] => format!("{first} or {second} leaves"),
        [first, second, ..] => format!("{first}, {second} or more leaves"),
    };
    let types = if outline.leaves == 1 { "1 type".to_owned() } else { format!("{} types", outline.leaves) };
    Err(format!("it has {types}, but the function's arguments have {wanted}"))
}

/// How many leaves are tried to say in a message how many there should be.
const MOST_LEAVES: usize = 256;

/// A function recorded for given argument types: its graph.
pub struct Lowered<In, Out> {
    function: Arc<Function>,
    natives: Natives,
    results: Outline,
    types: PhantomData<fn(In) -> Out>,
}

impl<In, Out> Clone for Lowered<In, Out> {
    fn clone(&self) -> Self {
        let (function, natives) = (Arc::clone(&self.function), self.natives.clone());
        Self { function, natives, results: self.results.clone(), types: PhantomData }
    }
}

impl<In, Out> std::fmt::Debug for Lowered<In, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Lowered").field(&self.function).finish()
    }
}

impl<In: Tree<Tensor>, Out: Tree<Tensor>> Lowered<In, Out> {
    /// The graph as data.
    #[must_use]
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// The native functions that the graph calls by name.
    #[must_use]
    pub fn natives(&self) -> &Natives {
        &self.natives
    }

    /// The graph as text, which parses back.
    #[must_use]
    pub fn graph(&self) -> String {
        self.function.to_string()
    }

    /// The structure of the results.
    pub(crate) fn results(&self) -> &Outline {
        &self.results
    }

    /// Compiles with the default options.
    ///
    /// # Errors
    /// What the compiler reports.
    pub fn compile(&self) -> Result<Compiled<In, Out>, Error> {
        self.compile_with(&Options::default())
    }

    /// Compiles.
    ///
    /// # Errors
    /// What the compiler reports.
    pub fn compile_with(&self, options: &Options) -> Result<Compiled<In, Out>, Error> {
        Compiled::new(&self.function, &self.natives, self.results.clone(), options)
    }
}
