//! Objects over arrays as containers over their leading axes.
//!
//! These move data and are not compiled: a program for each index would be made once and hardly used again. Like the
//! traced ones, they give new objects.

use crate::array::count;
use crate::rows::Rows;
use crate::{Array, DType, Error, Tree};
use std::ops::{Bound, RangeBounds};

/// What an object holds, how many trailing axes belong to one element, and what is done with it, for messages.
#[derive(Clone, Copy)]
pub(super) struct Container<'a> {
    name: &'static str,
    array: &'a Array,
    core: usize,
}

impl<'a> Container<'a> {
    /// Of an object with one array.
    pub(super) fn of(name: &'static str, object: &'a impl Tree<Array>, core: usize) -> Self {
        let mut found = None;
        object.visit(&mut |array| found = Some(array));
        match found {
            Some(array) => Self { name, array, core },
            None => unreachable!("an object holds an array"),
        }
    }

    /// The sizes of the leading axes.
    pub(super) fn shape(self) -> &'a [usize] {
        let shape = self.array.shape();
        &shape[..shape.len().saturating_sub(self.core)]
    }

    /// The elements at one index, without the axis.
    pub(super) fn index(self, axis: i64, index: i64) -> Result<Array, Error> {
        let axis = self.place(axis)?;
        let place = self.within(axis, index)?;
        let mut shape = self.array.shape().to_vec();
        shape.remove(axis);
        self.gathered(axis, &[place])?.reshape(&shape)
    }

    /// The elements of a range; a bound that is out of range is an error.
    pub(super) fn slice(self, axis: i64, range: impl RangeBounds<i64>) -> Result<Array, Error> {
        let axis = self.place(axis)?;
        let size = self.array.shape()[axis];
        let bound = |bound: Bound<&i64>, included: i64, excluded: i64, open: usize| {
            let value = match bound {
                Bound::Included(&value) => counted(value, size)?.checked_add(included)?,
                Bound::Excluded(&value) => counted(value, size)?.checked_add(excluded)?,
                Bound::Unbounded => return Some(open),
            };
            usize::try_from(value).ok().filter(|&value| value <= size)
        };
        let start = bound(range.start_bound(), 0, 1, 0);
        let places =
            start.zip(bound(range.end_bound(), 1, 0, size)).map(|(start, end)| (start..end).collect::<Vec<_>>());
        let places =
            places.ok_or_else(|| self.error(&format!("the range is out of bounds for axis {axis} of size {size}")))?;
        self.gathered(axis, &places)
    }

    /// The elements at indices, in the order given.
    pub(super) fn take(self, indices: &[i64], axis: i64) -> Result<Array, Error> {
        let axis = self.place(axis)?;
        let places = indices.iter().map(|&index| self.within(axis, index)).collect::<Result<Vec<_>, _>>()?;
        self.gathered(axis, &places)
    }

    /// The elements where a mask over the first axes is true, along one axis instead of these.
    pub(super) fn take_where(self, mask: &Array) -> Result<Array, Error> {
        if mask.shape().is_empty() || !self.shape().starts_with(mask.shape()) {
            let problem = format!(
                "a mask of shape {:?} is not over the first of the leading axes {:?}",
                mask.shape(),
                self.shape()
            );
            return Err(self.error(&problem));
        }
        let truths = mask.as_slice::<bool>()?;
        let places: Vec<usize> = (0..truths.len()).filter(|&place| truths[place]).collect();
        let shape = [&[truths.len()], &self.array.shape()[mask.shape().len()..]].concat();
        Container { array: &self.array.clone().reshape(&shape)?, ..self }.gathered(0, &places)
    }

    /// All elements, with those at indices along an axis replaced by those of another object, whose leading axes are
    /// stretched to the shape that [`take`](Self::take) would give. Of several for one index the last one stays.
    pub(super) fn set(self, indices: &[i64], axis: i64, value: Self) -> Result<Array, Error> {
        let axis = self.place(axis)?;
        let places = indices.iter().map(|&index| self.within(axis, index)).collect::<Result<Vec<_>, _>>()?;
        let mut taken = self.shape().to_vec();
        taken[axis] = places.len();
        let value = value.stretched(&taken)?;
        if value.dtype() != self.array.dtype() {
            return Err(self.error(&format!("cannot put {} among {}", value.dtype(), self.array.dtype())));
        }
        let cores = [self.array, &value].map(|array| &array.shape()[array.shape().len().saturating_sub(self.core)..]);
        if cores[0] != cores[1] {
            let [own, other] = cores.map(|core| format!("{core:?}"));
            return Err(self.error(&format!("cannot put elements of shape {other} among those of {own}")));
        }
        let (size, inner) = (self.array.shape()[axis], self.bytes_of(axis));
        let mut result = self.array.clone();
        let bytes = result.bytes_mut();
        for (block, new) in value.bytes().chunks_exact(inner.max(1)).enumerate() {
            let (outer, place) = (block / places.len(), places[block % places.len()]);
            bytes[(outer * size + place) * inner..][..inner].copy_from_slice(new);
        }
        Ok(result)
    }

    /// All elements, one object after the other along their first axis; a single one counts as one of length 1.
    pub(super) fn concatenate(all: &[Self]) -> Result<Array, Error> {
        let Some(first) = all.first() else {
            return Err(Error::Array("a concatenation needs one object at least".into()));
        };
        let rest = |container: &Self| container.array.shape()[container.shape().len().min(1)..].to_vec();
        let fits = |other: &&Self| rest(other) == rest(first) && other.array.dtype() == first.array.dtype();
        if let Some(other) = all.iter().find(|other| !fits(other)) {
            let (first, other) = (first.array, other.array);
            let of = |array: &Array| format!("{}{:?}", array.dtype(), array.shape());
            return Err(all[0].error(&format!("cannot join {} and {}", of(first), of(other))));
        }
        let length = all.iter().map(|container| container.shape().first().copied().unwrap_or(1)).sum();
        let mut result = Array::zeros_of(first.array.dtype(), &[vec![length], rest(first)].concat())?;
        let mut bytes = result.bytes_mut();
        for container in all {
            let (head, tail) = bytes.split_at_mut(container.array.bytes().len());
            head.copy_from_slice(container.array.bytes());
            bytes = tail;
        }
        Ok(result)
    }

    /// The elements at places along an axis.
    fn gathered(self, axis: usize, places: &[usize]) -> Result<Array, Error> {
        let mut shape = self.array.shape().to_vec();
        let size = std::mem::replace(&mut shape[axis], places.len());
        let inner = self.bytes_of(axis);
        let mut result = Array::zeros_of(self.array.dtype(), &shape)?;
        for (block, new) in result.bytes_mut().chunks_exact_mut(inner.max(1)).enumerate() {
            let (outer, place) = (block / places.len(), places[block % places.len()]);
            new.copy_from_slice(&self.array.bytes()[(outer * size + place) * inner..][..inner]);
        }
        Ok(result)
    }

    /// The elements with the leading axes stretched to a shape.
    fn stretched(self, leading: &[usize]) -> Result<Array, Error> {
        let own = self.shape();
        let fits = own.len() <= leading.len()
            && own.iter().rev().zip(leading.iter().rev()).all(|(&own, &size)| own == 1 || own == size);
        if !fits {
            return Err(self.error(&format!("cannot stretch the leading axes {own:?} to {leading:?}")));
        }
        let core = &self.array.shape()[own.len()..];
        let mut result = Array::zeros_of(self.array.dtype(), &[leading, core].concat())?;
        let size = self.array.dtype().size();
        let length = count(core).unwrap_or_default() * size;
        let rows = Rows { array: self.array, core: self.core };
        for (row, new) in result.bytes_mut().chunks_exact_mut(length.max(1)).enumerate() {
            let range = rows.meeting(row, leading);
            new.copy_from_slice(&self.array.bytes()[range.start * size..range.end * size]);
        }
        Ok(result)
    }

    /// The bytes of what has one index along an axis and the same along those before.
    fn bytes_of(self, axis: usize) -> usize {
        count(&self.array.shape()[axis + 1..]).unwrap_or_default() * self.array.dtype().size()
    }

    fn place(self, axis: i64) -> Result<usize, Error> {
        let rank = self.shape().len();
        let place = counted(axis, rank).and_then(|place| usize::try_from(place).ok());
        place.filter(|&place| place < rank).ok_or_else(|| match rank {
            0 => self.error("a single element has no axes"),
            _ => self.error(&format!("axis {axis} is out of bounds for {rank} leading axes")),
        })
    }

    fn within(self, axis: usize, index: i64) -> Result<usize, Error> {
        let size = self.array.shape()[axis];
        let place = counted(index, size).and_then(|place| usize::try_from(place).ok());
        place
            .filter(|&place| place < size)
            .ok_or_else(|| self.error(&format!("index {index} is out of bounds for axis {axis} of size {size}")))
    }

    fn error(self, problem: &str) -> Error {
        Error::Array(format!("{}: {problem}", self.name))
    }
}

/// One element of the sizes `core`, under leading axes: the identity of a class.
pub(super) fn everywhere(dtype: DType, leading: &[usize], core: &[usize], element: &[f64]) -> Result<Array, Error> {
    let array = match dtype {
        DType::F64 => Array::from_slice(core, element),
        DType::F32 => Array::from_vec(core, element.iter().map(|&value| value as f32).collect()),
        DType::Bool
        | DType::I8
        | DType::I16
        | DType::I32
        | DType::I64
        | DType::U8
        | DType::U16
        | DType::U32
        | DType::U64 => Err(Error::Array(format!("an identity has floats, not {dtype}"))),
    };
    Container { name: "identity", array: &array?, core: core.len() }.stretched(leading)
}

/// An index that counts from the end if it is negative.
fn counted(index: i64, size: usize) -> Option<i64> {
    if index < 0 { index.checked_add(i64::try_from(size).ok()?) } else { Some(index) }
}

/// The methods of a class that holds one array, whose elements have so many trailing axes.
macro_rules! container {
    ($class:ident $core:literal) => {
        impl crate::spatial::$class<crate::Array> {
            /// The sizes of the leading axes; none for a single element.
            #[must_use]
            pub fn shape(&self) -> &[usize] {
                Container::of(stringify!($class), self, $core).shape()
            }

            /// What is at one index along a leading axis, which is dropped. A negative index counts from the end.
            ///
            /// # Errors
            /// If there is no such axis or index.
            pub fn index(&self, axis: i64, index: i64) -> Result<Self, crate::Error> {
                let container = Container::of(concat!(stringify!($class), "::index"), self, $core);
                container.index(axis, index).map(Self::from_parts)
            }

            /// A range along a leading axis. Negative bounds count from the end.
            ///
            /// # Errors
            /// If there is no such axis or a bound is out of range.
            pub fn slice(&self, axis: i64, range: impl std::ops::RangeBounds<i64>) -> Result<Self, crate::Error> {
                let container = Container::of(concat!(stringify!($class), "::slice"), self, $core);
                container.slice(axis, range).map(Self::from_parts)
            }

            /// What is at indices along a leading axis, in the order given. Negative indices count from the end.
            ///
            /// # Errors
            /// If there is no such axis or index.
            pub fn take(&self, indices: &[i64], axis: i64) -> Result<Self, crate::Error> {
                let container = Container::of(concat!(stringify!($class), "::take"), self, $core);
                container.take(indices, axis).map(Self::from_parts)
            }

            /// What is where a mask of `bool` is true, along one axis, which replaces the first axes: those of the mask.
            ///
            /// # Errors
            /// If the mask does not have the sizes of the first axes.
            pub fn take_where(&self, mask: impl Into<crate::Array>) -> Result<Self, crate::Error> {
                let container = Container::of(concat!(stringify!($class), "::take_where"), self, $core);
                container.take_where(&mask.into()).map(Self::from_parts)
            }

            /// These with what is at indices along a leading axis replaced by `value`, whose leading axes are stretched
            /// to the shape that [`take`](Self::take) would give. Of several for one index the last one stays.
            ///
            /// # Errors
            /// If there is no such axis or index, or `value` does not fit.
            pub fn set(&self, indices: &[i64], axis: i64, value: &Self) -> Result<Self, crate::Error> {
                let [container, value] =
                    [self, value].map(|object| Container::of(concat!(stringify!($class), "::set"), object, $core));
                container.set(indices, axis, value).map(Self::from_parts)
            }
        }

        impl From<&Self> for crate::spatial::$class<crate::Array> {
            /// Shares the elements.
            fn from(object: &Self) -> Self {
                object.clone()
            }
        }

        impl $class {
            /// All of them, one after the other along their first axis; a single one counts as one of length 1.
            ///
            /// # Errors
            /// If there are none, or their other sizes or their element types differ.
            pub fn concatenate(
                all: &[crate::spatial::$class<crate::Array>],
            ) -> Result<crate::spatial::$class<crate::Array>, crate::Error> {
                let name = concat!(stringify!($class), "::concatenate");
                let all: Vec<_> = all.iter().map(|object| Container::of(name, object, $core)).collect();
                Container::concatenate(&all).map(crate::spatial::$class::from_parts)
            }
        }
    };
}

pub(super) use container;
