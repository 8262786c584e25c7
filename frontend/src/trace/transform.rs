//! Derivatives of traced functions, as traced functions.
//!
//! Every leaf of the arguments must be a float: the derivative with respect to anything else does not exist, and
//! saying so at once is better than a zero that looks like one. Captured arrays and captured values of an enclosing
//! trace count as constants.

use super::Traced;
use super::frame::place_of;
use super::parameters::with_parameters;
use super::traced::{Recorded, Recording, Request};
use crate::tree::Outline;
use crate::{Error, Tensor, Tree};
use rotrace_ir::Type;
use rotrace_ir::graph::Function;
use rotrace_passes::differentiate::{self, DifferentiateError};
use std::panic::Location;
use std::rc::Rc;

impl<'a, In: Tree<Tensor> + 'a, Out: Tree<Tensor> + 'a> Traced<'a, In, Out> {
    /// The gradient of a function with one float result of rank 0, with respect to all leaves of its arguments.
    ///
    /// The transformed function gives an error when lowered if an argument is not a float or the result is not a
    /// single 0-d float.
    #[must_use]
    #[track_caller]
    pub fn grad(&self) -> Traced<'a, In, In> {
        let (recording, place) = (Rc::clone(&self.recording), place_of(Location::caller()));
        Traced::new(move |request| {
            let recorded = differentiated(&*recording, request, place, |function, wrt| {
                differentiate::grad(function, wrt).map_err(at(place))
            });
            Recorded { results: request.arguments.clone(), ..recorded }
        })
    }

    /// The value and the gradient, under the conditions of [`grad`](Self::grad).
    #[must_use]
    #[track_caller]
    pub fn value_and_grad(&self) -> Traced<'a, In, (Out, In)> {
        let (recording, place) = (Rc::clone(&self.recording), place_of(Location::caller()));
        Traced::new(move |request| {
            let recorded = differentiated(&*recording, request, place, |function, wrt| {
                differentiate::value_and_grad(function, wrt).map_err(at(place))
            });
            Recorded { results: recorded.results.then(request.arguments.clone()), ..recorded }
        })
    }

    /// Reverse mode: a function of the arguments and a cotangent of each result, that gives the results and the
    /// cotangents of the arguments (the vector-Jacobian products).
    ///
    /// The transformed function gives an error when lowered if a leaf of the arguments or results is not a float, or
    /// a cotangent has another type than its result.
    #[must_use]
    #[track_caller]
    pub fn vjp(&self) -> Traced<'a, (In, Out), (Out, In)> {
        let (recording, place) = (Rc::clone(&self.recording), place_of(Location::caller()));
        Traced::new(move |request| {
            let Some(primal) = split::<In, Out>(request) else { return unsplit(request) };
            let recorded = differentiated(&*recording, &primal, place, |function, wrt| {
                check_results(function, place)?;
                differentiate::vjp(function, wrt).map_err(at(place))
            });
            let results = recorded.results.clone().then(primal.arguments.clone());
            with_directions(Recorded { results, ..recorded }, request, &primal, "cotangent", place)
        })
    }

    /// Forward mode: a function of the arguments and a tangent of each of them, that gives the results and their
    /// tangents (the Jacobian-vector products).
    ///
    /// The transformed function gives an error when lowered if a leaf of the arguments or results is not a float, or
    /// a tangent has another type than its argument.
    #[must_use]
    #[track_caller]
    pub fn jvp(&self) -> Traced<'a, (In, In), (Out, Out)> {
        let (recording, place) = (Rc::clone(&self.recording), place_of(Location::caller()));
        Traced::new(move |request| {
            let Some(primal) = split::<In, In>(request) else { return unsplit(request) };
            let recorded = differentiated(&*recording, &primal, place, |function, wrt| {
                check_results(function, place)?;
                differentiate::jvp(function, wrt).map_err(at(place))
            });
            let results = recorded.results.clone().then(recorded.results.clone());
            with_directions(Recorded { results, ..recorded }, request, &primal, "tangent", place)
        })
    }
}

type Place = &'static Location<'static>;

/// Records and differentiates with respect to everything but the captures.
fn differentiated(
    recording: &Recording<'_>,
    request: &Request,
    location: Place,
    transform: impl FnOnce(&Function, &[bool]) -> Result<Function, Error>,
) -> Recorded {
    let Recorded { results, outcome } = recording(request);
    let outcome = outcome.and_then(|(function, captures)| {
        let arguments = function.parameters.len() - captures.len();
        let wrt: Vec<bool> = (0..function.parameters.len()).map(|index| index < arguments).collect();
        check_floats("argument", function.parameter_types().take(arguments), &function, location)?;
        Ok((transform(&function, &wrt)?, captures))
    });
    Recorded { results, outcome }
}

fn at(location: Place) -> impl Fn(DifferentiateError) -> Error {
    move |error| Error::Differentiate { message: error.to_string(), location }
}

fn check_results(function: &Function, location: Place) -> Result<(), Error> {
    check_floats("result", function.result_types(), function, location)
}

fn check_floats<'a>(
    what: &str,
    types: impl Iterator<Item = &'a Type>,
    function: &Function,
    location: Place,
) -> Result<(), Error> {
    let mut types = types.enumerate();
    match types.find(|(_, ty)| !ty.dtype.is_float()) {
        None => Ok(()),
        Some((index, ty)) => {
            let ty = ty.display(&function.dims);
            let message = format!("cannot differentiate: leaf {index} of the {what}s is {ty}, not a float");
            Err(Error::Differentiate { message, location })
        }
    }
}

/// The part of a request for `(First, Second)` that is for `First`. `None` if the leaves do not make such a pair.
fn split<First: Tree<Tensor>, Second: Tree<Tensor>>(request: &Request) -> Option<Request> {
    let poison = vec![Tensor::POISON; request.arguments.leaves];
    let (first, _) = request.arguments.build::<Tensor, (First, Second)>(poison)?;
    let arguments = Outline::of(&first);
    let types = request.types.iter().take(arguments.leaves).cloned().collect();
    Some(Request { dims: request.dims.clone(), types, arguments, ..*request })
}

fn unsplit(request: &Request) -> Recorded {
    let message = format!("{} types do not fill the arguments and their directions", request.arguments.leaves);
    let outcome = Err(Error::Signature { message, location: request.location });
    Recorded { results: Outline::default(), outcome }
}

/// Moves the captures behind the cotangents or tangents, and checks the types asked for those.
fn with_directions(recorded: Recorded, request: &Request, primal: &Request, what: &str, location: Place) -> Recorded {
    let outcome = recorded.outcome.and_then(|(function, captures)| {
        let arguments = primal.arguments.leaves;
        let parameters = &function.parameters;
        let (first, rest) = parameters.split_at(arguments);
        let (captured, directions) = rest.split_at(captures.len());
        let asked = &request.types[arguments..];
        for (index, (&value, asked)) in directions.iter().zip(asked).enumerate() {
            let ty = function.ty(value);
            if ty != asked {
                let (ty, asked) = (ty.display(&function.dims), asked.display(&function.dims));
                let message = format!("{what} {index} is given as {asked}, but has to be {ty}");
                return Err(Error::Differentiate { message, location });
            }
        }
        let counts = (directions.len(), asked.len());
        if counts.0 != counts.1 {
            let message = format!("{} {what}s are given, but there have to be {}", counts.1, counts.0);
            return Err(Error::Differentiate { message, location });
        }
        if captures.is_empty() {
            return Ok((function, captures));
        }
        let order = [first, directions, captured].concat();
        let function = with_parameters(function, order)
            .map_err(|violation| Error::Differentiate { message: violation.to_string(), location })?;
        Ok((function, captures))
    });
    Recorded { outcome, ..recorded }
}
