//! Checkpoints: a loop as a loop over segments of iterations, each of which is a loop.
//!
//! Reverse mode of the outer loop stores what is carried into each segment, and goes through a segment by running it once
//! more, storing what is carried into its iterations: two levels of sqrt(T) values each instead of T. More levels store
//! fewer and run more often. This is the uniform kind of schedule (Chen et al., "Training deep nets with sublinear memory
//! cost", 2016, in levels); the binomial one of Griewank and Walther ("Revolve", 2000) with as many values takes as many
//! runs, and a factor of up to sqrt(2) fewer values at two levels, but its segments differ in length, which no loop of
//! one body can express.

use rotrace_ir::dim::MAX_RANK;
use rotrace_ir::graph::{Checkpoint, GraphBuilder, Op, Scan, ValueId, Values};
use rotrace_ir::{Dim, Shape, Type};
use std::sync::Arc;

/// The loop's results from loops of which each stores what its own checkpoint policy says.
pub fn nested(builder: &mut GraphBuilder, scan: &Scan, length: u64, operands: &[ValueId]) -> Values {
    let (segment, checkpoint) = match scan.checkpoint {
        Checkpoint::All => (length, Checkpoint::All),
        Checkpoint::Every(every) => (every, Checkpoint::All),
        Checkpoint::Binomial(most) => segment(length, most),
    };
    let rank = |&id: &ValueId| builder.function().ty(id).rank();
    let deep =
        operands.iter().map(rank).chain(scan.body.result_types().map(|ty| ty.rank() + 1)).max() >= Some(MAX_RANK);
    if segment >= length || segment <= 1 || deep {
        return push(builder, Scan { checkpoint: Checkpoint::All, ..scan.clone() }, operands);
    }
    let (segments, rest) = (length / segment, length % segment);
    let first = if scan.reverse { rest..length } else { 0..length - rest };
    let last = if scan.reverse { 0..rest } else { length - rest..length };
    let main = sliced(builder, scan, operands, first);
    let main = segmented(builder, scan, (segments, segment, checkpoint), &main);
    if rest == 0 {
        return main;
    }
    let mut operands = sliced(builder, scan, operands, last);
    operands[..scan.carried].copy_from_slice(&main[..scan.carried]);
    let short = Scan { length: Dim::fixed(rest), checkpoint: Checkpoint::All, ..scan.clone() };
    let rest = nested_short(builder, short, checkpoint, rest, &operands);
    let mut results: Values = rest[..scan.carried].into();
    for (&main, &rest) in main.iter().zip(&rest).skip(scan.carried) {
        let parts = if scan.reverse { [rest, main] } else { [main, rest] };
        results.push(builder.push(Op::Concatenate { axis: 0 }, &parts).expect("stacks that differ in length"));
    }
    results
}

/// The iterations that make no whole segment, which are no more than one.
fn nested_short(
    builder: &mut GraphBuilder,
    short: Scan,
    checkpoint: Checkpoint,
    length: u64,
    operands: &[ValueId],
) -> Values {
    match checkpoint {
        Checkpoint::All => push(builder, short, operands),
        Checkpoint::Every(_) | Checkpoint::Binomial(_) => {
            nested(builder, &Scan { checkpoint, ..short }, length, operands)
        }
    }
}

/// How long a segment is so that with the fewest levels at most so many values are stored, and the policy inside of it.
fn segment(length: u64, most: u64) -> (u64, Checkpoint) {
    if length <= most {
        return (length, Checkpoint::All);
    }
    // Levels of equal factors store the fewest values: `levels * length^(1/levels)`, least at `ln(length)` levels.
    let factor = |levels: u32| (length as f64).powf(1.0 / f64::from(levels)).ceil() as u64;
    let deepest = (length as f64).ln().ceil().max(2.0) as u32;
    let levels = (2..=deepest).find(|&levels| u64::from(levels) * factor(levels) <= most).unwrap_or(deepest);
    let segments = factor(levels);
    let segment = length.div_ceil(segments);
    (segment, if levels == 2 { Checkpoint::All } else { Checkpoint::Binomial(most.saturating_sub(segments).max(1)) })
}

/// The loop over segments.
fn segmented(
    builder: &mut GraphBuilder,
    scan: &Scan,
    (segments, segment, checkpoint): (u64, u64, Checkpoint),
    operands: &[ValueId],
) -> Values {
    let outer_operands = operands.iter().enumerate().map(|(place, &operand)| {
        if !is_scanned(scan, place) {
            return operand;
        }
        let shape = &builder.function().ty(operand).shape;
        let shape: Shape =
            [Dim::fixed(segments), Dim::fixed(segment)].into_iter().chain(shape[1..].iter().copied()).collect();
        builder.push(Op::Reshape { shape }, &[operand]).expect("whole segments")
    });
    let outer_operands: Vec<ValueId> = outer_operands.collect();
    let mut body = GraphBuilder::new(scan.body.name.clone(), scan.body.dims.clone());
    let parameters: Vec<Type> = outer_operands
        .iter()
        .enumerate()
        .map(|(place, &operand)| {
            let ty = builder.function().ty(operand);
            if is_scanned(scan, place) { Type { dtype: ty.dtype, shape: ty.shape[1..].into() } } else { ty.clone() }
        })
        .collect();
    let given = super::parameters_of(&mut body, &parameters);
    let inner = Scan { length: Dim::fixed(segment), checkpoint, ..scan.clone() };
    let results = push(&mut body, inner, &given);
    let outer = Scan {
        length: Dim::fixed(segments),
        checkpoint: Checkpoint::All,
        body: body.finish(results.to_vec()),
        ..scan.clone()
    };
    let mut results = push(builder, outer, &outer_operands);
    for stack in &mut results[scan.carried..] {
        let shape = &builder.function().ty(*stack).shape;
        let shape: Shape = [Dim::fixed(segments * segment)].into_iter().chain(shape[2..].iter().copied()).collect();
        *stack = builder.push(Op::Reshape { shape }, &[*stack]).expect("segments one after the other");
    }
    results
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
