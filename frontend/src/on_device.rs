//! Arrays on devices, and calls on them.

use crate::compiled::tree_of;
use crate::tree::{Outline, leaves};
use crate::{Array, Compiled, Error, Tensor, Tree, With};
use rotrace_runtime::{Device, DeviceArray};
use std::marker::PhantomData;

impl Array {
    /// A copy on a device. See [`Compiled::call_on_device`].
    ///
    /// # Errors
    /// Lack of memory, or a failure of the device's driver.
    pub fn to_device(&self, device: &Device) -> Result<DeviceArray, Error> {
        Ok(DeviceArray::new(device, &self.view())?)
    }

    /// A copy of what is on a device, after all work on it.
    ///
    /// # Errors
    /// Lack of memory, or a failure of the device's driver, that of earlier work included.
    pub fn from_device(array: &DeviceArray) -> Result<Self, Error> {
        let mut copy = Self::zeros_of(array.dtype(), array.shape())?;
        array.download(copy.bytes_mut())?;
        Ok(copy)
    }
}

fn borrowed<T: Tree<DeviceArray>>(tree: &T) -> Vec<&DeviceArray> {
    let mut arrays = Vec::new();
    tree.visit(&mut |array| arrays.push(array));
    arrays
}

impl<In: Tree<Tensor>, Out: Tree<Tensor>> Compiled<In, Out> {
    /// Calls the function on arrays that are on its device ([`Options::device`](crate::Options)). On a GPU that is scheduled, and
    /// not awaited: what reads the results waits.
    ///
    /// ```
    /// use rotrace::{Array, Device, Options, Tensor, trace};
    /// let device = Device::cuda(0).unwrap_or_default();   // The processor, if there is no GPU.
    /// let double = trace(|x: Tensor| x * 2.0);
    /// let double = double.compile_with("f64[n]", &Options { device: device.clone(), ..Options::default() })?;
    ///
    /// let x = Array::from([1.0, 2.0]).to_device(&device)?;
    /// let y = double.call_on_device(&double.call_on_device(&x)?)?;
    /// assert_eq!(Array::from_device(&y)?.to_vec::<f64>()?, [4.0, 8.0]);
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`call`](Self::call), and arrays on another device.
    pub fn call_on_device(&self, inputs: &With<In, DeviceArray>) -> Result<With<Out, DeviceArray>, Error> {
        let results = self.executable().call_on_device(&borrowed(inputs))?;
        Ok(tree_of(self.outline(), results))
    }

    /// As [`call_on_device`](Self::call_on_device), over `outputs`, which must have the right types and shapes.
    ///
    /// # Errors
    /// As [`call_on_device`](Self::call_on_device); also if an output has the wrong type or shape.
    pub fn call_on_device_into(
        &self,
        inputs: &With<In, DeviceArray>,
        outputs: &mut With<Out, DeviceArray>,
    ) -> Result<(), Error> {
        let mut targets = Vec::new();
        outputs.visit_mut(&mut |array: &mut DeviceArray| targets.push(array));
        Ok(self.executable().call_on_device_into(&borrowed(inputs), &mut targets)?)
    }

    /// Prepares a call whose arguments and results stay where they are: what is launched is found once. A plan of several
    /// kernels becomes one launch of a CUDA graph, unless the host decides between kernels (a `while_loop` or a `cond` that is a step of the
    /// plan, a native function).
    ///
    /// ```
    /// use rotrace::{Array, Device, Options, Tensor, trace};
    /// let device = Device::cuda(0).unwrap_or_default();
    /// let sum = trace(|x: Tensor| x.sum(()));
    /// let sum = sum.compile_with("f64[n]", &Options { device: device.clone(), ..Options::default() })?;
    ///
    /// let mut prepared = sum.prepare(&Array::zeros(&[10_000])?)?;
    /// for value in [1.0, 2.0] {
    ///     prepared.set(&Array::from_vec(&[10_000], vec![value; 10_000])?)?;
    ///     prepared.launch()?;
    ///     assert_eq!(prepared.results()?.to_vec::<f64>()?, [value * 10_000.0]);
    /// }
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`call_on_device`](Self::call_on_device).
    pub fn prepare(&self, inputs: &With<In, Array>) -> Result<Prepared<'_, In, Out>, Error> {
        let device = self.executable().device();
        let mut arrays = Vec::new();
        inputs.visit(&mut |array: &Array| arrays.push(array.to_device(&device)));
        let arrays = arrays.into_iter().collect::<Result<Vec<_>, _>>()?;
        let call = self.executable().prepare(arrays)?;
        Ok(Prepared { call, results: self.outline(), types: PhantomData })
    }
}

/// A prepared call: see [`Compiled::prepare`].
pub struct Prepared<'c, In, Out> {
    call: rotrace_runtime::Prepared<'c>,
    results: &'c Outline,
    types: PhantomData<fn(In) -> Out>,
}

impl<In: Tree<Tensor>, Out: Tree<Tensor>> Prepared<'_, In, Out> {
    /// Overwrites the arguments.
    ///
    /// # Errors
    /// Arrays of other types or shapes than those the call was prepared with, or a failure of the device's driver.
    pub fn set(&mut self, inputs: &With<In, Array>) -> Result<(), Error> {
        let arrays = leaves(inputs);
        if arrays.len() != self.call.arguments().len() {
            let (expected, got) = (self.call.arguments().len(), arrays.len());
            return Err(rotrace_runtime::Error::ArgumentCount { expected, got }.into());
        }
        arrays.iter().enumerate().try_for_each(|(index, array)| Ok(self.call.set(index, &array.view())?))
    }

    /// Schedules the call.
    ///
    /// # Errors
    /// A failure of the device's driver, or of a native function.
    pub fn launch(&mut self) -> Result<(), Error> {
        Ok(self.call.launch()?)
    }

    /// A copy of what the last launch gave; zeros before the first.
    ///
    /// # Errors
    /// Lack of memory, or a failure of the device's driver.
    pub fn results(&self) -> Result<With<Out, Array>, Error> {
        let copies = self.call.results().iter().map(Array::from_device).collect::<Result<Vec<_>, _>>()?;
        Ok(tree_of(self.results, copies))
    }

    /// Whether a launch is one graph.
    #[must_use]
    pub fn is_graph(&self) -> bool {
        self.call.is_graph()
    }
}

impl<In, Out> std::fmt::Debug for Prepared<'_, In, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.call.fmt(f)
    }
}
