//! What selects elements of a container, as SciPy's one indexing operator takes it.

use super::decode_array;
use rotrace::Array;
use serde_json::Value;

/// An index of the first axis, or of several at once for a mask.
#[derive(Clone, Debug)]
pub(super) enum Index {
    /// One element; its axis is dropped.
    One(i64),
    /// Start, stop and step as in Python.
    Slice([Option<i64>; 3]),
    /// Elements in the shape of an array.
    Many { indices: Vec<i64>, shape: Vec<usize> },
    /// Where an array is true.
    Mask(Array),
    /// Everything.
    All,
}

impl Index {
    pub(super) fn decode(value: &Value) -> Result<Self, String> {
        let index = value.get("$index").and_then(Value::as_object).ok_or("no index")?;
        let (kind, value) = index.iter().next().ok_or("an empty index")?;
        let bound = |value: &Value| match value {
            Value::Null => Ok(None),
            bound => bound.as_i64().map(Some).ok_or("a bound that is no integer"),
        };
        match (kind.as_str(), value) {
            ("int", index) => Ok(Self::One(index.as_i64().ok_or("no integer")?)),
            ("slice", Value::Array(bounds)) => match bounds.as_slice() {
                [start, stop, step] => Ok(Self::Slice([bound(start)?, bound(stop)?, bound(step)?])),
                _ => Err("a slice has three bounds".into()),
            },
            ("ints", indices) => {
                let array = decode_array(indices)?;
                let indices = array.as_slice::<i64>().map_err(|error| error.to_string())?.to_vec();
                Ok(Self::Many { indices, shape: array.shape().to_vec() })
            }
            ("mask", mask) => Ok(Self::Mask(decode_array(mask)?)),
            ("ellipsis", _) => Ok(Self::All),
            _ => Err(format!("unknown index `{kind}`")),
        }
    }
}

/// The indices that a slice of Python takes of an axis: bounds out of range are moved into it.
pub(super) fn slice([start, stop, step]: [Option<i64>; 3], size: i64) -> Vec<i64> {
    let step = step.unwrap_or(1);
    let (low, high) = if step > 0 { (0, size) } else { (-1, size - 1) };
    let place = |bound: i64| (if bound < 0 { bound + size } else { bound }).clamp(low, high);
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let (start, stop) = (start.map_or(first, place), stop.map_or(last, place));
    let inside = |&index: &i64| if step > 0 { index < stop } else { index > stop };
    std::iter::successors(Some(start), |index| Some(index + step)).take_while(inside).collect()
}
