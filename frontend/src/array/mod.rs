//! Concrete arrays: what compiled functions take and give back.

mod convert;
mod element;
mod view;

pub use element::Element;
pub use view::{ArrayView, ArrayViewMut};

use crate::{DType, Error};
use element::Storage;
use rotrace_ir::graph::Constant;
use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// An n-dimensional array of one element type in row-major order.
///
/// Cloning is cheap: clones share their elements until one of them is written to (copy on write).
///
/// ```
/// use rotrace::Array;
/// let points = Array::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// assert_eq!(points.shape(), [2, 3]);
/// assert_eq!(points.as_slice::<f64>()?[3], 4.0);
/// # Ok::<(), rotrace::Error>(())
/// ```
#[derive(Clone)]
pub struct Array {
    shape: SmallVec<[usize; 4]>,
    storage: Arc<Storage>,
}

/// Elements of either float type.
#[derive(Debug)]
pub(crate) enum Floats<'a> {
    Single(&'a [f32]),
    Double(&'a [f64]),
}

/// An array as a key: equal to those of the same memory under the same shape.
#[derive(Debug)]
pub(crate) struct Identity(pub Array);

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.storage, &other.0.storage) && self.0.shape == other.0.shape
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0.storage).hash(state);
    }
}

impl Array {
    /// An array of this shape over the elements of `data`, row-major, without a copy.
    ///
    /// # Errors
    /// If the sizes do not multiply to the number of elements.
    pub fn from_vec<T: Element>(shape: &[usize], data: Vec<T>) -> Result<Self, Error> {
        if count(shape) != Some(data.len()) {
            return Err(Error::Array(format!("an array of shape {shape:?} cannot hold {} elements", data.len())));
        }
        Ok(Self::new(shape, T::store(data)))
    }

    /// An array of this shape with a copy of the elements of `data`, row-major.
    ///
    /// # Errors
    /// If the sizes do not multiply to the number of elements.
    pub fn from_slice<T: Element>(shape: &[usize], data: &[T]) -> Result<Self, Error> {
        Self::from_vec(shape, data.to_vec())
    }

    /// Zeros of type `f64`.
    ///
    /// # Errors
    /// If the array would not fit in memory.
    pub fn zeros(shape: &[usize]) -> Result<Self, Error> {
        Self::zeros_of(DType::F64, shape)
    }

    /// Zeros (`false` for `bool`) of the given element type.
    ///
    /// # Errors
    /// If the array would not fit in memory.
    pub fn zeros_of(dtype: DType, shape: &[usize]) -> Result<Self, Error> {
        let bytes = count(shape).and_then(|count| count.checked_mul(dtype.size()));
        let Some(bytes) = bytes.filter(|&bytes| isize::try_from(bytes).is_ok()) else {
            return Err(Error::Array(format!("an array {dtype}{shape:?} is too large")));
        };
        match Storage::zeros(dtype, bytes / dtype.size()) {
            Some(storage) => Ok(Self::new(shape, storage)),
            None => Err(Error::Array(format!("out of memory: an array {dtype}{shape:?} has {bytes} bytes"))),
        }
    }

    fn new(shape: &[usize], storage: Storage) -> Self {
        Self { shape: shape.into(), storage: Arc::new(storage) }
    }

    /// The sizes, outermost first.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.storage.dtype()
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes().len() / self.dtype().size()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// The elements in row-major order.
    ///
    /// # Errors
    /// If `T` is not the element type.
    pub fn as_slice<T: Element>(&self) -> Result<&[T], Error> {
        self.check::<T>()?;
        bytemuck::checked::try_cast_slice(self.bytes())
            .map_err(|error| Error::Array(format!("the elements cannot be read as {}: {error}", T::DTYPE)))
    }

    /// The elements in row-major order, to write to. Copies them first if a clone shares them.
    ///
    /// # Errors
    /// If `T` is not the element type.
    pub fn as_mut_slice<T: Element + bytemuck::AnyBitPattern>(&mut self) -> Result<&mut [T], Error> {
        self.check::<T>()?;
        bytemuck::try_cast_slice_mut(self.bytes_mut())
            .map_err(|error| Error::Array(format!("the elements cannot be written as {}: {error}", T::DTYPE)))
    }

    /// A copy of the elements in row-major order.
    ///
    /// # Errors
    /// If `T` is not the element type.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, Error> {
        self.as_slice().map(<[T]>::to_vec)
    }

    /// A copy as an `ndarray`.
    ///
    /// # Errors
    /// If `T` is not the element type.
    pub fn to_ndarray<T: Element>(&self) -> Result<ndarray::ArrayD<T>, Error> {
        ndarray::ArrayD::from_shape_vec(ndarray::IxDyn(&self.shape), self.to_vec()?)
            .map_err(|error| Error::Array(error.to_string()))
    }

    /// The same elements under another shape, without a copy.
    ///
    /// # Errors
    /// If the number of elements differs.
    pub fn reshape(mut self, shape: &[usize]) -> Result<Self, Error> {
        if count(shape) != Some(self.len()) {
            return Err(Error::Array(format!("cannot reshape an array of shape {:?} to {shape:?}", self.shape)));
        }
        self.shape = shape.into();
        Ok(self)
    }

    /// Numbers as elements of a float type.
    ///
    /// # Errors
    /// If the type is not a float, or the sizes do not multiply to the number of elements.
    pub(crate) fn of_floats(dtype: DType, shape: &[usize], numbers: &[f64]) -> Result<Self, Error> {
        if dtype == DType::F64 {
            Self::from_slice(shape, numbers)
        } else if dtype == DType::F32 {
            Self::from_vec(shape, numbers.iter().map(|&number| number as f32).collect())
        } else {
            Err(Error::Array(format!("needs an element type of floats, not {dtype}")))
        }
    }

    /// The elements, if they are floats.
    pub(crate) fn floats(&self) -> Option<Floats<'_>> {
        match self.as_slice::<f64>() {
            Ok(elements) => Some(Floats::Double(elements)),
            Err(_) => self.as_slice::<f32>().ok().map(Floats::Single),
        }
    }

    fn check<T: Element>(&self) -> Result<(), Error> {
        if self.dtype() == T::DTYPE {
            Ok(())
        } else {
            Err(Error::Array(format!("the array holds {}, not {}", self.dtype(), T::DTYPE)))
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.storage.bytes()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        Arc::make_mut(&mut self.storage).bytes_mut()
    }

    pub(crate) fn to_constant(&self) -> Constant {
        let shape = self.shape.iter().map(|&size| size as u64).collect();
        let mut data = self.bytes().to_vec();
        if cfg!(target_endian = "big") {
            data.chunks_exact_mut(self.dtype().size()).for_each(<[u8]>::reverse);
        }
        Constant { dtype: self.dtype(), shape, data: data.into() }
    }

    #[inline]
    pub(crate) fn view(&self) -> rotrace_runtime::View<'_> {
        rotrace_runtime::View { dtype: self.dtype(), shape: &self.shape, bytes: self.bytes() }
    }

    #[inline]
    pub(crate) fn view_mut(&mut self) -> rotrace_runtime::ViewMut<'_> {
        let storage = Arc::make_mut(&mut self.storage);
        rotrace_runtime::ViewMut { dtype: storage.dtype(), shape: &self.shape, bytes: storage.bytes_mut() }
    }
}

/// The number of elements of a shape; `None` on overflow. A zero anywhere makes it zero, however large the rest.
pub(crate) fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))
}

impl PartialEq for Array {
    /// Equal dtype, shape and bits.
    fn eq(&self, other: &Self) -> bool {
        self.dtype() == other.dtype() && self.shape == other.shape && self.bytes() == other.bytes()
    }
}

/// As many elements as a printed array shows.
const SHOWN: usize = 1000;

impl fmt::Display for Array {
    /// Nested brackets, as NumPy prints; beyond 1000 elements only type and shape.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.len() > SHOWN {
            return write!(f, "{}{:?}", self.dtype(), self.shape);
        }
        let constant = self.to_constant();
        write_axis(f, &self.shape, &mut constant.elements())
    }
}

fn write_axis(
    f: &mut fmt::Formatter<'_>,
    shape: &[usize],
    elements: &mut dyn Iterator<Item = rotrace_ir::Scalar>,
) -> fmt::Result {
    let Some((&size, inner)) = shape.split_first() else {
        return elements.next().map_or(Ok(()), |element| write!(f, "{element}"));
    };
    f.write_str("[")?;
    for index in 0..size.min(SHOWN) {
        f.write_str(if index == 0 { "" } else { ", " })?;
        write_axis(f, inner, elements)?;
    }
    f.write_str("]")
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?} ", self.dtype(), self.shape)?;
        if self.len() > SHOWN { f.write_str("...") } else { fmt::Display::fmt(self, f) }
    }
}
