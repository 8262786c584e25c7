//! Calls of functions that are not of the IR.

use super::Traced;
use super::frame::place_of;
use super::traced::{Recorded, Request};
use crate::native::named;
use crate::{Error, Tensor, Tree};
use rotrace_ir::Type;
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{self, Function, GraphBuilder, Native, Op};
use rotrace_runtime::NativeFunction;
use std::rc::Rc;
use std::sync::Arc;

/// A function whose results have the types of `like`'s and are computed by `function`.
pub(crate) fn native_call<'a, In: Tree<Tensor> + 'a, Out: Tree<Tensor> + 'a>(
    name: String,
    like: Traced<'a, In, Out>,
    function: Arc<NativeFunction>,
) -> Traced<'a, In, Out> {
    let like = Rc::clone(&like.recording);
    Traced::new(move |request| {
        let Recorded { results, outcome } = like(request);
        let outcome = outcome.and_then(|(types, _)| {
            let native = Native { name: named(&name, &function), results: types.result_types().cloned().collect() };
            let called = call(request, native).map_err(|violation| Error::Trace {
                message: format!("native function `{name}`: {violation}"),
                operands: request.types.iter().map(|ty| ty.display(&request.dims)).collect(),
                location: request.location,
            })?;
            Ok((called, Vec::new()))
        });
        Recorded { results, outcome }
    })
}

/// The function of the arguments that calls it.
fn call(request: &Request, native: Native) -> Result<Function, Violation> {
    let mut builder = GraphBuilder::new("traced", request.dims.clone());
    let parameter = |ty: &Type| builder.parameter(ty.clone());
    let operands = request.types.iter().map(parameter).collect::<Result<Vec<_>, _>>()?;
    let place = place_of(request.location);
    let file = builder.file(place.file());
    builder.location = Some(graph::Location { file, line: place.line(), column: place.column() });
    let results = builder.push_all(Op::Native(Arc::new(native)), &operands)?;
    Ok(builder.finish(results.to_vec()))
}
