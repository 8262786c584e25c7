//! Running a case that has an operation and its results.

use crate::compare::{check, check_aligned, numbers};
use crate::engines::{Engines, Failure, Program, agree};
use crate::format::{Comparison, Expected, Leaf, ValueCase};
use crate::operations::{Call, Refusal};
use crate::report::Outcome;
use rotrace::{Array, DType, Element, trace};

/// How many copies of a single element are run as a batch: whole SIMD vectors of either type, and a remainder.
const COPIES: usize = 7;

/// Runs a case in all engines, with the sizes as numbers and then with a named leading dimension.
pub fn run(case: &ValueCase, engines: &Engines) -> Outcome {
    let call = match Call::of(case) {
        Ok(call) => call,
        Err(Refusal::Unsupported(reason)) => return Outcome::Unsupported(reason),
        Err(Refusal::Mistyped) => return Outcome::Passed,
        Err(Refusal::Malformed(message)) => return Outcome::Malformed(message),
    };
    let result = call_fixed(&call, engines);
    let judged = match &case.expected {
        Expected::Leaves { leaves } => judge(&call, leaves, result.as_deref()),
        Expected::Error { error } => judge_error(&call, error, case.lazy.as_ref(), result.as_deref()),
    };
    let on_arrays = judge_on_arrays(&call, &case.expected, result.as_deref());
    let batched = result.and_then(|results| check_batched(&call, &results, engines));
    // Engines that disagree are a failure whatever the case says.
    match (judged.and(on_arrays), batched) {
        (_, Err(Failure::Broken(message))) => Outcome::Broken(message),
        (Err(difference), _) => Outcome::Failed(difference),
        (Ok(()), Ok(())) | (Ok(()), Err(Failure::Rejected(_))) => Outcome::Passed,
    }
}

/// The operation on arrays, where there is one, must fail where SciPy's fails, and give the compiled function's bits
/// elsewhere. A NaN among the arguments need not be an error.
fn judge_on_arrays(call: &Call, expected: &Expected, compiled: Result<&[Array], &Failure>) -> Result<(), String> {
    let Some(result) = call.on_arrays() else { return Ok(()) };
    let mut arguments = call.arrays.iter().filter_map(|array| numbers(array).ok()).flatten();
    match (expected, result, compiled) {
        (Expected::Error { .. }, Err(_), _) => Ok(()),
        (Expected::Error { .. }, Ok(_), _) if arguments.any(f64::is_nan) => Ok(()),
        (Expected::Error { error }, Ok(result), _) => Err(format!("on arrays, got {result:?}, expected {error}")),
        (Expected::Leaves { .. }, Err(error), _) => Err(format!("on arrays: {error}")),
        (Expected::Leaves { .. }, Ok(result), Ok(compiled)) => {
            agree(compiled, &result).map_err(|difference| format!("on arrays: {difference}"))
        }
        (Expected::Leaves { .. }, Ok(_), Err(_)) => Ok(()),
    }
}

fn judge(call: &Call, leaves: &[Leaf], result: Result<&[Array], &Failure>) -> Result<(), String> {
    let results = result.map_err(|failure| failure.clone().message())?;
    let leaves: Vec<&Leaf> = leaves.iter().filter(|leaf| leaf.value.is_some()).collect();
    if results.len() != leaves.len() {
        return Err(format!("{} results, expected {}", results.len(), leaves.len()));
    }
    let conventions = call.conventions();
    leaves.into_iter().zip(results).try_for_each(|(leaf, result)| match call.aligned() {
        Some(vectors) if leaf.cmp == Comparison::AlignSingle => check_aligned(leaf, result, vectors),
        _ => check(leaf, result, &conventions),
    })
}

/// A call that SciPy refuses must be refused, or give what SciPy's compiled call gives, such as NaN for one row. Where
/// SciPy has no compiled call to record, as of splines, nothing but NaN is a refusal too, if the operation on arrays is an
/// error.
fn judge_error(
    call: &Call,
    error: &str,
    lazy: Option<&Expected>,
    result: Result<&[Array], &Failure>,
) -> Result<(), String> {
    match (result, lazy) {
        (Err(Failure::Rejected(_)) | Ok([]), _) => Ok(()),
        (Err(failure), _) => Err(failure.clone().message()),
        (Ok(_), Some(Expected::Leaves { leaves })) => judge(call, leaves, result),
        (Ok(results), None) if results.iter().all(is_nan) && matches!(call.on_arrays(), Some(Err(_))) => Ok(()),
        (Ok(results), None | Some(Expected::Error { .. })) => Err(format!("got {results:?}, expected {error}")),
    }
}

/// Whether there are elements, and all are NaN.
fn is_nan(array: &Array) -> bool {
    numbers(array).is_ok_and(|elements| !elements.is_empty() && elements.iter().all(|element| element.is_nan()))
}

fn program(call: &Call) -> Program<'_> {
    trace(|arguments: Vec<_>| call.record(&arguments))
}

fn call_fixed(call: &Call, engines: &Engines) -> Result<Vec<Array>, Failure> {
    let signature = signature(&call.arrays, |_, _| false);
    engines.run(&call.key(), &signature, || program(call), &call.arrays)
}

/// The types of arrays, with `n` for the leading size of those where `named` says so.
fn signature(arrays: &[Array], named: impl Fn(usize, &Array) -> bool) -> String {
    let types = arrays.iter().enumerate().map(|(index, array)| {
        let mut sizes: Vec<String> = array.shape().iter().map(ToString::to_string).collect();
        if named(index, array) {
            sizes[0] = "n".into();
        }
        format!("{}[{}]", array.dtype(), sizes.join(", "))
    });
    types.collect::<Vec<_>>().join(", ")
}

/// The same call with the leading dimension named must give the same bits; a call without leading dimensions must
/// give them in each of several rows.
fn check_batched(call: &Call, results: &[Array], engines: &Engines) -> Result<(), Failure> {
    let Some(cores) = call.operation.cores else { return Ok(()) };
    let leading = |array: &Array, core: usize| array.shape().len().saturating_sub(core);
    // An operation that has no such form gives nothing.
    let [first, ..] = results else { return Ok(()) };
    let rank = leading(first, cores.results[0]);
    let (arrays, expected) = if rank == 0 {
        let several = |arrays: &[Array]| arrays.iter().map(copies).collect::<Result<Vec<_>, _>>();
        let whole = call.arrays.iter().zip(cores.arguments).map(|(array, &core)| with_axes(array, core));
        (several(&whole.collect::<Result<Vec<_>, _>>()?)?, several(results)?)
    } else {
        (call.arrays.clone(), results.to_vec())
    };
    let signature = signature(&arrays, |index, array| {
        leading(array, cores.arguments[index]) == rank.max(1) && array.shape()[0] == expected[0].shape()[0]
    });
    let results = engines.run(&call.key(), &signature, || program(call), &arrays);
    let results = results.map_err(|failure| Failure::Broken(format!("with `n`, {}", failure.message())))?;
    agree(&expected, &results)
        .map_err(|difference| Failure::Broken(format!("a batch differs, {signature}: {difference}")))
}

/// An array with `core` axes at least: an argument may leave out those of its own that have size 1.
fn with_axes(array: &Array, core: usize) -> Result<Array, Failure> {
    let missing = core.saturating_sub(array.shape().len());
    let shape = [&vec![1; missing], array.shape()].concat();
    array.clone().reshape(&shape).map_err(|error| Failure::Broken(error.to_string()))
}

/// An array several times, along a new leading axis.
pub fn copies(array: &Array) -> Result<Array, Failure> {
    let copied = match array.dtype() {
        DType::F64 => repeated::<f64>(array),
        DType::F32 => repeated::<f32>(array),
        DType::Bool => repeated::<bool>(array),
        other => Err(format!("an array of {other}")),
    };
    copied.map_err(Failure::Broken)
}

fn repeated<T: Element>(array: &Array) -> Result<Array, String> {
    let data = array.as_slice::<T>().map_err(|error| error.to_string())?.repeat(COPIES);
    let shape: Vec<usize> = [COPIES].iter().chain(array.shape()).copied().collect();
    Array::from_vec(&shape, data).map_err(|error| error.to_string())
}
