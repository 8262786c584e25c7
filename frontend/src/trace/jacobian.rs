//! Jacobians: one pass of forward or reverse mode for each column or row, whichever are fewer.
//!
//! The function is differentiated once and its derivative inlined once for each direction. What the passes have in
//! common, the function itself above all, is one computation after `cse`.

use super::frame::place_of;
use super::{Traced, located_at, record, trace};
use crate::tree::{leaves, with_leaves};
use crate::{Array, Tensor, Tree, constant, stack, zeros};
use rotrace_ir::{DType, Dim, Shape};
use std::panic::Location;

/// More passes than this are refused.
const MOST_PASSES: usize = 4096;

impl<'a, In: Tree<Tensor> + Clone + 'a> Traced<'a, In, Tensor> {
    /// The Jacobian of a function with one float result, with respect to each leaf of its arguments: a leaf
    /// `[batch..., in...]` of a function to `[batch..., out...]` becomes `[batch..., out..., in...]`.
    ///
    /// `batch_axes` says how many leading axes are the batch, which each leaf and the result must have. Row `i` of the
    /// result may depend on row `i` of the arguments only, and its Jacobian is with respect to that row; this is not
    /// checked. With 0 batch axes it is the whole Jacobian, of any function.
    ///
    /// It takes one forward pass per element of the `in...` of all leaves, or one reverse pass per element of `out...`,
    /// whichever are fewer. Their sizes have to be numbers; if only one side's are, that decides.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, trace};
    /// let polar = trace(|x: Tensor| {
    ///     let (radius, angle) = (x.component(0), x.component(1));
    ///     rotrace::stack([radius * angle.cos(), radius * angle.sin()], -1)
    /// });
    /// let rows = polar.jacobian(1).compile("f64[n, 2]")?;
    /// let jacobians = rows.call(&Array::from([[2.0, 0.0], [3.0, 0.0]]))?;
    /// assert_eq!(jacobians, Array::from_vec(&[2, 2, 2], vec![1.0, 0.0, 0.0, 2.0, 1.0, 0.0, 0.0, 3.0])?);
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn jacobian(&self, batch_axes: usize) -> Traced<'a, In, In> {
        let function = self.clone();
        located_at(Location::caller(), || {
            trace(move |point: In| {
                let zero = with_leaves(&point, leaves(&point).into_iter().map(Tensor::zeros_like).collect());
                jacobian(&function, &point, &zero, batch_axes, |tangent| tangent, |cotangent| cotangent)
            })
        })
    }
}

/// The Jacobian with respect to a tree of tangents at the point: `zero` has their types, `push` makes a tangent of the
/// argument's coordinates of them, and `pull` is its transpose.
#[track_caller]
pub(crate) fn jacobian<In: Tree<Tensor> + Clone, Tangent: Tree<Tensor>>(
    function: &Traced<'_, In, Tensor>,
    point: &In,
    zero: &Tangent,
    batch_axes: usize,
    push: impl Fn(Tangent) -> In,
    pull: impl Fn(In) -> Tangent,
) -> Tangent {
    let location = place_of(Location::caller());
    let zeros = leaves(zero);
    let value = function.call_traced(point.clone());
    let blocks = match Plan::new(value, &zeros, batch_axes) {
        None => vec![Tensor::POISON; zeros.len()],
        Some(Err(message)) => {
            record(location, |recorder| {
                let ids = zeros.iter().chain([&value]).map(|&tensor| recorder.resolve(tensor));
                let ids = ids.collect::<Result<Vec<_>, _>>()?;
                let operands = ids.into_iter().map(|id| recorder.display(id)).collect();
                Err(super::Mistake { message: format!("jacobian: {message}"), operands })
            });
            vec![Tensor::POISON; zeros.len()]
        }
        Some(Ok(plan)) => match plan.mode {
            Mode::Forward => {
                let seeds = plan.seeds(&zeros);
                let directions: Vec<_> =
                    seeds.into_iter().map(|seed| (point.clone(), push(with_leaves(zero, seed)))).collect();
                let results = function.jvp().call_each(&directions, location);
                plan.of_columns(&zeros, results.into_iter().map(|(_, tangent)| tangent).collect())
            }
            Mode::Reverse => {
                let cotangents = (0..plan.outs).map(|index| (point.clone(), plan.one_hot(value, index)));
                let results = function.vjp().call_each(&cotangents.collect::<Vec<_>>(), location);
                let rows = results.into_iter().map(|(_, cotangent)| leaves(&pull(cotangent))).collect();
                plan.of_rows(&zeros, rows)
            }
        },
    };
    with_leaves(zero, blocks)
}

#[derive(Clone, Copy)]
enum Mode {
    /// A pass per column.
    Forward,
    /// A pass per row.
    Reverse,
}

/// How a Jacobian is computed.
struct Plan {
    mode: Mode,
    batch_axes: usize,
    dtype: DType,
    /// The result's type.
    shape: Shape,
    /// Elements of the result beside the batch, if they are counted.
    outs: usize,
}

impl Plan {
    /// `None` if something is poisoned; an error if the shapes do not fit.
    fn new(value: Tensor, zeros: &[Tensor], batch_axes: usize) -> Option<Result<Self, String>> {
        let (dtype, shape) = (value.dtype()?, value.shape());
        zeros.iter().all(|zero| zero.dtype().is_some()).then_some(())?;
        let Some(batch) = shape.get(..batch_axes) else {
            return Some(Err(format!("the result has fewer axes than the {batch_axes} of the batch")));
        };
        if let Some(leaf) = zeros.iter().position(|zero| zero.shape().get(..batch_axes) != Some(batch)) {
            let message = format!(
                "leaf {leaf} of the arguments does not have the result's {batch_axes} leading axes, the batch; broadcast \
                 the argument, or capture it if it is no unknown"
            );
            return Some(Err(message));
        }
        let outs = elements(&shape[batch_axes..]);
        let ins = zeros.iter().try_fold(0, |sum, zero| elements(&zero.shape()[batch_axes..])?.checked_add(sum));
        let (mode, passes) = match (ins, outs) {
            (Some(ins), Some(outs)) if outs < ins => (Mode::Reverse, outs),
            (Some(ins), Some(_) | None) => (Mode::Forward, ins),
            (None, Some(outs)) => (Mode::Reverse, outs),
            (None, None) => {
                let message = "beside the batch, neither all sizes of the arguments nor all of the result are numbers";
                return Some(Err(message.to_owned()));
            }
        };
        if passes > MOST_PASSES {
            return Some(Err(format!("it would take {passes} passes, more than {MOST_PASSES}")));
        }
        Some(Ok(Self { mode, batch_axes, dtype, shape, outs: outs.unwrap_or(0) }))
    }

    /// The tangents of all passes forward: 1 at one element of one leaf, in every row of the batch.
    fn seeds(&self, zeros: &[Tensor]) -> Vec<Vec<Tensor>> {
        let mut seeds = Vec::new();
        for (leaf, &zero) in zeros.iter().enumerate() {
            for index in 0..self.ins(zero) {
                let mut seed = zeros.to_vec();
                seed[leaf] = self.one_hot(zero, index);
                seeds.push(seed);
            }
        }
        seeds
    }

    /// 1 at one element beside the batch, elsewhere 0, in the type of `like`.
    fn one_hot(&self, like: Tensor, index: usize) -> Tensor {
        let rest = &like.shape()[self.batch_axes..];
        let count = elements(rest).unwrap_or(0);
        let hot =
            constant(Array::from((0..count).map(|place| f64::from(u8::from(place == index))).collect::<Vec<_>>()));
        let hot = like.dtype().map_or(hot, |dtype| hot.astype(dtype));
        hot.reshape(rest).broadcast_to(like.shape())
    }

    /// The blocks of the leaves from the results' tangents, in the order of the seeds.
    fn of_columns(&self, zeros: &[Tensor], columns: Vec<Tensor>) -> Vec<Tensor> {
        let mut columns = columns.into_iter();
        let block = |zero: &Tensor| {
            let columns: Vec<Tensor> = columns.by_ref().take(self.ins(*zero)).collect();
            self.block(*zero, columns, -1)
        };
        zeros.iter().map(block).collect()
    }

    /// The blocks of the leaves from their cotangents, one list per element of the result.
    fn of_rows(&self, zeros: &[Tensor], rows: Vec<Vec<Tensor>>) -> Vec<Tensor> {
        let row_axis = self.batch_axes as i64;
        let of_leaf = |leaf: usize| rows.iter().map(|row| row[leaf]).collect();
        zeros.iter().enumerate().map(|(leaf, &zero)| self.block(zero, of_leaf(leaf), row_axis)).collect()
    }

    /// Parts stacked along `axis`, as `[batch..., out..., in...]`.
    fn block(&self, zero: Tensor, parts: Vec<Tensor>, axis: i64) -> Tensor {
        let shape: Shape = self.shape.iter().chain(&zero.shape()[self.batch_axes..]).copied().collect();
        if parts.is_empty() { zeros(self.dtype, shape) } else { stack(parts, axis).reshape(shape) }
    }

    fn ins(&self, zero: Tensor) -> usize {
        elements(&zero.shape()[self.batch_axes..]).unwrap_or(0)
    }
}

/// The number of elements over fixed sizes.
fn elements(shape: &[Dim]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, dim| product.checked_mul(usize::try_from(dim.as_fixed()?).ok()?))
}
