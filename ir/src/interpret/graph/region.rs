//! Calls, branches and loops.

use super::array::Array;
use super::{InterpretError, Interpreter, origin, run};
use crate::DType;
use crate::graph::{Function, Node, Op, Scan, While, selected_branch};
use std::rc::Rc;

type Arrays = Vec<Rc<Array>>;

/// What a call of a function costs beside its arguments and results, in elements that take about as long.
const CALL_COST: usize = 16;

impl Interpreter<'_, '_> {
    /// Appends the results of a node with functions in it.
    pub(super) fn region(&mut self, node: &Node) -> Result<(), InterpretError> {
        let operands: Arrays = node.operands.iter().map(|&id| Rc::clone(&self.values[id.0 as usize])).collect();
        let results = match &node.op {
            Op::Call(function) | Op::Checkpoint(function) => self.call(function, operands)?,
            Op::Switch(branches) => {
                let branch = selected_branch(operands[0].elements[0], branches.len());
                self.call(&branches[branch], operands[1..].to_vec())?
            }
            Op::While(looped) => self.while_loop(node, looped, operands)?,
            Op::Scan(scan) => self.scan(node, scan, operands)?,
            other => unreachable!("{} has no functions that give its results", other.name()),
        };
        self.values.extend(results);
        Ok(())
    }

    /// A call costs something whatever it does, so that the budget ends a loop that nothing else does.
    fn call(&mut self, function: &Function, arguments: Arrays) -> Result<Arrays, InterpretError> {
        self.pay(CALL_COST + arguments.len() + function.results.len())?;
        run(function, arguments, self.call)
    }

    fn while_loop(&mut self, node: &Node, looped: &While, operands: Arrays) -> Result<Arrays, InterpretError> {
        let (mut carried, constants) = (operands[..looped.carried].to_vec(), &operands[looped.carried..]);
        let bound = looped.bound.unwrap_or(u64::MAX);
        self.enter(node);
        for step in 0..bound {
            self.begin(step);
            let arguments = [&carried, constants].concat();
            if self.call(&looped.condition, arguments.clone())?[0].elements[0].bits == 0 {
                break;
            }
            carried = self.call(&looped.body, arguments)?;
            self.end(&carried, looped.carried);
        }
        self.leave();
        Ok(carried)
    }

    fn scan(&mut self, node: &Node, scan: &Scan, operands: Arrays) -> Result<Arrays, InterpretError> {
        let stacked = &node.results[scan.carried..];
        let shapes = stacked.iter().map(|&id| self.result_shape(node, id)).collect::<Result<Vec<_>, _>>()?;
        let length = scan.length.size(self.call.dims).expect("checked ahead");
        let (carried, rest) = operands.split_at(scan.carried);
        let (scanned, constants) = rest.split_at(scan.scanned);
        let mut carried = carried.to_vec();
        let mut slices: Vec<Arrays> = vec![Vec::new(); stacked.len()];
        self.enter(node);
        for step in 0..length {
            let place = if scan.reverse { length - 1 - step } else { step };
            self.pay(scanned.iter().map(|array| array.slice_size()).sum())?;
            let taken: Arrays = scanned.iter().map(|array| Rc::new(array.slice(place))).collect();
            self.begin(place);
            let mut results = self.call(&scan.body, [&carried, &taken, constants].concat())?;
            self.end(&results, scan.carried);
            let own = results.split_off(scan.carried);
            slices.iter_mut().zip(own).for_each(|(slices, slice)| slices.push(slice));
            carried = results;
        }
        self.leave();
        let mut results = carried;
        for ((mut slices, shape), &id) in slices.into_iter().zip(shapes).zip(stacked) {
            if scan.reverse {
                slices.reverse();
            }
            results.push(Rc::new(stack(self.function.ty(id).dtype, shape, &slices)));
        }
        Ok(results)
    }

    pub(super) fn pay(&mut self, cost: usize) -> Result<(), InterpretError> {
        match self.call.budget.checked_sub(cost as u64) {
            Some(left) => self.call.budget = left,
            None => return Err(InterpretError::Endless),
        }
        Ok(())
    }
}

/// Slices along a new leading axis.
fn stack(dtype: DType, shape: Vec<u64>, slices: &[Rc<Array>]) -> Array {
    let elements = slices.iter().flat_map(|slice| slice.elements.iter().copied()).collect();
    Array { tags: origin::stacked(slices, &shape), ..Array::new(dtype, shape, elements) }
}
