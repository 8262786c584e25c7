//! The finite groups of rotations, in SciPy's order and with its signs.

use super::Rotation;
use crate::spatial::component::refuse_arguments;
use crate::trace::located_at;
use crate::{Array, DType, constant};
use std::f64::consts::{FRAC_1_SQRT_2, PI};
use std::panic::Location;

/// Far more elements than anyone needs, and no burden on the memory.
const MOST: usize = 1 << 20;

impl Rotation {
    /// The elements `[m]` of a group: `"I"`, `"O"` and `"T"` are the rotations of an icosahedron (60), an octahedron (24)
    /// and a tetrahedron (12), `"Cn"` those of a pyramid and `"Dn"` those of a prism over a regular polygon with `n`
    /// sides (`n` and `2 n`), as `"C4"`.
    ///
    /// `axis` is `"X"`, `"Y"` or `"Z"`, in either case: of cyclic and dihedral groups the main axis. Others have theirs.
    #[track_caller]
    #[must_use]
    pub fn create_group(dtype: DType, group: &str, axis: &str) -> Self {
        located_at(Location::caller(), || {
            let name = "Rotation::create_group";
            if !dtype.is_float() {
                return Self { quat: refuse_arguments(name, &format!("quaternions are floats, not {dtype}")) };
            }
            let quats = main_axis(axis).and_then(|axis| elements(group, axis));
            let quats = quats.and_then(|quats| {
                let data = quats.as_flattened().to_vec();
                Array::from_vec(&[quats.len(), 4], data).map_err(|error| error.to_string())
            });
            let quat = quats.map(|quats| constant(quats).astype(dtype));
            Self { quat: quat.unwrap_or_else(|problem| refuse_arguments(name, &problem)) }
        })
    }
}

fn main_axis(axis: &str) -> Result<usize, String> {
    match axis {
        "x" | "X" => Ok(0),
        "y" | "Y" => Ok(1),
        "z" | "Z" => Ok(2),
        _ => Err(format!("the axis must be one of x, y, z, X, Y, Z, not `{axis}`")),
    }
}

fn elements(group: &str, axis: usize) -> Result<Vec<[f64; 4]>, String> {
    let unknown = || format!("the group must be one of I, O, T, Cn, Dn with a number n, not `{group}`");
    match group {
        "I" => return Ok(icosahedral()),
        "O" => return Ok(octahedral()),
        "T" => return Ok(tetrahedral()),
        _ => {}
    }
    let (family, order) = group.split_at_checked(1).ok_or_else(unknown)?;
    if order.is_empty() || !order.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(unknown());
    }
    let order = order.parse::<usize>().ok().filter(|&order| order <= MOST);
    let elements = match family {
        "C" => cyclic,
        "D" => dihedral,
        _ => return Err(unknown()),
    };
    match order {
        Some(0) => Err(format!("the order of a group must be positive, which that of `{group}` is not")),
        Some(order) => Ok(elements(order, axis)),
        None => Err(format!("the order of a group must be at most {MOST}, which that of `{group}` is not")),
    }
}

fn cyclic(order: usize, axis: usize) -> Vec<[f64; 4]> {
    let turn = |index: usize| {
        let half = PI * index as f64 / order as f64;
        let mut quat = [0.0, 0.0, 0.0, half.cos()];
        quat[axis] = half.sin();
        quat
    };
    (0..order).map(turn).collect()
}

/// The cyclic group, here with angles in `[-pi, pi]`, and half turns about axes at right angles to the main one.
fn dihedral(order: usize, axis: usize) -> Vec<[f64; 4]> {
    let half_turn = |index: usize| {
        let angle = PI * index as f64 / order as f64;
        let mut quat = [0.0; 4];
        (quat[(axis + 1) % 3], quat[(axis + 2) % 3]) = (angle.cos(), angle.sin());
        quat
    };
    let turns = (0..).zip(cyclic(order, axis));
    let turns = turns.map(|(index, quat)| if 2 * index > order { quat.map(|component| -component) } else { quat });
    turns.chain((0..order).map(half_turn)).collect()
}

/// The unit quaternions of the axes, and those whose components all have the magnitude 1/2.
fn tetrahedral() -> Vec<[f64; 4]> {
    let units = (0..4).map(|place| std::array::from_fn(|index| if index == place { 1.0 } else { 0.0 }));
    let signs = [-0.5, 0.5];
    let halves = [0.5, -0.5].into_iter().flat_map(|w| signs.map(|y| signs.map(|z| [0.5, y, z, w]))).flatten();
    units.chain(halves).collect()
}

/// The tetrahedral group, and the quaternions with two components of the same magnitude.
fn octahedral() -> Vec<[f64; 4]> {
    const SIGNS: [[i8; 4]; 12] = [
        [1, 0, 0, 1],
        [0, 1, 0, 1],
        [0, 0, 1, 1],
        [0, 0, -1, 1],
        [0, -1, 0, 1],
        [-1, 0, 0, 1],
        [0, 1, 1, 0],
        [0, -1, 1, 0],
        [1, 0, 1, 0],
        [-1, 0, 1, 0],
        [1, 1, 0, 0],
        [-1, 1, 0, 0],
    ];
    let pairs = SIGNS.map(|signs| signs.map(|sign| f64::from(sign) * FRAC_1_SQRT_2));
    tetrahedral().into_iter().chain(pairs).collect()
}

/// The tetrahedral group, and the even permutations of three magnitudes and 0 with all signs but that of the first
/// component that is not 0, which is positive.
///
/// Their order is lexicographic, with the positive values first, then the negative ones and 0.
fn icosahedral() -> Vec<[f64; 4]> {
    let golden = (1.0 + 5.0_f64.sqrt()) / 2.0;
    let [a, b, c] = [0.5, 0.5 / golden, golden / 2.0];
    let values = [a, b, c, -a, -b, -c, 0.0];
    // The place of a value's magnitude among a, b, c and 0.
    let letter = |value: usize| if value < 6 { value % 3 } else { 3 };
    let fits = |choice: &[usize; 4]| {
        let letters = choice.map(letter);
        let pairs = || (0..4).flat_map(|last| (0..last).map(move |first| (first, last)));
        let distinct = pairs().all(|(first, last)| letters[first] != letters[last]);
        let inversions = pairs().filter(|&(first, last)| letters[first] > letters[last]).count();
        let leading = choice.iter().find(|&&value| value < 6);
        distinct && inversions % 2 == 0 && leading.is_some_and(|&value| value < 3)
    };
    let digits = |number: usize| [number / 343, number / 49 % 7, number / 7 % 7, number % 7];
    let choices = (0..7_usize.pow(4)).map(digits).filter(fits);
    tetrahedral().into_iter().chain(choices.map(|choice| choice.map(|value| values[value]))).collect()
}
