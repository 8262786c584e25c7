//! Functions that are damaged in their data, where the text form cannot reach: the verifier refuses them, and nothing
//! panics.

use crate::support::Random;
use rotrace_ir::dim::{Dim, DimId, Type};
use rotrace_ir::graph::{Checkpoint, Constant, Function, NodeId, Op, Scan, ValueId};
use rotrace_ir::interpret::graph::{InterpretError, interpret};
use rotrace_ir::text::parse_function;
use rotrace_ir::verify::graph::verify;
use rotrace_ir::{DType, Scalar};
use std::path::Path;
use std::sync::Arc;

/// Damages a function or, half of the times, one in it.
fn damage(function: &mut Function, random: &mut Random) {
    let regions: Vec<usize> =
        (0..function.nodes.len()).filter(|&place| !function.nodes[place].op.functions().is_empty()).collect();
    if regions.is_empty() || random.below(2) == 0 {
        return damage_here(function, random);
    }
    let place = *random.pick(&regions);
    let count = *random.pick(&[0, 1, 2, 5, usize::MAX]);
    let attribute = random.below(4) == 0;
    match &mut function.nodes[place].op {
        Op::Custom(rule) => damage(&mut Arc::make_mut(rule).function, random),
        Op::Call(called) | Op::Checkpoint(called) => damage(Arc::make_mut(called), random),
        Op::Switch(branches) => {
            let mut all = branches.to_vec();
            if attribute {
                all.truncate(count);
            } else {
                let branch = random.below(all.len());
                damage(&mut all[branch], random);
            }
            *branches = all.into();
        }
        Op::While(looped) if attribute => Arc::make_mut(looped).carried = count,
        Op::While(looped) => {
            let looped = Arc::make_mut(looped);
            damage(if random.below(2) == 0 { &mut looped.condition } else { &mut looped.body }, random);
        }
        Op::Scan(scan) if attribute => damage_scan(Arc::make_mut(scan), count, random),
        Op::Scan(scan) => damage(&mut Arc::make_mut(scan).body, random),
        other => unreachable!("{} has functions", other.name()),
    }
}

fn damage_scan(scan: &mut Scan, count: usize, random: &mut Random) {
    match random.below(4) {
        0 => scan.carried = count,
        1 => scan.scanned = count,
        2 => scan.checkpoint = [Checkpoint::Every(count as u64), Checkpoint::Binomial(count as u64)][random.below(2)],
        _ => {
            let name = [None, Some(DimId(0)), Some(DimId(u32::MAX))][random.below(3)];
            scan.length = Dim { name, constant: *random.pick(&[-1, 0, 1, 1 << 12, i64::MIN]) };
        }
    }
}

fn damage_here(function: &mut Function, random: &mut Random) {
    let id = |random: &mut Random| *random.pick(&[0, 1, 2, 3, 5, 9, 1 << 20, u32::MAX]);
    let node = random.below(function.nodes.len().max(1));
    let value = random.below(function.values.len().max(1));
    let constant = *random.pick(&[0, 1, 2, -1, i64::MIN, i64::MAX, 1 << 40]);
    let name = [None, Some(DimId(0)), Some(DimId(1)), Some(DimId(u32::MAX))][random.below(4)];
    let ty = Type::new(*random.pick(&DType::ALL), vec![Dim { name, constant }; *random.pick(&[0, 1, 2, 3, 300])]);
    match random.below(12) {
        0 => function.results.push(ValueId(id(random))),
        1 => function.parameters.push(ValueId(id(random))),
        2 => function.parameters.truncate(value),
        3 => drop(function.values.pop()),
        4 => function.dims.clear(),
        5 => function.files.clear(),
        6 if value < function.values.len() => function.values[value].ty = ty,
        7 if value < function.values.len() => function.values[value].node = NodeId(id(random)),
        8 if node < function.nodes.len() => function.nodes[node].operands.push(ValueId(id(random))),
        9 if node < function.nodes.len() => function.nodes[node].results.push(ValueId(id(random))),
        10 if node < function.nodes.len() => function.nodes[node].operands.truncate(random.below(2)),
        11 if node < function.nodes.len() => {
            let index = id(random);
            let other = function.nodes[random.below(function.nodes.len())].op.clone();
            let shape = ty.shape.clone();
            function.nodes[node].op = match random.below(6) {
                0 => Op::Parameter { index, ty },
                1 => Op::Reshape { shape },
                2 => Op::Broadcast { shape, axes: vec![index as usize] },
                3 => Op::Slice { start: vec![u64::MAX], limit: shape, step: vec![u64::from(index)] },
                4 => Op::Iota { ty, axis: index as usize },
                _ => other,
            };
        }
        _ => {}
    }
}

#[test]
fn garbage_never_panics() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let folders = ["graph", "regions"].map(|name| std::fs::read_dir(corpus.join(name)).unwrap());
    let mut paths: Vec<_> = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let functions: Vec<_> =
        paths.iter().map(|path| parse_function(&std::fs::read_to_string(path).unwrap()).unwrap()).collect();
    let mut random = Random::new(3);
    let (mut clean, rounds) = (0, 40_000);
    for round in 0..rounds {
        let mut function = functions[round % functions.len()].clone();
        for _ in 0..=random.below(3) {
            damage(&mut function, &mut random);
        }
        let diagnostics = verify(&function);
        clean += usize::from(diagnostics.is_empty());
        assert!(!function.to_string().is_empty());
        let arguments: Vec<_> = function.parameters.iter().map(|_| Constant::scalar(Scalar::f64(0.0))).collect();
        let refused = interpret(&function, &arguments);
        assert!(diagnostics.is_empty() || matches!(refused, Err(InterpretError::Invalid(_))));
    }
    assert!(clean < rounds / 4, "{clean} of {rounds} damaged functions are well formed");
}
