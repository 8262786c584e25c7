//! Frames, and recording operations into the top one.

use super::traced::Request;
use crate::array::Identity;
use crate::tensor::{Operand, Weak};
use crate::tree::Outline;
use crate::{Array, DType, Error, Tensor};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{self, Function, GraphBuilder, Op, ValueId};
use rotrace_ir::{Scalar, Type};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    static STACK: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

thread_local! {
    static AMBIENT: Cell<Option<Ambient>> = const { Cell::new(None) };
}

/// What the library does on its own belongs to what the user called.
#[derive(Clone, Copy)]
pub(super) struct Ambient {
    /// The user's line.
    location: &'static Location<'static>,
    /// The operation there, if it has a name that tells more than those of the operations it consists of.
    operation: Option<&'static str>,
}

/// Runs `body`, whose operations all belong to `location` (or to the outermost such call's).
///
/// `#[track_caller]` does not reach through closures; this does.
pub(crate) fn located_at<R>(location: &'static Location<'static>, body: impl FnOnce() -> R) -> R {
    let operation = ambient().and_then(|ambient| ambient.operation);
    with_ambient(Some(Ambient { location: place_of(location), operation }), body)
}

/// The same for an operation with a name, by which mistakes are told in it (or the outermost such call's).
pub(crate) fn located_as<R>(
    location: &'static Location<'static>,
    operation: &'static str,
    body: impl FnOnce() -> R,
) -> R {
    let operation = ambient().and_then(|ambient| ambient.operation).or(Some(operation));
    with_ambient(Some(Ambient { location: place_of(location), operation }), body)
}

/// Runs `body`, which is the user's.
pub(crate) fn unlocated<R>(body: impl FnOnce() -> R) -> R {
    with_ambient(None, body)
}

/// The line of the user to which what is done at `location` belongs: that of [`located_at`] inside of it.
pub(super) fn place_of(location: &'static Location<'static>) -> &'static Location<'static> {
    ambient().map_or(location, |ambient| ambient.location)
}

/// The name of the operation that the user called, which the operation `name` is a part of.
pub(crate) fn called(name: &str) -> &str {
    ambient().and_then(|ambient| ambient.operation).unwrap_or(name)
}

/// What the innermost [`located_at`] has.
pub(super) fn ambient() -> Option<Ambient> {
    AMBIENT.try_with(Cell::get).ok().flatten()
}

/// Runs `body` as where [`ambient`] gave `ambient`: a function has the lines of those who made it, not of those who
/// call it.
pub(super) fn with_ambient<R>(ambient: Option<Ambient>, body: impl FnOnce() -> R) -> R {
    struct Restore(Option<Ambient>);
    impl Drop for Restore {
        fn drop(&mut self) {
            AMBIENT.set(self.0);
        }
    }
    let _restore = Restore(AMBIENT.replace(ambient));
    body()
}

/// Identifies a trace among all of the process, so that a value taken to another thread is not mistaken for one there.
/// 0 belongs to no trace.
static NEXT_TRACE: AtomicU64 = AtomicU64::new(1);

/// What is wrong with an operation, before its place is known.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub message: String,
    pub operands: Vec<String>,
}

impl Mistake {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), operands: Vec::new() }
    }

    /// Of an operation on operands of these types, whose element types differ.
    pub(crate) fn of_dtypes(name: &str, [first, other]: [String; 2]) -> Self {
        let message =
            format!("{name}: the operands {first} and {other} have different element types; convert one with `astype`");
        Self { message, operands: vec![first, other] }
    }
}

/// A function that is being recorded.
#[derive(Debug)]
pub(crate) struct Frame {
    trace: u64,
    builder: GraphBuilder,
    error: Option<Error>,
    /// Values of enclosing frames, by trace and number, and the parameters that stand for them; `None` where there may be
    /// none.
    captures: Option<FxHashMap<(u64, ValueId), ValueId>>,
    /// Arrays that are already constants of the function.
    constants: FxHashMap<Identity, ValueId>,
}

/// A frame that has been recorded.
#[derive(Debug)]
pub(super) struct Finished {
    pub builder: GraphBuilder,
    pub results: Vec<ValueId>,
    pub captures: Vec<(Tensor, ValueId)>,
}

/// The results of a function with their structure.
pub(super) type Given = (Vec<Tensor>, Outline);

/// Runs `body` with a new frame on top of the stack. `body` gets the parameters and returns the results, of which the
/// structure is handed on, or `None`. What is wrong with the signature as a whole belongs to the request's place.
pub(super) fn with_frame(
    request: &Request,
    parameters: &[Type],
    error: Option<Error>,
    body: &mut dyn FnMut(Vec<Tensor>) -> Option<Given>,
) -> (Option<Outline>, Result<Finished, Error>) {
    let mut frame = Frame {
        trace: NEXT_TRACE.fetch_add(1, Ordering::Relaxed),
        builder: GraphBuilder::new("traced", request.dims.clone()),
        error,
        captures: request.may_capture.then(FxHashMap::default),
        constants: FxHashMap::default(),
    };
    let parameters = parameters.iter().map(|ty| frame.parameter(ty, request.location)).collect();
    let depth = STACK.with_borrow_mut(|stack| {
        stack.push(frame);
        stack.len()
    });
    // A panic in the user's closure must not leave its frame behind.
    let _pop = Pop(depth - 1);
    let (results, outline) = body(parameters).unzip();
    let results = results.unwrap_or_default();
    let finished = STACK.with_borrow_mut(|stack| {
        let results = results.iter().map(|&result| resolve(stack, result)).collect::<Result<Vec<_>, _>>();
        // Frames above ours were popped by their own guards.
        let Some(frame) = stack.pop() else { unreachable!("the frame pushed above is on the stack") };
        match (frame.error, results) {
            (Some(error), _) => Err(error),
            (None, Err(mistake)) => Err(located(
                Mistake { message: format!("the function returns {}", mistake.message), ..mistake },
                request.location,
            )),
            (None, Ok(results)) => {
                let captures = in_order(frame.captures.unwrap_or_default());
                Ok(Finished { builder: frame.builder, results, captures })
            }
        }
    });
    (outline, finished)
}

/// Captured values with their parameters, in the order in which they were captured.
fn in_order(captures: FxHashMap<(u64, ValueId), ValueId>) -> Vec<(Tensor, ValueId)> {
    let captures = captures.into_iter().map(|((trace, value), parameter)| (Tensor { trace, value }, parameter));
    let mut captures: Vec<_> = captures.collect();
    captures.sort_unstable_by_key(|&(_, parameter)| parameter);
    captures
}

/// Cuts the stack back to a depth.
struct Pop(usize);

impl Drop for Pop {
    fn drop(&mut self) {
        STACK.with_borrow_mut(|stack| stack.truncate(self.0));
    }
}

impl Frame {
    fn parameter(&mut self, ty: &Type, location: &'static Location<'static>) -> Tensor {
        match self.builder.parameter(ty.clone()) {
            Ok(value) => Tensor { trace: self.trace, value },
            Err(violation) => {
                self.error.get_or_insert_with(|| located(Mistake::new(violation.to_string()), location));
                Tensor::POISON
            }
        }
    }
}

fn located(mistake: Mistake, location: &'static Location<'static>) -> Error {
    Error::Trace { message: mistake.message, operands: mistake.operands, location }
}

/// The id of `tensor` in the last frame of `stack`, captured from the frames below if they own it.
fn resolve(stack: &mut [Frame], tensor: Tensor) -> Result<ValueId, Mistake> {
    let foreign =
        || Mistake::new("a traced value that is not of this trace (of another one, or of one that has ended)");
    let Some((top, below)) = stack.split_last_mut() else { return Err(foreign()) };
    if tensor.trace == top.trace {
        return Ok(tensor.value);
    }
    if !below.iter().any(|frame| frame.trace == tensor.trace) {
        return Err(foreign());
    }
    let Some(captures) = &mut top.captures else {
        return Err(Mistake::new(
            "a value of an enclosing trace, which only a function that is called inside that trace can capture",
        ));
    };
    if let Some(&value) = captures.get(&(tensor.trace, tensor.value)) {
        return Ok(value);
    }
    let outer = resolve(below, tensor)?;
    let ty = below.last().map(|frame| frame.builder.function().ty(outer).clone());
    let ty = ty.ok_or_else(foreign)?;
    let index = top.builder.function().nodes.len() as u32;
    // Not `GraphBuilder::parameter`: it stands among other nodes until the function is put in order at its end.
    let value = top.builder.push(Op::Parameter { index, ty }, &[]).map_err(mistake)?;
    captures.insert((tensor.trace, tensor.value), value);
    Ok(value)
}

fn mistake(violation: Violation) -> Mistake {
    Mistake::new(violation.to_string())
}

/// Records with `body` into the top frame; the value of what it returns, or a poisoned one after a mistake.
pub(crate) fn record(
    location: &'static Location<'static>,
    body: impl FnOnce(&mut Recorder<'_>) -> Result<ValueId, Mistake>,
) -> Tensor {
    made_in_top(location, body).map_or(Tensor::POISON, |(trace, value)| Tensor { trace, value })
}

/// As [`record`], for several values; none after a mistake.
pub(super) fn record_all(
    location: &'static Location<'static>,
    body: impl FnOnce(&mut Recorder<'_>) -> Result<Vec<ValueId>, Mistake>,
) -> Vec<Tensor> {
    let Some((trace, values)) = made_in_top(location, body) else { return Vec::new() };
    values.into_iter().map(|value| Tensor { trace, value }).collect()
}

/// What `body` makes with the top frame, and the number of its trace; `None` after a mistake.
fn made_in_top<R>(
    location: &'static Location<'static>,
    body: impl FnOnce(&mut Recorder<'_>) -> Result<R, Mistake>,
) -> Option<(u64, R)> {
    let (mut body, mut made) = (Some(body), None);
    let trace = with_top(location, &mut |recorder| {
        made = body.take().map(|body| body(recorder)).transpose()?;
        Ok(())
    });
    trace.zip(made)
}

/// Runs `body` with the top frame; gives the number of its trace, or `None` after a mistake. As all of this file that is
/// of any length, it is compiled once, and not for each of a user's functions.
fn with_top(
    location: &'static Location<'static>,
    body: &mut dyn FnMut(&mut Recorder<'_>) -> Result<(), Mistake>,
) -> Option<u64> {
    let location = place_of(location);
    let recorded = STACK.try_with(|stack| {
        let stack = &mut *stack.borrow_mut();
        let top = stack.last_mut()?;
        if top.error.is_some() {
            return None;
        }
        let trace = top.trace;
        let file = top.builder.file(location.file());
        top.builder.location = Some(graph::Location { file, line: location.line(), column: location.column() });
        match body(&mut Recorder { stack }) {
            Ok(()) => Some(trace),
            Err(mistake) => {
                stack.last_mut()?.error = Some(located(mistake, location));
                None
            }
        }
    });
    // Without a frame (no trace is active, or the thread is ending) there is nobody to tell.
    recorded.ok().flatten()
}

/// Keeps an error of an inlined function as the top frame's first mistake.
pub(super) fn poison(error: Error) {
    STACK.with_borrow_mut(|stack| {
        if let Some(top) = stack.last_mut() {
            top.error.get_or_insert(error);
        }
    });
}

/// The names of the top frame's dims and the types of `tensors` in it; `None` without a frame, or if it or one of
/// them is poisoned.
pub(super) fn top_types(tensors: &[Tensor], location: &'static Location<'static>) -> Option<(Vec<String>, Vec<Type>)> {
    let mut found = None;
    record_all(location, |recorder| {
        let values = tensors.iter().map(|&tensor| recorder.resolve(tensor)).collect::<Result<Vec<_>, _>>()?;
        let types = values.iter().map(|&value| recorder.ty(value).clone()).collect();
        found = Some((recorder.function().dims.clone(), types));
        Ok(values)
    });
    found
}

/// The type of a tensor whose trace is on the stack, with the names of the dims.
pub(crate) fn type_of(tensor: Tensor) -> Option<(Type, Vec<String>)> {
    STACK
        .try_with(|stack| {
            let stack = stack.borrow();
            let frame = stack.iter().find(|frame| frame.trace == tensor.trace)?;
            let function = frame.builder.function();
            Some((function.ty(tensor.value).clone(), function.dims.clone()))
        })
        .ok()
        .flatten()
}

/// Appends to the top frame.
pub(crate) struct Recorder<'a> {
    /// Not empty: the last frame is recorded into.
    stack: &'a mut [Frame],
}

impl Recorder<'_> {
    fn top(&mut self) -> &mut Frame {
        let Some(top) = self.stack.last_mut() else { unreachable!("a recorder has a frame") };
        top
    }

    /// The function so far.
    pub(crate) fn function(&self) -> &Function {
        let Some(top) = self.stack.last() else { unreachable!("a recorder has a frame") };
        top.builder.function()
    }

    pub(super) fn builder(&mut self) -> &mut GraphBuilder {
        &mut self.top().builder
    }

    pub(crate) fn ty(&self, value: ValueId) -> &Type {
        self.function().ty(value)
    }

    /// The text of a value's type.
    pub(crate) fn display(&self, value: ValueId) -> String {
        self.ty(value).display(&self.function().dims)
    }

    /// Appends a node. What the type rule says becomes the mistake, with the operands' types.
    pub(crate) fn push(&mut self, op: Op, operands: &[ValueId]) -> Result<ValueId, Mistake> {
        let types = |recorder: &Self| operands.iter().map(|&operand| recorder.display(operand)).collect();
        self.builder().push(op, operands).map_err(|violation| Mistake { operands: types(self), ..mistake(violation) })
    }

    /// The id of a tensor in this trace.
    pub(crate) fn resolve(&mut self, tensor: Tensor) -> Result<ValueId, Mistake> {
        resolve(self.stack, tensor)
    }

    /// The id of an operand of any kind; scalars take `dtype`.
    pub(crate) fn operand(&mut self, operand: &Operand, dtype: DType) -> Result<ValueId, Mistake> {
        match operand {
            Operand::Tensor(tensor) => self.resolve(*tensor),
            Operand::Array(array) => self.array(array),
            Operand::Weak(weak) => {
                let value = weak.to_dtype(dtype)?;
                self.scalar(value)
            }
        }
    }

    /// The id of an operand by itself; scalars have their default dtype.
    pub(crate) fn any(&mut self, operand: &Operand) -> Result<ValueId, Mistake> {
        let dtype = match operand {
            Operand::Weak(weak) => weak.default_dtype(),
            Operand::Tensor(_) | Operand::Array(_) => Weak::Float(0.0).default_dtype(),
        };
        self.operand(operand, dtype)
    }

    /// A 0-d constant.
    pub(crate) fn scalar(&mut self, value: Scalar) -> Result<ValueId, Mistake> {
        self.push(Op::constant(value), &[])
    }

    fn array(&mut self, array: &Array) -> Result<ValueId, Mistake> {
        let identity = Identity(array.clone());
        if let Some(&value) = self.top().constants.get(&identity) {
            return Ok(value);
        }
        let value = self.push(Op::Constant(array.to_constant()), &[])?;
        self.top().constants.insert(identity, value);
        Ok(value)
    }
}
