//! Graphs of some 100 000 nodes go through tracing, derivatives, passes and lowering. What takes stack for each node
//! overflows here; what takes time quadratic in the graph makes these the slowest tests.

use rotrace::{Array, Tensor, Traced, stack, trace};
use rotrace_passes::{lower, pipeline};

/// The gradient's number of nodes, having lowered it.
fn lowered(function: &Traced<'_, Tensor, Tensor>, types: &str) -> usize {
    let gradient = function.value_and_grad().lower(types).expect("well typed");
    let (optimized, _) = pipeline::run(gradient.function(), &pipeline::Options::default()).expect("well formed");
    let plan = lower::lower(&optimized, lower::Options::default()).expect("no long index lists");
    assert!(!plan.steps.is_empty());
    gradient.function().nodes.len()
}

#[test]
fn a_long_chain() {
    let chain = trace(|x: Tensor| (0..25_000).fold(x, |y, _| y * x + 1.5).sum(()));
    assert!(lowered(&chain, "f64[n]") > 100_000);
}

#[test]
fn values_with_many_users() {
    let shared = trace(|x: Tensor| {
        let mut ring = [x; 8];
        for step in 0..16_000 {
            ring[(step + 1) % 8] = ring[step % 8] * ring[(5 * step + 3) % 8] - x;
        }
        ring.into_iter().fold(x, |sum, one| sum + one).sum(())
    });
    assert!(lowered(&shared, "f64[n]") > 90_000);
}

#[test]
fn many_arrays_and_many_captures() {
    let sum = trace(|x: Tensor| {
        let many: Vec<Tensor> = (0..25_000).map(|number| x + Array::from([f64::from(number), 1.0])).collect();
        let inner = trace(move |y: Tensor| many.iter().fold(y, |sum, &one| sum + one));
        inner.call_traced(x).sum(())
    });
    assert!(lowered(&sum, "f64[n, 2]") > 70_000);
}

#[test]
fn many_parts_of_one_array() {
    let parts = trace(|x: Tensor| {
        let parts: Vec<Tensor> = (0..16_000).map(|index| x.index(0, index) * (index as f64)).collect();
        stack(parts, 0).sum(())
    });
    assert!(lowered(&parts, "f64[16000, 3]") > 100_000);
}
