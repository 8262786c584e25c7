//! Evaluating loops and branches.

use super::{Array, evaluate as function};
use rotrace_ir::graph::{Op, Scan, While};

/// The results of an operation with functions in it.
pub fn evaluate(op: &Op, operands: &[&Array], dims: &[u64]) -> Option<Vec<Array>> {
    let operands: Vec<Array> = operands.iter().map(|&operand| operand.clone()).collect();
    match op {
        Op::Call(called) | Op::Checkpoint(called) => Some(function(called, &operands, dims)),
        Op::Switch(branches) => {
            let last = branches.len() as i64 - 1;
            let branch = operands[0].data[0].as_i64().clamp(0, last) as usize;
            Some(function(&branches[branch], &operands[1..], dims))
        }
        Op::While(looped) => Some(while_loop(looped, operands, dims)),
        Op::Scan(looped) => Some(scan(looped, operands, dims)),
        _ => None,
    }
}

fn while_loop(looped: &While, operands: Vec<Array>, dims: &[u64]) -> Vec<Array> {
    let (mut carried, constants) = (operands[..looped.carried].to_vec(), &operands[looped.carried..]);
    for _ in 0..looped.bound.unwrap_or(u64::MAX) {
        let arguments = [&carried, constants].concat();
        if !function(&looped.condition, &arguments, dims)[0].data[0].as_bool() {
            break;
        }
        carried = function(&looped.body, &arguments, dims);
    }
    carried
}

fn scan(scan: &Scan, operands: Vec<Array>, dims: &[u64]) -> Vec<Array> {
    let (mut carried, rest) = (operands[..scan.carried].to_vec(), &operands[scan.carried..]);
    let (scanned, constants) = rest.split_at(scan.scanned);
    let length = scan.length.size(dims).expect("a size");
    let mut stacks: Vec<Vec<Array>> = vec![Vec::new(); scan.stacked()];
    for step in 0..length {
        let place = if scan.reverse { length - 1 - step } else { step };
        let slices: Vec<Array> = scanned.iter().map(|array| slice(array, place)).collect();
        let mut results = function(&scan.body, &[&carried, &slices[..], constants].concat(), dims);
        let own = results.split_off(scan.carried);
        stacks.iter_mut().zip(own).for_each(|(stack, slice)| stack.push(slice));
        carried = results;
    }
    for (mut slices, &id) in stacks.into_iter().zip(&scan.body.results[scan.carried..]) {
        if scan.reverse {
            slices.reverse();
        }
        let shape = [length].into_iter().chain(super::sizes(&scan.body.ty(id).shape, dims)).collect();
        carried.push(Array { shape, data: slices.into_iter().flat_map(|slice| slice.data).collect() });
    }
    carried
}

fn slice(array: &Array, place: u64) -> Array {
    let shape = array.shape[1..].to_vec();
    let size = shape.iter().product::<u64>();
    Array { data: array.data[(place * size) as usize..((place + 1) * size) as usize].to_vec(), shape }
}
