//! Checking a call's arguments and binding the named dimensions to sizes.

use crate::{Error, View, ViewMut};
use rotrace_ir::DType;
use rotrace_ir::dim::{Dim, Type, display_shape};
use rotrace_ir::graph::{Function, Op};
use rotrace_ir::kernel::Extent;
use rotrace_ir::plan::{Plan, Step};
use smallvec::SmallVec;

/// The sizes of the named dimensions in one call.
pub(crate) type Sizes = SmallVec<[i64; 8]>;

const UNBOUND: i64 = -1;

/// An array as far as a signature asks.
pub(crate) trait Described {
    fn dtype(&self) -> DType;
    fn shape(&self) -> &[usize];
    fn byte_length(&self) -> usize;
    /// A number that is a multiple of an element's size if the address is.
    fn address(&self) -> usize;
}

impl<A: Described> Described for &A {
    fn dtype(&self) -> DType {
        (**self).dtype()
    }

    fn shape(&self) -> &[usize] {
        (**self).shape()
    }

    fn byte_length(&self) -> usize {
        (**self).byte_length()
    }

    fn address(&self) -> usize {
        (**self).address()
    }
}

macro_rules! described {
    ($($view:ty),*) => {$(
        impl Described for $view {
            #[inline]
            fn dtype(&self) -> DType {
                self.dtype
            }

            #[inline]
            fn shape(&self) -> &[usize] {
                self.shape
            }

            #[inline]
            fn byte_length(&self) -> usize {
                self.bytes.len()
            }

            #[inline]
            fn address(&self) -> usize {
                self.bytes.as_ptr().addr()
            }
        }
    )*};
}

described!(View<'_>, ViewMut<'_>);

/// What a function's signature asks of a call.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) dims: Vec<String>,
    pub(crate) inputs: Vec<Type>,
    pub(crate) outputs: Vec<Type>,
    /// The least size of each named dimension.
    least: Vec<i64>,
}

impl Signature {
    /// The signature of a verified function with its plan. Every dimension must occur in a parameter.
    pub(crate) fn new(function: &Function, plan: &Plan) -> Result<Self, Error> {
        let bound: Vec<_> = function.parameter_types().flat_map(|ty| &ty.shape).filter_map(|dim| dim.name).collect();
        let missing = (0..function.dims.len()).find(|&index| !bound.iter().any(|name| name.0 as usize == index));
        if let Some(index) = missing {
            return Err(Error::UnboundDimension(function.dims[index].clone()));
        }
        let mut signature = Self::of_plan(plan);
        // The lowering may rename dimensions, and computes some values nowhere.
        signature.dims.clone_from(&function.dims);
        least_sizes_of_values(function, &mut signature.least);
        Ok(signature)
    }

    /// The signature of a verified plan.
    pub(crate) fn of_plan(plan: &Plan) -> Self {
        let mut least = vec![0; plan.dims.len()];
        least_sizes(plan, &mut least);
        let (dims, inputs, outputs) = (plan.dims.clone(), plan.inputs.clone(), plan.outputs.clone());
        Self { dims, inputs, outputs, least }
    }

    /// The signature of a verified plan whose dims had these names and least sizes; `None` if there are not as many.
    pub(crate) fn restored(plan: &Plan, dims: Vec<String>, least: Vec<i64>) -> Option<Self> {
        let fits = dims.len() == plan.dims.len() && least.len() == plan.dims.len();
        fits.then(|| Self { dims, least, ..Self::of_plan(plan) })
    }

    /// The least size of each named dimension.
    pub(crate) fn least(&self) -> &[i64] {
        &self.least
    }

    /// Checks the arguments and finds the sizes of the named dimensions.
    #[inline]
    pub(crate) fn bind<A: Described>(&self, inputs: &[A], sizes: &mut Sizes) -> Result<(), Error> {
        if inputs.len() != self.inputs.len() {
            return Err(Error::ArgumentCount { expected: self.inputs.len(), got: inputs.len() });
        }
        sizes.resize(self.dims.len(), UNBOUND);
        for (index, (ty, view)) in self.inputs.iter().zip(inputs).enumerate() {
            if ty.dtype != view.dtype() || ty.rank() != view.shape().len() {
                return Err(self.argument_error(index, view, sizes));
            }
            let mut elements = 1_u64;
            for (&dim, &size) in ty.shape.iter().zip(view.shape()) {
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                elements = elements.saturating_mul(size as u64);
                let base = size.saturating_sub(dim.constant);
                let fits = match dim.name {
                    None => base == 0,
                    Some(name) => {
                        let slot = &mut sizes[name.0 as usize];
                        if *slot == UNBOUND && base >= 0 {
                            *slot = base;
                        }
                        *slot == base
                    }
                };
                if !fits {
                    return Err(self.argument_error(index, view, sizes));
                }
            }
            check_memory("argument", index, elements, ty, view)?;
        }
        for (index, (&size, &least)) in sizes.iter().zip(&self.least).enumerate() {
            if size < least {
                let name = self.dims[index].clone();
                return Err(Error::DimensionTooSmall { name, size: size as u64, least: least as u64 });
            }
        }
        Ok(())
    }

    /// Checks the result buffers against the bound sizes.
    #[inline]
    pub(crate) fn check_outputs<A: Described>(&self, outputs: &[A], sizes: &Sizes) -> Result<(), Error> {
        if outputs.len() != self.outputs.len() {
            return Err(Error::ResultCount { expected: self.outputs.len(), got: outputs.len() });
        }
        for (index, (ty, view)) in self.outputs.iter().zip(outputs).enumerate() {
            let mut elements = 1_u64;
            let mut fits = ty.dtype == view.dtype() && ty.rank() == view.shape().len();
            for (&dim, &size) in ty.shape.iter().zip(view.shape()) {
                elements = elements.saturating_mul(size as u64);
                fits &= dim_size(dim, sizes) == size as i64;
            }
            if !fits {
                let expected = format!("{}{:?}", ty.dtype, self.shape_of(ty, sizes));
                return Err(Error::ResultBuffer {
                    index,
                    expected,
                    got: format!("{}{:?}", view.dtype(), view.shape()),
                });
            }
            check_memory("result buffer", index, elements, ty, view)?;
        }
        Ok(())
    }

    /// The concrete shape of a type.
    pub(crate) fn shape_of(&self, ty: &Type, sizes: &Sizes) -> SmallVec<[usize; 4]> {
        ty.shape.iter().map(|&dim| dim_size(dim, sizes) as usize).collect()
    }

    #[cold]
    fn argument_error(&self, index: usize, view: &impl Described, sizes: &Sizes) -> Error {
        let ty = &self.inputs[index];
        let bound = ty.shape.iter().filter_map(|dim| dim.name).map(|name| name.0 as usize);
        let known: Vec<String> = bound
            .filter(|&name| sizes[name] != UNBOUND)
            .map(|name| format!("{} is {}", self.dims[name], sizes[name]))
            .collect();
        let note = if known.is_empty() { String::new() } else { format!(" (where {})", known.join(", ")) };
        let expected = format!("{}{}", ty.dtype, display_shape(&ty.shape, &self.dims));
        Error::Argument { index, expected, got: format!("{}{:?}", view.dtype(), view.shape()), note }
    }
}

/// Raises the least sizes of the names to what the function and those in it need. Rules for derivatives do not run.
fn least_sizes_of_values(function: &Function, least: &mut [i64]) {
    function.values.iter().flat_map(|value| &value.ty.shape).for_each(|&dim| raise(least, dim));
    for node in &function.nodes {
        if let Op::Custom(_) = node.op {
            continue;
        }
        if let Op::Scan(scan) = &node.op {
            raise(least, scan.length);
        }
        node.op.functions().into_iter().for_each(|nested| least_sizes_of_values(nested, least));
    }
}

/// Raises the least sizes of the names to what the plan and those in it need.
fn least_sizes(plan: &Plan, least: &mut [i64]) {
    for &extent in plan.buffers.iter().flat_map(|buffer| &buffer.shape) {
        match extent {
            Extent::Dim(dim) | Extent::Blocks(dim) | Extent::Block { dim, .. } => raise(least, dim),
        }
    }
    for step in &plan.steps {
        match step {
            Step::Loop(step) => raise(least, step.length),
            Step::Native(step) => {
                step.inputs.iter().chain(&step.outputs).flat_map(|ty| &ty.shape).for_each(|&dim| raise(least, dim));
            }
            Step::Kernel(_) | Step::While(_) | Step::Switch(_) | Step::Matmul(_) => {}
        }
        step.plans().into_iter().for_each(|nested| least_sizes(nested, least));
    }
}

/// Raises the least size of a dim's name to where the dim is not negative.
fn raise(least: &mut [i64], dim: Dim) {
    if let Some(name) = dim.name {
        let least = &mut least[name.0 as usize];
        *least = (*least).max(-dim.constant);
    }
}

/// The size of a dim whose name is bound.
#[inline]
pub(crate) fn dim_size(dim: Dim, sizes: &[i64]) -> i64 {
    // Sizes near the end of what an `i64` holds come with arrays that have no elements.
    dim.name.map_or(0, |name| sizes[name.0 as usize]).saturating_add(dim.constant)
}

/// The length must be what the shape says, and elements must be aligned to their size.
#[inline]
fn check_memory(
    which: &'static str,
    index: usize,
    elements: u64,
    ty: &Type,
    array: &impl Described,
) -> Result<(), Error> {
    let expected = elements.saturating_mul(ty.dtype.size() as u64);
    if expected != array.byte_length() as u64 {
        return Err(Error::Length { which, index, expected, got: array.byte_length() });
    }
    if !array.address().is_multiple_of(ty.dtype.size()) {
        return Err(Error::Misaligned { which, index, alignment: ty.dtype.size() });
    }
    Ok(())
}
