//! Arrays on devices and calls on them: on a GPU where there is one, and on the processor, which is a device like others.

use rotrace::{Array, Compiled, Device, DeviceArray, Error, Options, Tensor, fori, trace};
use rotrace_tests::engines::gpu;

fn devices() -> Vec<Device> {
    std::iter::once(Device::cpu()).chain(gpu()).collect()
}

fn on(device: &Device) -> Options {
    Options { device: device.clone(), ..Options::default() }
}

fn numbers(count: usize) -> Result<Array, Error> {
    Array::from_vec(&[count], (0..count).map(|number| number as f64 / 8.0).collect::<Vec<f64>>())
}

/// A plan of several kernels: the loop's rows meet in every iteration.
fn compiled(device: &Device) -> Result<Compiled<Tensor, Tensor>, Error> {
    let function = trace(|x: Tensor| fori(3, x, move |_, state: Tensor| state * 0.5 + state.sum(()) / 64.0 + x));
    function.compile_with("f64[n]", &on(device))
}

#[cfg(not(feature = "cuda"))]
#[test]
fn gpus_need_the_feature() {
    let error = Device::cuda(0).expect_err("it is off").to_string();
    assert_eq!(error, "cuda: GPU 0 was not looked for, as the feature `cuda` is off");
}

#[test]
fn calls_on_devices_have_the_bits_of_calls() -> Result<(), Error> {
    for count in [3, 10, 100_000] {
        let x = numbers(count)?;
        let expected = compiled(&Device::cpu())?.call(&x)?.to_vec::<f64>()?;
        for device in devices() {
            let function = compiled(&device)?;
            assert_eq!(function.call(&x)?.to_vec::<f64>()?, expected, "{device}");
            let there = x.to_device(&device)?;
            let result = function.call_on_device(&there)?;
            assert_eq!(Array::from_device(&result)?.to_vec::<f64>()?, expected, "{device}");
            let mut over = DeviceArray::zeros(&device, x.dtype(), x.shape())?;
            function.call_on_device_into(&there, &mut over)?;
            assert_eq!(Array::from_device(&over)?.to_vec::<f64>()?, expected, "{device}");
            let mut prepared = function.prepare(&numbers(count)?)?;
            for _ in 0..2 {
                prepared.launch()?;
                assert_eq!(prepared.results()?.to_vec::<f64>()?, expected, "{device}");
            }
            assert_eq!(prepared.is_graph(), device.is_gpu());
        }
    }
    Ok(())
}

#[test]
fn streams_and_devices_exchange_arrays() -> Result<(), Error> {
    let x = numbers(1000)?;
    for device in devices() {
        let other = device.with_new_stream()?;
        let double = trace(|x: Tensor| x * 2.0).compile_with("f64[n]", &on(&other))?;
        // Made on one stream, used on another, read on the first.
        let there = x.to_device(&device)?;
        let start = other.record()?;
        let mut twice = DeviceArray::zeros(&device, x.dtype(), x.shape())?;
        double.call_on_device_into(&there, &mut twice)?;
        let end = other.record()?;
        device.wait(&end)?;
        assert!(start.until(&end)?.as_secs() < 10);
        let here = twice.to_device(&Device::cpu())?.to_device(&other)?.to_device(&device)?;
        let expected: Vec<f64> = x.to_vec::<f64>()?.iter().map(|x| x * 2.0).collect();
        assert_eq!(Array::from_device(&here)?.to_vec::<f64>()?, expected, "{device}");
        let mut pinned = rotrace::PinnedBytes::zeros(&device, 8000)?;
        here.download_pinned(&mut pinned)?;
        let mut back = DeviceArray::zeros(&device, x.dtype(), x.shape())?;
        back.upload_pinned(&pinned)?;
        assert_eq!(Array::from_device(&back)?.to_vec::<f64>()?, expected, "{device}");
    }
    Ok(())
}

/// A library's products between kernels, all captured on a GPU.
#[test]
fn prepared_calls_hold_products() -> Result<(), Error> {
    let layers = trace(|[x, a, b]: [Tensor; 3]| x.matmul(a).tanh().matmul(b).tanh());
    let shapes = [[50, 32], [32, 40], [40, 24]];
    let arguments = shapes.map(|[rows, columns]| {
        let numbers: Vec<f64> = (0..rows * columns).map(|place| ((place * 37 % 101) as f64 - 50.0) / 200.0).collect();
        Array::from_vec(&[rows, columns], numbers)
    });
    let [x, a, b] = arguments;
    let arguments = [x?, a?, b?];
    let signature = "f64[n, 32], f64[32, 40], f64[40, 24]";
    let exact = Options { library_products: false, ..on(&Device::cpu()) };
    let expected = layers.compile_with(signature, &exact)?.call(&arguments)?.to_vec::<f64>()?;
    for device in devices() {
        let function = layers.compile_with(signature, &on(&device))?;
        let called = function.call(&arguments)?.to_vec::<f64>()?;
        assert!(expected.iter().zip(&called).all(|(a, b)| (a - b).abs() < 1e-14), "{device}");
        let mut prepared = function.prepare(&arguments)?;
        prepared.launch()?;
        assert_eq!(prepared.results()?.to_vec::<f64>()?, called, "{device}");
        assert_eq!(prepared.is_graph(), device.is_gpu());
    }
    Ok(())
}

#[test]
fn mistakes_are_messages() -> Result<(), Error> {
    let device = Device::cpu();
    let function = trace(|[x, y]: [Tensor; 2]| x + y).compile("f64[n], f64[n]")?;
    let array = |count| numbers(count)?.to_device(&device);
    let error = function.call_on_device(&[array(3)?, array(4)?]).expect_err("two sizes").to_string();
    assert_eq!(error, "argument 1: expected f64[n], got f64[4] (where n is 3)");
    let error = function.call_on_device_into(&[array(3)?, array(3)?], &mut array(4)?).expect_err("a size").to_string();
    assert_eq!(error, "result buffer 0: expected f64[3], got f64[4]");
    let error = array(3)?.upload(&[0; 8]).expect_err("too few").to_string();
    assert_eq!(error, "device array 0: 8 bytes, but its shape needs 24");
    let mut prepared = function.prepare(&[numbers(3)?, numbers(3)?])?;
    let error = prepared.set(&[numbers(3)?, numbers(4)?]).expect_err("another shape").to_string();
    assert_eq!(error, "argument 1: expected f64[3], got f64[4]");
    let error = Device::cuda(1000).expect_err("nobody has so many").to_string();
    assert!(
        error.starts_with("cuda: ") && error.contains(if gpu().is_some() { "there is no GPU 1000" } else { "no" }),
        "{error}"
    );
    Ok(())
}

#[test]
fn arrays_of_another_device_are_refused() -> Result<(), Error> {
    let Some(gpu) = gpu() else {
        eprintln!("not run: there is no GPU");
        return Ok(());
    };
    let function = trace(|x: Tensor| x * 2.0).compile_with("f64[n]", &on(&gpu))?;
    let error = function.call_on_device(&numbers(3)?.to_device(&Device::cpu())?).expect_err("not there").to_string();
    assert_eq!(error, "argument 0 is on cpu, but the function was compiled for cuda:0");
    Ok(())
}
