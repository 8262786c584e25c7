//! Checkpoints: a loop as a loop over segments of iterations, each of which is a loop.
//!
//! Reverse mode of the outer loop stores what is carried into each segment, and goes through a segment by running it once
//! more, storing what is carried into its iterations: two levels of sqrt(T) values each instead of T. More levels store
//! fewer and run more often. This is the uniform kind of schedule (Chen et al., "Training deep nets with sublinear memory
//! cost", 2016, in levels); the binomial one of Griewank and Walther ("Revolve", 2000) with as many values takes as many
//! runs, and a factor of up to sqrt(2) fewer values at two levels, but its segments differ in length, which no loop of
//! one body can express.

use rotrace_ir::dim::MAX_RANK;
use rotrace_ir::graph::{Checkpoint, GraphBuilder, Location, Op, Scan, ValueId, Values};
use rotrace_ir::{Dim, Shape, Type};
use std::sync::Arc;

/// The loop's results from loops of which each stores what it carries into every iteration.
pub fn nested(builder: &mut GraphBuilder, scan: &Scan, length: u64, operands: &[ValueId]) -> Values {
    let inner = match scan.checkpoint {
        Checkpoint::All => Vec::new(),
        Checkpoint::Every(every) => vec![every],
        Checkpoint::Binomial(most) => inner_lengths(length, most),
    };
    let segment = inner.iter().product::<u64>();
    let plain = Scan { checkpoint: Checkpoint::All, length: Dim::fixed(length), ..scan.clone() };
    let rank = |&id: &ValueId| builder.function().ty(id).rank();
    let rank = operands.iter().map(rank).chain(scan.body.result_types().map(|ty| ty.rank() + 1)).max();
    let deep = rank.unwrap_or(0) + inner.len() > MAX_RANK;
    if segment <= 1 || segment >= length || deep {
        return push(builder, plain, operands);
    }
    let (segments, rest) = (length / segment, length % segment);
    let first = if scan.reverse { rest..length } else { 0..length - rest };
    let last = if scan.reverse { 0..rest } else { length - rest..length };
    let lengths: Vec<u64> = [segments].into_iter().chain(inner).collect();
    let mut main = sliced(builder, scan, operands, first);
    for operand in &mut main[scan.carried..scan.carried + scan.scanned] {
        *operand = regrouped(builder, *operand, &lengths, 1);
    }
    let mut main = in_levels(builder, &plain, &lengths, &main);
    for stack in &mut main[scan.carried..] {
        *stack = regrouped(builder, *stack, &[segments * segment], lengths.len());
    }
    if rest == 0 {
        return main;
    }
    let mut operands = sliced(builder, scan, operands, last);
    operands[..scan.carried].copy_from_slice(&main[..scan.carried]);
    let rest = nested(builder, scan, rest, &operands);
    let mut results: Values = rest[..scan.carried].into();
    for (&main, &rest) in main.iter().zip(&rest).skip(scan.carried) {
        let parts = if scan.reverse { [rest, main] } else { [main, rest] };
        results.push(builder.push(Op::Concatenate { axis: 0 }, &parts).expect("stacks that differ in length"));
    }
    results
}

/// The lengths of the loops inside of the outermost, so that with as few of them as possible all together store at most so
/// many values; or as few values as loops in loops can store. None is a loop by itself.
fn inner_lengths(length: u64, most: u64) -> Vec<u64> {
    let stored = |inner: &[u64]| length.div_ceil(inner.iter().product()) + inner.iter().sum::<u64>();
    let deepest = length.max(2).ilog2();
    let of_levels = |levels: u32| {
        // Equal lengths store the fewest values; whole numbers are next to the root. Segments that leave no rest come first:
        // a rest has slices and stacks of its own, which are put together afterwards.
        let root = ((length as f64).powf(1.0 / f64::from(levels)) as u64).max(2);
        let inner = |factor: u64| vec![factor; levels as usize - 1];
        let whole = (root.div_ceil(2).max(2)..=2 * root).map(inner);
        let whole =
            whole.filter(|inner| length.is_multiple_of(inner.iter().product())).min_by_key(|inner| stored(inner));
        whole.into_iter().chain([inner(root), inner(root + 1)])
    };
    let candidates = || [Vec::new()].into_iter().chain((2..=deepest.max(2)).flat_map(of_levels));
    let fits = candidates().find(|inner| stored(inner) <= most);
    fits.or_else(|| candidates().min_by_key(|inner| stored(inner))).unwrap_or_default()
}

/// Loops in loops, of these lengths from the outermost on. Slices of what is scanned, and of stacks, go through as they are.
fn in_levels(builder: &mut GraphBuilder, scan: &Scan, lengths: &[u64], operands: &[ValueId]) -> Values {
    let length = Dim::fixed(lengths[0]);
    if lengths.len() == 1 {
        return push(builder, Scan { length, ..scan.clone() }, operands);
    }
    let slice = |(place, &operand): (usize, &ValueId)| {
        let ty = builder.function().ty(operand);
        if is_scanned(scan, place) { Type { dtype: ty.dtype, shape: ty.shape[1..].into() } } else { ty.clone() }
    };
    let parameters: Vec<Type> = operands.iter().enumerate().map(slice).collect();
    let mut body = GraphBuilder::new(scan.body.name.clone(), scan.body.dims.clone());
    body.location = builder.location.map(|location| {
        let file = body.file(&builder.function().files[location.file as usize]);
        Location { file, ..location }
    });
    let given = super::parameters_of(&mut body, &parameters);
    let results = in_levels(&mut body, scan, &lengths[1..], &given);
    push(builder, Scan { length, body: body.finish(results.to_vec()), ..scan.clone() }, operands)
}

/// An array with other leading axes instead of its first few.
fn regrouped(builder: &mut GraphBuilder, array: ValueId, leading: &[u64], replaced: usize) -> ValueId {
    let rest = builder.function().ty(array).shape[replaced..].iter().copied();
    let shape: Shape = leading.iter().map(|&size| Dim::fixed(size)).chain(rest).collect();
    builder.push(Op::Reshape { shape }, &[array]).expect("whole segments")
}

/// The operands with a part of what is scanned.
fn sliced(builder: &mut GraphBuilder, scan: &Scan, operands: &[ValueId], range: std::ops::Range<u64>) -> Vec<ValueId> {
    let part = |(place, &operand): (usize, &ValueId)| {
        if !is_scanned(scan, place) {
            return operand;
        }
        let mut limit = builder.function().ty(operand).shape.clone();
        let (mut start, step) = (vec![0; limit.len()], vec![1; limit.len()]);
        (start[0], limit[0]) = (range.start, Dim::fixed(range.end));
        builder.push(Op::Slice { start, limit, step }, &[operand]).expect("a part of the leading axis")
    };
    operands.iter().enumerate().map(part).collect()
}

fn is_scanned(scan: &Scan, place: usize) -> bool {
    (scan.carried..scan.carried + scan.scanned).contains(&place)
}

fn push(builder: &mut GraphBuilder, scan: Scan, operands: &[ValueId]) -> Values {
    builder.push_all(Op::Scan(Arc::new(scan)), operands).expect("a loop over other parts of the same arrays")
}
