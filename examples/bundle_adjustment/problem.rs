//! The unknowns of a reconstruction, and how they are moved.

use crate::bundler::{Bundle, View};
use crate::model::CAMERA;
use crate::noise::Noise;
use rotrace::spatial::Rotation;
use rotrace::{Array, Compiled, Error, Manifold, Options, Tensor, trace};

/// A camera's unknowns.
#[derive(Clone, Debug)]
pub struct Camera {
    /// Unit quaternion, scalar-last, of the rotation from world to camera coordinates.
    pub quat: [f64; 4],
    pub translation: [f64; 3],
    /// `f`, `k1`, `k2`.
    pub intrinsics: [f64; 3],
}

/// All unknowns, and the observations that tell them.
#[derive(Clone, Debug)]
pub struct Problem {
    pub cameras: Vec<Camera>,
    pub points: Vec<[f64; 3]>,
    pub views: Vec<View>,
}

/// A change of all unknowns: per camera a turn, then what is added to its translation and intrinsics; per point what
/// is added to it.
#[derive(Clone, Debug)]
pub struct Step {
    pub cameras: Vec<[f64; CAMERA]>,
    pub points: Vec<[f64; 3]>,
}

/// Rotation arithmetic over all cameras at once.
pub struct Rotations {
    of_matrices: Compiled<Tensor, Tensor>,
    turned: Compiled<(Tensor, Tensor), Tensor>,
}

impl Rotations {
    pub fn compile(options: &Options) -> Result<Self, Error> {
        let of_matrices = trace(|matrix| Rotation::from_matrix(matrix).as_quat(true));
        let turned = trace(|(quat, turn)| Rotation::from_quat(quat).retract(turn).as_quat(false));
        Ok(Self {
            of_matrices: of_matrices.compile_with("f64[n, 3, 3]", options)?,
            turned: turned.compile_with("f64[n, 4], f64[n, 3]", options)?,
        })
    }

    /// The quaternions of row-major matrices.
    fn of_matrices(&self, matrices: Vec<[f64; 9]>) -> Result<Vec<[f64; 4]>, Error> {
        let count = matrices.len();
        let quats = self.of_matrices.call(&Array::from(matrices).reshape(&[count, 3, 3])?)?;
        Ok(quats.as_slice()?.as_chunks().0.to_vec())
    }

    /// The rotations after turns, which come first; of unit length again.
    fn turned(&self, quats: Vec<[f64; 4]>, turns: Vec<[f64; 3]>) -> Result<Vec<[f64; 4]>, Error> {
        let quats = self.turned.call(&(quats.into(), turns.into()))?;
        Ok(quats.as_slice()?.as_chunks().0.to_vec())
    }
}

impl Problem {
    pub fn new(bundle: Bundle, rotations: &Rotations) -> Result<Self, Error> {
        let quats = rotations.of_matrices(bundle.cameras.iter().map(|camera| camera.rotation).collect())?;
        let cameras = bundle.cameras.iter().zip(quats).map(|(camera, quat)| Camera {
            quat,
            translation: camera.translation,
            intrinsics: [camera.focal, camera.distortion[0], camera.distortion[1]],
        });
        Ok(Self { cameras: cameras.collect(), points: bundle.points, views: bundle.views })
    }

    /// The unknowns after a step.
    pub fn moved(&self, step: &Step, rotations: &Rotations) -> Result<Self, Error> {
        let quats = self.cameras.iter().map(|camera| camera.quat).collect();
        let quats =
            rotations.turned(quats, step.cameras.iter().map(|change| [change[0], change[1], change[2]]).collect())?;
        let cameras = self.cameras.iter().zip(&step.cameras).zip(quats).map(|((camera, change), quat)| Camera {
            quat,
            translation: sum(camera.translation, [change[3], change[4], change[5]]),
            intrinsics: sum(camera.intrinsics, [change[6], change[7], change[8]]),
        });
        let points = self.points.iter().zip(&step.points).map(|(&point, &change)| sum(point, change));
        Ok(Self { cameras: cameras.collect(), points: points.collect(), views: self.views.clone() })
    }

    /// Normal noise: on the pose of each camera but the first, in radians and units of length, and on each point.
    pub fn noise(&self, seed: u64, pose: f64, point: f64) -> Step {
        let mut noise = Noise::new(seed);
        let mut camera = |index| {
            let ([a, b, c], [x, y, z]) = match index {
                0 => ([0.0; 3], [0.0; 3]),
                _ => (noise.vector(pose), noise.vector(pose)),
            };
            [a, b, c, x, y, z, 0.0, 0.0, 0.0]
        };
        let cameras = (0..self.cameras.len()).map(&mut camera).collect();
        Step { cameras, points: self.points.iter().map(|_| noise.vector(point)).collect() }
    }
}

fn sum(left: [f64; 3], right: [f64; 3]) -> [f64; 3] {
    [left[0] + right[0], left[1] + right[1], left[2] + right[2]]
}
