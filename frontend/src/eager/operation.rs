//! Operations on concrete arrays: a traced function with its compiled programs and with what it refuses.

use super::cache::Cache;
use crate::rows::{Rows, first_without_reason};
use crate::{Array, Error, Tensor, Tree, With, trace};
use smallvec::SmallVec;
use std::hash::Hash;
use std::panic::Location;

/// An operation, which is a `static` of its own. `O` are its options that are no arrays.
pub(super) struct Operation<O, In, Out> {
    /// `Class::method`.
    name: &'static str,
    /// How many trailing axes belong to one element, for each leaf of each argument.
    arguments: &'static [&'static [usize]],
    /// The same for the leaves of each result.
    results: &'static [&'static [usize]],
    /// What is wrong with an element for which the result is NaN, though its arguments are finite; `None` if that is
    /// not a mistake.
    refused: Option<&'static str>,
    programs: Cache<O, In, Out>,
}

impl<O: Clone + Eq + Hash, In: Tree<Tensor>, Out: Tree<Tensor>> Operation<O, In, Out> {
    pub(super) const fn new(
        name: &'static str,
        arguments: &'static [&'static [usize]],
        results: &'static [&'static [usize]],
        refused: Option<&'static str>,
    ) -> Self {
        Self { name, arguments, results, refused, programs: Cache::new() }
    }

    /// Calls `function`, which is traced if there is no program yet for these options and types.
    pub(super) fn call(
        &self,
        options: O,
        arguments: &With<In, Array>,
        function: impl FnOnce(In) -> Out + Clone,
        location: &'static Location<'static>,
    ) -> Result<With<Out, Array>, Error> {
        let cores = self.cores();
        let program = self.programs.program(options, arguments, cores, || trace(function), location)?;
        let results = program.call(arguments)?;
        match self.refused {
            Some(problem) => self.check(arguments, results, problem, location),
            None => Ok(results),
        }
    }

    fn cores(&self) -> impl Iterator<Item = usize> {
        self.arguments.iter().copied().flatten().copied()
    }

    fn check(
        &self,
        arguments: &With<In, Array>,
        results: With<Out, Array>,
        problem: &str,
        location: &'static Location<'static>,
    ) -> Result<With<Out, Array>, Error> {
        let mut arrays = SmallVec::<[&Array; 4]>::new();
        arguments.visit(&mut |array| arrays.push(array));
        let mut rows = SmallVec::<[Rows<'_>; 4]>::new();
        rows.extend(arrays.into_iter().zip(self.cores()).map(|(array, core)| Rows { array, core }));
        let mut parts = SmallVec::<[&Array; 4]>::new();
        results.visit(&mut |array| parts.push(array));
        let parts =
            parts.into_iter().zip(self.results.iter().copied().flatten()).map(|(array, &core)| Rows { array, core });
        let row = parts.into_iter().find_map(|part| first_without_reason(&rows, part));
        match row {
            None => Ok(results),
            Some(row) => {
                let place = if row.is_empty() { String::new() } else { format!(" at {row:?}") };
                let message = format!("{}: {problem}{place}", self.name);
                Err(Error::Value { message, row, location })
            }
        }
    }
}
