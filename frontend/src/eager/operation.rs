//! Operations on concrete arrays: a traced function with its compiled programs and with what it refuses.

use super::cache::Cache;
use crate::rows::{Rows, first_without_reason, has_nan};
use crate::{Array, Error, Tensor, Tree, With, trace};
use smallvec::SmallVec;
use std::hash::Hash;
use std::panic::Location;

/// Which data is a mistake, and what is wrong with it: that for which the result is NaN, unless the arguments excuse it.
#[derive(Clone, Copy)]
pub(super) enum Refused {
    Nothing,
    /// An element of the result is excused by an infinity or a NaN among those that meet it.
    Element(&'static str),
    /// Every element of the result depends on many of the arguments', where an infinity may be right: only a NaN among
    /// them excuses it.
    Whole(&'static str),
}

/// An operation, which is a `static` of its own. `O` are its options that are no arrays.
pub(super) struct Operation<O, In, Out> {
    /// `Class::method`.
    name: &'static str,
    /// How many trailing axes belong to one element, for each leaf of each argument.
    arguments: &'static [&'static [usize]],
    /// The same for the leaves of each result. Leaves without a number may be NaN.
    results: &'static [&'static [usize]],
    refused: Refused,
    programs: Cache<O, In, Out>,
}

impl<O: Clone + Eq + Hash, In: Tree<Tensor>, Out: Tree<Tensor>> Operation<O, In, Out> {
    pub(super) const fn new(
        name: &'static str,
        arguments: &'static [&'static [usize]],
        results: &'static [&'static [usize]],
        refused: Refused,
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
        let (problem, row) = match self.refused {
            Refused::Nothing => return Ok(results),
            Refused::Element(problem) => (problem, self.first_of(&self.rows(arguments), &results)),
            Refused::Whole(problem) => {
                (problem, self.first_of(&[], &results).filter(|_| !leaves(arguments).into_iter().any(has_nan)))
            }
        };
        match row {
            None => Ok(results),
            Some(row) => {
                let place = if row.is_empty() { String::new() } else { format!(" at {row:?}") };
                let message = format!("{}: {problem}{place}", self.name);
                Err(Error::Value { message, row, location })
            }
        }
    }

    fn cores(&self) -> impl Iterator<Item = usize> {
        self.arguments.iter().copied().flatten().copied()
    }

    fn rows<'a>(&self, arguments: &'a With<In, Array>) -> SmallVec<[Rows<'a>; 4]> {
        leaves(arguments).into_iter().zip(self.cores()).map(|(array, core)| Rows { array, core }).collect()
    }

    /// The first element of a result that has a NaN without a reason among the arguments.
    fn first_of(&self, arguments: &[Rows<'_>], results: &With<Out, Array>) -> Option<Vec<usize>> {
        let parts = leaves(results).into_iter().zip(self.results.iter().copied().flatten());
        parts.map(|(array, &core)| Rows { array, core }).find_map(|part| first_without_reason(arguments, part))
    }
}

fn leaves(tree: &impl Tree<Array>) -> SmallVec<[&Array; 4]> {
    let mut arrays = SmallVec::new();
    tree.visit(&mut |array| arrays.push(array));
    arrays
}
