//! A batched function against the function of each row.

use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::interpret::graph::interpret;
use rotrace_passes::batch::Batched;

/// Whether every row of the results is that of the function, bit for bit, for so many rows. `axes` selects the
/// arguments that have the new axis.
///
/// # Errors
/// The first difference, or what the interpreter says.
pub fn compare(
    function: &Function,
    batched: &Batched,
    axes: &[bool],
    rows: u64,
    arguments: &[Constant],
) -> Result<(), String> {
    let all = interpret(&batched.function, arguments).map_err(|error| format!("batched: {error}"))?;
    for (index, (result, &has_axis)) in all.iter().zip(&batched.results).enumerate() {
        if has_axis && result.shape.first() != Some(&rows) {
            return Err(format!("result {index} has the shape {:?} for {rows} rows", result.shape));
        }
    }
    for row in 0..rows {
        let arguments: Vec<Constant> =
            arguments.iter().zip(axes).map(|(argument, &has_axis)| part(argument, has_axis, row)).collect();
        let wanted = interpret(function, &arguments).map_err(|error| format!("row {row}: {error}"))?;
        for (index, (wanted, result)) in wanted.iter().zip(&all).enumerate() {
            let found = part(result, batched.results[index], row);
            if wanted.shape != found.shape || !wanted.elements().zip(found.elements()).all(|(a, b)| a.same(b)) {
                return Err(format!("row {row} of result {index}: {found:?}, not {wanted:?}"));
            }
        }
    }
    Ok(())
}

fn part(array: &Constant, has_axis: bool, row: u64) -> Constant {
    if !has_axis {
        return array.clone();
    }
    let shape = array.shape[1..].to_vec();
    let bytes = shape.iter().product::<u64>() as usize * array.dtype.size();
    let first = row as usize * bytes;
    Constant { dtype: array.dtype, shape, data: array.data[first..first + bytes].into() }
}
