//! A GPU with a stream.

use super::blas::Blas;
use super::program::Modules;
use crate::Error;
use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute};
use cudarc::driver::{CudaContext, CudaEvent, CudaStream, DriverError, result};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A GPU with one of its streams. Clones share both.
#[derive(Clone)]
pub(crate) struct Gpu {
    pub(super) card: Arc<Card>,
    pub(super) stream: Arc<CudaStream>,
    /// Looked for when it is first wanted; none where it is not installed.
    pub(super) blas: Arc<OnceLock<Option<Blas>>>,
}

/// What the streams of a GPU share.
pub(super) struct Card {
    // Dropped ahead of the context that it is in.
    pub(super) modules: Modules,
    pub(super) context: Arc<CudaContext>,
    name: String,
    /// Ten times the compute capability, such as 90 for 9.0.
    capability: u32,
    pub(super) multiprocessors: u32,
}

/// A point in the work of a stream.
pub(crate) struct Event(CudaEvent);

/// A failure of the driver's.
pub(super) fn failed(error: DriverError) -> Error {
    let said = |text: Result<&std::ffi::CStr, DriverError>| text.map(|text| text.to_string_lossy().into_owned());
    match (said(error.error_name()), said(error.error_string())) {
        (Ok(name), Ok(text)) => Error::Device(format!("{text} ({name})")),
        _ => Error::Device(format!("error {:?}", error.0)),
    }
}

/// Opens a GPU by its number.
///
/// # Errors
/// There is no driver, or no such GPU.
pub(crate) fn open(ordinal: usize) -> Result<Gpu, Error> {
    // SAFETY: loading the driver's library runs its initialisers, as any program with the library does.
    if !unsafe { sys::is_culib_present() } {
        let names: BTreeSet<String> = cudarc::get_lib_name_candidates("cuda").into_iter().collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let text = format!("there is no CUDA driver: of {names} none was found; set LD_LIBRARY_PATH to where it is");
        return Err(Error::Device(text));
    }
    result::init().map_err(failed)?;
    let count = CudaContext::device_count().map_err(failed)?;
    if ordinal as i64 >= i64::from(count) {
        return Err(Error::Device(format!("there is no GPU {ordinal}: the driver knows {count}, counted from 0")));
    }
    Gpu::new(ordinal).map_err(failed)
}

impl Gpu {
    fn new(ordinal: usize) -> Result<Self, DriverError> {
        let context = CudaContext::new(ordinal)?;
        // SAFETY: `Gpu::between` orders what streams do with each other's memory.
        unsafe { context.disable_event_tracking() };
        keep_freed_memory(&context)?;
        let (major, minor) = context.compute_capability()?;
        let multiprocessors = context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
        let card = Card {
            name: context.name()?,
            capability: (major * 10 + minor) as u32,
            multiprocessors: multiprocessors as u32,
            modules: Modules::default(),
            context,
        };
        let stream = card.context.new_stream()?;
        Ok(Self { card: Arc::new(card), stream, blas: Arc::default() })
    }

    /// The same GPU with a stream of its own.
    pub(crate) fn with_new_stream(&self) -> Result<Self, Error> {
        let stream = self.card.context.new_stream().map_err(failed)?;
        Ok(Self { card: Arc::clone(&self.card), stream, blas: Arc::default() })
    }

    pub(crate) fn ordinal(&self) -> usize {
        self.card.context.ordinal()
    }

    pub(crate) fn name(&self) -> &str {
        &self.card.name
    }

    pub(crate) fn capability(&self) -> u32 {
        self.card.capability
    }

    /// Bytes of memory that are free, and of all.
    pub(crate) fn memory(&self) -> Result<(usize, usize), Error> {
        self.card.context.mem_get_info().map_err(failed)
    }

    /// The version of CUDA that the driver knows, such as 12040 for 12.4.
    pub(crate) fn driver_version(&self) -> Result<i32, Error> {
        let mut version = 0;
        // SAFETY: the driver writes one number there.
        unsafe { sys::cuDriverGetVersion(&raw mut version) }.result().map_err(failed)?;
        Ok(version)
    }

    /// Waits for all work of the stream.
    pub(crate) fn synchronize(&self) -> Result<(), Error> {
        self.stream.synchronize().map_err(failed)
    }

    /// Where the stream's work is now.
    pub(crate) fn record(&self) -> Result<Event, Error> {
        let flags = Some(sys::CUevent_flags::CU_EVENT_DEFAULT);
        self.stream.record_event(flags).map(Event).map_err(failed)
    }

    /// Lets later work of this stream wait for an event of any.
    pub(crate) fn wait(&self, event: &Event) -> Result<(), Error> {
        self.stream.wait(&event.0).map_err(failed)
    }

    pub(crate) fn same_stream(&self, other: &Self) -> bool {
        self.stream == other.stream
    }

    pub(crate) fn same_card(&self, other: &Self) -> bool {
        self.card.context == other.card.context
    }

    /// Schedules work of this stream on memory of others': after all they have scheduled, and ahead of all they will.
    pub(super) fn between<T>(&self, owners: &[&Self], work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let foreign = || owners.iter().filter(|owner| !self.same_stream(owner));
        for owner in foreign() {
            self.stream.join(&owner.stream).map_err(failed)?;
        }
        let outcome = work();
        for owner in foreign() {
            owner.stream.join(&self.stream).map_err(failed)?;
        }
        outcome
    }
}

impl Event {
    /// Waits until the work up to the event is done.
    pub(crate) fn synchronize(&self) -> Result<(), Error> {
        self.0.synchronize().map_err(failed)
    }

    /// The time from this event to a later one, on the device.
    pub(crate) fn until(&self, later: &Self) -> Result<Duration, Error> {
        let milliseconds = self.0.elapsed_ms(&later.0).map_err(failed)?;
        Ok(Duration::from_secs_f64(f64::from(milliseconds.max(0.0)) * 1e-3))
    }
}

/// Memory that is freed stays with the program: to get it from the driver anew takes longer than most kernels.
fn keep_freed_memory(context: &Arc<CudaContext>) -> Result<(), DriverError> {
    if !context.has_async_alloc() {
        return Ok(());
    }
    let mut all = u64::MAX;
    let attribute = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: the device is the context's, and the attribute is a number of 64 bits.
    unsafe {
        let pool = result::device::get_default_mem_pool(context.cu_device())?;
        result::mem_pool::set_attribute(pool, attribute, (&raw mut all).cast())
    }
}
