//! The compile driver: graph passes, lowering, code generation.

use crate::bind::Signature;
use crate::code::Code;
use crate::executable::{EngineState, Executable};
use crate::interpreted::Interpreted;
use crate::launch::{Launcher, Threads};
use crate::{Engine, Error, Options};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rotrace_backends::cranelift;
use rotrace_backends::{Artifact, CompileError};
use rotrace_ir::graph::Function;
use rotrace_ir::plan::{Plan, Step};
use rotrace_passes::{lower, pipeline};
use std::fmt;
use std::time::{Duration, Instant};

/// What compiling took and made.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Stages in order, with their times.
    pub stages: Vec<(String, Duration)>,
    /// Nodes of the graph as traced, and after the passes.
    pub nodes: (usize, usize),
    /// Kernels of the plan.
    pub kernels: usize,
    /// Bytes of machine code.
    pub code_bytes: usize,
    /// Why the interpreter runs instead of machine code, if it does.
    pub interpreted: Option<String>,
}

impl Report {
    /// All stages together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.stages.iter().map(|(_, time)| *time).sum()
    }

    fn time<T>(&mut self, stage: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.stages.push((stage.to_owned(), start.elapsed()));
        result
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (stage, time) in &self.stages {
            writeln!(f, "{stage:<24} {:>10.1} us", time.as_secs_f64() * 1e6)?;
        }
        writeln!(f, "{:<24} {:>10.1} us", "total", self.total().as_secs_f64() * 1e6)?;
        let (traced, left) = self.nodes;
        write!(
            f,
            "{traced} nodes traced, {left} after the passes; {} kernels, {} bytes of code",
            self.kernels, self.code_bytes
        )?;
        match &self.interpreted {
            Some(reason) => write!(f, "; interpreted: {reason}"),
            None => Ok(()),
        }
    }
}

/// What the text methods of a handle need.
pub(crate) struct Texts {
    pub(crate) graph: Function,
    pub(crate) plan: Plan,
    pub(crate) simd: bool,
}

pub(crate) fn compile(function: &Function, options: &Options) -> Result<Executable, Error> {
    let mut report = Report::default();
    report.nodes.0 = function.nodes.len();
    let (optimized, passes) =
        pipeline::run(function, &pipeline_options(options)).map_err(|error| Error::Invalid(error.to_string()))?;
    let signature = Signature::new(function)?;
    report.stages.extend(passes.passes.iter().map(|pass| (format!("{} {}", pass.name, pass.round), pass.time)));
    report.nodes.1 = optimized.nodes.len();
    let plan =
        report.time("lower", || lower::lower(&optimized)).map_err(|violation| Error::Invalid(violation.to_string()))?;
    if options.verify {
        verify(&plan)?;
    }
    report.kernels = plan.steps.len();
    let engine = engine(&plan, options, &mut report)?;
    let threads = Threads { cap: options.threads, from_nanoseconds: options.parallel_from.as_secs_f64() * 1e9 };
    let texts = Texts { graph: function.clone(), plan, simd: options.simd };
    Ok(Executable { signature, engine, threads, texts, report })
}

fn pipeline_options(options: &Options) -> pipeline::Options {
    pipeline::Options { verify: options.verify, ..pipeline::Options::default() }
}

fn verify(plan: &Plan) -> Result<(), Error> {
    let mut problems = rotrace_ir::verify::plan::verify_plan(plan);
    for step in &plan.steps {
        problems.extend(rotrace_ir::verify::kernel::verify_kernel(&step.kernel));
        problems.extend(rotrace_ir::verify::kernel::verify_core(&step.kernel));
    }
    match problems.first() {
        Some(problem) => Err(Error::Invalid(format!("lowering: {problem}"))),
        None => Ok(()),
    }
}

fn engine(plan: &Plan, options: &Options, report: &mut Report) -> Result<EngineState, Error> {
    let interpreted = |reason: String, report: &mut Report| {
        report.interpreted = Some(reason);
        EngineState::Interpreted(Interpreted { plan: plan.clone() })
    };
    if options.engine == Engine::Interpreter {
        return Ok(interpreted("asked for".into(), report));
    }
    match report.time("cranelift", || artifacts(plan, options.simd, false)) {
        Ok(artifacts) => {
            let code = report.time("load", || Code::new(&artifacts))?;
            let launcher = Launcher::new(plan, code);
            report.code_bytes = launcher.code_size();
            Ok(EngineState::Compiled(launcher))
        }
        Err(error @ CompileError::Unsupported { .. }) => Ok(interpreted(error.to_string(), report)),
        Err(error @ CompileError::Internal { .. }) => Err(Error::Unsupported(error.to_string())),
    }
}

fn artifacts(plan: &Plan, simd: bool, keep_text: bool) -> Result<Vec<Artifact>, CompileError> {
    let options = cranelift::Options { simd, keep_text };
    let compile = |step: &Step| cranelift::compile(&step.kernel, &options);
    match plan.steps.as_slice() {
        [step] => Ok(vec![compile(step)?]),
        steps => steps.par_iter().map(compile).collect(),
    }
}

/// The graph after the last run of a pass.
pub(crate) fn graph_after(function: &Function, pass: &str) -> Option<String> {
    let options = pipeline::Options { keep: true, ..pipeline::Options::default() };
    let (_, report) = pipeline::run(function, &options).ok()?;
    report.graph_after(pass).map(ToString::to_string)
}

/// The Cranelift IR and the disassembly of all kernels.
pub(crate) fn backend_texts(texts: &Texts) -> Result<(String, String), CompileError> {
    let artifacts = artifacts(&texts.plan, texts.simd, true)?;
    let join = |part: fn(&Artifact) -> &str| artifacts.iter().map(part).collect::<Vec<_>>().join("\n");
    Ok((join(|artifact| &artifact.clif), join(|artifact| &artifact.disassembly)))
}
