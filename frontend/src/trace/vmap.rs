//! Functions of one row, mapped over all rows.

use super::Traced;
use super::axes::MappedAxes;
use super::frame::place_of;
use super::traced::{Recorded, Recording, Request};
use crate::tree::Outline;
use crate::{Error, Tensor, Tree};
use rotrace_ir::graph::infer::Violation;
use rotrace_ir::graph::{self, Function, GraphBuilder, Op, ValueId};
use rotrace_ir::{Dim, Shape, Type};
use rotrace_passes::batch::{Batched, batch};
use std::panic::Location;
use std::rc::Rc;

type Place = &'static Location<'static>;

impl<'a, In: Tree<Tensor> + 'a, Out: Tree<Tensor> + 'a> Traced<'a, In, Out> {
    /// The function of one row, applied to every row: along an axis of its arguments, `in_axes`, which becomes an axis of
    /// its results, `out_axes`.
    ///
    /// An argument of type `f64[3, n]` that is mapped over axis 1 is seen by the function as `f64[3]`. Leaves whose axis is
    /// `None`, and what the function captures, are the same for every row. A leaf of the results whose axis is `None`
    /// must not depend on the row; the others get the new axis there. How axes are given for trees says [`MappedAxes`];
    /// sizes along mapped axes have to be alike, and may be named dimensions.
    ///
    /// There is no loop: every operation becomes one on all rows. Row `k` of the results is, bit for bit, what the
    /// function gives for row `k`. Maps compose with each other and with derivatives in any order.
    ///
    /// Lowering gives an error if an axis is out of bounds, sizes differ, or nothing is mapped over.
    ///
    /// ```
    /// use rotrace::{Array, Tensor, trace};
    /// // One point and one plane, to every point and every plane: [n, 3] and [m, 4] to [m, n].
    /// let distance = trace(|(point, plane): (Tensor, Tensor)| (point * plane.slice(-1, 0..3)).sum(()) + plane.component(3));
    /// let distances = distance.vmap((0, None), 0).vmap((None, 0), 0).compile("f64[n, 3], f64[m, 4]")?;
    /// let points = Array::from([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]]);
    /// let planes = Array::from([[0.0, 0.0, 1.0, -1.0]]);
    /// assert_eq!(distances.call(&(points, planes))?, Array::from([[2.0, 4.0]]));
    /// # Ok::<(), rotrace::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn vmap(&self, in_axes: impl MappedAxes<In> + 'a, out_axes: impl MappedAxes<Out> + 'a) -> Traced<'a, In, Out> {
        let (recording, place) = (Rc::clone(&self.recording), place_of(Location::caller()));
        Traced::new(move |request| match mapped(request, &in_axes, place) {
            Ok(map) => map.recorded(&*recording, request, &out_axes),
            Err(error) => {
                let inert = Request {
                    dims: Vec::new(),
                    types: Vec::new(),
                    arguments: request.arguments.clone(),
                    inert: true,
                    ..*request
                };
                Recorded { outcome: Err(error), ..recording(&inert) }
            }
        })
    }
}

/// The axes chosen for the leaves of a tree of type `T` and the given structure.
fn chosen<T: Tree<Tensor>>(
    outline: &Outline,
    choice: &impl MappedAxes<T>,
    what: &str,
) -> Result<Vec<Option<i64>>, String> {
    let Some(tree) = outline.build::<Tensor, T>(vec![Tensor::POISON; outline.leaves]) else {
        return Err(format!("{} types do not fill the {what}", outline.leaves));
    };
    let mut axes = Vec::new();
    choice.append(&tree, &mut axes);
    if axes.len() == outline.leaves {
        return Ok(axes);
    }
    Err(format!("{} axes are given for the {} leaves of the {what}", axes.len(), outline.leaves))
}

/// The place of an axis among `rank`.
fn place_among(axis: i64, rank: usize) -> Option<usize> {
    let place = if axis < 0 { axis.checked_add(rank as i64)? } else { axis };
    usize::try_from(place).ok().filter(|&place| place < rank)
}

/// What a request asks to be mapped over.
struct Map {
    /// Which axis of each leaf.
    axes: Vec<Option<usize>>,
    /// Their size. `None` only for an inert request.
    size: Dim,
    place: Place,
}

fn mapped<In: Tree<Tensor>>(request: &Request, choice: &impl MappedAxes<In>, place: Place) -> Result<Map, Error> {
    let error = |message: String, ty: Option<&Type>| Error::Trace {
        message: format!("vmap: {message}"),
        operands: ty.into_iter().map(|ty| ty.display(&request.dims)).collect(),
        location: place,
    };
    let axes = chosen(&request.arguments, choice, "arguments").map_err(|message| error(message, None))?;
    // The size, with the leaf and the axis that it is taken from.
    let mut size: Option<(Dim, usize, usize)> = None;
    let mut places = Vec::new();
    for (leaf, (axis, ty)) in axes.iter().zip(&request.types).enumerate() {
        let Some(axis) = *axis else {
            places.push(None);
            continue;
        };
        let Some(at) = place_among(axis, ty.rank()) else {
            let ty_text = ty.display(&request.dims);
            return Err(error(
                format!("axis {axis} of leaf {leaf} of the arguments is out of bounds for {ty_text}"),
                Some(ty),
            ));
        };
        let here = ty.shape[at];
        match size {
            None => size = Some((here, leaf, at)),
            Some((first, _, _)) if first == here => {}
            Some((first, other, of_other)) => {
                let [here, first] = [here, first].map(|size| size.display(&request.dims));
                let message = format!(
                    "leaf {leaf} of the arguments has the size {here} along axis {at}, but leaf {other} has {first} along \
                     axis {of_other}"
                );
                return Err(error(message, Some(ty)));
            }
        }
        places.push(Some(at));
    }
    match size {
        Some((size, _, _)) => Ok(Map { axes: places, size, place }),
        None if request.inert => Err(error("an argument is not of this trace".to_owned(), None)),
        None => Err(error("no leaf of the arguments has an axis to map over".to_owned(), None)),
    }
}

impl Map {
    fn recorded<Out: Tree<Tensor>>(
        &self,
        recording: &Recording<'_>,
        request: &Request,
        out_axes: &impl MappedAxes<Out>,
    ) -> Recorded {
        let row = |(ty, axis): (&Type, &Option<usize>)| {
            let mut ty = ty.clone();
            if let Some(axis) = *axis {
                ty.shape.remove(axis);
            }
            ty
        };
        let types = request.types.iter().zip(&self.axes).map(row).collect();
        let of_row = Request { dims: request.dims.clone(), types, arguments: request.arguments.clone(), ..*request };
        let Recorded { results, outcome } = recording(&of_row);
        let outcome = outcome.and_then(|(function, captures)| {
            let axes = chosen(&results, out_axes, "results").map_err(|message| self.error(message, None))?;
            Ok((self.of_all_rows(&function, &request.types, &axes)?, captures))
        });
        Recorded { results, outcome }
    }

    fn error(&self, message: String, ty: Option<String>) -> Error {
        let operands = ty.into_iter().collect();
        Error::Trace { message: format!("vmap: {message}"), operands, location: self.place }
    }

    /// The function of arguments of the given types and of captures.
    fn of_all_rows(&self, function: &Function, types: &[Type], out_axes: &[Option<i64>]) -> Result<Function, Error> {
        let places = self.result_places(function, out_axes)?;
        let mut has_axis: Vec<bool> = self.axes.iter().map(Option::is_some).collect();
        has_axis.resize(function.parameters.len(), false);
        let none = vec![false; function.results.len()];
        let batched =
            batch(function, &has_axis, &none, self.size).map_err(|error| self.error(error.to_string(), None))?;
        if let Some(leaf) = (0..places.len()).find(|&leaf| batched.results[leaf] && places[leaf].is_none()) {
            let ty = function.ty(function.results[leaf]).display(&function.dims);
            let message =
                format!("leaf {leaf} of the results, {ty} in each row, depends on the row, but has no axis for it");
            return Err(self.error(message, Some(ty)));
        }
        self.placed(function, &batched, types, &places).map_err(|violation| self.error(violation.to_string(), None))
    }

    /// Where each result gets the axis.
    fn result_places(&self, function: &Function, axes: &[Option<i64>]) -> Result<Vec<Option<usize>>, Error> {
        let place = |(leaf, (axis, ty)): (usize, (&Option<i64>, &Type))| {
            let Some(axis) = *axis else { return Ok(None) };
            let rank = ty.rank() + 1;
            place_among(axis, rank).map(Some).ok_or_else(|| {
                let ty = ty.display(&function.dims);
                let message = format!(
                    "axis {axis} of leaf {leaf} of the results is out of bounds: {ty} in each row has {rank} axes with that of the \
                     rows"
                );
                self.error(message, Some(ty))
            })
        };
        axes.iter().zip(function.result_types()).enumerate().map(place).collect()
    }

    /// The batched function with its axis where it is wanted.
    fn placed(
        &self,
        original: &Function,
        batched: &Batched,
        types: &[Type],
        places: &[Option<usize>],
    ) -> Result<Function, Violation> {
        let mut builder = GraphBuilder::new(batched.function.name.clone(), batched.function.dims.clone());
        let captured = original.parameter_types().skip(types.len());
        let parameters = types.iter().chain(captured).map(|ty| builder.parameter(ty.clone()));
        let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        let file = builder.file(self.place.file());
        builder.location = Some(graph::Location { file, line: self.place.line(), column: self.place.column() });
        let mut arguments = Vec::new();
        for (index, &parameter) in parameters.iter().enumerate() {
            let axis = self.axes.get(index).copied().flatten();
            arguments.push(axis.map_or(Ok(parameter), |axis| to_front(&mut builder, parameter, axis))?);
        }
        let values = builder.inline(&batched.function, &arguments);
        let mut results = Vec::new();
        for (index, value) in values.into_iter().enumerate() {
            results.push(match places[index] {
                None => value,
                Some(place) if batched.results[index] => from_front(&mut builder, value, place)?,
                Some(place) => self.repeated(&mut builder, value, place)?,
            });
        }
        Ok(builder.finish(results))
    }

    /// A value that does not depend on the row, once for every row.
    fn repeated(&self, builder: &mut GraphBuilder, value: ValueId, place: usize) -> Result<ValueId, Violation> {
        let mut shape: Shape = builder.function().ty(value).shape.clone();
        shape.insert(place, self.size);
        let axes = (0..shape.len()).filter(|&axis| axis != place).collect();
        builder.push(Op::Broadcast { shape, axes }, &[value])
    }
}

/// The axis moved to the front, the others kept in order.
fn to_front(builder: &mut GraphBuilder, value: ValueId, axis: usize) -> Result<ValueId, Violation> {
    let rank = builder.function().ty(value).rank();
    let rest = (0..rank).filter(|&other| other != axis);
    transposed(builder, value, std::iter::once(axis).chain(rest).collect())
}

/// The first axis moved to another place.
fn from_front(builder: &mut GraphBuilder, value: ValueId, place: usize) -> Result<ValueId, Violation> {
    let mut permutation: Vec<usize> = (1..builder.function().ty(value).rank()).collect();
    permutation.insert(place, 0);
    transposed(builder, value, permutation)
}

fn transposed(builder: &mut GraphBuilder, value: ValueId, permutation: Vec<usize>) -> Result<ValueId, Violation> {
    if permutation.is_sorted() { Ok(value) } else { builder.push(Op::Transpose { permutation }, &[value]) }
}
