//! Steps of one problem, mapped over rows: another way to many problems at once.

use super::{flags, numbers};
use rotrace::optimize::{Lbfgs, LevenbergMarquardt, Minimizer};
use rotrace::spatial::{Container, Rotation};
use rotrace::{Array, Manifold, Tensor, Tree, trace};

/// One problem after another along a leading axis of everything.
fn mapped<'a, P: Manifold + 'a, S: Tree<Tensor> + 'a, D: Tree<Tensor> + Clone + 'a>(
    one: &Minimizer<'a, P, S, D>,
) -> Minimizer<'a, P, S, D> {
    Minimizer { start: one.start.vmap(0, 0), step: one.step.vmap(0, 0) }
}

const COUNT: usize = 9;

#[test]
fn levenberg_marquardt_of_rows_is_that_of_a_batch() {
    let turned =
        trace(|(rotation, (points, seen)): (Rotation, (Tensor, Tensor))| rotation.expand_dims(-1).apply(points) - seen);
    let one = LevenbergMarquardt::default().minimize(&turned);
    let all = LevenbergMarquardt { batch_axes: 1, ..LevenbergMarquardt::default() }.minimize(&turned);
    let types = "f64[n, 4], f64[n, 20, 3], f64[n, 20, 3]";
    let (mapped, batch) = (mapped(&one).compile(types).unwrap(), all.compile(types).unwrap());
    let start = || Rotation::from_parts(Array::from_vec(&[COUNT, 4], [0.0, 0.0, 0.0, 1.0].repeat(COUNT)).unwrap());
    let array = |seed: usize| Array::from_vec(&[COUNT, 20, 3], numbers(COUNT * 60, seed)).unwrap();
    let mut mapped = mapped.run(start(), (array(1), array(2))).unwrap();
    let mut batch = batch.run(start(), (array(1), array(2))).unwrap();
    for _ in 0..10 {
        let (row, rows) = (mapped.step().unwrap(), batch.step().unwrap());
        assert_eq!((&row.cost, &row.damping, &row.accepted), (&rows.cost, &rows.damping, &rows.accepted));
    }
    assert_eq!(mapped.parameters(), batch.parameters());
}

#[test]
fn lbfgs_of_rows_is_that_of_a_batch() {
    let loss = trace(|(x, wanted): (Tensor, Tensor)| (x.exp() - wanted).square().sum(-1) + (x * 5).cos().sum(-1));
    let minimizer = Lbfgs { history: 4 }.minimize(&loss);
    let types = "f64[n, 3], f64[n, 3]";
    let (mapped, batch) = (mapped(&minimizer).compile(types).unwrap(), minimizer.compile(types).unwrap());
    let array = |seed: usize| Array::from_vec(&[COUNT, 3], numbers(COUNT * 3, seed)).unwrap();
    let mut mapped = mapped.run(array(1), array(2)).unwrap();
    let mut batch = batch.run(array(1), array(2)).unwrap();
    for _ in 0..25 {
        let (row, rows) = (mapped.step().unwrap(), batch.step().unwrap());
        assert_eq!(flags(&row.accepted), flags(&rows.accepted));
        assert_eq!((&row.cost, &row.gradient_norm), (&rows.cost, &rows.gradient_norm));
    }
    assert_eq!(mapped.parameters(), batch.parameters());
}
