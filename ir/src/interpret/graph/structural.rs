//! The structural operations, each as the element of the result at an index.

use super::array::Array;
use crate::Scalar;
use crate::graph::Reduction;
use crate::reduce;
use crate::scalar::{ScalarOp, evaluate_core};
use std::collections::HashMap;

pub(super) fn broadcast(operand: &Array, shape: Vec<u64>, axes: &[usize]) -> Array {
    Array::from_fn(operand.dtype, shape, |index| {
        let source = axes.iter().zip(&operand.shape).map(|(&axis, &size)| if size == 1 { 0 } else { index[axis] });
        operand.at(&source.collect::<Vec<_>>())
    })
}

pub(super) fn transpose(operand: &Array, shape: Vec<u64>, permutation: &[usize]) -> Array {
    Array::from_fn(operand.dtype, shape, |index| {
        let mut source = vec![0; index.len()];
        for (&axis, &place) in permutation.iter().zip(index) {
            source[axis] = place;
        }
        operand.at(&source)
    })
}

pub(super) fn slice(operand: &Array, shape: Vec<u64>, start: &[u64], step: &[u64]) -> Array {
    Array::from_fn(operand.dtype, shape, |index| {
        let source = index.iter().enumerate().map(|(axis, &place)| start[axis] + place * step[axis]);
        operand.at(&source.collect::<Vec<_>>())
    })
}

pub(super) fn pad(operand: &Array, value: Scalar, shape: Vec<u64>, low: &[u64], interior: &[u64]) -> Array {
    Array::from_fn(operand.dtype, shape, |index| {
        let source = index.iter().enumerate().map(|(axis, &place)| {
            let behind = place.checked_sub(low[axis])?;
            let (gap, size) = (u128::from(interior[axis]) + 1, operand.shape[axis]);
            let element = (u128::from(behind) % gap == 0).then_some((u128::from(behind) / gap) as u64)?;
            (element < size).then_some(element)
        });
        source.collect::<Option<Vec<_>>>().map_or(value, |source| operand.at(&source))
    })
}

pub(super) fn concatenate(operands: &[&Array], shape: Vec<u64>, axis: usize) -> Array {
    Array::from_fn(operands[0].dtype, shape, |index| {
        let mut source = index.to_vec();
        for operand in operands {
            if source[axis] < operand.shape[axis] {
                return operand.at(&source);
            }
            source[axis] -= operand.shape[axis];
        }
        unreachable!("the sizes of the operands add up to the size of the result")
    })
}

pub(super) fn reverse(operand: &Array, axes: &[usize]) -> Array {
    Array::from_fn(operand.dtype, operand.shape.clone(), |index| {
        let mut source = index.to_vec();
        for &axis in axes {
            source[axis] = operand.shape[axis] - 1 - index[axis];
        }
        operand.at(&source)
    })
}

/// The last axis first, each by itself, in the order of [`crate::reduce`].
pub(super) fn reduce(operand: &Array, kind: Reduction, axes: &[usize]) -> Array {
    axes.iter().rev().fold(operand.clone(), |array, &axis| reduce_axis(&array, kind, axis))
}

fn reduce_axis(operand: &Array, kind: Reduction, axis: usize) -> Array {
    let mut shape = operand.shape.clone();
    let size = shape.remove(axis);
    Array::from_fn(operand.dtype, shape, |index| {
        let mut source = index.to_vec();
        source.insert(axis, 0);
        let along = (0..size).map(|place| {
            source[axis] = place;
            operand.at(&source)
        });
        reduce::axis(kind, operand.dtype, &along.collect::<Vec<_>>())
    })
}

/// For each element of the result: the array of products, indexed by the contracted axes in the order listed, summed
/// over all its axes. Or what else two elements are joined by, and what these are reduced by.
pub(super) fn dot_general(
    [left, right]: [&Array; 2],
    shape: Vec<u64>,
    batch: &[(usize, usize)],
    contract: &[(usize, usize)],
    (join, kind): (ScalarOp, Reduction),
) -> Array {
    let pairs = || batch.iter().chain(contract);
    let free_left: Vec<_> = (0..left.shape.len()).filter(|axis| pairs().all(|pair| pair.0 != *axis)).collect();
    let free_right: Vec<_> = (0..right.shape.len()).filter(|axis| pairs().all(|pair| pair.1 != *axis)).collect();
    let contracted: Vec<u64> = contract.iter().map(|&(axis, _)| left.shape[axis]).collect();
    let all_contracted: Vec<_> = (0..contracted.len()).collect();
    Array::from_fn(left.dtype, shape, |index| {
        let mut place_left = vec![0; left.shape.len()];
        let mut place_right = vec![0; right.shape.len()];
        let (of_batch, of_free) = index.split_at(batch.len());
        let (of_left, of_right) = of_free.split_at(free_left.len());
        for (&(a, b), &place) in batch.iter().zip(of_batch) {
            (place_left[a], place_right[b]) = (place, place);
        }
        free_left.iter().zip(of_left).for_each(|(&axis, &place)| place_left[axis] = place);
        free_right.iter().zip(of_right).for_each(|(&axis, &place)| place_right[axis] = place);
        let products = Array::from_fn(left.dtype, contracted.clone(), |index| {
            for (&(a, b), &place) in contract.iter().zip(index) {
                (place_left[a], place_right[b]) = (place, place);
            }
            let factors = [left.at(&place_left), right.at(&place_right)];
            evaluate_core(join, &factors).expect("multiply and maximum are core for every numeric dtype")
        });
        reduce(&products, kind, &all_contracted).elements[0]
    })
}

pub(super) fn take(operand: &Array, shape: Vec<u64>, axis: usize, indices: &[u64]) -> Array {
    Array::from_fn(operand.dtype, shape, |index| {
        let mut source = index.to_vec();
        source[axis] = indices[index[axis] as usize];
        operand.at(&source)
    })
}

/// Each element of the result is the sum of the slices whose index it has, in their order; of none, that is +0. Or what
/// else these are reduced by.
pub(super) fn scatter(operand: &Array, shape: Vec<u64>, axis: usize, indices: &[u64], kind: Reduction) -> Array {
    let mut sources: HashMap<u64, Vec<u64>> = HashMap::new();
    for (place, &target) in indices.iter().enumerate() {
        sources.entry(target).or_default().push(place as u64);
    }
    Array::from_fn(operand.dtype, shape, |index| {
        let mut source = index.to_vec();
        let hits = sources.get(&index[axis]).map_or(&[][..], Vec::as_slice);
        let elements = hits.iter().map(|&place| {
            source[axis] = place;
            operand.at(&source)
        });
        reduce::axis(kind, operand.dtype, &elements.collect::<Vec<_>>())
    })
}
