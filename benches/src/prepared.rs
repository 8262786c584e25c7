//! A workload compiled and bound to buffers, ready to be called again and again.

use crate::memory::Buffer;
use rotrace::{ArrayView, ArrayViewMut, Compiled, Element, Error, Options, Tensor, Traced};
use std::time::{Duration, Instant};

/// Element types of the workloads.
pub trait Number: Element + bytemuck::AnyBitPattern + Default {
    /// The nearest value of this type.
    fn of(value: f64) -> Self;
    /// The same value.
    fn to_f64(self) -> f64;
}

impl Number for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }
    fn to_f64(self) -> f64 {
        self.into()
    }
}

impl Number for f64 {
    fn of(value: f64) -> Self {
        value
    }
    fn to_f64(self) -> f64 {
        self
    }
}

/// An array as files and other languages hold it.
#[derive(Clone, Debug)]
pub struct Data {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// Elements in row-major order.
    pub values: Vec<f64>,
}

/// A function of `N` arrays with `M` results, and what is needed to compile and call it.
pub struct Workload<const N: usize, const M: usize> {
    /// What is computed.
    pub function: Traced<'static, [Tensor; N], [Tensor; M]>,
    /// The arguments' names and shapes, such as `("q", "[n, 4]")`.
    pub arguments: [(&'static str, &'static str); N],
    /// The results' shapes for those of the arguments.
    pub results: fn([&[usize]; N]) -> [Vec<usize>; M],
}

impl<const N: usize, const M: usize> Workload<N, M> {
    /// The types that the function is compiled for.
    #[must_use]
    pub fn signature<T: Number>(&self) -> String {
        self.arguments.map(|(_, shape)| format!("{}{shape}", T::DTYPE)).join(", ")
    }

    /// Compiles the function and places its arguments and results.
    ///
    /// # Errors
    /// What the compiler reports.
    pub fn prepare<T: Number>(&self, arguments: [&Data; N], options: &Options) -> Result<Prepared<T, N, M>, Error> {
        let start = Instant::now();
        let lowered = self.function.lower(&self.signature::<T>())?;
        let trace = start.elapsed();
        let handle = lowered.compile_with(options)?;
        let build = start.elapsed();
        let place = |data: &Data| Placed {
            shape: data.shape.clone(),
            buffer: Buffer::of(data.values.iter().map(|&value| T::of(value))),
        };
        let empty = |shape: Vec<usize>| Placed { buffer: Buffer::zeros(shape.iter().product()), shape };
        let shapes = arguments.map(|data| data.shape.as_slice());
        Ok(Prepared {
            handle,
            arguments: arguments.map(place),
            results: (self.results)(shapes).map(empty),
            trace,
            build,
        })
    }
}

struct Placed<T> {
    shape: Vec<usize>,
    buffer: Buffer<T>,
}

/// A compiled workload with its arguments and results.
pub struct Prepared<T, const N: usize, const M: usize> {
    /// The compiled function.
    pub handle: Compiled<[Tensor; N], [Tensor; M]>,
    arguments: [Placed<T>; N],
    results: [Placed<T>; M],
    trace: Duration,
    build: Duration,
}

/// A [`Prepared`] of any type.
pub trait Bench {
    /// Calls the function once.
    ///
    /// # Errors
    /// Never, if the workload states its shapes right.
    fn call(&mut self) -> Result<(), Error>;
    /// The results of the last call.
    fn results(&self) -> Vec<Data>;
    /// Seconds for tracing and compiling.
    fn build_seconds(&self) -> f64;
    /// Stages of tracing and compiling, in seconds.
    fn phases(&self) -> Vec<(String, f64)>;
    /// Why the handle is interpreted, if it is.
    fn interpreted(&self) -> Option<String>;
}

impl<T: Number, const N: usize, const M: usize> Bench for Prepared<T, N, M> {
    #[inline]
    fn call(&mut self) -> Result<(), Error> {
        let arguments = self.arguments.each_ref().map(|placed| view(placed));
        let mut results = self.results.each_mut().map(|placed| view_mut(placed));
        self.handle.call_views(&arguments, &mut results)
    }

    fn results(&self) -> Vec<Data> {
        let data = |placed: &Placed<T>| Data {
            shape: placed.shape.clone(),
            values: placed.buffer.iter().map(|value| value.to_f64()).collect(),
        };
        self.results.iter().map(data).collect()
    }

    fn build_seconds(&self) -> f64 {
        self.build.as_secs_f64()
    }

    fn phases(&self) -> Vec<(String, f64)> {
        let stages = self.handle.executable().report().stages.into_iter();
        let stages = stages.map(|(stage, time)| (format!("{stage}_s"), time.as_secs_f64()));
        std::iter::once(("trace_s".to_owned(), self.trace.as_secs_f64())).chain(stages).collect()
    }

    fn interpreted(&self) -> Option<String> {
        self.handle.executable().report().interpreted
    }
}

fn view<T: Number>(placed: &Placed<T>) -> ArrayView<'_> {
    ArrayView::of(&placed.buffer, &placed.shape).expect("a placed array has as many elements as its shape says")
}

fn view_mut<T: Number>(placed: &mut Placed<T>) -> ArrayViewMut<'_> {
    ArrayViewMut::of(&mut placed.buffer, &placed.shape).expect("a placed array has as many elements as its shape says")
}
