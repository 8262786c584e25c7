//! The compile driver: graph passes, lowering, code generation.

use crate::bind::Signature;
use crate::code::Code;
use crate::cuda::{self, Gpu};
use crate::device::Place;
use crate::executable::{EngineState, Executable};
use crate::interpreted::Interpreted;
use crate::launch::{Launcher, Layout, Threads};
use crate::natives::Natives;
use crate::upgrade::Upgrade;
use crate::{Engine, Error, Options, llvm};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rotrace_backends::cranelift;
use rotrace_backends::{Artifact, CompileError, Processor, Ptx};
use rotrace_ir::graph::Function;
use rotrace_ir::kernel::Kernel;
use rotrace_ir::plan::{Plan, Step};
use rotrace_ir::verify::Diagnostic;
use rotrace_ir::verify::kernel::verify_core;
use rotrace_ir::verify::plan::verify_plan;
use rotrace_passes::{lower, pipeline};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
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
    /// Bytes of the machine code that calls run.
    pub code_bytes: usize,
    /// Why the interpreter runs instead of machine code, if it does.
    pub interpreted: Option<String>,
    /// What goes on beside the calls.
    pub background: Background,
}

/// What the optimising compiler does while calls run other code ([`Engine::Tiered`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// Nothing, in any other engine.
    #[default]
    Idle,
    /// It is at work for this handle, or will be.
    Pending,
    /// It has made the code that calls run, in this time.
    Done(Duration),
    /// It has failed, for this reason: calls go on to run the code that was there first.
    Failed(String),
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
        if let Some(reason) = &self.interpreted {
            write!(f, "; interpreted: {reason}")?;
        }
        match &self.background {
            Background::Idle => Ok(()),
            Background::Pending => write!(f, "; optimised code is not there yet"),
            Background::Done(time) => write!(f, "; optimised in {:.1} ms meanwhile", time.as_secs_f64() * 1e3),
            Background::Failed(reason) => write!(f, "; not optimised: {reason}"),
        }
    }
}

/// What the methods of a handle need that do not run it.
pub(crate) struct Texts {
    /// None of a plan that was not lowered from a graph.
    pub(crate) graph: Option<Function>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) maker: Maker,
    /// What the graph calls, for [`Executable::origin_of_nan`].
    pub(crate) natives: Natives,
}

/// What makes machine code.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Maker {
    engine: Engine,
    simd: bool,
    processor: Processor,
    /// The compute capability of the GPU that the code is for.
    gpu: Option<u32>,
}

impl Maker {
    fn new(options: &Options) -> Self {
        let gpu = options.device.compute_capability().filter(|_| options.engine != Engine::Interpreter);
        Self { engine: options.engine, simd: options.simd, processor: options.processor, gpu }
    }

    /// What made the code.
    pub(crate) fn engine(self) -> Engine {
        self.engine
    }

    /// Which processors the code is for.
    pub(crate) fn processor(self) -> Processor {
        self.processor
    }

    /// What made the code that calls run, given whether that is the better code that was made meanwhile.
    pub(crate) fn of_code(self, better: bool) -> Self {
        match self.engine {
            Engine::Tiered if better => Self { engine: Engine::Optimised, ..self },
            Engine::Tiered => Self { engine: Engine::Compiled, ..self },
            Engine::Compiled | Engine::Optimised | Engine::Interpreter => self,
        }
    }

    /// What makes code of the same program for GPUs of a compute capability.
    pub(crate) fn for_gpu(self, capability: u32) -> Self {
        let engine = match self.engine {
            // Of a GPU's code nothing is interpreted.
            Engine::Interpreter => Engine::Compiled,
            Engine::Compiled | Engine::Optimised | Engine::Tiered => self.engine,
        };
        Self { engine, gpu: Some(capability), ..self }
    }

    /// The stage's name in reports.
    fn name(self) -> &'static str {
        if self.engine == Engine::Optimised { "llvm" } else { "cranelift" }
    }

    fn stages(self) -> &'static [&'static str] {
        match (self.gpu, self.engine) {
            (Some(_), _) => llvm::GPU_STAGES,
            (None, Engine::Compiled | Engine::Tiered | Engine::Interpreter) => &cranelift::STAGES,
            (None, Engine::Optimised) => llvm::STAGES,
        }
    }

    fn artifact(self, kernel: &Kernel, keep_text: bool) -> Result<Artifact, CompileError> {
        match (self.gpu, self.engine) {
            (Some(capability), _) => llvm::shown(kernel, capability),
            (None, Engine::Compiled | Engine::Tiered | Engine::Interpreter) => {
                let Self { simd, processor, .. } = self;
                cranelift::compile(kernel, &cranelift::Options { simd, keep_text, processor })
            }
            (None, Engine::Optimised) => llvm::artifact(kernel, self.processor, keep_text),
        }
    }
}

pub(crate) fn compile(function: &Function, natives: &Natives, options: &Options) -> Result<Executable, Error> {
    let mut report = Report::default();
    report.nodes.0 = function.nodes.len();
    let (optimized, passes) =
        pipeline::run(function, &pipeline_options(options)).map_err(|error| Error::Invalid(error.to_string()))?;
    report.stages.extend(passes.passes.iter().map(|pass| (format!("{} {}", pass.name, pass.round), pass.time)));
    report.nodes.1 = optimized.nodes.len();
    let plan = report.time("lower", || plan(&optimized, options))?;
    let signature = Signature::new(function, &plan)?;
    if options.verify {
        verify(&plan).map_err(|problem| Error::Invalid(format!("lowering: {problem}")))?;
    }
    finish(Program { signature, graph: Some(function.clone()), plan }, natives, options, report)
}

/// The plan of a function, which leaves products to a library where there is one.
fn plan(function: &Function, options: &Options) -> Result<Plan, Error> {
    let lower = |library_products| {
        let lowered = lower::lower(function, lower::Options { library_products });
        lowered.map_err(|violation| Error::Invalid(violation.to_string()))
    };
    let plan = lower(options.library_products)?;
    // Libraries are large: nobody looks for one without need.
    let has_products = plan.all_steps().iter().any(|step| matches!(step, Step::Matmul(_)));
    if has_products && !options.device.has_library()? { lower(false) } else { Ok(plan) }
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
    let plan = Arc::new(plan);
    let engine = engine(&plan, natives, options, &mut report)?;
    let texts = Texts { graph, plan, maker: Maker::new(options), natives: natives.clone() };
    Ok(Executable { signature, engine, texts, report })
}

fn pipeline_options(options: &Options) -> pipeline::Options {
    pipeline::Options { verify: options.verify, ..pipeline::Options::default() }
}

/// The layout of a verified plan for code that an engine makes.
pub(crate) fn layout(plan: &Plan, natives: &Natives, options: &Options, engine: Engine) -> Result<Layout<Code>, Error> {
    let threads = Threads {
        cap: options.threads,
        from_nanoseconds: options.parallel_from.as_secs_f64() * 1e9,
        scratch_copies: scratch_copies(engine),
    };
    Layout::new(plan, natives, &threads, options.memory_limit)
}

/// How many copies of scratch arrays the code of an engine needs.
pub(crate) fn scratch_copies(engine: Engine) -> u64 {
    match engine {
        Engine::Compiled | Engine::Interpreter => Artifact::SCRATCH_COPIES,
        // In tiers, optimised code takes over with the same memory.
        Engine::Optimised | Engine::Tiered => Artifact::MOST_SCRATCH_COPIES,
    }
}

pub(crate) fn verify(plan: &Plan) -> Result<(), Diagnostic> {
    let mut problems = verify_plan(plan);
    problems.extend(plan.kernels().into_iter().flat_map(verify_core));
    problems.into_iter().next().map_or(Ok(()), Err)
}

fn engine(plan: &Arc<Plan>, natives: &Natives, options: &Options, report: &mut Report) -> Result<EngineState, Error> {
    if let (Place::Gpu(gpu), Engine::Compiled | Engine::Optimised | Engine::Tiered) =
        (&options.device.0, options.engine)
    {
        return on_gpu(gpu, plan, natives, options, report);
    }
    let layout = layout(plan, natives, options, options.engine)?;
    let interpreted = |reason: String, layout: Layout<Code>, report: &mut Report| {
        report.interpreted = Some(reason);
        EngineState::Interpreted(Interpreted { plan: Arc::clone(plan), layout, natives: natives.clone() })
    };
    if options.engine == Engine::Interpreter {
        return Ok(interpreted("asked for".into(), layout, report));
    }
    if !cfg!(feature = "mlir") && options.engine != Engine::Compiled {
        let reason = format!("`Engine::{:?}` needs the feature `mlir`, which is off", options.engine);
        return Err(Error::Unsupported(reason));
    }
    let lacking = options.processor.lacking();
    if !lacking.is_empty() {
        let (name, lacking) = (options.processor.name(), lacking.join(", "));
        return Err(Error::Unsupported(format!("code for {name} does not run here: this processor lacks {lacking}")));
    }
    let maker = Maker::new(options);
    match report.time(maker.name(), || artifacts(plan, maker, false)) {
        Ok(artifacts) => {
            let code = report.time("load", || Code::new(&artifacts))?;
            let upgrade = (options.engine == Engine::Tiered).then(|| {
                llvm::prepare();
                let compile = |kernel: &Kernel, processor| llvm::artifact(kernel, processor, false);
                Upgrade::begin(Arc::clone(plan), compile, options.processor)
            });
            Ok(EngineState::Compiled(Launcher::new(layout, code, upgrade)))
        }
        // Who asked for the fastest code does not want the slowest engine.
        Err(error) if options.engine != Engine::Compiled => Err(Error::Unsupported(error.to_string())),
        Err(error @ CompileError::Unsupported { .. }) => Ok(interpreted(error.to_string(), layout, report)),
        Err(error @ CompileError::Internal { .. }) => Err(Error::Unsupported(error.to_string())),
    }
}

/// Code for a GPU.
fn on_gpu(
    gpu: &Gpu,
    plan: &Plan,
    natives: &Natives,
    options: &Options,
    report: &mut Report,
) -> Result<EngineState, Error> {
    let kernels = report.time("ptx", || ptx(plan, gpu.capability()))?;
    report.code_bytes = kernels.iter().map(|kernel| kernel.text.len()).sum();
    let load = || cuda::Launcher::new(gpu, plan, natives, options.memory_limit, kernels);
    Ok(EngineState::OnGpu(report.time("load", load)?))
}

/// The kernels for GPUs of a compute capability and above, in the order of [`Plan::kernels`].
pub(crate) fn ptx(plan: &Plan, capability: u32) -> Result<Vec<Ptx>, Error> {
    let compile = |kernel: &&Kernel| llvm::ptx(kernel, capability);
    let kernels = plan.kernels().par_iter().map(compile).collect::<Result<Vec<_>, _>>();
    kernels.map_err(|error| Error::Unsupported(error.to_string()))
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

impl Texts {
    /// What makes the code of calls, and what makes better code meanwhile.
    fn makers(&self) -> impl Iterator<Item = Maker> {
        let better = (self.maker.engine == Engine::Tiered && self.maker.gpu.is_none())
            .then_some(Maker { engine: Engine::Optimised, ..self.maker });
        std::iter::once(self.maker).chain(better)
    }

    /// The names of what is shown on the way to machine code.
    pub(crate) fn stages(&self) -> Vec<&'static str> {
        self.makers().flat_map(|maker| maker.stages().to_vec()).collect()
    }

    /// All kernels at this stage.
    pub(crate) fn stage(&self, name: &str) -> Option<String> {
        let maker = self.makers().find(|maker| maker.stages().contains(&name))?;
        Some(self.joined(maker, |artifact| artifact.stage(name).unwrap_or_default()))
    }

    /// The assembly of all kernels; of the better code, if that is asked for and made at all.
    pub(crate) fn disassembly(&self, better: bool) -> String {
        let maker = self.makers().take(if better { 2 } else { 1 }).last().unwrap_or(self.maker);
        self.joined(maker, |artifact| &artifact.disassembly)
    }

    fn joined(&self, maker: Maker, part: impl Fn(&Artifact) -> &str) -> String {
        match artifacts(&self.plan, maker, true) {
            Ok(artifacts) => artifacts.iter().map(part).collect::<Vec<_>>().join("\n"),
            Err(error) => error.to_string(),
        }
    }
}
