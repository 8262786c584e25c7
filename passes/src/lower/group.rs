//! One group of work as a kernel: loops over the long axes around straight-line scalar code.

use super::coordinates::Coordinates;
use super::emit::Emitter;
use super::memory::{Home, Memory};
use super::schedule::{Copy, Group, Key, LongReduction, Source};
use rotrace_ir::dim::{Dim, Shape};
use rotrace_ir::graph::{Function, NodeId, Reduction, ValueId};
use rotrace_ir::kernel::{Affine, BufferShape, Extent, IndexId, Var, Vars, extents};
use rotrace_ir::plan::Step;
use rotrace_ir::reduce::BLOCK;
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};
use smallvec::SmallVec;

/// The kernel of a group, and the kernel that reduces its partial results if the reduction has two stages.
pub(super) fn kernels(
    function: &Function,
    memory: &mut Memory,
    name: &str,
    key: &Key,
    group: &Group,
) -> (Step, Option<Step>) {
    match key.reduced {
        None => (copies(function, memory, name, key, group), None),
        Some(dim) if key.is_two_stage() => {
            let (first, partials) = block_partials(function, memory, name, dim, group);
            let second = combine_partials(function, memory, format!("{name}_combine"), dim, group, &partials);
            (first, Some(second))
        }
        Some(dim) => (nested_reduction(function, memory, name, key, dim, group), None),
    }
}

/// A loop or branch over its lanes.
pub(super) fn region(function: &Function, memory: &mut Memory, name: String, key: &Key, node: NodeId) -> Step {
    let mut emitter = Emitter::new(function, memory, name, grid_extent(&key.loops));
    let indices = open_loops(&mut emitter, &key.loops);
    emitter.stored_region(node, &affines(&indices), &key.loops);
    close_loops(&mut emitter, &key.loops, &indices);
    emitter.finish()
}

/// Nested independent loops around stores.
fn copies(function: &Function, memory: &mut Memory, name: &str, key: &Key, group: &Group) -> Step {
    let mut emitter = Emitter::new(function, memory, name.to_owned(), grid_extent(&key.loops));
    let indices = open_loops(&mut emitter, &key.loops);
    for copy in &group.copies {
        emit_copy(&mut emitter, copy, &affines(&indices));
    }
    close_loops(&mut emitter, &key.loops, &indices);
    emitter.finish()
}

/// A grid over blocks of the long axis; each reduces its rows, and stores what is computed along the way.
fn block_partials(function: &Function, memory: &mut Memory, name: &str, dim: Dim, group: &Group) -> (Step, Vec<Home>) {
    let partials: Vec<Home> =
        group.reductions.iter().map(|reduction| partial_home(function, memory, dim, reduction)).collect();
    let mut emitter = Emitter::new(function, memory, name.to_owned(), Extent::Blocks(dim));
    let block = IndexId(0);
    let row = emitter.builder.fresh_index();
    emitter.builder.open_block();
    let place = row_of(block, row);
    let elements = reduced_elements(&mut emitter, group, &[], &place);
    for copy in &group.copies {
        emit_copy(&mut emitter, copy, std::slice::from_ref(&place));
    }
    let results = close_reduction(&mut emitter, row, Extent::Block { dim, index: block }, group, &elements);
    let mut results = results.into_iter();
    for (reduction, home) in group.reductions.iter().zip(&partials) {
        for kept in unrolled_places(&function.ty(reduction.value).shape, &reduction.unrolled, &[]) {
            let mut at = kept;
            at.insert(0, Affine::index(block));
            emitter.store(*home, at, results.next().expect("one result per accumulator"));
        }
    }
    (emitter.finish(), partials)
}

fn partial_home(function: &Function, memory: &mut Memory, dim: Dim, reduction: &LongReduction) -> Home {
    let ty = function.ty(reduction.value);
    let mut shape: BufferShape = extents(&ty.shape);
    shape.insert(0, Extent::Blocks(dim));
    memory.temporary(ty.dtype, shape)
}

/// One loop over the partial results, then the store of each result.
fn combine_partials(
    function: &Function,
    memory: &mut Memory,
    name: String,
    dim: Dim,
    group: &Group,
    partials: &[Home],
) -> Step {
    let mut emitter = Emitter::new(function, memory, name, Extent::fixed(1));
    let block = emitter.builder.fresh_index();
    emitter.builder.open_block();
    let mut elements = Vec::new();
    for (reduction, home) in group.reductions.iter().zip(partials) {
        for mut at in unrolled_places(&function.ty(reduction.value).shape, &reduction.unrolled, &[]) {
            at.insert(0, Affine::index(block));
            elements.push(emitter.load(*home, at));
        }
    }
    let results = close_reduction(&mut emitter, block, Extent::Blocks(dim), group, &elements);
    store_results(&mut emitter, function, group, dim, &[], &results);
    emitter.finish()
}

/// Independent outer loops, each iteration of which reduces the long axis.
fn nested_reduction(function: &Function, memory: &mut Memory, name: &str, key: &Key, dim: Dim, group: &Group) -> Step {
    let mut emitter = Emitter::new(function, memory, name.to_owned(), grid_extent(&key.loops));
    let indices = open_loops(&mut emitter, &key.loops);
    let outer = affines(&indices);
    let results = if dim.as_fixed().is_some_and(|size| size <= BLOCK) {
        let row = emitter.builder.fresh_index();
        emitter.builder.open_block();
        let place = Affine::index(row);
        let elements = reduced_elements(&mut emitter, group, &outer, &place);
        for copy in &group.copies {
            emit_copy(&mut emitter, copy, std::slice::from_ref(&place));
        }
        close_reduction(&mut emitter, row, Extent::Dim(dim), group, &elements)
    } else {
        let (block, row) = (emitter.builder.fresh_index(), emitter.builder.fresh_index());
        emitter.builder.open_block();
        emitter.builder.open_block();
        let elements = reduced_elements(&mut emitter, group, &outer, &row_of(block, row));
        let partials = close_reduction(&mut emitter, row, Extent::Block { dim, index: block }, group, &elements);
        close_reduction(&mut emitter, block, Extent::Blocks(dim), group, &partials)
    };
    store_results(&mut emitter, function, group, dim, &outer, &results);
    close_loops(&mut emitter, &key.loops, &indices);
    emitter.finish()
}

fn grid_extent(loops: &[Dim]) -> Extent {
    loops.first().map_or(Extent::fixed(1), |&dim| Extent::Dim(dim))
}

/// The loops' indices: the grid's, then one opened block per further loop.
fn open_loops(emitter: &mut Emitter<'_>, loops: &[Dim]) -> Vec<IndexId> {
    let mut indices = Vec::new();
    for depth in 0..loops.len() {
        indices.push(if depth == 0 { IndexId(0) } else { emitter.builder.fresh_index() });
        if depth > 0 {
            emitter.builder.open_block();
        }
    }
    indices
}

fn close_loops(emitter: &mut Emitter<'_>, loops: &[Dim], indices: &[IndexId]) {
    for (&dim, &index) in loops.iter().zip(indices).skip(1).rev() {
        let body = emitter.builder.close_block(&[]);
        emitter.builder.reduce_loop(index, Extent::Dim(dim), &[], body);
    }
    emitter.forget();
}

fn affines(indices: &[IndexId]) -> Vec<Affine> {
    indices.iter().map(|&index| Affine::index(index)).collect()
}

/// The row at a place of a block.
fn row_of(block: IndexId, row: IndexId) -> Affine {
    let blocks = Affine::index(block).times(BLOCK as i64).and_then(|start| start.plus(&Affine::index(row)));
    blocks.expect("no names take part")
}

/// What each accumulator receives at one row.
fn reduced_elements(emitter: &mut Emitter<'_>, group: &Group, outer: &[Affine], row: &Affine) -> Vec<Var> {
    let mut elements = Vec::new();
    for reduction in &group.reductions {
        for mut at in unrolled_places(&emitter.shape(reduction.value), &reduction.unrolled, outer) {
            at.insert(reduction.axis, row.clone());
            elements.push(emitter.element(reduction.operand, at));
        }
    }
    elements
}

/// Closes the body of a reducing loop whose elements are given.
fn close_reduction(emitter: &mut Emitter<'_>, index: IndexId, extent: Extent, group: &Group, elements: &[Var]) -> Vars {
    let body = emitter.builder.close_block(elements);
    emitter.forget();
    let mut kinds: Vec<Reduction> = Vec::new();
    for reduction in &group.reductions {
        let accumulators = unrolled_places(&emitter.shape(reduction.value), &reduction.unrolled, &[]).count();
        kinds.extend(std::iter::repeat_n(reduction.kind, accumulators));
    }
    emitter.builder.reduce_loop(index, extent, &kinds, body)
}

fn store_results(
    emitter: &mut Emitter<'_>,
    function: &Function,
    group: &Group,
    dim: Dim,
    outer: &[Affine],
    results: &[Var],
) {
    let mut results = results.iter();
    for reduction in &group.reductions {
        let home = emitter.home(reduction.value);
        for at in unrolled_places(&function.ty(reduction.value).shape, &reduction.unrolled, outer) {
            let result = *results.next().expect("one result per accumulator");
            let value = or_empty(emitter, reduction.kind, dim, result);
            emitter.store(home, at, value);
        }
    }
}

/// The reduction over no elements is not the identity for a float sum: its identity is -0.0.
fn or_empty(emitter: &mut Emitter<'_>, kind: Reduction, dim: Dim, result: Var) -> Var {
    let builder = &mut emitter.builder;
    let dtype = builder.dtype(result);
    let (empty, identity) = (kind.empty(dtype), kind.identity(dtype));
    if empty == identity || dim.name.is_none() {
        return result;
    }
    let size = builder.index(Affine { terms: SmallVec::new(), offset: dim });
    let none = builder.constant(Scalar::from_i64(DType::I64, 0));
    let is_empty = builder.scalar(ScalarOp::Equal, &[size, none]);
    let empty = builder.constant(empty);
    builder.scalar(ScalarOp::Select, &[is_empty, empty, result])
}

fn emit_copy(emitter: &mut Emitter<'_>, copy: &Copy, loops: &[Affine]) {
    for at in unrolled_places(&copy.domain, &copy.unrolled, loops) {
        let value = match copy.source {
            Source::Definition(value) => emitter.definition(value, at.clone()),
            Source::Value(value) => emitter.element(value, at.clone()),
            Source::Fill(value) => emitter.element(value, Coordinates::new()),
        };
        let place = at.iter().zip(&copy.place).map(|(coordinate, &(factor, offset))| {
            let offset = Affine { terms: SmallVec::new(), offset };
            coordinate.times(factor).and_then(|scaled| scaled.plus(&offset)).expect("domain coordinates have no names")
        });
        emitter.store(copy.home, place.collect(), value);
    }
}

/// The coordinates of one iteration's elements: unrolled axes count through their sizes in row-major order, the others
/// take the loops' in turn. Without loops given, only the unrolled axes are listed (the others must not exist).
pub(super) fn unrolled_places(
    shape: &Shape,
    unrolled: &[bool],
    loops: &[Affine],
) -> impl Iterator<Item = Coordinates> + use<> {
    let sizes: Vec<u64> =
        shape.iter().zip(unrolled).map(|(dim, &short)| if short { dim.as_fixed().unwrap_or(0) } else { 1 }).collect();
    let (unrolled, loops) = (unrolled.to_vec(), loops.to_vec());
    let total: u64 = sizes.iter().product();
    (0..total).map(move |position| {
        let mut rest = position;
        let mut at: Coordinates = SmallVec::from_elem(Affine::constant(0), sizes.len());
        let mut next_loop = loops.len();
        for axis in (0..sizes.len()).rev() {
            if unrolled[axis] {
                at[axis] = Affine::constant((rest % sizes[axis]) as i64);
                rest /= sizes[axis];
            } else if next_loop > 0 {
                next_loop -= 1;
                at[axis] = loops[next_loop].clone();
            }
        }
        at
    })
}

impl Emitter<'_> {
    fn shape(&self, value: ValueId) -> Shape {
        self.function().ty(value).shape.clone()
    }
}
