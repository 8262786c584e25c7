//! Running a gradient case: the value, and the Jacobian by reverse and by forward mode.

use crate::compare::{Conventions, check, numbers};
use crate::engines::{Engines, Failure, Program, agree};
use crate::format::GradientCase;
use crate::operations::Refusal;
use crate::programs::{Definition, Parameters};
use crate::report::Outcome;
use crate::values::copies;
use rotrace::{Array, DType, Tensor, trace};

/// A case, ready to be differentiated.
struct Subject<'a> {
    case: &'a GradientCase,
    definition: &'static Definition,
    parameters: Parameters,
    inputs: Vec<Array>,
    engines: &'a Engines,
}

/// A direction of differentiation.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Reverse,
    Forward,
}

/// Runs a case.
pub fn run(case: &GradientCase, engines: &Engines) -> Outcome {
    let (definition, parameters) = match Definition::of(case) {
        Ok(found) => found,
        Err(Refusal::Unsupported(form)) => return Outcome::Unsupported(form),
        Err(Refusal::Mistyped) => return Outcome::Malformed("it expects no failure".into()),
        Err(Refusal::Malformed(message)) => return Outcome::Malformed(message),
    };
    let inputs = case.inputs.values().map(|input| input.0.clone()).collect();
    let subject = Subject { case, definition, parameters, inputs, engines };
    match subject.differentiate() {
        Err(failure) => Outcome::Broken(failure.message()),
        Ok((value, jacobians)) => match judge(case, &value, &jacobians) {
            Ok(()) => Outcome::Passed,
            Err(difference) => Outcome::Failed(difference),
        },
    }
}

/// The Jacobians by input, in both modes.
type Jacobians = [(Mode, Vec<Array>); 2];

fn judge(case: &GradientCase, value: &Array, jacobians: &Jacobians) -> Result<(), String> {
    let conventions = Conventions::default();
    check(&case.value, value, &conventions).map_err(|difference| format!("value: {difference}"))?;
    for (mode, arrays) in jacobians {
        for ((name, leaf), array) in case.jac.iter().zip(arrays) {
            check(leaf, array, &conventions).map_err(|difference| format!("{mode:?} mode, by {name}: {difference}"))?;
        }
    }
    Ok(())
}

impl Subject<'_> {
    fn differentiate(&self) -> Result<(Array, Jacobians), Failure> {
        let zeros: Vec<Array> = self.inputs.iter().map(zeros_like).collect::<Result<_, _>>()?;
        // The value and its type come first: a cotangent has the value's type.
        let value = self.call(Mode::Forward, &zeros)?.swap_remove(0);
        let reverse = self.reverse(&value)?;
        let forward = self.forward(&zeros, &value)?;
        Ok((value, [(Mode::Reverse, reverse), (Mode::Forward, forward)]))
    }

    /// One call for each element of the value: a row of every Jacobian.
    fn reverse(&self, value: &Array) -> Result<Vec<Array>, Failure> {
        let mut rows = vec![Vec::new(); self.inputs.len()];
        for index in 0..value.len() {
            let cotangent = vec![basis(value, index)?];
            let results = self.call(Mode::Reverse, &cotangent)?;
            self.check_value(value, &results[0], Mode::Reverse)?;
            for (rows, gradient) in rows.iter_mut().zip(&results[1..]) {
                rows.extend(numbers(gradient).map_err(Failure::Broken)?);
            }
        }
        rows.into_iter().zip(&self.inputs).map(|(rows, input)| jacobian(value, input, rows)).collect()
    }

    /// One call for each element of each input: a column of its Jacobian.
    fn forward(&self, zeros: &[Array], value: &Array) -> Result<Vec<Array>, Failure> {
        let mut jacobians = Vec::new();
        for (place, input) in self.inputs.iter().enumerate() {
            let mut rows = vec![0.0; value.len() * input.len()];
            for index in 0..input.len() {
                let mut tangents = zeros.to_vec();
                tangents[place] = basis(input, index)?;
                let results = self.call(Mode::Forward, &tangents)?;
                self.check_value(value, &results[0], Mode::Forward)?;
                for (row, column) in numbers(&results[1]).map_err(Failure::Broken)?.into_iter().enumerate() {
                    rows[row * input.len() + index] = column;
                }
            }
            jacobians.push(jacobian(value, input, rows)?);
        }
        Ok(jacobians)
    }

    /// Differentiating does not change a bit of the value.
    fn check_value(&self, value: &Array, again: &Array, mode: Mode) -> Result<(), Failure> {
        agree(std::slice::from_ref(value), std::slice::from_ref(again))
            .map_err(|difference| Failure::Broken(format!("the value changes in {mode:?} mode: {difference}")))
    }

    /// Value and derivatives at the inputs along the directions, in all engines; for programs of one element also in
    /// each row of a batch of any size.
    fn call(&self, mode: Mode, directions: &[Array]) -> Result<Vec<Array>, Failure> {
        let arguments = [&self.inputs, directions].concat();
        let results = self.run(mode, &arguments, "")?;
        // Broadcasting aligns at the last axes, so that inputs of different ranks cannot all get a further axis.
        if self.definition.per_element && !self.case.tags.iter().any(|tag| tag == "batch") {
            let several = |arrays: &[Array]| arrays.iter().map(copies).collect::<Result<Vec<_>, _>>();
            let batch = self.run(mode, &several(&arguments)?, "n")?;
            agree(&several(&results)?, &batch)
                .map_err(|difference| Failure::Broken(format!("{mode:?} mode, a batch differs: {difference}")))?;
        }
        Ok(results)
    }

    fn run(&self, mode: Mode, arguments: &Vec<Array>, leading: &str) -> Result<Vec<Array>, Failure> {
        let types = arguments.iter().map(|array| {
            let mut sizes: Vec<String> = array.shape().iter().map(ToString::to_string).collect();
            if !leading.is_empty() {
                sizes[0] = leading.into();
            }
            format!("{}[{}]", array.dtype(), sizes.join(", "))
        });
        let signature = types.collect::<Vec<_>>().join(", ");
        // Constants are part of the program.
        let key = format!("{:?} {} {:?}", mode, self.case.program, self.case.params);
        self.engines.run(&key, &signature, || self.program(mode), arguments)
    }

    /// The derivative as one function of the inputs and the directions.
    fn program(&self, mode: Mode) -> Program<'_> {
        let primal = trace(|inputs: Vec<Tensor>| vec![self.definition.record(&self.parameters, &inputs)]);
        let count = self.inputs.len();
        trace(move |mut inputs: Vec<Tensor>| {
            let directions = inputs.split_off(count);
            let (value, derivatives) = match mode {
                Mode::Reverse => primal.vjp().call_traced((inputs, directions)),
                Mode::Forward => primal.jvp().call_traced((inputs, directions)),
            };
            [value, derivatives].concat()
        })
    }
}

fn zeros_like(array: &Array) -> Result<Array, Failure> {
    Array::zeros_of(array.dtype(), array.shape()).map_err(|error| Failure::Broken(error.to_string()))
}

/// Zeros with a one.
fn basis(like: &Array, index: usize) -> Result<Array, Failure> {
    let mut data = vec![0.0; like.len()];
    data[index] = 1.0;
    of_type(like.dtype(), like.shape(), data)
}

fn jacobian(value: &Array, input: &Array, rows: Vec<f64>) -> Result<Array, Failure> {
    of_type(value.dtype(), &[value.shape(), input.shape()].concat(), rows)
}

fn of_type(dtype: DType, shape: &[usize], data: Vec<f64>) -> Result<Array, Failure> {
    let array = match dtype {
        DType::F64 => Array::from_vec(shape, data),
        DType::F32 => Array::from_vec(shape, data.into_iter().map(|value| value as f32).collect()),
        other => return Err(Failure::Broken(format!("a value of {other}"))),
    };
    array.map_err(|error| Failure::Broken(error.to_string()))
}
