//! The functions that are measured. Each file has one group of them and makes them by name.

pub mod derivatives;
pub mod drone;
pub mod elementwise;
pub mod products;
pub mod rotations;
pub mod transforms;

use crate::prepared::Data;
use crate::{Bench, Number, Workload};
use rotrace::{Error, Options};

/// A case: the arguments by name, and how to compile.
pub struct Case<'a> {
    /// The argument of this name.
    pub argument: &'a dyn Fn(&str) -> Option<&'a Data>,
    /// The number of this name.
    pub parameter: &'a dyn Fn(&str) -> Option<f64>,
    /// How to compile.
    pub options: &'a Options,
}

/// Why a case is not run.
#[derive(Debug)]
pub enum Refusal {
    /// There is no such workload here.
    Unknown,
    /// The case lacks an argument or a number.
    Missing(&'static str),
    /// The compiler reports an error.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The workload of this name, compiled and placed.
///
/// # Errors
/// Why it is not.
pub fn prepare<T: Number>(name: &str, case: &Case<'_>) -> Result<Box<dyn Bench>, Refusal> {
    match name {
        "dispatch_add" => place::<T, _, _>(&elementwise::add(), case),
        "chain" => place::<T, _, _>(&elementwise::chain(), case),
        "sum" => place::<T, _, _>(&elementwise::sum(), case),
        "matmul" => place::<T, _, _>(&products::matmul(), case),
        "rot_mul" => place::<T, _, _>(&rotations::multiply(), case),
        "rot_apply" => place::<T, _, _>(&rotations::apply(), case),
        "rot_apply1" => place::<T, _, _>(&rotations::apply_one(), case),
        "rot_bcast" => place::<T, _, _>(&rotations::apply_pairs(), case),
        "as_euler" => place::<T, _, _>(&rotations::as_euler(), case),
        "as_rotvec" => place::<T, _, _>(&rotations::as_rotvec(), case),
        "from_matrix" => place::<T, _, _>(&rotations::from_matrix(), case),
        "from_matrix_av" => place::<T, _, _>(&rotations::from_matrix_assume_valid(), case),
        "tf_mul" => place::<T, _, _>(&transforms::multiply(), case),
        "tf_apply" => place::<T, _, _>(&transforms::apply(), case),
        "drone" => place::<T, _, _>(&drone::value_and_gradient(drone::Model::new(case.parameter)?), case),
        "rotvec_apply" => place::<T, _, _>(&rotations::rotvec_apply(), case),
        "rotvec_apply_grad" => place::<T, _, _>(&derivatives::rotvec_apply_gradient(), case),
        _ => Err(Refusal::Unknown),
    }
}

fn place<T: Number, const N: usize, const M: usize>(
    workload: &Workload<N, M>,
    case: &Case<'_>,
) -> Result<Box<dyn Bench>, Refusal> {
    let mut arguments = Vec::with_capacity(N);
    for (name, _) in workload.arguments {
        arguments.push((case.argument)(name).ok_or(Refusal::Missing(name))?);
    }
    let arguments: [&Data; N] = arguments.try_into().expect("one argument per name");
    Ok(Box::new(workload.prepare::<T>(arguments, case.options)?))
}
