//! Jacobians of which few elements are not 0: several columns (or rows) share a pass.

use super::super::{Traced, located_at, trace};
use super::plan::{elements, refuse};
use super::sparsity::{Colours, Sparsity};
use crate::tree::{leaves, with_leaves};
use crate::{Array, DType, Tensor, Tree, concat, constant, where_, zeros};
use rotrace_ir::Dim;
use std::panic::Location;
use std::rc::Rc;

const NAME: &str = "jacobian_sparse";

impl<'a, In: Tree<Tensor> + Clone + 'a> Traced<'a, In, Tensor> {
    /// The elements of the Jacobian that a pattern lists, in its order, as one vector.
    ///
    /// A row is an element of the result in row-major order; a column is an element of the arguments, those of the first
    /// leaf before those of the second, and so on. All sizes have to be numbers; for a batch, [`vmap`](Self::vmap) the
    /// function of this.
    ///
    /// The pattern has to list every element that can be other than 0; this is not checked, and others are added
    /// to those listed. It takes a forward pass for each colour of the columns, where columns of one colour have no entry
    /// in the same row, or a reverse pass for each colour of the rows, whichever are fewer: 3 for a tridiagonal matrix of
    /// any size.
    ///
    /// ```
    /// use rotrace::{Array, Sparsity, Tensor, trace};
    /// // Each element minus the one before.
    /// let steps = trace(|x: Tensor| x.square() - x.slice(0, ..3).pad(0, 1, 0, 0.0));
    /// let jacobian = steps.jacobian_sparse(&Sparsity::banded(4, 1, 0)).compile("f64[4]")?;
    /// let values = jacobian.call(&Array::from([1.0, 2.0, 3.0, 4.0]))?;
    /// assert_eq!(values, Array::from([2.0, -1.0, 4.0, -1.0, 6.0, -1.0, 8.0]));
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn jacobian_sparse(&self, pattern: &Sparsity) -> Traced<'a, In, Tensor> {
        let (function, pattern) = (self.clone(), pattern.clone());
        let (columns, rows) = (pattern.column_colours(), pattern.row_colours());
        let forward = columns.count <= rows.count;
        let colours = if forward { columns } else { rows };
        let seeding = Rc::new(Seeding { pattern, colours });
        located_at(Location::caller(), || {
            trace(move |point: In| {
                let (value, arguments) = (function.call_traced(point.clone()), leaves(&point));
                let Some((sizes, results)) = seeding.sizes(&arguments, value) else { return Tensor::POISON };
                let passes = if forward {
                    let push = trace(|tangents: Vec<Tensor>| {
                        function.jvp().call_traced((point.clone(), with_leaves(&point, tangents))).1
                    });
                    push.vmap(0, 0).call_traced(seeding.seeds(&arguments, &sizes))
                } else {
                    let pull = trace(|cotangent: Tensor| {
                        let cotangents = leaves(&function.vjp().call_traced((point.clone(), cotangent)).1);
                        concat(cotangents.iter().zip(&sizes).map(|(leaf, &size)| leaf.reshape([size])), 0)
                    });
                    pull.vmap(0, 0).call_traced(seeding.seeds(&[value], &[results])[0])
                };
                seeding.picked(passes, forward)
            })
        })
    }
}

/// A pattern, and the colours of the lines that share passes.
struct Seeding {
    pattern: Sparsity,
    colours: Colours,
}

impl Seeding {
    /// The elements of each leaf of the arguments, and of the result. `None` after a mistake, which is kept.
    #[track_caller]
    fn sizes(&self, arguments: &[Tensor], value: Tensor) -> Option<(Vec<usize>, usize)> {
        let tensors = [arguments, &[value]].concat();
        tensors.iter().all(|tensor| tensor.dtype().is_some()).then_some(())?;
        let sizes = arguments.iter().map(|leaf| elements(&leaf.shape())).collect::<Option<Vec<_>>>();
        let (Some(sizes), Some(results)) = (sizes, elements(&value.shape())) else {
            refuse(NAME, "the sizes of the arguments and of the result have to be numbers", &tensors);
            return None;
        };
        let (rows, columns) = (self.pattern.rows(), self.pattern.columns());
        let given: usize = sizes.iter().sum();
        if (rows, columns) == (results, given) {
            return Some((sizes, results));
        }
        let message = format!(
            "the pattern has {rows} rows and {columns} columns, but the result has {results} elements and the arguments \
             have {given}"
        );
        refuse(NAME, &message, &tensors);
        None
    }

    /// Directions in all leaves for each colour, `[colours, leaf...]`: 1 at the lines of the colour.
    fn seeds(&self, leaves: &[Tensor], sizes: &[usize]) -> Vec<Tensor> {
        let mut first = 0;
        let of_leaf = |(leaf, &size): (&Tensor, &usize)| {
            let mut seeds = vec![false; self.colours.count * size];
            for (place, &colour) in self.colours.of_line[first..first + size].iter().enumerate() {
                if colour < self.colours.count {
                    seeds[colour * size + place] = true;
                }
            }
            first += size;
            let mut shape = leaf.shape();
            shape.insert(0, Dim::fixed(self.colours.count as u64));
            constant(Array::from(seeds)).astype(leaf.dtype().unwrap_or(DType::F64)).reshape(shape)
        };
        leaves.iter().zip(sizes).map(of_leaf).collect()
    }

    /// The pattern's elements from the passes of all colours, `[colours, ...]`.
    ///
    /// A pass has a line across the lines that share it: rows, in forward mode. First come the entries of each of those,
    /// as many for each, so that a choice by colour is all there is; then those that there are, in the pattern's order.
    fn picked(&self, passes: Tensor, forward: bool) -> Tensor {
        let across = if forward { self.pattern.rows() } else { self.pattern.columns() };
        let mut listed: Vec<Vec<i32>> = vec![Vec::new(); across];
        let mut places = Vec::new();
        for &(row, column) in self.pattern.entries() {
            let (place, line) = if forward { (row, column) } else { (column, row) };
            places.push((place, listed[place].len()));
            listed[place].push(self.colours.of_line[line] as i32);
        }
        let width = listed.iter().map(Vec::len).max().unwrap_or(0);
        listed.iter_mut().for_each(|colours| colours.resize(width, 0));
        let count = self.colours.count;
        let wanted = constant(Array::from(listed.concat())).reshape([across, width, 1]);
        let colours = zeros(DType::I32, [across, width, count]).iota(DType::I32, -1);
        let choices = passes.reshape([count, across]).matrix_transpose().expand_dims(1);
        // -0 is what addition leaves without a trace.
        let chosen = where_(wanted.equal(colours), choices, -0.0).sum(-1);
        let places: Vec<i64> = places.iter().map(|&(place, slot)| (place * width + slot) as i64).collect();
        chosen.reshape([across * width]).take(&places, 0)
    }
}
