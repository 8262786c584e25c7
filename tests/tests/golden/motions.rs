//! Motions as matrices, computed from what stands for them: two sets of angles or two vectors may be the same motion.

type Vector = [f64; 3];
type Matrix = [Vector; 3];

/// Three axes and whether turns about them are about those of the world.
#[derive(Clone, Debug)]
pub struct Axes {
    pub axes: [Vector; 3],
    pub extrinsic: bool,
}

impl Axes {
    /// The axes of a sequence such as `xyz` or `XYZ`.
    pub fn of_sequence(sequence: &str) -> Option<Self> {
        let unit = |letter: char| {
            let place = "xyz".find(letter.to_ascii_lowercase())?;
            Some(std::array::from_fn(|index| f64::from(index == place)))
        };
        let axes: Vec<Vector> = sequence.chars().map(unit).collect::<Option<_>>()?;
        Some(Self {
            axes: axes.try_into().ok()?,
            extrinsic: sequence.starts_with(|letter: char| letter.is_lowercase()),
        })
    }

    /// The matrix of turns about the axes, by angles in radians.
    fn turn(&self, angles: &[f64]) -> Result<Matrix, String> {
        let [first, second, third] = angles else { return Err("not three angles".into()) };
        let turns = [*first, *second, *third].into_iter().zip(self.axes).map(|(angle, axis)| {
            let length = axis.iter().map(|component| component * component).sum::<f64>().sqrt();
            rodrigues(axis.map(|component| component / length * angle))
        });
        let identity = rodrigues([0.0; 3]);
        Ok(turns.fold(
            identity,
            |product, turn| {
                if self.extrinsic { multiply(turn, product) } else { multiply(product, turn) }
            },
        ))
    }

    /// The entries of the matrix of turns about the axes.
    pub fn matrix(&self, angles: &[f64], degrees: bool) -> Result<[f64; 9], String> {
        let angles: Vec<f64> = angles.iter().map(|angle| angle * unit(degrees)).collect();
        self.turn(&angles).map(flat)
    }
}

/// The entries of the matrix of a rotation vector.
pub fn of_vector(vector: &[f64], degrees: bool) -> Result<[f64; 9], String> {
    let vector = Vector::try_from(vector).map_err(|_| "not a rotation vector".to_owned())?;
    Ok(flat(rodrigues(vector.map(|component| component * unit(degrees)))))
}

/// The rotation matrix and the translation of exponential coordinates.
pub fn of_coordinates(coordinates: &[f64]) -> Result<[f64; 12], String> {
    let &[x, y, z, a, b, c] = coordinates else { return Err("not exponential coordinates".into()) };
    let rotation = flat(rodrigues([x, y, z]));
    let squared = x * x + y * y + z * z;
    let angle = squared.sqrt();
    // (1 - cos) / angle^2 and (angle - sin) / angle^3; of small angles, which would cancel, by their series.
    let (versine, remainder) = if angle < 0.03 {
        (0.5 - squared / 24.0 + squared * squared / 720.0, 1.0 / 6.0 - squared / 120.0 + squared * squared / 5040.0)
    } else {
        (2.0 * ((angle / 2.0).sin() / angle).powi(2), (angle - angle.sin()) / (angle * squared))
    };
    let cross = |[a, b, c]: [f64; 3]| [y * c - z * b, z * a - x * c, x * b - y * a];
    let once = cross([a, b, c]);
    let twice = cross(once);
    let mut motion = [0.0; 12];
    motion[..9].copy_from_slice(&rotation);
    for (index, velocity) in [a, b, c].into_iter().enumerate() {
        motion[9 + index] = velocity + versine * once[index] + remainder * twice[index];
    }
    Ok(motion)
}

/// The angle of a unit quaternion, or of its negative.
pub fn angle(quat: &[f64]) -> Result<f64, String> {
    let [x, y, z, w] = quat else { return Err("not a quaternion".into()) };
    Ok(2.0 * (x * x + y * y + z * z).sqrt().atan2(w.abs()))
}

fn unit(degrees: bool) -> f64 {
    if degrees { std::f64::consts::PI / 180.0 } else { 1.0 }
}

/// Rodrigues' formula.
fn rodrigues([x, y, z]: Vector) -> Matrix {
    let angle = (x * x + y * y + z * z).sqrt();
    let sine = if angle == 0.0 { 1.0 } else { angle.sin() / angle };
    // (1 - cos) / angle^2, without cancellation.
    let half = if angle == 0.0 { 0.5 } else { (angle / 2.0).sin() / angle };
    let versine = if angle == 0.0 { 0.5 } else { 2.0 * half * half };
    [
        [1.0 - versine * (y * y + z * z), versine * x * y - sine * z, versine * x * z + sine * y],
        [versine * x * y + sine * z, 1.0 - versine * (x * x + z * z), versine * y * z - sine * x],
        [versine * x * z - sine * y, versine * y * z + sine * x, 1.0 - versine * (x * x + y * y)],
    ]
}

fn multiply(a: Matrix, b: Matrix) -> Matrix {
    std::array::from_fn(|row| std::array::from_fn(|column| (0..3).map(|k| a[row][k] * b[k][column]).sum()))
}

fn flat(matrix: Matrix) -> [f64; 9] {
    std::array::from_fn(|place| matrix[place / 3][place % 3])
}
