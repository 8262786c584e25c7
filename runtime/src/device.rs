//! Where functions run: this computer's processor, or a GPU.

use crate::Error;
use crate::cuda::{self, Gpu};
use std::fmt;
use std::time::{Duration, Instant};

/// Where a function runs and arrays live: the processor, or a GPU with a stream of work. Clones share the stream.
///
/// What is scheduled on a stream runs in order, and calls do not wait for it; whatever reads results on the host does. Arrays
/// may be used on any stream of their GPU: orders between streams are kept.
#[derive(Clone, Default)]
pub struct Device(pub(crate) Place);

#[derive(Clone, Default)]
pub(crate) enum Place {
    #[default]
    Cpu,
    Gpu(Gpu),
}

impl Device {
    /// The processor.
    #[must_use]
    pub fn cpu() -> Self {
        Self::default()
    }

    /// An NVIDIA GPU by its number, counted from 0, with a stream of its own.
    ///
    /// # Errors
    /// Without the feature `cuda`, without a driver (the message says what was looked for), or if the driver knows no such
    /// GPU.
    pub fn cuda(ordinal: usize) -> Result<Self, Error> {
        Ok(Self(Place::Gpu(cuda::open(ordinal)?)))
    }

    /// The same device with a further stream: work of the two may run at the same time. The processor has none, and is itself.
    ///
    /// # Errors
    /// A failure of the driver's.
    pub fn with_new_stream(&self) -> Result<Self, Error> {
        Ok(Self(match &self.0 {
            Place::Cpu => Place::Cpu,
            Place::Gpu(gpu) => Place::Gpu(gpu.with_new_stream()?),
        }))
    }

    /// Whether it is a GPU.
    #[must_use]
    pub fn is_gpu(&self) -> bool {
        matches!(self.0, Place::Gpu(_))
    }

    /// What the device is called by its maker; `cpu` for the processor.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.0 {
            Place::Cpu => "cpu",
            Place::Gpu(gpu) => gpu.name(),
        }
    }

    /// Ten times the compute capability of a GPU, such as 90 for 9.0.
    #[must_use]
    pub fn compute_capability(&self) -> Option<u32> {
        match &self.0 {
            Place::Cpu => None,
            Place::Gpu(gpu) => Some(gpu.capability()),
        }
    }

    /// The version of CUDA that a GPU's driver knows, such as 12040 for 12.4.
    ///
    /// # Errors
    /// A failure of the driver's.
    pub fn driver_version(&self) -> Result<Option<i32>, Error> {
        match &self.0 {
            Place::Cpu => Ok(None),
            Place::Gpu(gpu) => gpu.driver_version().map(Some),
        }
    }

    /// Bytes of a GPU's memory: those that are free, and all.
    ///
    /// # Errors
    /// A failure of the driver's.
    pub fn memory(&self) -> Result<Option<(usize, usize)>, Error> {
        match &self.0 {
            Place::Cpu => Ok(None),
            Place::Gpu(gpu) => gpu.memory().map(Some),
        }
    }

    /// Whether products of large matrices can be left to a library.
    pub(crate) fn has_library(&self) -> Result<bool, Error> {
        match &self.0 {
            Place::Cpu => Ok(true),
            Place::Gpu(gpu) => gpu.has_library(),
        }
    }

    /// Waits until all work of the stream is done.
    ///
    /// # Errors
    /// A failure of the driver's, that of earlier work included.
    pub fn synchronize(&self) -> Result<(), Error> {
        match &self.0 {
            Place::Cpu => Ok(()),
            Place::Gpu(gpu) => gpu.synchronize(),
        }
    }

    /// Marks where the stream's work is now.
    ///
    /// # Errors
    /// A failure of the driver's.
    pub fn record(&self) -> Result<Event, Error> {
        Ok(Event(match &self.0 {
            Place::Cpu => Mark::Cpu(Instant::now()),
            Place::Gpu(gpu) => Mark::Gpu(gpu.record()?),
        }))
    }

    /// Lets later work of this stream wait for an event of another. The processor waits itself.
    ///
    /// # Errors
    /// A failure of the driver's.
    pub fn wait(&self, event: &Event) -> Result<(), Error> {
        match (&self.0, &event.0) {
            (_, Mark::Cpu(_)) => Ok(()),
            (Place::Cpu, Mark::Gpu(event)) => event.synchronize(),
            (Place::Gpu(gpu), Mark::Gpu(event)) => gpu.wait(event),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Cpu => f.write_str("cpu"),
            Place::Gpu(gpu) => write!(f, "cuda:{}", gpu.ordinal()),
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Equal if they are the same stream of the same device.
impl PartialEq for Device {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Place::Cpu, Place::Cpu) => true,
            (Place::Gpu(one), Place::Gpu(other)) => one.same_stream(other),
            (Place::Cpu, Place::Gpu(_)) | (Place::Gpu(_), Place::Cpu) => false,
        }
    }
}

impl Eq for Device {}

/// A point in the work of a device's stream.
pub struct Event(Mark);

enum Mark {
    Cpu(Instant),
    Gpu(cuda::Event),
}

impl Event {
    /// Waits until the work up to here is done.
    ///
    /// # Errors
    /// A failure of the driver's.
    pub fn synchronize(&self) -> Result<(), Error> {
        match &self.0 {
            Mark::Cpu(_) => Ok(()),
            Mark::Gpu(event) => event.synchronize(),
        }
    }

    /// The time from this event to a later one of the same device, as the device has measured it. Waits for both.
    ///
    /// # Errors
    /// Events of two devices, or a failure of the driver's.
    pub fn until(&self, later: &Self) -> Result<Duration, Error> {
        match (&self.0, &later.0) {
            (Mark::Cpu(start), Mark::Cpu(end)) => Ok(end.saturating_duration_since(*start)),
            (Mark::Gpu(start), Mark::Gpu(end)) => start.until(end),
            (Mark::Cpu(_), Mark::Gpu(_)) | (Mark::Gpu(_), Mark::Cpu(_)) => {
                Err(Error::Device("the events are of two devices".to_owned()))
            }
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Event")
    }
}
