//! The files of golden vectors: one case per line, as `tests/golden-vectors/README.md` defines them.
//!
//! Everything that is read here is checked here: a file that does not have this format is an error, not a case less.

use rotrace::Array;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const FORMAT: &str = "so3-golden/1";

#[derive(Deserialize)]
struct File {
    format: String,
    count: usize,
    cases: Vec<Value>,
}

/// One line of a file.
pub enum Case {
    /// An operation with its results.
    Value(ValueCase),
    /// A program with its result and its derivatives.
    Gradient(GradientCase),
}

impl Case {
    /// The unique name.
    pub fn id(&self) -> &str {
        match self {
            Self::Value(case) => &case.id,
            Self::Gradient(case) => &case.id,
        }
    }

    /// The operation or the program, under which the case is counted.
    pub fn name(&self) -> &str {
        match self {
            Self::Value(case) => &case.op,
            Self::Gradient(case) => &case.program,
        }
    }

    /// Whether nobody has to agree with the case.
    pub fn is_excused(&self) -> bool {
        let tags = match self {
            Self::Value(case) => &case.tags,
            Self::Gradient(case) => &case.tags,
        };
        tags.iter().any(|tag| tag == "quirk" || tag == "optional")
    }
}

/// An operation, its arguments and its results.
#[derive(Deserialize)]
pub struct ValueCase {
    pub id: String,
    pub op: String,
    pub args: BTreeMap<String, Value>,
    pub dtype: String,
    pub tags: Vec<String>,
    pub expected: Expected,
    /// For an operation that fails: what a compiled call may give instead.
    #[serde(default)]
    pub lazy: Option<Expected>,
}

/// What an operation is to give.
#[derive(Deserialize)]
#[serde(try_from = "RawExpected")]
pub enum Expected {
    /// These results.
    Leaves { leaves: Vec<Leaf> },
    /// A failure. Its text is SciPy's own and asked of nobody.
    Error { error: String },
}

#[derive(Deserialize)]
struct RawExpected {
    leaves: Option<Vec<Leaf>>,
    error: Option<String>,
}

impl TryFrom<RawExpected> for Expected {
    type Error = &'static str;

    fn try_from(raw: RawExpected) -> Result<Self, &'static str> {
        match (raw.leaves, raw.error) {
            (Some(leaves), None) => Ok(Self::Leaves { leaves }),
            (None, Some(error)) => Ok(Self::Error { error }),
            (None, None) | (Some(_), Some(_)) => Err("expected either leaves or an error"),
        }
    }
}

/// A gradient program, its differentiable inputs and its constants, and the right answers.
#[derive(Deserialize)]
pub struct GradientCase {
    pub id: String,
    pub program: String,
    pub tags: Vec<String>,
    pub inputs: BTreeMap<String, Numbers>,
    pub params: BTreeMap<String, Value>,
    pub value: Leaf,
    /// By input, `d value / d input`, of the value's shape followed by the input's.
    pub jac: BTreeMap<String, Leaf>,
}

/// One expected array, and how to compare with it.
#[derive(Deserialize)]
pub struct Leaf {
    pub kind: Kind,
    /// Absent where the kind is `none`, and only there.
    pub value: Option<Numbers>,
    #[serde(default)]
    pub cmp: Comparison,
    #[serde(default)]
    pub rtol: f64,
    #[serde(default)]
    pub atol: f64,
    /// Whether the tolerance is relative to the largest magnitude along the last axis.
    #[serde(default)]
    pub rowwise: bool,
    pub period: Option<f64>,
}

/// What an expected array stands for.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Array,
    Rotation,
    Transform,
    None,
}

/// How results are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Element by element.
    Close,
    /// Each vector along the last axis, or its negative.
    QuatAnySign,
    /// Differences modulo the period.
    CloseMod,
    /// As the rotation matrices of rotation vectors.
    RotvecEquiv,
    /// As the angles of quaternions.
    MagnitudeEquiv,
    /// As motions of space, of operations that are not compared yet.
    ExpEquiv,
    EulerEquiv,
    DavenportEquiv,
    AlignSingle,
    /// The same numbers.
    Exact,
    /// Not at all.
    #[default]
    Skip,
}

/// An array as the files write it.
#[derive(Clone, Deserialize)]
#[serde(try_from = "RawArray")]
pub struct Numbers(pub Array);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawArray {
    dtype: String,
    shape: Vec<usize>,
    data: Vec<Datum>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Datum {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
}

impl TryFrom<RawArray> for Numbers {
    type Error = String;

    fn try_from(raw: RawArray) -> Result<Self, String> {
        let RawArray { dtype, shape, data } = raw;
        let data = data.iter();
        let array = match dtype.as_str() {
            "float64" => Array::from_vec(&shape, data.map(float).collect::<Result<Vec<_>, _>>()?),
            "float32" => Array::from_vec(&shape, data.map(single).collect::<Result<Vec<_>, _>>()?),
            "int64" => Array::from_vec(&shape, data.map(integer).collect::<Result<Vec<_>, _>>()?),
            "bool" => Array::from_vec(&shape, data.map(truth).collect::<Result<Vec<_>, _>>()?),
            _ => return Err(format!("unknown dtype `{dtype}`")),
        };
        array.map(Self).map_err(|error| error.to_string())
    }
}

fn float(datum: &Datum) -> Result<f64, String> {
    match datum {
        Datum::Float(value) => Ok(*value),
        Datum::Integer(value) => Ok(*value as f64),
        Datum::Text(text) => match text.as_str() {
            "nan" => Ok(f64::NAN),
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            _ => Err(format!("`{text}` is not a number")),
        },
        Datum::Bool(_) => Err("a truth value among floats".into()),
    }
}

/// Bits of an `f64` that an `f32` does not hold, and the pattern of a tie between two `f32`.
const EXCESS: u64 = (1 << 29) - 1;
const TIE: u64 = 1 << 28;

/// The decimal was rounded to `f64` first, which only matters if that lies half-way between two `f32`.
fn single(datum: &Datum) -> Result<f32, String> {
    let value = float(datum)?;
    if value.is_finite() && value.to_bits() & EXCESS == TIE {
        return Err(format!("{value} lies between two float32"));
    }
    Ok(value as f32)
}

fn integer(datum: &Datum) -> Result<i64, String> {
    match datum {
        Datum::Integer(value) => Ok(*value),
        Datum::Bool(_) | Datum::Float(_) | Datum::Text(_) => Err("not an integer".into()),
    }
}

fn truth(datum: &Datum) -> Result<bool, String> {
    match datum {
        Datum::Bool(value) => Ok(*value),
        Datum::Integer(_) | Datum::Float(_) | Datum::Text(_) => Err("not a truth value".into()),
    }
}

/// All cases of a folder, file by file in the order of their names.
///
/// # Errors
/// A file that cannot be read or does not have the format, or a folder without any.
pub fn read_folder(folder: &Path) -> Result<Vec<Case>, String> {
    let error = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(|problem| error(&problem))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(|problem| error(&problem))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    if paths.is_empty() {
        return Err(error(&"no golden vectors (`*.json`) in this folder"));
    }
    let mut cases = Vec::new();
    for path in paths {
        cases.extend(read_file(&path).map_err(|problem| format!("{}: {problem}", path.display()))?);
    }
    Ok(cases)
}

fn read_file(path: &Path) -> Result<Vec<Case>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let file: File = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if file.format != FORMAT {
        return Err(format!("the format is `{}`, not `{FORMAT}`", file.format));
    }
    if file.count != file.cases.len() {
        return Err(format!("it has {} cases, but says {}", file.cases.len(), file.count));
    }
    let read = |(index, case): (usize, &Value)| {
        let id = case.get("id").and_then(Value::as_str).map_or_else(|| format!("case {index}"), str::to_owned);
        read_case(case).map_err(|problem| format!("{id}: {problem}"))
    };
    file.cases.iter().enumerate().map(read).collect()
}

fn read_case(text: &Value) -> Result<Case, String> {
    let case = match text.get("program") {
        Some(_) => GradientCase::deserialize(text).map(Case::Gradient),
        None => ValueCase::deserialize(text).map(Case::Value),
    };
    let case = case.map_err(|error| error.to_string())?;
    check_leaves(&case)?;
    Ok(case)
}

fn check_leaves(case: &Case) -> Result<(), String> {
    let leaves: Vec<&Leaf> = match case {
        Case::Value(case) => [Some(&case.expected), case.lazy.as_ref()]
            .into_iter()
            .flatten()
            .flat_map(|expected| match expected {
                Expected::Leaves { leaves } => leaves.as_slice(),
                Expected::Error { .. } => &[],
            })
            .collect(),
        Case::Gradient(case) => {
            if case.jac.keys().ne(case.inputs.keys()) {
                return Err("the Jacobians are not of the inputs".into());
            }
            case.jac.values().chain([&case.value]).collect()
        }
    };
    match leaves.iter().find(|leaf| (leaf.kind == Kind::None) != leaf.value.is_none()) {
        Some(_) => Err("an expected result without a value".into()),
        None => Ok(()),
    }
}
