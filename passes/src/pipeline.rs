//! The list of graph passes and what runs it.

use crate::optimize::{cse, dce, fold, regions, simplify};
use rotrace_ir::graph::Function;
use rotrace_ir::verify::Diagnostic;
use rotrace_ir::verify::graph::verify;
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// A named pass.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub run: fn(&Function) -> Function,
}

/// Every pass, in the order of one round.
pub const PASSES: &[Pass] = &[
    Pass { name: "regions", run: regions },
    Pass { name: "simplify", run: simplify },
    Pass { name: "fold", run: fold },
    Pass { name: "cse", run: cse },
    Pass { name: "dce", run: dce },
];

/// The most rounds: rewrites that need more are rare and only cost speed.
pub const ROUNDS: usize = 4;

/// What the runner does besides running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the function is verified after every pass; before the first it always is, since the passes rely on it.
    pub verify: bool,
    /// Whether the function after every pass is kept in the report.
    pub keep: bool,
}

/// What one run of one pass did.
#[derive(Clone, Debug, PartialEq)]
pub struct PassReport {
    /// The pass's name.
    pub name: &'static str,
    /// From 0.
    pub round: usize,
    /// How long it took.
    pub time: Duration,
    /// How many nodes it left.
    pub nodes: usize,
    /// The function it left, if that was asked for.
    pub function: Option<Function>,
}

/// What the passes did, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// One entry for every run of every pass.
    pub passes: Vec<PassReport>,
}

impl Report {
    /// The function after the last run of the named pass, if it ran and functions were kept.
    #[must_use]
    pub fn graph_after(&self, name: &str) -> Option<&Function> {
        self.passes.iter().rev().find(|pass| pass.name == name)?.function.as_ref()
    }
}

/// A function that is not well formed, or a pass that broke it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PipelineError {
    /// The function is not well formed to begin with.
    #[error("@{function} is not well formed: {diagnostic}")]
    Input {
        /// Name of the function.
        function: String,
        /// The first violation.
        diagnostic: Diagnostic,
    },
    /// A pass left a function that is not well formed.
    #[error("after the pass {pass}, @{function} is not well formed: {diagnostic}")]
    Broken {
        /// Name of the pass.
        pass: &'static str,
        /// Name of the function.
        function: String,
        /// The first violation.
        diagnostic: Diagnostic,
    },
    /// A pass changed the dims, or the type of a parameter or result.
    #[error("the pass {pass} changed the signature of @{function}")]
    Signature {
        /// Name of the pass.
        pass: &'static str,
        /// Name of the function.
        function: String,
    },
}

/// Runs all passes, round after round, until nothing changes or [`ROUNDS`] are over.
pub fn run(function: &Function, options: &Options) -> Result<(Function, Report), PipelineError> {
    if let Some(diagnostic) = verify(function).into_iter().next() {
        return Err(PipelineError::Input { function: function.name.clone(), diagnostic });
    }
    let mut report = Report::default();
    let mut current = Cow::Borrowed(function);
    // How many passes in a row have nothing left to do.
    let mut settled = 0;
    for (round, pass) in (0..ROUNDS).flat_map(|round| PASSES.iter().map(move |pass| (round, pass))) {
        let start = Instant::now();
        let next = (pass.run)(&current);
        let time = start.elapsed();
        check(pass, &current, &next, options)?;
        let done = only_removes(pass) || next == *current;
        settled = if done { settled + 1 } else { usize::from(is_done_after(pass)) };
        let kept = options.keep.then(|| next.clone());
        report.passes.push(PassReport { name: pass.name, round, time, nodes: next.nodes.len(), function: kept });
        current = Cow::Owned(next);
        if settled == PASSES.len() {
            break;
        }
    }
    Ok((current.into_owned(), report))
}

/// Whether a pass only removes what no other pass looks at, so that none has more to do for it: rules look from users to
/// operands, and what is dead has no users.
fn only_removes(pass: &Pass) -> bool {
    pass.name == "dce"
}

/// Whether a pass run twice in a row changes nothing the second time. What happens between functions may let more happen
/// inside of them.
fn is_done_after(pass: &Pass) -> bool {
    pass.name != "regions"
}

fn check(pass: &Pass, before: &Function, after: &Function, options: &Options) -> Result<(), PipelineError> {
    let same = before.name == after.name
        && before.dims == after.dims
        && before.parameter_types().eq(after.parameter_types())
        && before.result_types().eq(after.result_types());
    if !same {
        return Err(PipelineError::Signature { pass: pass.name, function: before.name.clone() });
    }
    let broken = if options.verify { verify(after).into_iter().next() } else { None };
    match broken {
        Some(diagnostic) => Err(PipelineError::Broken { pass: pass.name, function: after.name.clone(), diagnostic }),
        None => Ok(()),
    }
}
