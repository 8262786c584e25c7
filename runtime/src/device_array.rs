//! Arrays on a device.

use crate::bind::Described;
use crate::cuda::{Memory, Pinned};
use crate::device::Place;
use crate::{Device, Error, View};
use rotrace_ir::DType;
use smallvec::SmallVec;
use std::fmt;

/// A row-major array in memory of a [`Device`].
pub struct DeviceArray {
    pub(crate) dtype: DType,
    pub(crate) shape: SmallVec<[usize; 4]>,
    device: Device,
    pub(crate) storage: Storage,
}

pub(crate) enum Storage {
    Host(HostBytes),
    Gpu(Memory),
}

/// Bytes in words, so that any element is aligned.
pub(crate) struct HostBytes {
    words: Vec<u64>,
    bytes: usize,
}

impl HostBytes {
    fn zeros(bytes: usize) -> Result<Self, Error> {
        let mut words = Vec::new();
        words.try_reserve_exact(bytes.div_ceil(8)).map_err(|_| Error::OutOfMemory(bytes as u64))?;
        words.resize(bytes.div_ceil(8), 0);
        Ok(Self { words, bytes })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.bytes]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[..self.bytes]
    }
}

impl DeviceArray {
    /// An array of zeros.
    ///
    /// # Errors
    /// Lack of memory, or a failure of the driver's.
    pub fn zeros(device: &Device, dtype: DType, shape: &[usize]) -> Result<Self, Error> {
        let mut array = Self::for_results(device, dtype, shape)?;
        if let Storage::Gpu(memory) = &mut array.storage {
            memory.clear()?;
        }
        Ok(array)
    }

    /// An array whose elements mean nothing before they are written.
    pub(crate) fn for_results(device: &Device, dtype: DType, shape: &[usize]) -> Result<Self, Error> {
        let bytes = shape.iter().try_fold(dtype.size(), |product, &size| product.checked_mul(size));
        let bytes = bytes.ok_or(Error::OutOfMemory(u64::MAX))?;
        let storage = match &device.0 {
            Place::Cpu => Storage::Host(HostBytes::zeros(bytes)?),
            Place::Gpu(gpu) => Storage::Gpu(Memory::new(gpu, bytes)?),
        };
        Ok(Self { dtype, shape: shape.into(), device: device.clone(), storage })
    }

    /// A copy of an array of the host's.
    ///
    /// # Errors
    /// A view whose bytes are not as many as its shape says, lack of memory, or a failure of the driver's.
    pub fn new(device: &Device, view: &View<'_>) -> Result<Self, Error> {
        let mut array = Self::for_results(device, view.dtype, view.shape)?;
        array.upload(view.bytes)?;
        Ok(array)
    }

    /// The element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The sizes, outermost first.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Where it is.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// How many bytes it has.
    #[must_use]
    pub fn byte_length(&self) -> usize {
        match &self.storage {
            Storage::Host(host) => host.bytes,
            Storage::Gpu(memory) => memory.bytes(),
        }
    }

    /// Overwrites it with bytes of the host's, and waits until that is done.
    ///
    /// # Errors
    /// Another number of bytes, or a failure of the driver's.
    pub fn upload(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.check_length(bytes.len())?;
        match &mut self.storage {
            Storage::Host(host) => host.bytes_mut().copy_from_slice(bytes),
            Storage::Gpu(memory) => memory.upload(bytes)?,
        }
        Ok(())
    }

    /// Copies it to the host, after all work on it.
    ///
    /// # Errors
    /// Another number of bytes, or a failure of the driver's.
    pub fn download(&self, bytes: &mut [u8]) -> Result<(), Error> {
        self.check_length(bytes.len())?;
        match &self.storage {
            Storage::Host(host) => bytes.copy_from_slice(host.bytes()),
            Storage::Gpu(memory) => memory.download(bytes)?,
        }
        Ok(())
    }

    /// Schedules a copy from pinned memory, which is awaited by whatever uses either.
    ///
    /// # Errors
    /// Another number of bytes, or a failure of the driver's.
    pub fn upload_pinned(&mut self, from: &PinnedBytes) -> Result<(), Error> {
        self.check_length(from.length())?;
        match (&mut self.storage, &from.0) {
            (Storage::Gpu(memory), Bytes::Pinned(pinned, _)) => memory.upload_pinned(pinned),
            (Storage::Gpu(memory), Bytes::Host(host)) => memory.upload(host.bytes()),
            (Storage::Host(host), _) => {
                host.bytes_mut().copy_from_slice(from.bytes()?);
                Ok(())
            }
        }
    }

    /// Schedules a copy to pinned memory, which is awaited by whatever uses either.
    ///
    /// # Errors
    /// Another number of bytes, or a failure of the driver's.
    pub fn download_pinned(&self, to: &mut PinnedBytes) -> Result<(), Error> {
        self.check_length(to.length())?;
        match (&self.storage, &mut to.0) {
            (Storage::Gpu(memory), Bytes::Pinned(pinned, _)) => memory.download_pinned(pinned),
            (Storage::Gpu(memory), Bytes::Host(host)) => memory.download(host.bytes_mut()),
            (Storage::Host(host), _) => {
                to.bytes_mut()?.copy_from_slice(host.bytes());
                Ok(())
            }
        }
    }

    /// A copy on any device.
    ///
    /// # Errors
    /// Lack of memory, or a failure of the driver's.
    pub fn to_device(&self, device: &Device) -> Result<Self, Error> {
        let storage = match (&self.storage, &device.0) {
            (Storage::Gpu(memory), Place::Gpu(gpu)) => Storage::Gpu(memory.copied_to(gpu)?),
            (Storage::Gpu(memory), Place::Cpu) => {
                let mut host = HostBytes::zeros(memory.bytes())?;
                memory.download(host.bytes_mut())?;
                Storage::Host(host)
            }
            (Storage::Host(host), _) => {
                return Self::new(device, &View { dtype: self.dtype, shape: &self.shape, bytes: host.bytes() });
            }
        };
        Ok(Self { dtype: self.dtype, shape: self.shape.clone(), device: device.clone(), storage })
    }

    fn check_length(&self, got: usize) -> Result<(), Error> {
        let expected = self.byte_length();
        if got == expected {
            return Ok(());
        }
        Err(Error::Length { which: "device array", index: 0, expected: expected as u64, got })
    }
}

impl Described for DeviceArray {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn byte_length(&self) -> usize {
        DeviceArray::byte_length(self)
    }

    fn address(&self) -> usize {
        // Memory of either kind begins at a multiple of every element's size.
        0
    }
}

impl fmt::Debug for DeviceArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceArray({}{:?} on {})", self.dtype, &self.shape[..], self.device)
    }
}

/// Memory of the host from and to which a device copies by itself: pinned for a GPU, ordinary for the processor.
pub struct PinnedBytes(Bytes);

enum Bytes {
    Host(HostBytes),
    /// With the number of its bytes.
    Pinned(Pinned, usize),
}

impl PinnedBytes {
    /// So many zeros.
    ///
    /// # Errors
    /// Lack of memory, or a failure of the driver's.
    pub fn zeros(device: &Device, bytes: usize) -> Result<Self, Error> {
        Ok(Self(match &device.0 {
            Place::Cpu => Bytes::Host(HostBytes::zeros(bytes)?),
            Place::Gpu(gpu) => Bytes::Pinned(Pinned::new(gpu, bytes)?, bytes),
        }))
    }

    /// How many bytes there are.
    #[must_use]
    pub fn length(&self) -> usize {
        match &self.0 {
            Bytes::Host(host) => host.bytes,
            Bytes::Pinned(_, bytes) => *bytes,
        }
    }

    /// The bytes, after all transfers that have been scheduled.
    ///
    /// # Errors
    /// A failure of the driver's.
    pub fn bytes(&self) -> Result<&[u8], Error> {
        match &self.0 {
            Bytes::Host(host) => Ok(host.bytes()),
            Bytes::Pinned(pinned, bytes) => Ok(&pinned.bytes()?[..*bytes]),
        }
    }

    /// As [`bytes`](Self::bytes), to write.
    ///
    /// # Errors
    /// A failure of the driver's.
    pub fn bytes_mut(&mut self) -> Result<&mut [u8], Error> {
        match &mut self.0 {
            Bytes::Host(host) => Ok(host.bytes_mut()),
            Bytes::Pinned(pinned, bytes) => Ok(&mut pinned.bytes_mut()?[..*bytes]),
        }
    }
}

impl fmt::Debug for PinnedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinnedBytes")
    }
}
