//! The leading axes of what an object over arrays holds.

use crate::array::count;
use crate::rows::Rows;
use crate::tensor::{bounds, display_range};
use crate::{Array, DType, Error, Tree};
use rotrace_ir::Dim;
use std::ops::RangeBounds;

/// What an object holds, how many trailing axes belong to one element, and what is done with it, for messages.
#[derive(Clone, Copy)]
pub(super) struct Leading<'a> {
    name: &'static str,
    array: &'a Array,
    core: usize,
}

impl<'a> Leading<'a> {
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

    /// The sizes of one element.
    fn core(self) -> &'a [usize] {
        &self.array.shape()[self.shape().len()..]
    }

    /// The elements at one index, without the axis.
    pub(super) fn index(self, axis: i64, index: i64) -> Result<Array, Error> {
        let axis = self.place(axis)?;
        let place = self.within(axis, index)?;
        let mut shape = self.array.shape().to_vec();
        shape.remove(axis);
        self.gathered(axis, &[place])?.reshape(&shape)
    }

    /// Every `step`-th of the elements of a range, which lies within the axis.
    pub(super) fn slice_step(self, axis: i64, range: &impl RangeBounds<i64>, step: u64) -> Result<Array, Error> {
        let axis = self.place(axis)?;
        let size = self.array.shape()[axis];
        let within = bounds(Dim::fixed(size as u64), range).and_then(|(start, end)| Some(start..end.as_fixed()?));
        let Some(within) = within else {
            let range = display_range(range);
            return Err(self.error(&format!("the range {range} is out of bounds for axis {axis} of size {size}")));
        };
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        if step == 0 {
            return Err(self.error("needs a step of 1 or more"));
        }
        self.gathered(axis, &within.map(|place| place as usize).step_by(step).collect::<Vec<_>>())
    }

    /// The elements in reverse order.
    pub(super) fn flip(self, axis: i64) -> Result<Array, Error> {
        let axis = self.place(axis)?;
        self.gathered(axis, &(0..self.array.shape()[axis]).rev().collect::<Vec<_>>())
    }

    /// The elements at each index, one array after the other.
    pub(super) fn unstack(self, axis: i64) -> Result<Vec<Array>, Error> {
        let place = self.place(axis)?;
        (0..self.array.shape()[place] as i64).map(|index| self.index(axis, index)).collect()
    }

    /// The elements in row-major order under other leading axes.
    pub(super) fn reshape(self, leading: &[usize]) -> Result<Array, Error> {
        if count(leading) != count(self.shape()) {
            return Err(self.error(&format!("cannot reshape the leading axes {:?} to {leading:?}", self.shape())));
        }
        self.array.clone().reshape(&[leading, self.core()].concat())
    }

    /// The elements with a leading axis of size 1 more.
    pub(super) fn expand_dims(self, axis: i64) -> Result<Array, Error> {
        let mut leading = self.shape().to_vec();
        leading.insert(self.place_among(axis, leading.len() + 1)?, 1);
        self.reshape(&leading)
    }

    /// The elements at indices, in the order given.
    pub(super) fn take(self, indices: &[i64], axis: i64) -> Result<Array, Error> {
        let axis = self.place(axis)?;
        let places = indices.iter().map(|&index| self.within(axis, index)).collect::<Result<Vec<_>, _>>()?;
        self.gathered(axis, &places)
    }

    /// The elements where a mask over the first axes is true, along one axis instead of these.
    pub(super) fn take_where(self, mask: &Array) -> Result<Array, Error> {
        let (flat, places) = self.masked(mask)?;
        Leading { array: &flat, ..self }.gathered(0, &places)
    }

    /// All elements, with those where a mask over the first axes is true replaced by those of another object, whose
    /// leading axes are stretched to the shape that [`take_where`](Self::take_where) would give.
    pub(super) fn set_where(self, mask: &Array, value: Self) -> Result<Array, Error> {
        let (flat, places) = self.masked(mask)?;
        Leading { array: &flat, ..self }.replaced(0, &places, value)?.reshape(self.array.shape())
    }

    /// The elements with the first axes, those of a mask, as one, and the places along it where the mask is true.
    fn masked(self, mask: &Array) -> Result<(Array, Vec<usize>), Error> {
        if mask.shape().is_empty() || !self.shape().starts_with(mask.shape()) {
            let problem = format!(
                "a mask of shape {:?} is not over the first of the leading axes {:?}",
                mask.shape(),
                self.shape()
            );
            return Err(self.error(&problem));
        }
        let truths = mask.as_slice::<bool>()?;
        let places = (0..truths.len()).filter(|&place| truths[place]).collect();
        let shape = [&[truths.len()], &self.array.shape()[mask.shape().len()..]].concat();
        Ok((self.array.clone().reshape(&shape)?, places))
    }

    /// All elements, with those at indices along an axis replaced by those of another object, whose leading axes are
    /// stretched to the shape that [`take`](Self::take) would give. Of several for one index the last one stays.
    pub(super) fn set(self, indices: &[i64], axis: i64, value: Self) -> Result<Array, Error> {
        let axis = self.place(axis)?;
        let places = indices.iter().map(|&index| self.within(axis, index)).collect::<Result<Vec<_>, _>>()?;
        self.replaced(axis, &places, value)
    }

    /// All elements, with those at places along an axis replaced.
    fn replaced(self, axis: usize, places: &[usize], value: Self) -> Result<Array, Error> {
        let mut taken = self.shape().to_vec();
        taken[axis] = places.len();
        let value = value.stretched(&taken)?;
        if value.dtype() != self.array.dtype() {
            return Err(self.error(&format!("cannot put {} among {}", value.dtype(), self.array.dtype())));
        }
        let (own, other) = (self.core(), &value.shape()[taken.len()..]);
        if own != other {
            return Err(self.error(&format!("cannot put elements of shape {other:?} among those of {own:?}")));
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
    pub(super) fn stretched(self, leading: &[usize]) -> Result<Array, Error> {
        let own = self.shape();
        let fits = own.len() <= leading.len()
            && own.iter().rev().zip(leading.iter().rev()).all(|(&own, &size)| own == 1 || own == size);
        if !fits {
            return Err(self.error(&format!("cannot stretch the leading axes {own:?} to {leading:?}")));
        }
        let core = self.core();
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
        self.place_among(axis, self.shape().len())
    }

    fn place_among(self, axis: i64, rank: usize) -> Result<usize, Error> {
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
    let array = Array::of_floats(dtype, core, element)?;
    Leading { name: "identity", array: &array, core: core.len() }.stretched(leading)
}

/// An index that counts from the end if it is negative.
fn counted(index: i64, size: usize) -> Option<i64> {
    if index < 0 { index.checked_add(i64::try_from(size).ok()?) } else { Some(index) }
}
