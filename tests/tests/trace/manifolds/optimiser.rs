//! Gauss-Newton on a manifold: a pose fitted to points.

use super::close;
use rotrace::spatial::Rotation;
use rotrace::{Array, Manifold, Tensor, Tree, constant, trace};

#[derive(Clone, Debug, Tree, Manifold)]
struct Pose<T> {
    rotation: Rotation<T>,
    translation: T,
}

const POINTS: [[f64; 3]; 5] = [[1.0, 0.0, 0.0], [0.0, 2.0, 0.5], [-1.0, 0.3, 1.0], [0.4, -0.7, 2.0], [-0.2, 1.1, -1.5]];

/// A pinhole's image: not linear in the pose, so that the steps are not exact.
fn image(pose: &Pose<Tensor>) -> Tensor {
    let places = pose.rotation.apply(POINTS) + pose.translation;
    places.slice(-1, ..2) / places.slice(-1, 2..)
}

#[test]
fn a_pose_fit_converges_quadratically() {
    let truth = Pose {
        rotation: Rotation::from_parts(Array::from([0.48, 0.6, 0.0, 0.64])),
        translation: Array::from([0.1, -0.3, 6.0]),
    };
    let seen = trace(|pose: Pose<Tensor>| image(&pose)).compile("f64[4], f64[3]").unwrap().call(&truth).unwrap();
    let linearise = trace(move |pose: Pose<Tensor>| {
        let residual = trace(move |pose: Pose<Tensor>| image(&pose) - constant(seen));
        (residual.call_traced(pose.clone()), residual.tangent().jacobian(0).call_traced(pose))
    });
    let linearise = linearise.compile("f64[4], f64[3]").unwrap();
    let step = trace(|(pose, step): (Pose<Tensor>, (Tensor, Tensor))| pose.retract(step));
    let step = step.compile("f64[4], f64[3], f64[3], f64[3]").unwrap();
    let error = trace(|(pose, truth): (Pose<Tensor>, Pose<Tensor>)| pose.local(truth));
    let error = error.compile("f64[4], f64[3], f64[4], f64[3]").unwrap();

    let start = (Array::from([0.15, -0.1, 0.2]), Array::from([0.2, 0.1, -0.5]));
    let mut pose = step.call(&(truth.clone(), start)).unwrap();
    let mut errors = Vec::new();
    for _ in 0..7 {
        let (turn, shift) = error.call(&(pose.clone(), truth.clone())).unwrap();
        let squared = |part: &Array| part.as_slice::<f64>().unwrap().iter().map(|x| x * x).sum::<f64>();
        errors.push((squared(&turn) + squared(&shift)).sqrt());
        let (residual, (of_turn, of_shift)) = linearise.call(&pose).unwrap();
        let rows = |part: &Array| part.as_slice::<f64>().unwrap().as_chunks::<3>().0.to_vec();
        let solution = solve(&rows(&of_turn), &rows(&of_shift), residual.as_slice().unwrap());
        let [a, b, c, d, e, f] = solution.map(|x| -x);
        pose = step.call(&(pose, (Array::from([a, b, c]), Array::from([d, e, f])))).unwrap();
    }
    assert!(errors[0] > 0.5 && errors[6] < 1e-14, "{errors:?}");
    let last = errors.iter().position(|&error| error < 1e-7).expect("converged");
    let ratios: Vec<f64> = (1..=last).map(|k| errors[k] / (errors[k - 1] * errors[k - 1])).collect();
    assert!(ratios.iter().all(|&ratio| ratio < 2.0), "{errors:?}: not quadratic");
    close(pose.translation.as_slice().unwrap(), truth.translation.as_slice::<f64>().unwrap(), 1e-14);
}

/// The least-squares solution of 6 unknowns, by the normal equations.
fn solve(first: &[[f64; 3]], second: &[[f64; 3]], right: &[f64]) -> [f64; 6] {
    let mut system = [[0.0; 7]; 6];
    for ((a, b), &right) in first.iter().zip(second).zip(right) {
        let row = [a[0], a[1], a[2], b[0], b[1], b[2], right];
        for (equation, factor) in system.iter_mut().zip(row) {
            equation.iter_mut().zip(row).for_each(|(sum, element)| *sum += factor * element);
        }
    }
    // Positive definite: elimination needs no pivots.
    for pivot in 0..6 {
        let top = system[pivot].map(|element| element / system[pivot][pivot]);
        for (row, equation) in system.iter_mut().enumerate() {
            let factor = equation[pivot];
            if row != pivot {
                equation.iter_mut().zip(top).for_each(|(element, above)| *element -= factor * above);
            }
        }
        system[pivot] = top;
    }
    system.map(|row| row[6])
}
