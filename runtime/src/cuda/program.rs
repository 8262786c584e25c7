//! The kernels of a plan on a GPU.

use super::gpu::{Gpu, failed};
use super::memory::Memory;
use crate::Error;
use crate::bind::Sizes;
use crate::launch::elsewhere::Transfers;
use crate::launch::frame::{Frame, Spot};
use crate::launch::machine::{Launched, Machine};
use crate::launch::matmul::Matmul;
use crate::launch::memory::{Size, extent_size};
use crate::launch::native::Native;
use cudarc::driver::{result, sys};
use rotrace_backends::{Mapping, Ptx, TEAM};
use rotrace_ir::kernel::{self, Access, Extent};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Modules by their PTX: equal kernels are compiled by the driver once.
#[derive(Default)]
pub(super) struct Modules(Mutex<HashMap<Arc<str>, Arc<Module>>>);

/// A program of the driver's.
struct Module {
    raw: sys::CUmodule,
}

// SAFETY: the driver's modules and functions may be used from any thread.
unsafe impl Send for Module {}
// SAFETY: as above.
unsafe impl Sync for Module {}

/// A kernel's functions, one per mapping.
struct Functions {
    /// Kept for its functions.
    _module: Arc<Module>,
    entries: SmallVec<[(Mapping, Function); 4]>,
}

#[derive(Clone, Copy)]
struct Function(sys::CUfunction);

// SAFETY: as for `Module`.
unsafe impl Send for Function {}
// SAFETY: as for `Module`.
unsafe impl Sync for Function {}

impl Modules {
    /// The module of a program.
    fn load(&self, text: &str) -> Result<Arc<Module>, Error> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = known().get(text) {
            return Ok(Arc::clone(module));
        }
        // Nobody waits while the driver compiles; of two who compile the same, the first is kept.
        let image = CString::new(text).map_err(|error| Error::Device(format!("PTX with a zero: {error}")))?;
        // SAFETY: the image is text that ends with a zero, as the driver asks for PTX.
        let raw = unsafe { result::module::load_data(image.as_ptr().cast()) }.map_err(failed)?;
        let module = Arc::new(Module { raw });
        Ok(Arc::clone(known().entry(text.into()).or_insert(module)))
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: it was loaded, is unloaded once, and no function of it is left. A failure leaves it loaded.
        _ = unsafe { result::module::unload(self.raw) };
    }
}

impl Functions {
    fn new(gpu: &Gpu, code: &Ptx) -> Result<Self, Error> {
        let module = gpu.card.modules.load(&code.text)?;
        let entry = |&mapping: &Mapping| {
            let name = CString::new(mapping.name()).expect("names have no zeros");
            // SAFETY: the module is loaded.
            let function = unsafe { result::module::get_function(module.raw, name) }.map_err(failed)?;
            Ok((mapping, Function(function)))
        };
        let entries = code.mappings.iter().map(entry).collect::<Result<_, Error>>()?;
        Ok(Self { _module: module, entries })
    }
}

/// The code of a plan's kernels, with the stream that runs it.
pub(crate) struct Program {
    pub(super) gpu: Gpu,
    functions: Vec<Functions>,
}

impl Program {
    /// Loads the kernels of a plan, in their order.
    pub(crate) fn new(gpu: &Gpu, kernels: &[Ptx]) -> Result<Self, Error> {
        gpu.card.context.bind_to_thread().map_err(failed)?;
        let functions = kernels.iter().map(|code| Functions::new(gpu, code)).collect::<Result<_, _>>()?;
        Ok(Self { gpu: gpu.clone(), functions })
    }
}

/// A step that launches a kernel.
pub(crate) struct Kernel {
    number: usize,
    arguments: Range<Spot>,
    extent: Extent,
    /// Positions and sizes, for one thread, of arrays that every thread has for itself.
    scratch: Vec<(usize, Size)>,
    multiprocessors: u64,
}

/// Threads of a block, if each has scratch.
const SCRATCH_BLOCK: u64 = 64;
/// The most threads per multiprocessor, if each has scratch.
const SCRATCH_THREADS: u64 = 1024;
/// Scratch of all threads is kept below so many bytes, if a block per multiprocessor needs no more.
const SCRATCH_BYTES: u64 = 1 << 31;
/// Threads per multiprocessor from which blocks are large.
const MANY_THREADS: u64 = 8192;
/// Threads per multiprocessor from which iterations need no teams, and several rows at once leave none idle.
const ENOUGH_THREADS: u64 = 512;

impl Kernel {
    /// Threads that run the grid, if each has scratch.
    fn scratch_threads(&self, sizes: &Sizes) -> Option<u64> {
        let grid = extent_size(self.extent, sizes).max(1) as u64;
        let each = self.scratch.iter().try_fold(0_u64, |total, (_, size)| total.checked_add(size.bytes(sizes)?))?;
        let fitting = (SCRATCH_BYTES / each.max(1)).max(self.multiprocessors * SCRATCH_BLOCK);
        let threads = grid.min(fitting).min(self.multiprocessors * SCRATCH_THREADS);
        threads.checked_next_multiple_of(SCRATCH_BLOCK)
    }

    /// Blocks and threads of each for so many threads.
    fn geometry(&self, threads: u64, mapping: Mapping) -> (u32, u32) {
        // Small blocks spread evenly what does not fill all multiprocessors several times.
        let few = threads < self.multiprocessors * MANY_THREADS && !matches!(mapping, Mapping::Crowd(_));
        let block = if few { 32 } else { u64::from(mapping.block_threads()) };
        (threads.div_ceil(block).min(i32::MAX as u64) as u32, block as u32)
    }

    fn choose(&self, functions: &Functions, grid: u64, buffers: &[*mut u8]) -> (u64, Mapping, Function) {
        let enough = self.multiprocessors * ENOUGH_THREADS;
        for &(mapping, function) in &functions.entries {
            match mapping {
                Mapping::Team if grid < enough => return (grid.saturating_mul(TEAM), mapping, function),
                Mapping::Crowd(threads) if grid < enough || matches!(self.extent, Extent::Blocks(_)) => {
                    return (grid.saturating_mul(u64::from(threads)), mapping, function);
                }
                Mapping::Single | Mapping::Rows(_) | Mapping::Tile(_) | Mapping::Team | Mapping::Crowd(_) => {}
            }
        }
        // The last are the fastest for long arrays.
        for &(mapping, function) in functions.entries.iter().rev() {
            if let Mapping::Rows(rows) | Mapping::Tile(rows) = mapping
                && grid / u64::from(rows) >= enough
                && buffers.iter().all(|buffer| (buffer.addr() as u64).is_multiple_of(mapping.alignment()))
            {
                return (grid.div_ceil(u64::from(rows)), mapping, function);
            }
        }
        let (mapping, function) = functions.entries[0];
        (grid, mapping, function)
    }
}

impl Machine for Program {
    type Settings = Gpu;
    type Kernel = Kernel;
    type Matmul = Matmul;
    type Constant = Memory;

    fn kernel(gpu: &Gpu, kernel: &kernel::Kernel, launched: Launched<'_>) -> Kernel {
        let buffers = kernel.buffers.iter().enumerate().filter(|(_, buffer)| buffer.access == Access::Scratch);
        Kernel {
            number: launched.number,
            arguments: launched.arguments,
            extent: kernel.grid,
            scratch: buffers.map(|(position, buffer)| (position, Size::of_buffer(buffer))).collect(),
            multiprocessors: u64::from(gpu.card.multiprocessors),
        }
    }

    fn matmul(gpu: &Gpu, matmul: Matmul) -> Result<Matmul, Error> {
        if gpu.has_library()? {
            return Ok(matmul);
        }
        let text = "the program leaves products of matrices to cuBLAS, which is not installed".to_owned();
        Err(Error::Device(format!("{text}; compile it with `library_products` off")))
    }

    fn constant(gpu: &Gpu, data: &Arc<[u8]>) -> Result<Memory, Error> {
        let mut memory = Memory::new(gpu, data.len())?;
        memory.upload(data)?;
        Ok(memory)
    }

    fn address(constant: &Memory) -> *mut u8 {
        constant.address()
    }

    fn bytes(kernel: &Kernel, sizes: &Sizes) -> Option<u64> {
        if kernel.scratch.is_empty() {
            return Some(0);
        }
        let threads = kernel.scratch_threads(sizes)?;
        kernel.scratch.iter().try_fold(0_u64, |total, (_, size)| total.checked_add(size.of_copies(threads, sizes)?))
    }

    fn place(kernel: &Kernel, frame: &mut Frame<'_>, base: *mut u8, sizes: &Sizes) {
        let threads = kernel.scratch_threads(sizes).unwrap_or(0);
        let mut free = base;
        for (position, size) in &kernel.scratch {
            frame.point(&[kernel.arguments.start + *position as Spot], free);
            free = free.wrapping_add(size.of_copies(threads, sizes).unwrap_or(0) as usize);
        }
    }

    fn number(_: &Kernel, _: &mut Frame<'_>, _: &Sizes) {}

    fn launch(&self, kernel: &Kernel, frame: &Frame<'_>, sizes: &Sizes) -> Result<(), Error> {
        let mut grid = extent_size(kernel.extent, sizes).max(0) as u64;
        if grid == 0 {
            return Ok(());
        }
        let buffers = frame.pointers_of(kernel.arguments.clone());
        let functions = &self.functions[kernel.number];
        let (function, (blocks, block)) = if kernel.scratch.is_empty() {
            let (threads, mapping, function) = kernel.choose(functions, grid, buffers);
            (function, kernel.geometry(threads, mapping))
        } else {
            let threads = kernel.scratch_threads(sizes).unwrap_or(SCRATCH_BLOCK);
            (functions.entries[0].1, ((threads / SCRATCH_BLOCK) as u32, SCRATCH_BLOCK as u32))
        };
        let mut parameters = SmallVec::<[*mut c_void; 32]>::new();
        parameters.push((&raw mut grid).cast());
        // The driver reads what these point to before it returns, and writes nothing.
        parameters.extend(sizes.iter().map(|size| std::ptr::from_ref(size).cast_mut().cast()));
        parameters.extend(buffers.iter().map(|buffer| std::ptr::from_ref(buffer).cast_mut().cast()));
        let stream = self.gpu.stream.cu_stream();
        // SAFETY: the function was compiled from this kernel and takes the number of iterations, the sizes and the
        // addresses of its buffers. By the frame's invariant every buffer is alive and large enough; kernels that the verifier accepts stay in
        // bounds; the stream orders the launch after whatever wrote its buffers.
        unsafe {
            result::launch_kernel(function.0, (blocks, 1, 1), (block, 1, 1), 0, stream, &mut parameters).map_err(failed)
        }
    }

    fn multiply(&self, matmul: &Matmul, frame: &Frame<'_>, sizes: &Sizes) -> Result<(), Error> {
        let blas = self.gpu.blas()?.expect("found when the step was made");
        // SAFETY: by the frame's invariant the buffers hold the matrices of these sizes, and the product overlaps no other.
        unsafe { blas.multiply(&matmul.matrices(sizes), matmul.dtype, matmul.pointers(frame)) }
    }

    fn copy(&self, from: *mut u8, to: *mut u8, bytes: usize) -> Result<(), Error> {
        if bytes == 0 {
            return Ok(());
        }
        let stream = self.gpu.stream.cu_stream();
        // SAFETY: by the frame's invariant both are buffers on the device of so many bytes, which do not overlap.
        unsafe { result::memcpy_dtod_async(to.addr() as u64, from.addr() as u64, bytes, stream) }.map_err(failed)
    }

    fn read<const BYTES: usize>(&self, from: *mut u8) -> Result<[u8; BYTES], Error> {
        let mut bytes = [0; BYTES];
        self.fetch(from, &mut bytes)?;
        Ok(bytes)
    }

    fn native(&self, native: &Native, frame: &Frame<'_>) -> Result<(), Error> {
        native.run_elsewhere(frame, self)
    }
}

impl Transfers for Program {
    fn fetch(&self, from: *mut u8, to: &mut [u8]) -> Result<(), Error> {
        if to.is_empty() {
            return Ok(());
        }
        // SAFETY: by the frame's invariant the buffer holds so many bytes; `to` outlives the copy, which is awaited.
        unsafe { result::memcpy_dtoh_async(to, from.addr() as u64, self.gpu.stream.cu_stream()) }.map_err(failed)?;
        self.gpu.synchronize()
    }

    fn store(&self, from: &[u8], to: *mut u8) -> Result<(), Error> {
        if from.is_empty() {
            return Ok(());
        }
        // SAFETY: by the frame's invariant the buffer holds so many bytes; `from` outlives the copy, which is awaited.
        unsafe { result::memcpy_htod_async(to.addr() as u64, from, self.gpu.stream.cu_stream()) }.map_err(failed)?;
        self.gpu.synchronize()
    }
}
