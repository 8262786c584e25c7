//! Functions with derivatives of the user's own.

use super::frame::place_of;
use super::parameters::with_parameters;
use super::traced::{Recorded, Recording, Request};
use super::{Traced, trace};
use crate::tree::Outline;
use crate::{Error, Tensor, Tree};
use rotrace_ir::Type;
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{self, Function, GraphBuilder, MAX_FUNCTION_NESTING, Op, Rule, RuleKind, ValueId};
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

type Place = &'static Location<'static>;

impl<'a, In: Tree<Tensor> + 'a, Out: Tree<Tensor> + 'a> Traced<'a, In, Out> {
    /// The same function, whose derivative is what `rule` says: of the arguments and a tangent for each of their leaves,
    /// the tangents of the results. The rule must be linear in the tangents; that makes reverse mode its transpose. This
    /// is not checked: another rule gives derivatives without a meaning, often 0. Derivatives of higher order are those
    /// of the rule, which is recorded, and its types checked, whenever the function is.
    ///
    /// Values that the rule captures count as constants. Lowering gives an error if a leaf of the arguments or results
    /// is not a float, or if a tangent's type is not its result's.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, trace};
    /// // A norm whose gradient at the origin is 0 instead of NaN.
    /// let norm = trace(|x: Tensor| (x * x).sum(()).sqrt()).custom_jvp(|x, tangent| {
    ///     let norm = (x * x).sum(()).sqrt();
    ///     (x * tangent).sum(()) / norm.equal(0).select(1, norm)
    /// });
    /// let gradient = norm.grad().compile("f64[3]")?;
    /// let slope = gradient.call(&Array::from([3.0, 0.0, 4.0]))?.to_vec::<f64>()?;
    /// assert!((slope[0] - 0.6).abs() < 1e-15 && (slope[2] - 0.8).abs() < 1e-15);
    /// assert_eq!(gradient.call(&Array::from([0.0, 0.0, 0.0]))?.to_vec::<f64>()?, [0.0, 0.0, 0.0]);
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn custom_jvp(&self, rule: impl FnOnce(In, In) -> Out + Clone + 'a) -> Self {
        let rule = trace(move |(arguments, tangents)| rule(arguments, tangents));
        self.with_rule(RuleKind::Jvp, Rc::clone(&rule.recording), place_of(Location::caller()))
    }

    /// The same function, whose derivative is what `rule` says: of the arguments and a cotangent for each leaf of the
    /// results, the cotangents of the arguments. The rule must be linear in the cotangents; that makes forward mode
    /// its transpose. Everything else is as for [`custom_jvp`](Self::custom_jvp).
    #[must_use]
    #[track_caller]
    pub fn custom_vjp(&self, rule: impl FnOnce(In, Out) -> In + Clone + 'a) -> Self {
        let rule = trace(move |(arguments, cotangents)| rule(arguments, cotangents));
        self.with_rule(RuleKind::Vjp, Rc::clone(&rule.recording), place_of(Location::caller()))
    }

    fn with_rule(&self, kind: RuleKind, rule: Rc<Recording<'a>>, place: Place) -> Self {
        let primal = Rc::clone(&self.recording);
        Traced::new(move |request| {
            let Recorded { results, outcome } = primal(request);
            let outcome = outcome.and_then(|primal| {
                let outer = Outer { request, results: &results, place };
                outer.differentiated(primal, kind, &*rule)
            });
            Recorded { results, outcome }
        })
    }
}

/// What a rule is recorded for.
struct Outer<'r> {
    request: &'r Request,
    results: &'r Outline,
    place: Place,
}

/// A function, and the outer values that its last parameters stand for.
type Captured = (Function, Vec<Tensor>);

impl Outer<'_> {
    /// The primal function with a rule on its results.
    fn differentiated(
        &self,
        (primal, captures): Captured,
        kind: RuleKind,
        rule: &Recording<'_>,
    ) -> Result<Captured, Error> {
        let arguments = &self.request.types;
        let values: Vec<Type> = primal.result_types().cloned().collect();
        if let Some(ty) = arguments.iter().chain(&values).find(|ty| !ty.dtype.is_float()) {
            let ty = ty.display(&primal.dims);
            return Err(
                self.error(format!("a function with a rule for its derivative takes and gives floats, not {ty}"))
            );
        }
        let (directions, outline, wanted) = match kind {
            RuleKind::Jvp => (arguments, &self.request.arguments, &values),
            RuleKind::Vjp => (&values, self.results, arguments),
        };
        let (rule, own) = self.record(rule, directions, outline)?;
        self.check(&rule, wanted)?;
        if nesting(&rule) >= MAX_FUNCTION_NESTING {
            return Err(
                self.error(format!("rules for derivatives stand in rules more than {MAX_FUNCTION_NESTING} deep"))
            );
        }
        let given = self.request.types.len();
        let own_types: Vec<Type> = rule.parameter_types().skip(given).take(own.len()).cloned().collect();
        let function = self.joined(&primal, kind, rule, &own_types);
        let function = function.map_err(|violation| self.error(violation.to_string()))?;
        Ok((function, [captures, own].concat()))
    }

    fn error(&self, message: String) -> Error {
        Error::Differentiate { message, location: self.place }
    }

    /// The rule, as a function of the arguments, of what it captures, and of the directions.
    fn record(&self, rule: &Recording<'_>, directions: &[Type], outline: &Outline) -> Result<Captured, Error> {
        let request = Request {
            dims: self.request.dims.clone(),
            types: [&self.request.types, directions].concat(),
            arguments: self.request.arguments.clone().then(outline.clone()),
            ..*self.request
        };
        let (function, captures) = rule(&request).outcome?;
        let (arguments, rest) = function.parameters.split_at(self.request.types.len());
        let (directions, own) = rest.split_at(directions.len());
        let order = [arguments, own, directions].concat();
        let function = with_parameters(function, order).map_err(|violation| self.error(violation.to_string()))?;
        Ok((function, captures))
    }

    fn check(&self, rule: &Function, wanted: &[Type]) -> Result<(), Error> {
        if rule.result_types().eq(wanted) {
            return Ok(());
        }
        let list = |types: &mut dyn Iterator<Item = &Type>| {
            types.map(|ty| ty.display(&rule.dims)).collect::<Vec<_>>().join(", ")
        };
        let (found, wanted) = (list(&mut rule.result_types()), list(&mut wanted.iter()));
        Err(self.error(format!("the rule gives ({found}), but has to give ({wanted})")))
    }

    /// The function with the rule on its results.
    fn joined(&self, primal: &Function, kind: RuleKind, rule: Function, own: &[Type]) -> Result<Function, Violation> {
        let mut builder = GraphBuilder::new(primal.name.clone(), primal.dims.clone());
        let mut given = Vec::new();
        for ty in primal.parameter_types() {
            given.push(builder.parameter(ty.clone())?);
        }
        let (arguments, captured) = (self.request.types.len(), given.len());
        let mut operands: Vec<ValueId> = given[..arguments].to_vec();
        for ty in own {
            operands.push(builder.parameter(ty.clone())?);
        }
        let values = builder.inline(primal, &given[..captured]);
        let file = builder.file(self.place.file());
        builder.location = Some(graph::Location { file, line: self.place.line(), column: self.place.column() });
        let wrt: Vec<bool> = (0..operands.len()).map(|place| place < arguments).collect();
        if values.is_empty() {
            return Ok(builder.finish(values));
        }
        let operands = [&values[..], &operands[..]].concat();
        let results = builder.push_all(Op::Custom(Arc::new(Rule { kind, wrt, function: rule })), &operands)?;
        Ok(builder.finish(results.to_vec()))
    }
}

/// How deep rules stand in the rules of a function.
fn nesting(function: &Function) -> usize {
    let depth = |node: &graph::Node| match &node.op {
        Op::Custom(rule) => 1 + nesting(&rule.function),
        _ => 0,
    };
    function.nodes.iter().map(depth).max().unwrap_or(0)
}
