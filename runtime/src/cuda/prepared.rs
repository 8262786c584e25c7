//! Calls whose arrays stay where they are: what is launched is found once, and captured into a graph if it can be.

use super::gpu::failed;
use super::launcher::{FrameMemory, Launcher};
use super::memory::Memory;
use crate::Error;
use crate::bind::Sizes;
use cudarc::driver::CudaGraph;
use cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};

/// Calls of so many launches are captured: one alone gains nothing, and graphs of very many take long to make.
const CAPTURED: std::ops::RangeInclusive<u64> = 2..=20_000;

/// What one call launches.
pub(crate) struct Prepared {
    /// None if the host decides between steps, or there is but one.
    graph: Option<Captured>,
    frame: FrameMemory,
    /// Kept for the launches.
    _temporaries: Memory,
    sizes: Sizes,
}

/// A graph that is launched by whoever has it alone.
struct Captured(CudaGraph);

// SAFETY: the driver's graphs may be used from any thread, one at a time, and whoever launches one has it alone (`&mut`).
unsafe impl Send for Captured {}
// SAFETY: nothing can be done with a shared reference to one.
unsafe impl Sync for Captured {}

impl Prepared {
    /// Prepares a call on arrays that stay alive and where they are as long as it is launched.
    pub(crate) fn new(
        launcher: &Launcher,
        (inputs, outputs): (&[&Memory], &[&Memory]),
        sizes: &Sizes,
    ) -> Result<Self, Error> {
        let temporaries = launcher.temporaries(sizes)?;
        let mut memory = FrameMemory::new(launcher.layout().extents());
        let mut frame = memory.frame(launcher.layout().extents());
        launcher.place(&mut frame, &temporaries, (inputs, outputs), sizes);
        let owned = inputs.iter().chain(outputs).all(|memory| memory.gpu().same_stream(launcher.gpu()));
        let mut graph = None;
        let several = launcher.layout().launches(sizes).is_some_and(|launches| CAPTURED.contains(&launches));
        if owned && several {
            let stream = &launcher.gpu().stream;
            stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).map_err(failed)?;
            let scheduled = launcher.schedule(&mut frame, (inputs, outputs), sizes);
            // What was begun is ended, whatever came of it.
            let captured = stream.end_capture(CUgraphInstantiate_flags(0)).map_err(failed);
            scheduled?;
            graph = captured?.map(Captured);
        }
        Ok(Self { graph, frame: memory, _temporaries: temporaries, sizes: sizes.clone() })
    }

    /// Whether launches are one graph.
    pub(crate) fn is_graph(&self) -> bool {
        self.graph.is_some()
    }

    /// Schedules the call. The arrays are those it was prepared for.
    pub(crate) fn launch(&mut self, launcher: &Launcher, inputs: &[&Memory], outputs: &[&Memory]) -> Result<(), Error> {
        match &self.graph {
            Some(graph) => graph.0.launch().map_err(failed),
            None => {
                let extents = launcher.layout().extents();
                launcher.schedule(&mut self.frame.frame(extents), (inputs, outputs), &self.sizes)
            }
        }
    }
}
