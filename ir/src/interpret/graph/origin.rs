//! Where a NaN began: the operation that first gave it, of operands that are none, and the iterations around it.
//!
//! Every NaN has a tag, which says where it began. A result's NaN has the tag of the NaN among the elements that it was
//! made of, and a new one if there is none: so that a NaN which a select leaves out is not blamed for another.

use super::array::Array;
use super::{Call, ELEMENT_BUDGET, InterpretError, Interpreter, checked_dims, run, structural};
use crate::graph::{Constant, Function, Node, Op, Reduction};
use crate::interpret::Natives;
use crate::scalar::ScalarOp;
use crate::{DType, Scalar};
use std::fmt;
use std::rc::Rc;

/// What a new tag costs, in elements: as much memory.
const TAG_COST: usize = 256;

/// Where a NaN began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NanOrigin {
    /// The operation that gave it.
    pub operation: String,
    /// The user's line of the operation, as `file:line:column`, if known.
    pub place: Option<String>,
    /// The iterations that the operation ran in, from the innermost loop to the outermost.
    pub steps: Vec<LoopStep>,
}

/// An iteration of a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopStep {
    /// The user's line of the loop, as `file:line:column`, if known.
    pub place: Option<String>,
    /// The number of the iteration from 0; of a scan, in either direction, the index along the leading axis.
    pub index: u64,
    /// By which of its results the NaN first left the loop's body. It is not NaN there if a branch or a select dropped it.
    pub value: Option<LoopValue>,
}

/// A result of an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopValue {
    /// What the next iteration takes, by number.
    Carried(usize),
    /// A slice of a stack, by number.
    Stacked(usize),
}

impl fmt::Display for NanOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |place: &Option<String>| place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
        write!(f, "{}{}", self.operation, at(&self.place))?;
        for step in &self.steps {
            let value = match step.value {
                None => String::new(),
                Some(LoopValue::Carried(number)) => format!(" (carried value {number})"),
                Some(LoopValue::Stacked(number)) => format!(" (stacked value {number})"),
            };
            write!(f, ", in step {}{value} of the loop{}", step.index, at(&step.place))?;
        }
        Ok(())
    }
}

/// Where the first NaN of a result began, of one row along the result's leading axis or of all of it; `None` if there is
/// no NaN but those of the arguments.
pub fn origin_of_nan(
    function: &Function,
    arguments: &[Constant],
    natives: &Natives<'_>,
    (result, row): (usize, Option<usize>),
) -> Result<Option<NanOrigin>, InterpretError> {
    let dims = checked_dims(function, arguments)?;
    let watched = |argument: &Constant| {
        let mut array = Array::from_constant(argument);
        let tag = |element: Scalar| if element.is_nan() { OF_ARGUMENT } else { NO_NAN };
        array.tags = Some(Rc::new(array.map(DType::U32, tag)));
        Rc::new(array)
    };
    let arguments = arguments.iter().map(watched).collect();
    let mut call = Call { dims: &dims, budget: ELEMENT_BUDGET, natives, watch: Some(Watch::default()) };
    let results = run(function, arguments, &mut call)?;
    let Some(tags) = results.get(result).and_then(|result| result.tags.as_ref()) else { return Ok(None) };
    let elements = match row {
        Some(row) => tags.slice(row as u64).elements,
        None => tags.elements.clone(),
    };
    let first = elements.into_iter().filter(|&tag| tag != OF_ARGUMENT).max_by_key(|tag| tag.bits).unwrap_or(NO_NAN);
    Ok(call.watch.and_then(|mut watch| watch.origin(first).cloned()))
}

/// Tags count downwards, so that of several the greatest is the first.
const OF_ARGUMENT: Scalar = Scalar { dtype: DType::U32, bits: u32::MAX as u64 };
const NO_NAN: Scalar = Scalar { dtype: DType::U32, bits: 0 };

/// The origins so far, and the iterations that are running.
#[derive(Default)]
pub(super) struct Watch {
    origins: Vec<NanOrigin>,
    /// The outermost first.
    running: Vec<LoopStep>,
    /// For each of them, how many origins there were when it began.
    known: Vec<usize>,
}

impl Watch {
    fn new_tag(&mut self, function: &Function, node: &Node) -> Scalar {
        self.origins.push(NanOrigin {
            operation: match &node.op {
                Op::Native(native) => format!("native function `{}`", native.name),
                other => other.name().to_owned(),
            },
            place: node.location.map(|location| function.display_location(location)),
            steps: self.running.iter().rev().cloned().collect(),
        });
        Scalar { bits: OF_ARGUMENT.bits - self.origins.len() as u64, ..OF_ARGUMENT }
    }

    fn origin(&mut self, tag: Scalar) -> Option<&mut NanOrigin> {
        let number = OF_ARGUMENT.bits - tag.bits;
        self.origins.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// Notes by which result the NaNs of the innermost iteration leave it.
    fn note(&mut self, results: &[Rc<Array>], carried: usize) {
        let (depth, known) = (self.running.len(), self.known.last().copied().unwrap_or(0));
        if known == self.origins.len() {
            return;
        }
        for (number, tags) in
            results.iter().enumerate().filter_map(|(number, array)| Some((number, array.tags.as_ref()?)))
        {
            let value =
                if number < carried { LoopValue::Carried(number) } else { LoopValue::Stacked(number - carried) };
            for &tag in tags.elements.iter().filter(|tag| tag.bits < OF_ARGUMENT.bits - known as u64) {
                if let Some(origin) = self.origin(tag) {
                    let place = origin.steps.len() - depth;
                    origin.steps[place].value.get_or_insert(value);
                }
            }
        }
    }
}

impl Interpreter<'_, '_> {
    /// A loop begins.
    pub(super) fn enter(&mut self, node: &Node) {
        if let Some(watch) = &mut self.call.watch {
            let place = node.location.map(|location| self.function.display_location(location));
            watch.running.push(LoopStep { place, index: 0, value: None });
            watch.known.push(watch.origins.len());
        }
    }

    /// The iteration of this number begins.
    pub(super) fn begin(&mut self, index: u64) {
        if let Some(watch) = &mut self.call.watch {
            watch.running.last_mut().expect("a loop was entered").index = index;
            *watch.known.last_mut().expect("a loop was entered") = watch.origins.len();
        }
    }

    /// The iteration has given its results.
    pub(super) fn end(&mut self, results: &[Rc<Array>], carried: usize) {
        if let Some(watch) = &mut self.call.watch {
            watch.note(results, carried);
        }
    }

    /// The loop is over.
    pub(super) fn leave(&mut self) {
        if let Some(watch) = &mut self.call.watch {
            watch.running.pop();
            watch.known.pop();
        }
    }

    /// Gives a result's NaNs their tags.
    pub(super) fn tag(&mut self, node: &Node, array: &mut Array) -> Result<(), InterpretError> {
        array.tags = None;
        if self.call.watch.is_none() || !array.elements.iter().any(|element| element.is_nan()) {
            return Ok(());
        }
        let tags = |&id| {
            self.value(id)
                .tags
                .as_ref()
                .map_or_else(|| self.value(id).map(DType::U32, |_| NO_NAN), |tags| Array::clone(tags))
        };
        let operands: Vec<Array> = node.operands.iter().map(tags).collect();
        let first_selector = node.operands.first().map(|&id| self.value(id));
        let mut tags = inherited(&node.op, array, &operands.iter().collect::<Vec<_>>(), first_selector);
        let is_new = |(element, tag): (&Scalar, &Scalar)| element.is_nan() && *tag == NO_NAN;
        let new = if array.elements.iter().zip(&tags.elements).any(is_new) {
            self.pay(TAG_COST)?;
            self.call.watch.as_mut().map_or(NO_NAN, |watch| watch.new_tag(self.function, node))
        } else {
            NO_NAN
        };
        for (element, tag) in array.elements.iter().zip(&mut tags.elements) {
            *tag = match (element.is_nan(), *tag) {
                (false, _) => NO_NAN,
                (true, NO_NAN) => new,
                (true, tag) => tag,
            };
        }
        array.tags = Some(Rc::new(tags));
        Ok(())
    }
}

/// The tags of the NaNs that the elements of a result are made of.
fn inherited(op: &Op, result: &Array, operands: &[&Array], selector: Option<&Array>) -> Array {
    let shape = result.shape.clone();
    let largest = |tags: &mut dyn Iterator<Item = Scalar>| tags.max_by_key(|tag| tag.bits).unwrap_or(NO_NAN);
    let by_place = |tag: &dyn Fn(usize) -> Scalar| {
        Array::new(DType::U32, shape.clone(), (0..result.elements.len()).map(tag).collect())
    };
    match op {
        Op::Parameter { .. } | Op::Constant(_) | Op::Iota { .. } => by_place(&|_| NO_NAN),
        Op::Scalar(ScalarOp::Select) => by_place(&|place| {
            let taken = selector.is_some_and(|selector| selector.elements[place].bits != 0);
            operands[if taken { 1 } else { 2 }].elements[place]
        }),
        Op::Scalar(_) => by_place(&|place| largest(&mut operands.iter().map(|operand| operand.elements[place]))),
        Op::Cast(_) | Op::Bitcast(_) | Op::Reshape { .. } | Op::Custom(_) | Op::StopGradient => {
            Array::new(DType::U32, shape, operands[0].elements.clone())
        }
        Op::Broadcast { axes, .. } => structural::broadcast(operands[0], shape, axes),
        Op::Transpose { permutation } => structural::transpose(operands[0], shape, permutation),
        Op::Slice { start, step, .. } => structural::slice(operands[0], shape, start, step),
        Op::Pad { low, interior, .. } => structural::pad(operands[0], operands[1].elements[0], shape, low, interior),
        Op::Concatenate { axis } => structural::concatenate(operands, shape, *axis),
        Op::Reverse { axes } => structural::reverse(operands[0], axes),
        Op::Reduce { axes, .. } => structural::reduce(operands[0], Reduction::Maximum, axes),
        Op::DotGeneral { batch, contract } => {
            let largest = (ScalarOp::Maximum, Reduction::Maximum);
            structural::dot_general([operands[0], operands[1]], shape, batch, contract, largest)
        }
        Op::Take { axis, indices } => structural::take(operands[0], shape, *axis, indices),
        Op::ScatterAdd { axis, indices, .. } => {
            structural::scatter(operands[0], shape, *axis, indices, Reduction::Maximum)
        }
        Op::Native(_) => {
            let tag = largest(&mut operands.iter().flat_map(|operand| operand.elements.iter().copied()));
            by_place(&|_| tag)
        }
        Op::Call(_) | Op::Checkpoint(_) | Op::Switch(_) | Op::While(_) | Op::Scan(_) => {
            unreachable!("{} has functions whose results have their tags", op.name())
        }
    }
}

/// The tags of slices along a new leading axis.
pub(super) fn stacked(slices: &[Rc<Array>], shape: &[u64]) -> Option<Rc<Array>> {
    slices.iter().any(|slice| slice.tags.is_some()).then(|| {
        let tags = slices.iter().flat_map(|slice| match &slice.tags {
            Some(tags) => tags.elements.clone(),
            None => vec![NO_NAN; slice.elements.len()],
        });
        Rc::new(Array::new(DType::U32, shape.to_vec(), tags.collect()))
    })
}
