//! Methods bound to an objective: their steps as traced functions, compiled, and run.

use super::problems::Problems;
use super::{Report, state};
use crate::trace::located_at;
use crate::{Array, Compiled, Error, Manifold, Options, Specification, Tensor, Traced, Tree, With, trace};
use std::panic::Location;

/// A method that goes step by step.
pub(super) trait Method<P: Manifold>: Clone {
    /// Its name in messages.
    const NAME: &'static str;
    /// What it remembers between steps.
    type State: Tree<Tensor>;

    /// What is wrong with its configuration.
    fn refusal(&self) -> Option<&'static str>;

    /// How many leading axes of the objective count problems.
    fn batch_axes(&self, objective: Tensor) -> usize;

    /// The state before the first step.
    fn start(&self, problems: &Problems, parameters: &P) -> Self::State;

    /// One step.
    fn step(
        &self,
        problems: &Problems,
        objective: &Traced<'_, P, Tensor>,
        parameters: P,
        state: Self::State,
    ) -> Stepped<P, Self::State>;
}

/// The parameters and state after a step, and the report on it.
pub type Stepped<P, S> = (P, S, Report<Tensor>);

/// A method bound to an objective: two traced functions, which can be called inside others, compiled, and transformed.
///
/// `P` are the parameters, `S` the method's state, and `D` data that the objective takes beside the parameters.
pub struct Minimizer<'a, P, S, D> {
    /// The state before the first step, of the parameters and the data. Only their types matter.
    pub start: Traced<'a, (P, D), S>,
    /// One step: the parameters, the state and the data to the parameters and the state after the step, and a report.
    pub step: Traced<'a, (P, S, D), Stepped<P, S>>,
}

impl<P, S, D> Clone for Minimizer<'_, P, S, D> {
    fn clone(&self) -> Self {
        Self { start: self.start.clone(), step: self.step.clone() }
    }
}

impl<P, S, D> std::fmt::Debug for Minimizer<'_, P, S, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Minimizer")
    }
}

impl<'a, P: Manifold + 'a, S: Tree<Tensor> + 'a, D: Tree<Tensor> + Clone + 'a> Minimizer<'a, P, S, D> {
    /// Binds a method to an objective; operations belong to the line of the caller.
    #[track_caller]
    pub(super) fn new<M: Method<P, State = S> + 'a>(method: M, objective: &Traced<'a, (P, D), Tensor>) -> Self {
        let bound = Bound { method, objective: objective.clone() };
        let again = bound.clone();
        located_at(Location::caller(), || Self {
            start: trace(move |(parameters, data)| bound.start(&parameters, data)),
            step: trace(move |(parameters, state, data)| again.step(parameters, state, data)),
        })
    }

    /// Compiles for the types of the parameters and the data, one per leaf in order: those of the state follow.
    ///
    /// # Errors
    /// As [`Traced::compile`].
    #[track_caller]
    pub fn compile(&self, types: impl Specification) -> Result<CompiledMinimizer<P, S, D>, Error> {
        self.compile_with(types, &Options::default())
    }

    /// As [`compile`](Self::compile), with options.
    ///
    /// # Errors
    /// As [`Traced::compile_with`].
    #[track_caller]
    pub fn compile_with(
        &self,
        types: impl Specification,
        options: &Options,
    ) -> Result<CompiledMinimizer<P, S, D>, Error> {
        let location = Location::caller();
        let given = types.signature().map_err(|message| Error::Signature { message, location })?;
        let start = self.start.lower(&given)?;
        let step = self.step.lower(state::signature::<P, S, D>(&given, &start))?;
        Ok(CompiledMinimizer { start: start.compile_with(options)?, step: step.compile_with(options)? })
    }
}

/// A method and its objective.
struct Bound<'a, M, P, D> {
    method: M,
    objective: Traced<'a, (P, D), Tensor>,
}

impl<M: Clone, P, D> Clone for Bound<'_, M, P, D> {
    fn clone(&self) -> Self {
        Self { method: self.method.clone(), objective: self.objective.clone() }
    }
}

impl<'a, P: Manifold + 'a, D: Tree<Tensor> + Clone + 'a, M: Method<P>> Bound<'a, M, P, D> {
    fn problems(&self, value: Tensor, parameters: &P) -> Problems {
        let problems = Problems::of(M::NAME, value, self.method.batch_axes(value));
        if let Some(what) = self.method.refusal() {
            problems.refuse(what);
        }
        problems.check(parameters);
        problems
    }

    fn start(&self, parameters: &P, data: D) -> M::State {
        let value = self.objective.call_traced((parameters.clone(), data));
        self.method.start(&self.problems(value, parameters), parameters)
    }

    fn step(&self, parameters: P, state: M::State, data: D) -> Stepped<P, M::State> {
        let objective = self.objective.clone();
        let objective = trace(move |parameters: P| objective.call_traced((parameters, data)));
        let problems = self.problems(objective.call_traced(parameters.clone()), &parameters);
        problems.check_state(&state, &self.method.start(&problems, &parameters));
        self.method.step(&problems, &objective, parameters, state)
    }
}

/// A compiled method.
pub struct CompiledMinimizer<P, S, D> {
    /// The state before the first step, of the parameters and the data.
    pub start: Compiled<(P, D), S>,
    /// One step: the parameters, the state and the data to the parameters and the state after the step, and a report.
    pub step: Compiled<(P, S, D), Stepped<P, S>>,
}

impl<P, S, D> std::fmt::Debug for CompiledMinimizer<P, S, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CompiledMinimizer")
    }
}

impl<P: Tree<Tensor>, S: Tree<Tensor>, D: Tree<Tensor>> CompiledMinimizer<P, S, D> {
    /// A run from the given parameters, which keeps what its steps need.
    ///
    /// # Errors
    /// As [`Compiled::call`].
    pub fn run(&self, parameters: With<P, Array>, data: With<D, Array>) -> Result<Run<'_, P, S, D>, Error> {
        let given = (parameters, data);
        let state = self.start.call(&given)?;
        let (parameters, data) = given;
        let given = (parameters, state, data);
        let found = self.step.call(&given)?;
        Ok(Run { step: &self.step, given, found })
    }
}

/// The arrays of a run: those that the next step takes, and those that it writes. Steps allocate nothing.
pub struct Run<'h, P: Tree<Tensor>, S: Tree<Tensor>, D: Tree<Tensor>> {
    step: &'h Compiled<(P, S, D), Stepped<P, S>>,
    given: With<(P, S, D), Array>,
    found: With<Stepped<P, S>, Array>,
}

impl<P: Tree<Tensor>, S: Tree<Tensor>, D: Tree<Tensor>> std::fmt::Debug for Run<'_, P, S, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Run")
    }
}

impl<P: Tree<Tensor>, S: Tree<Tensor>, D: Tree<Tensor>> Run<'_, P, S, D> {
    /// Makes a step.
    ///
    /// # Errors
    /// As [`Compiled::call_into`]; parameters and state are as before then.
    pub fn step(&mut self) -> Result<&Report<Array>, Error> {
        self.step.call_into(&self.given, &mut self.found)?;
        std::mem::swap(&mut self.given.0, &mut self.found.0);
        std::mem::swap(&mut self.given.1, &mut self.found.1);
        Ok(&self.found.2)
    }

    /// The parameters reached.
    #[must_use]
    pub fn parameters(&self) -> &With<P, Array> {
        &self.given.0
    }

    /// The method's state.
    #[must_use]
    pub fn state(&self) -> &With<S, Array> {
        &self.given.1
    }

    /// The method's state, to be changed: the rate, for example.
    pub fn state_mut(&mut self) -> &mut With<S, Array> {
        &mut self.given.1
    }

    /// The data, to be changed: the next part of it, for example. Their shapes stay.
    pub fn data_mut(&mut self) -> &mut With<D, Array> {
        &mut self.given.2
    }

    /// The parameters reached, at the end.
    #[must_use]
    pub fn into_parameters(self) -> With<P, Array> {
        self.given.0
    }
}
