//! What is in a file, in `postcard`'s encoding.
//!
//! The graph is text, as its parser takes any text. The program (plan, kernels and machine code) stands apart from the rest, and is
//! decoded only if the file is trusted: a plan that verifies may still address memory that is not its own, and machine code does
//! whatever it does.

use super::FileError;
use super::target::{Target, runs_on_gpu, shown};
use crate::bind::Signature;
use crate::code::{Code, Image};
use crate::compile::{Maker, Report, Texts, layout, ptx, verify};
use crate::device::Place;
use crate::executable::{EngineState, Executable};
use crate::interpreted::Interpreted;
use crate::launch::Launcher;
use crate::{Error, Natives, Options, cuda};
use rotrace_backends::{Mapping, Processor, Ptx};
use rotrace_ir::graph::Function;
use rotrace_ir::plan::Plan;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// Everything in a file.
#[derive(Serialize, Deserialize)]
pub(super) struct Contents<'b> {
    pub(super) attachment: &'b [u8],
    /// None of a plan that was not lowered from a graph.
    pub(super) graph: Option<Cow<'b, str>>,
    /// A [`Program`], encoded.
    pub(super) program: &'b [u8],
}

/// What is trusted.
#[derive(Serialize, Deserialize)]
struct Program<'b> {
    /// The names and least sizes of the signature's dims, which may differ from the plan's.
    dims: Vec<String>,
    least: Vec<i64>,
    plan: Cow<'b, Plan>,
    maker: Maker,
    #[serde(borrow)]
    code: Kept<'b>,
}

/// What runs the kernels.
#[derive(Serialize, Deserialize)]
enum Kept<'b> {
    /// PTX for GPUs of a compute capability and above.
    Ptx {
        capability: u32,
        #[serde(borrow)]
        kernels: Vec<KeptPtx<'b>>,
    },
    /// The interpreter, for this reason.
    Interpreted(String),
    /// Machine code for a processor.
    Machine {
        target: Target,
        #[serde(borrow)]
        image: Image<'b>,
    },
}

/// [`Ptx`] without its texts.
#[derive(Serialize, Deserialize)]
struct KeptPtx<'b> {
    text: Cow<'b, str>,
    mappings: Cow<'b, [Mapping]>,
}

impl<'b> KeptPtx<'b> {
    fn of(ptx: &'b Ptx) -> Self {
        Self { text: Cow::Borrowed(&ptx.text), mappings: Cow::Borrowed(&ptx.mappings) }
    }

    fn restored(self) -> Ptx {
        Ptx { text: self.text.into_owned(), mappings: self.mappings.into_owned(), stages: Vec::new() }
    }
}

pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    match postcard::to_stdvec(value) {
        Ok(bytes) => bytes,
        Err(error) => unreachable!("plain data with known lengths: {error}"),
    }
}

pub(super) fn decode<'b, T: Deserialize<'b>>(bytes: &'b [u8], what: &str) -> Result<T, FileError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(FileError::Malformed(format!("{} bytes behind {what}", rest.len()))),
        Err(error) => Err(FileError::Malformed(format!("{what}: {error}"))),
    }
}

/// The program of an executable, encoded.
pub(super) fn program_of(executable: &Executable) -> Vec<u8> {
    let Executable { engine, texts, report, .. } = executable;
    let mut maker = texts.maker;
    let code = match engine {
        EngineState::Compiled(launcher) => {
            let (code, better) = launcher.code_and_tier();
            // What made it says how much scratch memory it needs.
            maker = maker.of_code(better);
            Kept::Machine { target: Target::of(maker.processor()), image: code.image() }
        }
        EngineState::Interpreted(_) => Kept::Interpreted(report.interpreted.clone().unwrap_or_default()),
        EngineState::OnGpu(launcher) => Kept::Ptx {
            capability: launcher.gpu().capability(),
            kernels: launcher.kernels().iter().map(KeptPtx::of).collect(),
        },
    };
    encode(&Program::new(executable, maker, code))
}

/// As [`program_of`], with code for GPUs of a compute capability and above.
pub(super) fn program_for_gpu(executable: &Executable, capability: u32) -> Result<Vec<u8>, Error> {
    if capability < Ptx::LEAST_CAPABILITY {
        return Err(Error::Device(format!(
            "code is made for compute capability {} and above, not for {}; {capability} is ten times that",
            shown(Ptx::LEAST_CAPABILITY),
            shown(capability),
        )));
    }
    let Texts { plan, maker, .. } = &executable.texts;
    let kernels = ptx(plan, capability)?;
    let code = Kept::Ptx { capability, kernels: kernels.iter().map(KeptPtx::of).collect() };
    Ok(encode(&Program::new(executable, maker.for_gpu(capability), code)))
}

impl<'b> Program<'b> {
    fn new(executable: &'b Executable, maker: Maker, code: Kept<'b>) -> Self {
        let Executable { signature, texts, .. } = executable;
        let plan = Cow::Borrowed(&*texts.plan);
        Self { dims: signature.dims.clone(), least: signature.least().to_vec(), plan, maker, code }
    }
}

/// The executable of a trusted program.
pub(super) fn restore(
    program: &[u8],
    graph: Option<Function>,
    natives: &Natives,
    options: &Options,
) -> Result<Executable, Error> {
    let mut report = Report::default();
    let Program { dims, least, plan, maker, code } = report.time("decode", || decode(program, "the program"))?;
    let plan = Arc::new(plan.into_owned());
    let malformed = |problem: String| FileError::Malformed(problem);
    report.time("verify", || verify(&plan)).map_err(|problem| malformed(problem.to_string()))?;
    let signature =
        Signature::restored(&plan, dims, least).ok_or_else(|| malformed("another number of dims".into()))?;
    let layout = layout(&plan, natives, options, maker.engine())?;
    report.kernels = plan.kernels().len();
    let engine = match code {
        Kept::Machine { target, image } => {
            if options.device.is_gpu() {
                let reason = format!("the file has code for the processor, not for {}", options.device.name());
                return Err(FileError::NoCode(reason).into());
            }
            target.runs_on(&Target::of(Processor::Native))?;
            if !image.serves(report.kernels) {
                return Err(malformed("the machine code is not that of the kernels".into()).into());
            }
            let code = report.time("load", || Code::of_image(&image))?;
            EngineState::Compiled(Launcher::new(layout, code, None))
        }
        Kept::Ptx { capability, kernels } => {
            let Place::Gpu(gpu) = &options.device.0 else {
                let reason = format!(
                    "the file has code for GPUs of compute capability {} and above, and the device in the options is the processor",
                    shown(capability),
                );
                return Err(FileError::NoCode(reason).into());
            };
            runs_on_gpu(capability, gpu.capability())?;
            let kernels: Vec<Ptx> = kernels.into_iter().map(KeptPtx::restored).collect();
            if kernels.len() != report.kernels || kernels.iter().any(|kernel| kernel.mappings.is_empty()) {
                return Err(malformed("the PTX is not that of the kernels".into()).into());
            }
            report.code_bytes = kernels.iter().map(|kernel| kernel.text.len()).sum();
            let load = || cuda::Launcher::new(gpu, &plan, natives, options.memory_limit, kernels);
            EngineState::OnGpu(report.time("load", load)?)
        }
        Kept::Interpreted(reason) => {
            report.interpreted = Some(reason);
            EngineState::Interpreted(Interpreted { plan: Arc::clone(&plan), layout, natives: natives.clone() })
        }
    };
    let texts = Texts { graph, plan, maker, natives: natives.clone() };
    Ok(Executable { signature, engine, texts, report })
}

#[cfg(test)]
mod tests {
    use super::{Kept, KeptPtx, decode, encode};
    use rotrace_backends::{Mapping, Ptx};

    #[test]
    fn ptx_comes_back() {
        let all = vec![Mapping::Single, Mapping::Rows(2), Mapping::Tile(4), Mapping::Team, Mapping::Crowd(256)];
        let kernel =
            |text: &str, mappings| Ptx { text: text.to_owned(), mappings, stages: vec![("mlir", "".to_owned())] };
        let before = [kernel(".entry single\n", all), kernel("", vec![Mapping::Single])];
        let bytes = encode(&Kept::Ptx { capability: 87, kernels: before.iter().map(KeptPtx::of).collect() });
        let kept = decode(&bytes, "the code").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(encode(&kept), bytes);
        let Kept::Ptx { capability: 87, kernels } = kept else { panic!("it is other code") };
        let after: Vec<Ptx> = kernels.into_iter().map(KeptPtx::restored).collect();
        assert_eq!(after.len(), before.len());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((&before.text, &before.mappings), (&after.text, &after.mappings));
        }
        for length in 0..bytes.len() {
            assert!(decode::<Kept<'_>>(&bytes[..length], "the code").is_err(), "{length} bytes");
        }
    }
}
