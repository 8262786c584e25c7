//! Calls of compiled handles allocate nothing once a call of the same size has been made, and may overlap.

use rotrace::optimize::{Adam, Lbfgs, LevenbergMarquardt, Run};
use rotrace::spatial::{Container, Rotation};
use rotrace::{Array, ArrayView, ArrayViewMut, Compiled, Error, Options, Tensor, Traced, Tree, trace};
use rotrace_runtime::View;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Barrier;

/// The system's allocator, which counts the allocations of each thread by itself: tests run side by side.
struct Counting;

thread_local! {
    // Constant and without a destructor, so that its first use does not allocate.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: every method passes the caller's promises on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations this thread makes in `work`.
pub(super) fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

const SIZES: [usize; 3] = [1, 7, 1000];

/// One thread: waking others is `rayon`'s business, which now and then extends its queue.
fn options() -> Options {
    Options { threads: 1, ..Options::default() }
}

fn numbers(shape: &[usize]) -> Array {
    let values = (0..shape.iter().product()).map(|index: usize| (index as f64 * 0.7).sin()).collect();
    Array::from_vec(shape, values).expect("as many values as the shape says")
}

/// Checks `call_into` and `call_views` of a compiled function from two arguments to one result.
fn check(handle: &Compiled<(Tensor, Tensor), Tensor>, shapes: impl Fn(usize) -> [Vec<usize>; 2]) -> Result<(), Error> {
    assert_eq!(handle.executable().report().interpreted, None, "the interpreter allocates");
    for size in SIZES {
        let arguments: (Array, Array) = shapes(size).map(|shape| numbers(&shape)).into();
        let expected = handle.call(&arguments)?;
        let mut result = Array::zeros(expected.shape())?;
        let counted = allocations(|| {
            for _ in 0..3 {
                handle.call_into(&arguments, &mut result).expect("the arguments fit");
            }
        });
        assert_eq!((counted, &result), (0, &expected), "call_into at n = {size}");

        let mut values = vec![0.0; expected.len()];
        let counted = allocations(|| {
            for _ in 0..3 {
                let views = (ArrayView::from(&arguments.0), ArrayView::from(&arguments.1));
                let mut view = ArrayViewMut::of(&mut values, expected.shape()).expect("the sizes fit");
                handle.call_views(&views, &mut view).expect("the arguments fit");
            }
        });
        assert_eq!((counted, values.as_slice()), (0, expected.as_slice()?), "call_views at n = {size}");
    }
    Ok(())
}

fn rotated() -> Traced<'static, (Tensor, Tensor), Tensor> {
    trace(|(rotvec, points)| Rotation::from_rotvec(rotvec).apply(points))
}

/// Rows less their largest element and divided by their sum: what is reduced lies in memory between the kernels.
fn normalised() -> Traced<'static, (Tensor, Tensor), Tensor> {
    trace(|(x, y): (Tensor, Tensor)| {
        let shifted = (x - x.max_keepdims(1)).exp() + y;
        shifted / shifted.sum_keepdims(1)
    })
}

#[test]
fn counting_counts() {
    let counted = allocations(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(counted, 1);
}

#[test]
fn calls_allocate_nothing() -> Result<(), Error> {
    let handle = rotated().compile_with("f64[n, 3], f64[n, 3]", &options())?;
    check(&handle, |size| [vec![size, 3], vec![size, 3]])
}

#[test]
fn calls_with_temporaries_allocate_nothing_the_second_time() -> Result<(), Error> {
    let handle = normalised().compile_with("f64[n, m], f64[m]", &options())?;
    let shapes = |size: usize| [vec![size, 40], vec![40]];
    let arrays = shapes(1000).map(|shape| numbers(&shape));
    let views = arrays.each_ref().map(|array| {
        let elements = array.as_slice::<f64>().expect("the numbers are f64");
        View { dtype: array.dtype(), shape: array.shape(), bytes: bytemuck::cast_slice(elements) }
    });
    let bytes = handle.executable().temporary_bytes(&views).expect("the arguments fit");
    assert!(bytes > 4096, "{bytes} bytes of temporaries fit on the stack, where nothing is to be shown");
    check(&handle, shapes)
}

#[test]
fn gradients_allocate_nothing() -> Result<(), Error> {
    let gradient = trace(|(rotvec, points): (Tensor, Tensor)| {
        trace(move |x| Rotation::from_rotvec(x).apply(points).sum(())).grad().call_traced(rotvec)
    });
    let handle = gradient.compile_with("f64[n, 3], f64[n, 3]", &options())?;
    check(&handle, |size| [vec![size, 3], vec![size, 3]])
}

#[test]
fn two_threads_may_call_one_handle_at_once() -> Result<(), Error> {
    // With temporaries, which the two calls must not share.
    let handle = normalised().compile_with("f64[n, m], f64[m]", &options())?;
    let arguments = (numbers(&[1000, 40]), numbers(&[40]));
    let others = (numbers(&[300, 9]), numbers(&[9]));
    let together = Barrier::new(2);
    let calls = |arguments: &(Array, Array)| -> Result<(), Error> {
        let expected = handle.call(arguments)?;
        together.wait();
        for _ in 0..200 {
            assert_eq!(handle.call(arguments)?, expected);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| calls(&others));
        calls(&arguments)?;
        other.join().expect("the other thread's results agree too")
    })
}

/// Checks that steps of a run allocate nothing.
fn check_steps<P: Tree<Tensor>, S: Tree<Tensor>, D: Tree<Tensor>>(mut run: Run<'_, P, S, D>) {
    let counted = allocations(|| {
        for _ in 0..3 {
            run.step().expect("the arguments fit");
        }
    });
    assert_eq!(counted, 0);
}

#[test]
fn steps_of_optimisers_allocate_nothing() -> Result<(), Error> {
    let loss = trace(|(x, y): (Tensor, Tensor)| (x - y).square().sum(-1));
    let types = "f64[n, 3], f64[n, 3]";
    let adam = Adam::default().minimize(&loss).compile_with(types, &options())?;
    let lbfgs = Lbfgs::default().minimize(&loss).compile_with(types, &options())?;
    let residuals = trace(|((rotation, shift), (points, seen)): ((Rotation, Tensor), (Tensor, Tensor))| {
        rotation.expand_dims(-1).apply(points) + shift.expand_dims(-2) - seen
    });
    let damped = LevenbergMarquardt { batch_axes: 1, ..LevenbergMarquardt::default() }.minimize(&residuals);
    let damped = damped.compile_with("f64[n, 4], f64[n, 3], f64[n, 20, 3], f64[n, 20, 3]", &options())?;
    for size in SIZES {
        check_steps(adam.run(numbers(&[size, 3]), numbers(&[size, 3]))?);
        check_steps(lbfgs.run(numbers(&[size, 3]), numbers(&[size, 3]))?);
        let pose = (Rotation::from_parts(numbers(&[size, 4])), numbers(&[size, 3]));
        check_steps(damped.run(pose, (numbers(&[size, 20, 3]), numbers(&[size, 20, 3])))?);
    }
    Ok(())
}
