//! Every operation of the tables as graphs: its value, and its gradient in reverse mode.

use super::{Record, Subject, TABLES};
use rotrace::{DType, Tensor, trace};
use rotrace_ir::graph::Function;

/// The graphs of all operations, by name, on a batch of points where there is such a form.
pub(crate) fn functions(dtype: DType) -> impl Iterator<Item = (String, Function)> {
    let subjects = TABLES.iter().flat_map(|(_, subjects)| subjects.iter());
    subjects.flat_map(move |subject| {
        let [value, gradient] = graphs(subject, dtype);
        [(subject.name.to_owned(), value), (format!("gradient of {}", subject.name), gradient)]
    })
}

fn graphs(subject: &Subject, dtype: DType) -> [Function; 2] {
    let (record, leading) = match subject.record {
        Record::Batch(record) => (record, "n, "),
        Record::Alone(record) => (record, ""),
    };
    let argument = format!("{dtype}[{leading}{}]", (subject.points)()[0].value.len());
    let value = trace(record).lower(argument.as_str()).expect("a valid operation").function().clone();
    let weights = value.result_types().next().expect("a result").shape.iter().map(|dim| match dim.as_fixed() {
        Some(size) => size.to_string(),
        None => "n".to_owned(),
    });
    let signature = format!("{argument}, {dtype}[{}]", weights.collect::<Vec<_>>().join(", "));
    let gradient = trace(move |[x, weights]: [Tensor; 2]| trace(record).vjp().call_traced((x, weights)).1);
    let gradient = gradient.lower(signature.as_str()).expect("a differentiable operation").function().clone();
    [value, gradient]
}
