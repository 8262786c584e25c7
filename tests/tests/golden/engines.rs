//! Each distinct program compiled once for every engine, and calls that must agree bit for bit.

use crate::compare::bits;
use rotrace::{Array, Engine, Error, Options, Tensor, Traced};
use rotrace_ir::graph::Function;
use rotrace_tests::assembled::Figures;
use rotrace_tests::engines::{GPU, gpu};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What all programs are here: lists of arrays to lists of arrays.
pub type Program<'a> = Traced<'a, Vec<Tensor>, Vec<Tensor>>;

type Handle = rotrace::Compiled<Vec<Tensor>, Vec<Tensor>>;

/// Why there is no result.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The user's mistake, said as such: in the traced function, in its types or in the arguments of the call.
    Rejected(String),
    /// Rotrace's own mistake: it could not compile a program that it traced, or its engines disagree.
    Broken(String),
}

impl Failure {
    /// The text of either.
    pub fn message(self) -> String {
        match self {
            Self::Rejected(message) => format!("rejected: {message}"),
            Self::Broken(message) => format!("broken: {message}"),
        }
    }
}

/// A program compiled for each engine.
struct Compiled {
    handles: Vec<(&'static str, Handle)>,
    /// Of its kernels as PTX, if they were assembled.
    figures: Figures,
}

/// A compiled program, or why there is none; empty until the first who needs it has compiled it.
type Slot = OnceLock<Result<Compiled, Failure>>;

/// The compiled programs so far, by the text that tells them apart.
pub struct Engines {
    programs: Mutex<HashMap<String, Arc<Slot>>>,
    /// Of so many programs, one is compiled by the optimising compiler too, and assembled as PTX.
    optimised_every: u64,
}

/// How many programs there are of each kind.
pub struct Count {
    pub programs: usize,
    /// Compiled by the optimising compiler too.
    pub optimised: usize,
    /// Compiled for a GPU too.
    pub on_gpu: usize,
    /// Of those that NVIDIA's assembler took.
    pub assembled: Figures,
    /// How often the interpreter runs what should be machine code.
    pub interpreted: usize,
}

/// The name of the optimising compiler's configuration.
const OPTIMISED: &str = "optimised code";

/// The engines by name. The first is the one whose results the others must have.
fn configurations(with_optimised: bool) -> Vec<(&'static str, Options)> {
    let compiled = Options { threads: 1, verify: false, ..Options::default() };
    let mut all = vec![
        ("interpreter", Options { engine: Engine::Interpreter, verify: true, ..compiled.clone() }),
        ("scalar code", Options { simd: false, ..compiled.clone() }),
        ("SIMD code", compiled.clone()),
    ];
    if with_optimised {
        all.push((OPTIMISED, Options { engine: Engine::Optimised, ..compiled.clone() }));
    }
    all.extend(gpu().map(|device| (GPU, Options { device, ..compiled })));
    all
}

impl Engines {
    pub fn new(optimised_every: u64) -> Self {
        Self { programs: Mutex::default(), optimised_every }
    }

    /// A program's number among those that the optimising compiler is to compile, which takes it a second for some.
    fn optimised_number(&self, key: &str) -> Option<u64> {
        let number = key.bytes().fold(0_u64, |number, byte| number.wrapping_mul(31).wrapping_add(byte.into()));
        (cfg!(feature = "mlir") && number.is_multiple_of(self.optimised_every)).then(|| number / self.optimised_every)
    }

    /// Runs the program with every engine. `key` tells it from all others, but need not tell its argument types.
    ///
    /// # Errors
    /// If it is rejected, cannot be compiled, or the engines' results differ in a bit.
    pub fn run<'a>(
        &self,
        key: &str,
        signature: &str,
        program: impl FnOnce() -> Program<'a>,
        arguments: &Vec<Array>,
    ) -> Result<Vec<Array>, Failure> {
        let key = format!("{key} ({signature})");
        let number = self.optimised_number(&key);
        let cell = {
            let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(programs.entry(key).or_default())
        };
        let compiled = cell.get_or_init(|| compile(&program(), signature, number)).as_ref().map_err(Clone::clone)?;
        let handles = &compiled.handles;
        let mut first: Option<Vec<Array>> = None;
        for (name, handle) in handles {
            let results = handle.call(arguments).map_err(|error| failure(name, &error))?;
            match &first {
                None => first = Some(results),
                Some(first) => agree(first, &results).map_err(|difference| {
                    Failure::Broken(format!("{name} and {} differ, {signature}: {difference}", handles[0].0))
                })?,
            }
        }
        first.ok_or_else(|| Failure::Broken("no engine ran".into()))
    }

    /// The distinct programs that were compiled.
    pub fn count(&self) -> Count {
        let programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let compiled: Vec<&Compiled> = programs.values().filter_map(|cell| cell.get()).flatten().collect();
        let falls_back = |(_, handle): &&(&str, Handle)| handle.executable().report().interpreted.is_some();
        let has = |engine: &str| {
            let by = |compiled: &&&Compiled| compiled.handles.iter().any(|(name, _)| *name == engine);
            compiled.iter().filter(by).count()
        };
        Count {
            programs: compiled.len(),
            optimised: has(OPTIMISED),
            on_gpu: has(GPU),
            assembled: compiled.iter().map(|compiled| compiled.figures).fold(Figures::default(), Figures::and),
            interpreted: compiled.iter().flat_map(|compiled| &compiled.handles[1..]).filter(falls_back).count(),
        }
    }
}

fn compile(program: &Program<'_>, signature: &str, number: Option<u64>) -> Result<Compiled, Failure> {
    let lowered = program.lower(signature).map_err(|error| failure("lowering", &error))?;
    let compiled = configurations(number.is_some()).into_iter().map(|(name, options)| {
        let handle = lowered.compile_with(&options).map_err(|error| failure(name, &error))?;
        Ok((name, handle))
    });
    let handles = compiled.collect::<Result<_, _>>()?;
    let figures = number.map(|number| assembled(lowered.function(), number)).transpose()?.unwrap_or_default();
    Ok(Compiled { handles, figures })
}

/// What NVIDIA's assembler makes of a program's kernels, if it is there: for all architectures, by turns.
#[cfg(feature = "mlir")]
fn assembled(function: &Function, number: u64) -> Result<Figures, Failure> {
    use rotrace_tests::assembled::{Assembler, assemble, capability_in_turn};
    let Some(assembler) = Assembler::find() else { return Ok(Figures::default()) };
    let kernels = assemble(assembler, function, capability_in_turn(number));
    kernels.map(|kernels| Figures::of(&kernels)).map_err(|error| Failure::Broken(format!("PTX: {error}")))
}

#[cfg(not(feature = "mlir"))]
fn assembled(_: &Function, _: u64) -> Result<Figures, Failure> {
    Ok(Figures::default())
}

/// Whose mistake an error says it is.
fn failure(stage: &str, error: &Error) -> Failure {
    use rotrace_runtime::Error as Runtime;
    let message = format!("{stage}: {error}");
    match error {
        Error::Trace { .. } | Error::Signature { .. } | Error::Array(_) => Failure::Rejected(message),
        Error::Runtime(Runtime::Argument { .. } | Runtime::DimensionTooSmall { .. }) => Failure::Rejected(message),
        // Of the others, none can come of the data of a case. (`Error` is not exhaustive.)
        _ => Failure::Broken(message),
    }
}

/// Whether two results are the same bits.
///
/// # Errors
/// The first difference.
pub fn agree(first: &[Array], second: &[Array]) -> Result<(), String> {
    if first.len() != second.len() {
        return Err(format!("{} and {} results", first.len(), second.len()));
    }
    for (first, second) in first.iter().zip(second) {
        if (first.dtype(), first.shape()) != (second.dtype(), second.shape()) {
            return Err(format!("{first:?} and {second:?}"));
        }
        let (left, right) = (bits(first)?, bits(second)?);
        if let Some(place) = (0..left.len()).find(|&place| left[place] != right[place]) {
            let (left, right) = (f64::from_bits(left[place]), f64::from_bits(right[place]));
            return Err(format!("element {place} of {:?}: {left:?} and {right:?}", first.shape()));
        }
    }
    Ok(())
}
