//! Coordinates: how an element of a result maps to an element of an operand.
//!
//! The same functions serve the analysis that decides what must be stored in memory ([`super::materialize`]) and the
//! emission of loads ([`super::emit`]), so the two cannot disagree.

use rotrace_ir::dim::{Dim, Shape};
use rotrace_ir::graph::Op;
use rotrace_ir::kernel::Affine;
use smallvec::SmallVec;

/// One coordinate per axis.
pub(super) type Coordinates = SmallVec<[Affine; 3]>;

/// Where an element of an operation's result comes from.
pub(super) enum Origin {
    /// This operand, at these coordinates.
    Operand(usize, Coordinates),
    /// The operation computes it (scalar operations, reductions, leaves).
    Computed,
    /// Not expressible: the operation's result must be stored in memory first.
    Stored,
    /// Not expressible, but the operand in memory, seen under the result's shape, is the result.
    View,
}

/// Follows one movement operation from a result's coordinates to its operand's.
pub(super) fn origin(op: &Op, operand_shapes: &[&Shape], shape: &Shape, at: &Coordinates) -> Origin {
    let single = |coordinates: Option<Coordinates>| coordinates.map_or(Origin::Stored, |at| Origin::Operand(0, at));
    match op {
        Op::Reshape { .. } => match reshape(operand_shapes[0], shape, at) {
            Some(at) => Origin::Operand(0, at),
            None => Origin::View,
        },
        Op::Broadcast { axes, .. } => {
            let stretched = |axis: usize| operand_shapes[0][axis].is_one();
            let pick =
                |(axis, &from): (usize, &usize)| if stretched(axis) { Affine::constant(0) } else { at[from].clone() };
            Origin::Operand(0, axes.iter().enumerate().map(pick).collect())
        }
        Op::Transpose { permutation } => {
            let mut operand: Coordinates = at.clone();
            for (axis, &from) in permutation.iter().enumerate() {
                operand[from] = at[axis].clone();
            }
            Origin::Operand(0, operand)
        }
        Op::Slice { start, step, .. } => single(
            (0..at.len())
                .map(|axis| at[axis].times(step[axis] as i64)?.plus(&Affine::constant(start[axis] as i64)))
                .collect(),
        ),
        Op::Reverse { axes } => single(
            (0..at.len())
                .map(
                    |axis| if axes.contains(&axis) { reversed(&at[axis], shape[axis]) } else { Some(at[axis].clone()) },
                )
                .collect(),
        ),
        Op::Pad { low, high, interior } => match padded_axis(low, high, interior) {
            Some(axis) => pad(operand_shapes[0], axis, low[axis], interior[axis], at),
            None => Origin::Operand(0, at.clone()),
        },
        Op::Concatenate { axis } => concatenate(operand_shapes, *axis, at),
        Op::Take { axis, indices } => match at[*axis].as_constant() {
            Some(position) => {
                let mut operand = at.clone();
                // Without indices there is no element, and any coordinate serves the analysis.
                let index = indices.get(position as usize).copied().unwrap_or(0);
                operand[*axis] = Affine::constant(index as i64);
                Origin::Operand(0, operand)
            }
            None => Origin::Stored,
        },
        Op::StopGradient => Origin::Operand(0, at.clone()),
        Op::Custom(_) => unreachable!("decomposed into its values"),
        Op::ScatterAdd { axis, .. } if at[*axis].as_constant().is_none() => Origin::Stored,
        Op::ScatterAdd { .. }
        | Op::Parameter { .. }
        | Op::Constant(_)
        | Op::Iota { .. }
        | Op::Scalar(_)
        | Op::Cast(_)
        | Op::Bitcast(_)
        | Op::Reduce { .. }
        | Op::DotGeneral { .. }
        | Op::Call(_)
        | Op::Checkpoint(_)
        | Op::Switch(_)
        | Op::While(_)
        | Op::Scan(_)
        | Op::Native(_) => Origin::Computed,
    }
}

/// `size - 1 - coordinate`.
fn reversed(coordinate: &Affine, size: Dim) -> Option<Affine> {
    let last = Affine { terms: SmallVec::new(), offset: size.plus(-1)? };
    coordinate.times(-1)?.plus(&last)
}

/// Decidable only where the padded axis has a constant coordinate and a fixed size.
fn pad(operand: &Shape, axis: usize, low: u64, interior: u64, at: &Coordinates) -> Origin {
    let (Some(position), Some(size)) = (at[axis].as_constant(), operand[axis].as_fixed()) else {
        return Origin::Stored;
    };
    let (shifted, step) = (position - low as i64, interior as i64 + 1);
    let place = shifted.div_euclid(step);
    if shifted < 0 || shifted % step != 0 || place >= size as i64 {
        return Origin::Operand(1, Coordinates::new());
    }
    let mut inside = at.clone();
    inside[axis] = Affine::constant(place);
    Origin::Operand(0, inside)
}

/// The one axis that a decomposed pad surrounds, if any.
pub(super) fn padded_axis(low: &[u64], high: &[u64], interior: &[u64]) -> Option<usize> {
    (0..low.len()).find(|&axis| low[axis] + high[axis] + interior[axis] > 0)
}

/// Decidable only where the coordinate along the joined axis is constant and falls into an operand of known place.
fn concatenate(operands: &[&Shape], axis: usize, at: &Coordinates) -> Origin {
    let Some(mut position) = at[axis].as_constant() else { return Origin::Stored };
    for (which, shape) in operands.iter().enumerate() {
        let Some(size) = shape[axis].as_fixed() else { return Origin::Stored };
        if position < size as i64 {
            let mut operand = at.clone();
            operand[axis] = Affine::constant(position);
            return Origin::Operand(which, operand);
        }
        position -= size as i64;
    }
    Origin::Stored
}

/// The operand's coordinates of a reshape, where they are affine: runs of axes with equal products are matched, and
/// within a run either all coordinates are constant, or the operand has one axis that counts the whole run.
fn reshape(operand: &Shape, shape: &Shape, at: &Coordinates) -> Option<Coordinates> {
    let mut result = Coordinates::new();
    let (mut from, mut to) = (0, 0);
    while from < operand.len() || to < shape.len() {
        let (from_end, to_end) = matching_run(operand, shape, from, to)?;
        result.extend(reshape_run(&operand[from..from_end], &shape[to..to_end], &at[to..to_end])?);
        (from, to) = (from_end, to_end);
    }
    Some(result)
}

/// The shortest runs of axes from `from` and `to` with the same number of elements.
fn matching_run(operand: &Shape, shape: &Shape, from: usize, to: usize) -> Option<(usize, usize)> {
    // Named dims match only themselves, one to one; axes of size 1 stand alone.
    if let (Some(a), Some(b)) = (operand.get(from), shape.get(to))
        && a == b
    {
        return Some((from + 1, to + 1));
    }
    if operand.get(from).is_some_and(|dim| dim.is_one()) {
        return Some((from + 1, to));
    }
    if shape.get(to).is_some_and(|dim| dim.is_one()) {
        return Some((from, to + 1));
    }
    let (mut from_end, mut to_end) = (from + 1, to + 1);
    let (mut left, mut right) = (operand.get(from)?.as_fixed()?, shape.get(to)?.as_fixed()?);
    while left != right {
        if left < right {
            left = left.checked_mul(operand.get(from_end)?.as_fixed()?)?;
            from_end += 1;
        } else {
            right = right.checked_mul(shape.get(to_end)?.as_fixed()?)?;
            to_end += 1;
        }
    }
    Some((from_end, to_end))
}

fn reshape_run(operand: &[Dim], shape: &[Dim], at: &[Affine]) -> Option<Coordinates> {
    match (operand, shape) {
        ([], _) => return Some(Coordinates::new()),
        ([only], []) if only.is_one() => return Some(SmallVec::from_elem(Affine::constant(0), 1)),
        ([only], [same]) if only == same => return Some(SmallVec::from_elem(at[0].clone(), 1)),
        _ => {}
    }
    let mut position = Affine::constant(0);
    for (dim, coordinate) in shape.iter().zip(at) {
        position = position.times(dim.as_fixed()? as i64)?.plus(coordinate)?;
    }
    if operand.len() == 1 {
        return Some(SmallVec::from_elem(position, 1));
    }
    let mut rest = position.as_constant()?;
    let mut result: Coordinates = SmallVec::from_elem(Affine::constant(0), operand.len());
    for (coordinate, dim) in result.iter_mut().zip(operand).rev() {
        let size = dim.as_fixed()?.max(1) as i64;
        *coordinate = Affine::constant(rest % size);
        rest /= size;
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::{Coordinates, reshape};
    use rotrace_ir::dim::{Dim, DimId, Shape};
    use rotrace_ir::kernel::{Affine, IndexId};

    fn shape(sizes: &[i64]) -> Shape {
        let dim = |&size: &i64| if size < 0 { Dim::named(DimId(0)) } else { Dim::fixed(size as u64) };
        sizes.iter().map(dim).collect()
    }

    fn constants(values: &[i64]) -> Coordinates {
        values.iter().map(|&value| Affine::constant(value)).collect()
    }

    #[test]
    fn a_named_dimension_passes_through_and_constants_are_split() {
        let mut at = constants(&[0, 7]);
        at[0] = Affine::index(IndexId(0));
        let mut expected = constants(&[0, 2, 1]);
        expected[0] = Affine::index(IndexId(0));
        assert_eq!(reshape(&shape(&[-1, 3, 3]), &shape(&[-1, 9]), &at), Some(expected));
    }

    #[test]
    fn merging_is_affine_and_splitting_an_index_is_not() {
        let mut at = constants(&[0, 3]);
        at[0] = Affine::index(IndexId(0));
        let merged = reshape(&shape(&[1000]), &shape(&[10, 100]), &at).expect("affine");
        assert_eq!(merged[0].factor(IndexId(0)), 100);
        assert_eq!(merged[0].offset, Dim::fixed(3));
        let index = Coordinates::from_elem(Affine::index(IndexId(0)), 1);
        assert_eq!(reshape(&shape(&[10, 100]), &shape(&[1000]), &index), None);
    }

    #[test]
    fn moving_a_name_across_a_number_is_not_affine() {
        let at = Coordinates::from_elem(Affine::index(IndexId(0)), 2);
        assert_eq!(reshape(&shape(&[-1, 3]), &shape(&[3, -1]), &at), None);
    }

    #[test]
    fn axes_of_size_one_come_and_go() {
        let at = constants(&[0, 2, 0]);
        assert_eq!(reshape(&shape(&[3]), &shape(&[1, 3, 1]), &at), Some(constants(&[2])));
        assert_eq!(reshape(&shape(&[1, 3]), &shape(&[3]), &constants(&[2])), Some(constants(&[0, 2])));
    }
}
