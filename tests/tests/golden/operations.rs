//! SciPy's operations in Rotrace's spelling.
//!
//! Options that SciPy takes as arguments are methods of their own in Rotrace, or the type of an argument. The other
//! order of a quaternion's components, `scalar_first`, is a `take` away.

use crate::format::Numbers;
use rotrace::spatial::Rotation;
use rotrace::{Array, DType, Tensor, constant};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// An operation with its options, which tell it from all others.
#[derive(Clone, Debug)]
pub enum Operation {
    FromQuat { scalar_first: bool },
    FromMatrix { assume_valid: bool },
    FromRotvec { degrees: bool },
    AsQuat { canonical: bool, scalar_first: bool },
    AsMatrix,
    AsRotvec { degrees: bool },
    Apply { inverse: bool },
    Multiply,
    Inverse,
    Magnitude,
    Identity { dtype: DType, shape: Vec<usize> },
    Shape,
    Single,
    Length,
}

/// A call: an operation and its array arguments.
pub struct Call {
    pub operation: Operation,
    pub arrays: Vec<Array>,
}

/// Why a case is no call.
pub enum Refusal {
    /// Rotrace does not have this; the reason, if it is finer than the name of the operation.
    Unsupported(Option<String>),
    /// The case does not have the format.
    Malformed(String),
}

/// How many trailing axes of an array belong to one element of the batch.
const QUAT: usize = 1;
const VECTOR: usize = 1;
const MATRIX: usize = 2;

impl Operation {
    /// The operation on traced arguments.
    pub fn record(&self, arguments: &[Tensor]) -> Tensor {
        let rotation = || Rotation::from_quat(arguments[0]);
        match self {
            Self::FromQuat { scalar_first: false } => rotation().as_quat(false),
            Self::FromQuat { scalar_first: true } => {
                Rotation::from_quat(arguments[0].take(&[1, 2, 3, 0], -1)).as_quat(false)
            }
            Self::FromMatrix { assume_valid: false } => Rotation::from_matrix(arguments[0]).as_quat(false),
            Self::FromMatrix { assume_valid: true } => Rotation::from_matrix_assume_valid(arguments[0]).as_quat(false),
            Self::FromRotvec { degrees: false } => Rotation::from_rotvec(arguments[0]).as_quat(false),
            Self::FromRotvec { degrees: true } => Rotation::from_rotvec_degrees(arguments[0]).as_quat(false),
            Self::AsQuat { canonical, scalar_first: false } => rotation().as_quat(*canonical),
            Self::AsQuat { canonical, scalar_first: true } => rotation().as_quat(*canonical).take(&[3, 0, 1, 2], -1),
            Self::AsMatrix => rotation().as_matrix(),
            Self::AsRotvec { degrees: false } => rotation().as_rotvec(),
            Self::AsRotvec { degrees: true } => rotation().as_rotvec_degrees(),
            Self::Apply { inverse: false } => rotation().apply(arguments[1]),
            Self::Apply { inverse: true } => rotation().apply_inverse(arguments[1]),
            Self::Multiply => (rotation() * Rotation::from_quat(arguments[1])).as_quat(false),
            Self::Inverse => rotation().inv().as_quat(false),
            Self::Magnitude => rotation().magnitude(),
            Self::Identity { dtype, shape } => Rotation::identity(*dtype, shape.as_slice()).as_quat(false),
            Self::Shape => {
                let sizes = leading_sizes(rotation());
                constant(Array::from(sizes))
            }
            Self::Single => constant(leading_sizes(rotation()).is_empty()),
            Self::Length => constant(leading_sizes(rotation()).first().copied().unwrap_or(-1)),
        }
    }

    /// The trailing axes of each array argument, and of the result, that belong to one element of the batch; `None`
    /// if the result is not one element per element.
    pub fn cores(&self) -> Option<(&'static [usize], usize)> {
        match self {
            Self::FromQuat { .. } | Self::AsQuat { .. } | Self::Inverse => Some((&[QUAT], QUAT)),
            Self::FromMatrix { .. } => Some((&[MATRIX], QUAT)),
            Self::FromRotvec { .. } => Some((&[VECTOR], QUAT)),
            Self::AsMatrix => Some((&[QUAT], MATRIX)),
            Self::AsRotvec { .. } => Some((&[QUAT], VECTOR)),
            Self::Apply { .. } => Some((&[QUAT, VECTOR], VECTOR)),
            Self::Multiply => Some((&[QUAT, QUAT], QUAT)),
            Self::Magnitude => Some((&[QUAT], 0)),
            Self::Identity { .. } | Self::Shape | Self::Single | Self::Length => None,
        }
    }
}

/// The sizes of the axes in front of the quaternions, which are all numbers here.
fn leading_sizes(rotation: Rotation) -> Vec<i64> {
    let shape = rotation.into_parts().shape();
    let leading = shape.len().saturating_sub(1);
    shape[..leading].iter().filter_map(|dim| dim.as_fixed()).map(|size| size as i64).collect()
}

/// The arguments of a case, each taken once.
struct Arguments<'a>(BTreeMap<&'a str, &'a Value>);

impl Arguments<'_> {
    fn flag(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.0.remove(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(Refusal::Malformed(format!("`{name}` is not a truth value"))),
        }
    }

    fn array(&mut self, name: &str) -> Result<Array, Refusal> {
        let value = self.0.remove(name).ok_or_else(|| Refusal::Malformed(format!("there is no argument `{name}`")))?;
        decode_array(value).map_err(|error| Refusal::Malformed(format!("`{name}`: {error}")))
    }

    /// Rotations, by the quaternions that they are made of.
    fn rotation(&mut self, name: &str) -> Result<Array, Refusal> {
        let value = self.0.remove(name).and_then(|value| value.get("$rotation"));
        let value = value.ok_or_else(|| Refusal::Malformed(format!("`{name}` is no rotation")))?;
        decode_array(value).map_err(|error| Refusal::Malformed(format!("`{name}`: {error}")))
    }

    /// The shape that `num` or `shape` says.
    fn shape(&mut self) -> Result<Vec<usize>, Refusal> {
        let given = |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned();
        let (number, shape) = (given(self.0.remove("num")), given(self.0.remove("shape")));
        let sizes = match (number, shape) {
            (None, None) => return Ok(Vec::new()),
            (Some(_), Some(_)) => return Err(Refusal::Unsupported(Some("both `num` and `shape`".into()))),
            (Some(size), None) | (None, Some(size @ Value::Number(_))) => Value::Array(vec![size]),
            (None, Some(sizes)) => sizes,
        };
        serde_json::from_value(sizes).map_err(|error| Refusal::Malformed(error.to_string()))
    }
}

/// An array of a file, from parsed text.
pub fn decode_array(value: &Value) -> Result<Array, String> {
    Numbers::deserialize(value).map(|numbers| numbers.0).map_err(|error| error.to_string())
}

/// The call that a case describes.
pub fn decode(op: &str, args: &BTreeMap<String, Value>, dtype: &str) -> Result<Call, Refusal> {
    let mut arguments = Arguments(args.iter().map(|(name, value)| (name.as_str(), value)).collect());
    let (operation, arrays) = match op {
        "Rotation.from_quat" => {
            let scalar_first = arguments.flag("scalar_first")?;
            (Operation::FromQuat { scalar_first }, vec![arguments.array("quat")?])
        }
        "Rotation.from_matrix" => {
            let assume_valid = arguments.flag("assume_valid")?;
            (Operation::FromMatrix { assume_valid }, vec![arguments.array("matrix")?])
        }
        "Rotation.from_rotvec" => {
            let degrees = arguments.flag("degrees")?;
            (Operation::FromRotvec { degrees }, vec![arguments.array("rotvec")?])
        }
        "Rotation.as_quat" => {
            let (canonical, scalar_first) = (arguments.flag("canonical")?, arguments.flag("scalar_first")?);
            (Operation::AsQuat { canonical, scalar_first }, vec![arguments.rotation("self")?])
        }
        "Rotation.as_matrix" => (Operation::AsMatrix, vec![arguments.rotation("self")?]),
        "Rotation.as_rotvec" => {
            let degrees = arguments.flag("degrees")?;
            (Operation::AsRotvec { degrees }, vec![arguments.rotation("self")?])
        }
        "Rotation.apply" => {
            let inverse = arguments.flag("inverse")?;
            (Operation::Apply { inverse }, vec![arguments.rotation("self")?, arguments.array("vectors")?])
        }
        "Rotation.__mul__" => (Operation::Multiply, vec![arguments.rotation("self")?, arguments.rotation("other")?]),
        "Rotation.inv" => (Operation::Inverse, vec![arguments.rotation("self")?]),
        "Rotation.magnitude" => (Operation::Magnitude, vec![arguments.rotation("self")?]),
        "Rotation.identity" => {
            let dtype = match dtype {
                "float64" => DType::F64,
                "float32" => DType::F32,
                _ => return Err(Refusal::Malformed(format!("unknown dtype `{dtype}`"))),
            };
            (Operation::Identity { dtype, shape: arguments.shape()? }, Vec::new())
        }
        "Rotation.shape" => (Operation::Shape, vec![arguments.rotation("self")?]),
        "Rotation.single" => (Operation::Single, vec![arguments.rotation("self")?]),
        "Rotation.__len__" => {
            let array = arguments.rotation("self")?;
            if array.shape().len() < 2 {
                return Err(Refusal::Unsupported(Some("of a single rotation".into())));
            }
            (Operation::Length, vec![array])
        }
        _ => return Err(Refusal::Unsupported(None)),
    };
    match arguments.0.keys().next() {
        Some(name) => Err(Refusal::Unsupported(Some(format!("argument `{name}`")))),
        None => Ok(Call { operation, arrays }),
    }
}
