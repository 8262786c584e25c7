//! What is minimised: the reprojection error, compiled by Rotrace together with its derivatives.

use crate::bundler::View;
use crate::problem::Problem;
use rotrace::spatial::Rotation;
use rotrace::{Array, Compiled, Error, Manifold, Options, Tensor, Tree, concat, trace};

/// Parameters of a camera: a small turn of its rotation, its translation, and `f`, `k1`, `k2`.
pub const CAMERA: usize = 9;

/// What each observation was made with, gathered into one row per observation.
#[derive(Clone, Copy, Debug, Tree)]
struct Observations<T> {
    quat: T,
    translation: T,
    intrinsics: T,
    point: T,
    pixel: T,
}

const OBSERVATIONS: &str = "f64[n, 4], f64[n, 3], f64[n, 3], f64[n, 3], f64[n, 2]";

/// What is differentiated with respect to.
#[derive(Clone, Copy, Debug, Tree, Manifold)]
struct Unknowns<T> {
    rotation: Rotation<T>,
    translation: T,
    intrinsics: T,
    point: T,
}

/// The residuals `[n, 2]` in pixels, and their derivatives with respect to the camera `[n, 2, 9]` and the point
/// `[n, 2, 3]` of each observation.
#[derive(Clone, Debug, Tree)]
struct Linearised<T> {
    residual: T,
    camera: T,
    point: T,
}

/// The error of each observation.
fn residual(unknowns: Unknowns<Tensor>, pixel: Tensor) -> Tensor {
    let place = unknowns.rotation.apply(unknowns.point) + unknowns.translation;
    let image = -place.slice(-1, ..2) / place.slice(-1, 2..);
    let squared = image.square().sum_keepdims(-1);
    let [focal, first, second] = [0, 1, 2].map(|index| unknowns.intrinsics.slice(-1, index..=index));
    focal * (1.0 + squared * (first + squared * second)) * image - pixel
}

/// The error with its Jacobian, per observation. A rotation's unknowns are those of a small turn that comes first.
fn linearise(seen: Observations<Tensor>) -> Linearised<Tensor> {
    let unknowns = Unknowns {
        rotation: Rotation::from_unit_quat(seen.quat),
        translation: seen.translation,
        intrinsics: seen.intrinsics,
        point: seen.point,
    };
    let residual = trace(|unknowns| residual(unknowns, seen.pixel));
    let (turn, translation, intrinsics, point) = residual.tangent().jacobian(1).call_traced(unknowns);
    Linearised { residual: residual.call_traced(unknowns), camera: concat([turn, translation, intrinsics], -1), point }
}

/// The compiled error and derivatives, with buffers for the observations of one problem.
pub struct Model {
    handle: Compiled<Observations<Tensor>, Linearised<Tensor>>,
    inputs: Observations<Array>,
    outputs: Linearised<Array>,
}

/// What one observation contributes: its error in pixels, and the derivatives of that.
pub struct Row<'a> {
    pub residual: &'a [f64; 2],
    pub camera: &'a [[f64; CAMERA]; 2],
    pub point: &'a [[f64; 3]; 2],
}

impl Model {
    /// Traces, differentiates and compiles for any number of observations, and makes room for those of `problem`.
    pub fn compile(problem: &Problem, options: &Options) -> Result<Self, Error> {
        let handle = trace(linearise).compile_with(OBSERVATIONS, options)?;
        let count = problem.views.len();
        let mut inputs = Observations {
            quat: Array::zeros(&[count, 4])?,
            translation: Array::zeros(&[count, 3])?,
            intrinsics: Array::zeros(&[count, 3])?,
            point: Array::zeros(&[count, 3])?,
            pixel: Array::zeros(&[count, 2])?,
        };
        let outputs = Linearised {
            residual: Array::zeros(&[count, 2])?,
            camera: Array::zeros(&[count, 2, CAMERA])?,
            point: Array::zeros(&[count, 2, 3])?,
        };
        gather(&mut inputs.pixel, problem, |view| view.pixel)?;
        Ok(Self { handle, inputs, outputs })
    }

    /// Errors and derivatives at the current unknowns of `problem`; the sum of squared errors.
    pub fn evaluate(&mut self, problem: &Problem) -> Result<f64, Error> {
        let inputs = &mut self.inputs;
        gather(&mut inputs.quat, problem, |view| problem.cameras[view.camera].quat)?;
        gather(&mut inputs.translation, problem, |view| problem.cameras[view.camera].translation)?;
        gather(&mut inputs.intrinsics, problem, |view| problem.cameras[view.camera].intrinsics)?;
        gather(&mut inputs.point, problem, |view| problem.points[view.point])?;
        self.call()?;
        Ok(self.outputs.residual.as_slice::<f64>()?.iter().map(|error| error * error).sum())
    }

    /// Calls the compiled function on what was gathered last.
    pub fn call(&mut self) -> Result<(), Error> {
        self.handle.call_into(&self.inputs, &mut self.outputs)
    }

    /// The results of the last call, per observation.
    pub fn rows(&self) -> Result<impl Iterator<Item = Row<'_>>, Error> {
        let residual = self.outputs.residual.as_slice::<f64>()?.as_chunks().0;
        let camera = self.outputs.camera.as_slice::<f64>()?.as_chunks().0.as_chunks().0;
        let point = self.outputs.point.as_slice::<f64>()?.as_chunks().0.as_chunks().0;
        let rows = residual.iter().zip(camera).zip(point);
        Ok(rows.map(|((residual, camera), point)| Row { residual, camera, point }))
    }

    /// How many kernels the function was fused into.
    pub fn kernels(&self) -> usize {
        self.handle.executable().report().kernels
    }
}

/// Writes a row per observation.
fn gather<const N: usize>(array: &mut Array, problem: &Problem, row: impl Fn(&View) -> [f64; N]) -> Result<(), Error> {
    let rows = array.as_mut_slice::<f64>()?.as_chunks_mut().0;
    for (target, view) in rows.iter_mut().zip(&problem.views) {
        *target = row(view);
    }
    Ok(())
}
