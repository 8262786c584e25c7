//! Rows of results that are not numbers although the arguments of the row are.

use crate::Array;
use crate::array::Floats;
use rotrace_ir::Type;
use std::ops::Range;

/// A float array and how many trailing axes belong to one row.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub array: &'a Array,
    pub core: usize,
}

impl<'a> Rows<'a> {
    /// The sizes of the axes that count rows.
    fn leading(&self) -> &'a [usize] {
        let shape = self.array.shape();
        &shape[..shape.len().saturating_sub(self.core)]
    }

    /// How many elements a row has.
    fn length(&self) -> usize {
        self.array.shape()[self.leading().len()..].iter().product()
    }

    /// The elements that meet a row of an array with the given leading sizes, by broadcasting; all elements if the
    /// leading axes do not correspond.
    pub fn meeting(&self, row: usize, leading: &[usize]) -> Range<usize> {
        let own = self.leading();
        let (mut rest, mut place, mut stride) = (row, 0, 1);
        let fits = own.len() <= leading.len()
            && own.iter().rev().zip(leading.iter().rev()).all(|(&own, &size)| {
                let digit = rest % size;
                rest /= size;
                place += if own == 1 { 0 } else { digit * stride };
                stride *= own;
                own == 1 || own == size
            });
        let length = self.length();
        if fits { place * length..(place + 1) * length } else { 0..self.array.len() }
    }
}

/// The first row of `result` with a NaN where all that the arguments have for the row is finite, as an index along each
/// leading axis.
pub(crate) fn first_without_reason(arguments: &[Rows<'_>], result: Rows<'_>) -> Option<Vec<usize>> {
    if !has_nan(result.array) {
        return None;
    }
    let (leading, length) = (result.leading(), result.length());
    let found = (0..leading.iter().product()).find(|&row| {
        any_nan(result.array, row * length..(row + 1) * length)
            && !arguments.iter().any(|argument| any_infinite_or_nan(argument.array, argument.meeting(row, leading)))
    })?;
    let mut rest = found;
    let mut index: Vec<usize> = leading
        .iter()
        .rev()
        .map(|&size| {
            let digit = rest % size;
            rest /= size;
            digit
        })
        .collect();
    index.reverse();
    Some(index)
}

/// The first row, along the leading axis, of a result of a compiled function that has a NaN where no argument has one.
///
/// The arguments' rows are those along a leading axis of the same named size; other arguments belong to every row. A
/// result without a named leading axis is one row, which has no number.
pub(crate) fn first_new_nan(arguments: &[(&Type, &Array)], (ty, result): (&Type, &Array)) -> Option<Option<usize>> {
    if !has_nan(result) {
        return None;
    }
    let name = ty.shape.first().filter(|dim| dim.name.is_some());
    let rows = if name.is_some() { result.shape()[0] } else { 1 };
    let range = |array: &Array, row: usize| {
        let length = array.len() / rows;
        row * length..(row + 1) * length
    };
    let excused = |row: usize| {
        arguments.iter().any(|&(ty, array)| {
            let shares = name.is_some() && ty.shape.first() == name;
            any_nan(array, if shares { range(array, row) } else { 0..array.len() })
        })
    };
    let found = (0..rows).find(|&row| any_nan(result, range(result, row)) && !excused(row))?;
    Some(name.map(|_| found))
}

/// Whether there is a NaN.
pub(crate) fn has_nan(array: &Array) -> bool {
    any_nan(array, 0..array.len())
}

fn any_nan(array: &Array, range: Range<usize>) -> bool {
    any(array, range, f32::is_nan, f64::is_nan)
}

fn any_infinite_or_nan(array: &Array, range: Range<usize>) -> bool {
    any(array, range, |value| !value.is_finite(), |value| !value.is_finite())
}

/// Whether a float in the range satisfies a condition. Looks at all of them, several at once, rather than stop early.
fn any(array: &Array, range: Range<usize>, single: impl Fn(f32) -> bool, double: impl Fn(f64) -> bool) -> bool {
    match array.floats() {
        Some(Floats::Single(data)) => data[range].iter().fold(false, |found, &value| found | single(value)),
        Some(Floats::Double(data)) => data[range].iter().fold(false, |found, &value| found | double(value)),
        None => false,
    }
}
