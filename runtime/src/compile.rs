//! The compile driver: graph passes, lowering, code generation.

use crate::bind::Signature;
use crate::code::Code;
use crate::executable::{EngineState, Executable};
use crate::interpreted::Interpreted;
use crate::launch::{Launcher, Layout, Threads};
use crate::natives::Natives;
use crate::{Engine, Error, Options};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rotrace_backends::cranelift;
use rotrace_backends::{Artifact, CompileError};
use rotrace_ir::graph::Function;
use rotrace_ir::kernel::Kernel;
use rotrace_ir::plan::Plan;
use rotrace_ir::verify::Diagnostic;
use rotrace_ir::verify::kernel::verify_core;
use rotrace_ir::verify::plan::verify_plan;
use rotrace_passes::{lower, pipeline};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::{Duration, Instant};

/// What compiling took and made.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Stages in order, with their times.
    pub stages: Vec<(String, Duration)>,
    /// Nodes of the graph as traced, and after the passes.
    pub nodes: (usize, usize),
    /// Kernels of the plan and those in it.
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

    pub(crate) fn time<T>(&mut self, stage: &str, work: impl FnOnce() -> T) -> T {
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

/// What the methods of a handle need that do not run it.
pub(crate) struct Texts {
    /// None of a plan that was not lowered from a graph.
    pub(crate) graph: Option<Function>,
    pub(crate) plan: Plan,
    pub(crate) maker: Maker,
    /// What the graph calls, for [`Executable::origin_of_nan`].
    pub(crate) natives: Natives,
}

/// What makes machine code.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Maker {
    engine: Engine,
    simd: bool,
}

impl Maker {
    fn new(options: &Options) -> Self {
        Self { engine: options.engine, simd: options.simd }
    }

    /// The stage's name in reports.
    fn name(self) -> &'static str {
        if self.engine == Engine::Optimised { "llvm" } else { "cranelift" }
    }

    fn artifact(self, kernel: &Kernel, keep_text: bool) -> Result<Artifact, CompileError> {
        match self.engine {
            Engine::Compiled | Engine::Interpreter => {
                cranelift::compile(kernel, &cranelift::Options { simd: self.simd, keep_text })
            }
            Engine::Optimised => optimised(kernel, keep_text),
        }
    }
}

#[cfg(feature = "mlir")]
fn optimised(kernel: &Kernel, keep_text: bool) -> Result<Artifact, CompileError> {
    rotrace_backends::mlir::compile(kernel, &rotrace_backends::mlir::Options { keep_text })
}

#[cfg(not(feature = "mlir"))]
fn optimised(kernel: &Kernel, _: bool) -> Result<Artifact, CompileError> {
    let reason = "the feature `mlir` is off".to_owned();
    Err(CompileError::Unsupported { kernel: kernel.name.clone(), reason })
}

pub(crate) fn compile(function: &Function, natives: &Natives, options: &Options) -> Result<Executable, Error> {
    let mut report = Report::default();
    report.nodes.0 = function.nodes.len();
    let (optimized, passes) =
        pipeline::run(function, &pipeline_options(options)).map_err(|error| Error::Invalid(error.to_string()))?;
    report.stages.extend(passes.passes.iter().map(|pass| (format!("{} {}", pass.name, pass.round), pass.time)));
    report.nodes.1 = optimized.nodes.len();
    let plan =
        report.time("lower", || lower::lower(&optimized)).map_err(|violation| Error::Invalid(violation.to_string()))?;
    let signature = Signature::new(function, &plan)?;
    if options.verify {
        verify(&plan).map_err(|problem| Error::Invalid(format!("lowering: {problem}")))?;
    }
    finish(Program { signature, graph: Some(function.clone()), plan }, natives, options, report)
}

/// Compiles a plan that was not lowered from a graph.
pub(crate) fn compile_plan(plan: Plan, natives: &Natives, options: &Options) -> Result<Executable, Error> {
    verify(&plan).map_err(|problem| Error::Invalid(problem.to_string()))?;
    let signature = Signature::of_plan(&plan);
    finish(Program { signature, graph: None, plan }, natives, options, Report::default())
}

/// What is left to be turned into code.
struct Program {
    signature: Signature,
    graph: Option<Function>,
    plan: Plan,
}

fn finish(program: Program, natives: &Natives, options: &Options, mut report: Report) -> Result<Executable, Error> {
    let Program { signature, graph, plan } = program;
    report.kernels = plan.kernels().len();
    let engine = engine(&plan, natives, options, &mut report)?;
    let texts = Texts { graph, plan, maker: Maker::new(options), natives: natives.clone() };
    Ok(Executable { signature, engine, texts, report })
}

fn pipeline_options(options: &Options) -> pipeline::Options {
    pipeline::Options { verify: options.verify, ..pipeline::Options::default() }
}

/// The layout of a verified plan.
pub(crate) fn layout(plan: &Plan, natives: &Natives, options: &Options) -> Result<Layout, Error> {
    let threads = Threads { cap: options.threads, from_nanoseconds: options.parallel_from.as_secs_f64() * 1e9 };
    Layout::new(plan, natives, threads, options.memory_limit)
}

pub(crate) fn verify(plan: &Plan) -> Result<(), Diagnostic> {
    let mut problems = verify_plan(plan);
    problems.extend(plan.kernels().into_iter().flat_map(verify_core));
    problems.into_iter().next().map_or(Ok(()), Err)
}

fn engine(plan: &Plan, natives: &Natives, options: &Options, report: &mut Report) -> Result<EngineState, Error> {
    let layout = layout(plan, natives, options)?;
    let interpreted = |reason: String, layout: Layout, report: &mut Report| {
        report.interpreted = Some(reason);
        EngineState::Interpreted(Interpreted { plan: plan.clone(), layout, natives: natives.clone() })
    };
    if options.engine == Engine::Interpreter {
        return Ok(interpreted("asked for".into(), layout, report));
    }
    let maker = Maker::new(options);
    match report.time(maker.name(), || artifacts(plan, maker, false)) {
        Ok(artifacts) => {
            let code = report.time("load", || Code::new(&artifacts))?;
            let launcher = Launcher::new(layout, code);
            report.code_bytes = launcher.code_size();
            Ok(EngineState::Compiled(launcher))
        }
        // Who asked for the fastest code does not want the slowest engine.
        Err(error) if options.engine == Engine::Optimised => Err(Error::Unsupported(error.to_string())),
        Err(error @ CompileError::Unsupported { .. }) => Ok(interpreted(error.to_string(), layout, report)),
        Err(error @ CompileError::Internal { .. }) => Err(Error::Unsupported(error.to_string())),
    }
}

/// The code of all kernels, in the order of [`Plan::kernels`].
fn artifacts(plan: &Plan, maker: Maker, keep_text: bool) -> Result<Vec<Artifact>, CompileError> {
    let compile = |kernel: &Kernel| maker.artifact(kernel, keep_text);
    match plan.kernels().as_slice() {
        [kernel] => Ok(vec![compile(kernel)?]),
        kernels => kernels.par_iter().map(|kernel| compile(kernel)).collect(),
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
    let artifacts = artifacts(&texts.plan, texts.maker, true)?;
    let join = |part: fn(&Artifact) -> &str| artifacts.iter().map(part).collect::<Vec<_>>().join("\n");
    Ok((join(|artifact| &artifact.clif), join(|artifact| &artifact.disassembly)))
}
