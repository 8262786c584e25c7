//! A compiled function: the handle that is called in the hot loop.

use crate::bind::{Signature, Sizes};
use crate::compile::{Background, Report, Texts};
use crate::interpreted::Interpreted;
use crate::launch::Launcher;
use crate::upgrade::Upgrade;
use crate::{Error, Natives, Options, View, ViewMut, compile, cuda, on_device};
use rotrace_ir::dim::Type;
use rotrace_ir::graph::Function;
use smallvec::SmallVec;

/// A function compiled for any sizes of its named dimensions.
///
/// It is `Send + Sync`: many threads may call it at once.
pub struct Executable {
    pub(crate) signature: Signature,
    pub(crate) engine: EngineState,
    pub(crate) texts: Texts,
    pub(crate) report: Report,
}

pub(crate) enum EngineState {
    Compiled(Launcher),
    Interpreted(Interpreted),
    OnGpu(cuda::Launcher),
}

impl Executable {
    /// Compiles a function.
    ///
    /// # Errors
    /// An invalid program, a named dimension that no parameter has, or lack of executable memory.
    pub fn compile(function: &Function, options: &Options) -> Result<Self, Error> {
        Self::compile_with(function, &Natives::default(), options)
    }

    /// Compiles a function that may call native functions.
    ///
    /// # Errors
    /// As [`compile`](Self::compile), and a native function that is not there.
    pub fn compile_with(function: &Function, natives: &Natives, options: &Options) -> Result<Self, Error> {
        compile::compile(function, natives, options)
    }

    /// The types of the arguments, in flattened order.
    #[must_use]
    pub fn inputs(&self) -> &[Type] {
        &self.signature.inputs
    }

    /// The types of the results, in flattened order.
    #[must_use]
    pub fn outputs(&self) -> &[Type] {
        &self.signature.outputs
    }

    /// The names of the named dimensions.
    #[must_use]
    pub fn dims(&self) -> &[String] {
        &self.signature.dims
    }

    /// The shapes of the results for these arguments.
    ///
    /// # Errors
    /// Arguments that do not fit the signature.
    pub fn output_shapes(&self, inputs: &[View<'_>]) -> Result<Vec<SmallVec<[usize; 4]>>, Error> {
        let mut sizes = Sizes::new();
        self.signature.bind(inputs, &mut sizes)?;
        Ok(self.signature.outputs.iter().map(|ty| self.signature.shape_of(ty, &sizes)).collect())
    }

    /// Runs the function, overwriting `outputs`. Allocates nothing, once a call of this size has been made.
    ///
    /// # Errors
    /// Arguments or result buffers that do not fit the signature, lack of memory for temporaries, or what a native
    /// function reports. Of a failed call the results hold anything.
    pub fn call(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> Result<(), Error> {
        let mut sizes = Sizes::new();
        self.signature.bind(inputs, &mut sizes)?;
        self.signature.check_outputs(outputs, &sizes)?;
        match &self.engine {
            EngineState::Compiled(launcher) => launcher.run(inputs, outputs, &sizes),
            EngineState::Interpreted(interpreted) => interpreted.run(inputs, outputs, &sizes),
            EngineState::OnGpu(launcher) => on_device::call_with_transfers(launcher, inputs, outputs, &sizes),
        }
    }

    /// Bytes of temporaries that a call with these arguments needs (in machine code: the interpreter's are its own).
    ///
    /// # Errors
    /// Arguments that do not fit the signature.
    pub fn temporary_bytes(&self, inputs: &[View<'_>]) -> Result<u64, Error> {
        let mut sizes = Sizes::new();
        self.signature.bind(inputs, &mut sizes)?;
        match &self.engine {
            EngineState::Compiled(launcher) => launcher.layout().temporary_bytes(&sizes),
            EngineState::Interpreted(interpreted) => interpreted.layout.temporary_bytes(&sizes),
            EngineState::OnGpu(launcher) => launcher.temporary_bytes(&sizes),
        }
    }

    /// The graph as it was traced; empty for a plan that came without one.
    #[must_use]
    pub fn graph(&self) -> String {
        self.texts.graph.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// The graph after the named pass (the last time that it ran), or `None` if there is no such pass.
    #[must_use]
    pub fn graph_after(&self, pass: &str) -> Option<String> {
        compile::graph_after(self.texts.graph.as_ref()?, pass)
    }

    /// The plan: buffers, and each step's kernel.
    #[must_use]
    pub fn kernels(&self) -> String {
        self.texts.plan.to_string()
    }

    /// The names of what kernels are on the way to machine code, in order: `clif` in [`Engine::Compiled`](crate::Engine::Compiled),
    /// `mlir` and `llvm` in [`Engine::Optimised`](crate::Engine::Optimised), and all of them in
    /// [`Engine::Tiered`](crate::Engine::Tiered); `mlir`, `llvm` and `ptx` on a GPU.
    #[must_use]
    pub fn stages(&self) -> Vec<&'static str> {
        self.texts.stages()
    }

    /// Every kernel as it is at the stage of this name; `None` if [`stages`](Self::stages) has no such name.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<String> {
        self.texts.stage(name)
    }

    /// The machine code of each kernel, as calls run it now; on a GPU PTX, of which the driver makes it.
    #[must_use]
    pub fn disassembly(&self) -> String {
        self.texts.disassembly(matches!(self.report().background, Background::Done(_)))
    }

    /// Times and sizes of the compilation, and how far it is in the background.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        if let EngineState::Compiled(launcher) = &self.engine {
            report.code_bytes = launcher.code_size();
            report.background = match launcher.upgrade().map(Upgrade::outcome) {
                None => Background::Idle,
                Some(None) => Background::Pending,
                Some(Some(Ok(better))) => Background::Done(better.time),
                Some(Some(Err(reason))) => Background::Failed(reason.clone()),
            };
        }
        report
    }

    /// Waits until nothing goes on in the background: from then on, calls run the best code that there will be. Only in
    /// [`Engine::Tiered`](crate::Engine::Tiered) there is anything to wait for; what came of it is in the
    /// [`report`](Self::report).
    pub fn wait_optimised(&self) {
        if let EngineState::Compiled(launcher) = &self.engine
            && let Some(upgrade) = launcher.upgrade()
        {
            upgrade.wait();
        }
    }
}
