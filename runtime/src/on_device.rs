//! Calls on arrays that are on the device already, and calls that are prepared.

use crate::bind::Sizes;
use crate::cuda::{self, Memory};
use crate::device::Place;
use crate::device_array::Storage;
use crate::executable::EngineState;
use crate::{Device, DeviceArray, Error, Executable, View, ViewMut};
use rotrace_ir::dim::Type;
use smallvec::SmallVec;

/// Calls a function on a GPU with arrays of the host's.
pub(crate) fn call_with_transfers(
    launcher: &cuda::Launcher,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
    sizes: &Sizes,
) -> Result<(), Error> {
    let gpu = launcher.gpu();
    let upload = |view: &View<'_>| {
        let mut memory = Memory::new(gpu, view.bytes.len())?;
        memory.upload(view.bytes)?;
        Ok(memory)
    };
    let arguments = inputs.iter().map(upload).collect::<Result<Vec<Memory>, Error>>()?;
    let results = outputs.iter().map(|view| Memory::new(gpu, view.bytes.len()));
    let results = results.collect::<Result<Vec<Memory>, Error>>()?;
    launcher.run(&arguments.iter().collect::<Vec<_>>(), &results.iter().collect::<Vec<_>>(), sizes)?;
    results.iter().zip(outputs).try_for_each(|(memory, view)| memory.download(view.bytes))
}

impl Executable {
    /// Where the function runs.
    #[must_use]
    pub fn device(&self) -> Device {
        match &self.engine {
            EngineState::Compiled(_) | EngineState::Interpreted(_) => Device::cpu(),
            EngineState::OnGpu(launcher) => launcher.device(),
        }
    }

    /// Runs the function on arrays that are on its device. On a GPU that is scheduled, and not awaited.
    ///
    /// # Errors
    /// As [`call`](Self::call), and arrays on another device.
    pub fn call_on_device(&self, inputs: &[&DeviceArray]) -> Result<Vec<DeviceArray>, Error> {
        let sizes = self.bind_on_device(inputs)?;
        let device = self.device();
        let result = |ty: &Type| DeviceArray::for_results(&device, ty.dtype, &self.signature.shape_of(ty, &sizes));
        let mut results = self.signature.outputs.iter().map(result).collect::<Result<Vec<_>, _>>()?;
        self.run_on_device(inputs, &mut results.iter_mut().collect::<SmallVec<[_; 8]>>(), &sizes)?;
        Ok(results)
    }

    /// As [`call_on_device`](Self::call_on_device), overwriting `outputs`.
    ///
    /// # Errors
    /// As [`call_on_device`](Self::call_on_device), and result buffers that do not fit.
    pub fn call_on_device_into(&self, inputs: &[&DeviceArray], outputs: &mut [&mut DeviceArray]) -> Result<(), Error> {
        let sizes = self.bind_on_device(inputs)?;
        self.check_results(outputs, &sizes)?;
        self.run_on_device(inputs, outputs, &sizes)
    }

    /// Prepares a call on arrays that stay.
    ///
    /// # Errors
    /// As [`call_on_device`](Self::call_on_device).
    pub fn prepare(&self, inputs: Vec<DeviceArray>) -> Result<Prepared<'_>, Error> {
        let borrowed: Vec<&DeviceArray> = inputs.iter().collect();
        let (sizes, device) = (self.bind_on_device(&borrowed)?, self.device());
        let result = |ty: &Type| DeviceArray::zeros(&device, ty.dtype, &self.signature.shape_of(ty, &sizes));
        let results = self.signature.outputs.iter().map(result).collect::<Result<Vec<_>, _>>()?;
        let captured = match &self.engine {
            EngineState::Compiled(_) | EngineState::Interpreted(_) => None,
            EngineState::OnGpu(launcher) => {
                let results: Vec<&DeviceArray> = results.iter().collect();
                Some(cuda::Prepared::new(launcher, (&memories(&borrowed), &memories(&results)), &sizes)?)
            }
        };
        Ok(Prepared { executable: self, inputs, results, captured, sizes })
    }

    fn bind_on_device(&self, inputs: &[&DeviceArray]) -> Result<Sizes, Error> {
        let mut sizes = Sizes::new();
        self.signature.bind(inputs, &mut sizes)?;
        self.check_places("argument", inputs)?;
        Ok(sizes)
    }

    fn check_results(&self, outputs: &[&mut DeviceArray], sizes: &Sizes) -> Result<(), Error> {
        let outputs: SmallVec<[&DeviceArray; 8]> = outputs.iter().map(|array| &**array).collect();
        self.signature.check_outputs(&outputs, sizes)?;
        self.check_places("result buffer", &outputs)
    }

    fn check_places(&self, which: &'static str, arrays: &[&DeviceArray]) -> Result<(), Error> {
        let device = self.device();
        let here = |array: &&DeviceArray| match (&array.device().0, &device.0) {
            (Place::Cpu, Place::Cpu) => true,
            (Place::Gpu(one), Place::Gpu(other)) => one.same_card(other),
            (Place::Cpu, Place::Gpu(_)) | (Place::Gpu(_), Place::Cpu) => false,
        };
        match arrays.iter().position(|array| !here(array)) {
            None => Ok(()),
            Some(index) => {
                let (expected, got) = (device.to_string(), arrays[index].device().to_string());
                Err(Error::OtherDevice { which, index, expected, got })
            }
        }
    }

    /// Arguments and results have been checked.
    fn run_on_device(
        &self,
        inputs: &[&DeviceArray],
        outputs: &mut [&mut DeviceArray],
        sizes: &Sizes,
    ) -> Result<(), Error> {
        if let EngineState::OnGpu(launcher) = &self.engine {
            let outputs: SmallVec<[&DeviceArray; 8]> = outputs.iter().map(|array| &**array).collect();
            return launcher.run(&memories(inputs), &memories(&outputs), sizes);
        }
        let views: SmallVec<[View<'_>; 8]> = inputs.iter().filter_map(|array| view(array)).collect();
        let mut targets: SmallVec<[ViewMut<'_>; 8]> = outputs.iter_mut().filter_map(|array| view_mut(array)).collect();
        self.call(&views, &mut targets)
    }
}

/// The memory of arrays that are on a GPU.
fn memories<'a>(arrays: &[&'a DeviceArray]) -> SmallVec<[&'a Memory; 8]> {
    let memory = |array: &&'a DeviceArray| match &array.storage {
        Storage::Gpu(memory) => Some(memory),
        Storage::Host(_) => None,
    };
    arrays.iter().filter_map(memory).collect()
}

fn view(array: &DeviceArray) -> Option<View<'_>> {
    match &array.storage {
        Storage::Host(host) => Some(View { dtype: array.dtype(), shape: array.shape(), bytes: host.bytes() }),
        Storage::Gpu(_) => None,
    }
}

fn view_mut(array: &mut DeviceArray) -> Option<ViewMut<'_>> {
    let DeviceArray { dtype, shape, storage, .. } = array;
    match storage {
        Storage::Host(host) => Some(ViewMut { dtype: *dtype, shape, bytes: host.bytes_mut() }),
        Storage::Gpu(_) => None,
    }
}

/// A call whose arguments and results stay where they are. On a GPU, a plan of several kernels is captured into a graph, which
/// one launch runs.
pub struct Prepared<'e> {
    executable: &'e Executable,
    inputs: Vec<DeviceArray>,
    results: Vec<DeviceArray>,
    captured: Option<cuda::Prepared>,
    sizes: Sizes,
}

impl Prepared<'_> {
    /// The arguments.
    #[must_use]
    pub fn arguments(&self) -> &[DeviceArray] {
        &self.inputs
    }

    /// Overwrites an argument's elements.
    ///
    /// # Errors
    /// An array of another type or shape, no such argument, or a failure of the driver's.
    pub fn set(&mut self, index: usize, view: &View<'_>) -> Result<(), Error> {
        let count = self.inputs.len();
        let argument = self.inputs.get_mut(index).ok_or(Error::ArgumentCount { expected: count, got: index + 1 })?;
        if argument.dtype() != view.dtype || argument.shape() != view.shape {
            let expected = format!("{}{:?}", argument.dtype(), argument.shape());
            let got = format!("{}{:?}", view.dtype, view.shape);
            return Err(Error::Argument { index, expected, got, note: String::new() });
        }
        argument.upload(view.bytes)
    }

    /// What the last launch gave; zeros before the first.
    #[must_use]
    pub fn results(&self) -> &[DeviceArray] {
        &self.results
    }

    /// Whether a launch is one graph.
    #[must_use]
    pub fn is_graph(&self) -> bool {
        self.captured.as_ref().is_some_and(cuda::Prepared::is_graph)
    }

    /// Schedules the call.
    ///
    /// # Errors
    /// As [`Executable::call_on_device`].
    pub fn launch(&mut self) -> Result<(), Error> {
        let inputs: SmallVec<[&DeviceArray; 8]> = self.inputs.iter().collect();
        if let (Some(captured), EngineState::OnGpu(launcher)) = (&mut self.captured, &self.executable.engine) {
            let results: SmallVec<[&DeviceArray; 8]> = self.results.iter().collect();
            return captured.launch(launcher, &memories(&inputs), &memories(&results));
        }
        let mut results: SmallVec<[&mut DeviceArray; 8]> = self.results.iter_mut().collect();
        self.executable.run_on_device(&inputs, &mut results, &self.sizes)
    }
}

impl std::fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("inputs", &self.inputs).field("results", &self.results).finish()
    }
}
