//! One negative test for each constraint of `docs/kernel-ir.md`, named after it: a kernel that violates it and nothing
//! else, next to the message.

use rotrace_ir::dim::{Dim, DimId};
use rotrace_ir::kernel::{Access, Affine, Block, BufferId, Extent, IndexId, Inst, Kernel, KernelBuilder, TableId, Var};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::text::parse_kernel;
use rotrace_ir::verify::Diagnostic;
use rotrace_ir::verify::kernel::{verify_core, verify_kernel};
use rotrace_ir::{DType, Scalar};
use smallvec::smallvec;

/// A kernel with dims `n, m`, `read %0: f64[n, 3]`, `write %1: f64[n]`, `read %2: bool[]`, a table `t0: i8 = [1, 2]`,
/// and the given instructions in a grid over `n`.
fn kernel(body: &str) -> Kernel {
    let text = format!(
        "kernel @f(dims n, m; read %0: f64[n, 3], write %1: f64[n], read %2: bool[]) {{
           table t0: i8 = [1, 2]
           grid i0 in n {{ {body} }}
         }}"
    );
    parse_kernel(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Requires that a kernel violates one constraint, any number of times, and says so.
fn violates(kernel: &Kernel, constraint: &str, message: &str) {
    let found = verify_kernel(kernel);
    let texts: Vec<String> = found.iter().map(Diagnostic::to_string).collect();
    assert!(!found.is_empty() && found.iter().all(|diagnostic| diagnostic.constraint == constraint), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains(message)), "{message}: {texts:?}");
}

const LOAD: &str = "v0: f64 = load %0[i0, 0]";

#[test]
fn the_kernel_that_all_others_spoil_is_well_formed() {
    assert_eq!(verify_kernel(&kernel(&format!("{LOAD} store %1[i0] v0"))), []);
}

#[test]
fn k1_names() {
    let good = kernel("");
    violates(&Kernel { name: "a b".to_owned(), ..good.clone() }, "K1", "\"a b\"");
    violates(&Kernel { dims: vec!["n".to_owned(), "i1".to_owned()], ..good.clone() }, "K1", "\"i1\"");
    violates(&Kernel { dims: vec!["n".to_owned(), "3".to_owned()], ..good.clone() }, "K1", "\"3\"");
    violates(&Kernel { dims: vec!["n".to_owned(), "n".to_owned()], ..good }, "K1", "dimension `n` is declared twice");
}

#[test]
fn k2_sizes() {
    let good = kernel("");
    let unknown = Dim::named(DimId(2));
    violates(&Kernel { grid: Extent::Dim(unknown), ..good.clone() }, "K2", "grid: there is no dimension number 2");
    violates(&Kernel { grid: Extent::Blocks(unknown), ..good.clone() }, "K2", "no dimension number 2");
    violates(&kernel("for i1 in -1 { }"), "K2", "for i1 in -1: the size -1 is negative");
    let mut kernel = kernel(LOAD);
    kernel.buffers[0].shape[1] = Extent::Dim(Dim { name: None, constant: -3 });
    violates(&kernel, "K2", "buffer %0: the size -3 is negative");
    let at = smallvec![Affine { terms: smallvec![], offset: unknown }, Affine::constant(0)];
    kernel = good;
    kernel.values.push(DType::F64);
    kernel.body.insts.push(Inst::Load { result: Var(0), buffer: BufferId(0), at });
    violates(&kernel, "K2", "no dimension number 2");
}

#[test]
fn k3_buffers() {
    let mut kernel = kernel("");
    kernel.buffers[2].shape = smallvec![Extent::fixed(1 << 32), Extent::fixed(1 << 31)];
    violates(&kernel, "K3", "buffer %2 has more than 2^62 elements");
    kernel.buffers[2].shape = smallvec![Extent::fixed(1 << 62), Extent::fixed(4), Extent::fixed(0)];
    assert_eq!(verify_kernel(&kernel), [], "nothing times anything is nothing");
    kernel.buffers[2].shape = smallvec![Extent::Block { dim: Dim::named(DimId(0)), index: IndexId(0) }];
    violates(&kernel, "K3", "buffer %2: `block` depends on a loop index");
}

#[test]
fn k4_tables() {
    let mut kernel = kernel("");
    kernel.tables[0].elements = [].into();
    violates(&kernel, "K4", "table t0 is empty");
    kernel.tables[0].elements = [1, 256].into();
    violates(&kernel, "K4", "table t0 has an element wider than i8");
}

#[test]
fn k5_grid() {
    let good = kernel("");
    let grid = Extent::Block { dim: Dim::named(DimId(0)), index: IndexId(0) };
    violates(&Kernel { grid, ..good }, "K5", "the grid cannot count");
    violates(&kernel(&format!("{LOAD} yield v0")), "K5", "yields values");
}

#[test]
fn k6_definitions() {
    let mut twice = kernel(&format!("{LOAD} v1: f64 = negative v0"));
    let Inst::Scalar { result, .. } = &mut twice.body.insts[1] else { panic!("a scalar operation") };
    *result = Var(0);
    violates(&twice, "K6", "v0 is defined twice");
    twice.body.insts.truncate(1);
    twice.values.clear();
    violates(&twice, "K6", "there is no value number 0");
}

#[test]
fn k7_scopes() {
    let inside = "v1: f64 = reduce i1 in m [sum] { v0: f64 = constant 1.0 yield v0 }";
    violates(&kernel(&format!("{inside} store %1[i0] v0")), "K7", "store %1[i0] v0: v0 is not defined here");
    let other = "v0: bool = load %2[] v3: f64 = if v0 { v1: f64 = constant 1.0 yield v1 } else { yield v1 }";
    violates(&kernel(other), "K7", "v1 is not defined here");
    let parameter = "v0: f64 = constant 1.0 v3: f64 = carry i1 in m (v1 = v0) { yield v1 } store %1[i0] v1";
    violates(&kernel(parameter), "K7", "v1 is not defined here");
    let mut early = kernel(&format!("{LOAD} v1: f64 = negative v0"));
    early.body.insts.swap(0, 1);
    violates(&early, "K7", "is not defined here");
}

#[test]
fn k8_loop_indices() {
    let mut kernel = kernel("for i1 in m { } for i2 in m { }");
    kernel.index_count = 2;
    violates(&kernel, "K8", "index number 2 is not below");
    kernel.index_count = 3;
    let Inst::Loop(second) = &mut kernel.body.insts[1] else { panic!("a loop") };
    second.index = IndexId(1);
    violates(&kernel, "K8", "belongs to another loop");
    kernel.body.insts.clear();
    kernel.index_count = u32::MAX;
    violates(&kernel, "K8", "4294967295 loop indices");
}

#[test]
fn k9_index_scopes() {
    let body = "for i1 in m { } v0: i64 = index i1";
    violates(&kernel(body), "K9", "v0: i64 = index i1: i1 is not the index of a loop around this");
}

#[test]
fn k10_affine_terms() {
    violates(&kernel("v0: i64 = index 0*i0"), "K10", "a factor is zero");
    violates(&kernel("v0: i64 = index i0 + i0"), "K10", "increasing order");
    violates(&kernel("for i1 in m { v0: i64 = index i1 + i0 }"), "K10", "increasing order");
}

#[test]
fn k11_scalar_operations() {
    violates(&kernel(&format!("{LOAD} v1: f64 = add v0")), "K11", "add takes 2 operands, got 1");
    violates(&kernel(&format!("{LOAD} v1: f32 = negative v0")), "K11", "v1 is f32 where f64 is needed");
    violates(&kernel(&format!("{LOAD} v1: f64 = less v0, v0")), "K11", "v1 is f64 where bool is needed");
    violates(&kernel(&format!("{LOAD} v1: f64 = not v0")), "K11", "not takes integers and bool, got f64");
}

#[test]
fn k12_dtypes() {
    let mut literal = kernel("v0: i8 = constant 1");
    literal.values[0] = DType::I16;
    violates(&literal, "K12", "v0 is i16 where i8 is needed");
    literal.values[0] = DType::I8;
    literal.body.insts[0] = Inst::Constant { result: Var(0), value: Scalar { dtype: DType::I8, bits: 256 } };
    violates(&literal, "K12", "bits beyond i8");
    violates(&kernel(&format!("{LOAD} v1: i32 = bitcast v0")), "K12", "f64 and i32 are not numbers of the same size");
    violates(&kernel("v0: bool = load %2[] v1: bool = bitcast v0"), "K12", "bool and bool");
    violates(&kernel("v0: u64 = index i0"), "K12", "v0 is u64 where i64 is needed");
}

#[test]
fn k13_lookups() {
    violates(&kernel(&format!("{LOAD} v1: i8 = lookup t0[v0]")), "K13", "v0 is f64 where i64 is needed");
    let mut kernel = kernel("v0: i64 = index i0 v1: u8 = lookup t0[v0]");
    violates(&kernel, "K13", "v1 is u8 where i8 is needed");
    let Inst::Lookup { table, .. } = &mut kernel.body.insts[1] else { panic!("a lookup") };
    *table = TableId(7);
    violates(&kernel, "K13", "there is no table t7");
}

#[test]
fn k14_accesses() {
    violates(&kernel("v0: f64 = load %1[i0]"), "K14", "buffer %1 is written and cannot be loaded from");
    violates(&kernel(&format!("{LOAD} store %0[i0, 0] v0")), "K14", "buffer %0 is read and cannot be stored to");
    violates(&kernel("v0: f64 = load %0[i0]"), "K14", "buffer %0 has 2 axes, got 1 coordinates");
    violates(&kernel("v0: f32 = load %0[i0, 0]"), "K14", "v0 is f32 where f64 is needed");
    violates(&kernel("v0: i64 = index 0 store %1[i0] v0"), "K14", "v0 is i64 where f64 is needed");
    let mut scratch = kernel("v0: f64 = load %0[1, 0] store %1[3] v0");
    scratch.buffers.iter_mut().for_each(|buffer| buffer.access = Access::Scratch);
    assert_eq!(verify_kernel(&scratch), []);
    let mut kernel = kernel(LOAD);
    let Inst::Load { buffer, .. } = &mut kernel.body.insts[0] else { panic!("a load") };
    *buffer = BufferId(9);
    violates(&kernel, "K14", "there is no buffer %9");
}

#[test]
fn k15_no_memory_in_branches() {
    let message = "branches neither load nor store";
    let condition = "v0: bool = load %2[]";
    violates(&kernel(&format!("{condition} if v0 {{ v1: bool = load %2[] }} else {{ }}")), "K15", message);
    let looped = format!("{condition} if v0 {{ carry i1 in m () {{ v1: f64 = load %0[i0, 0] }} }} else {{ }}");
    violates(&kernel(&looped), "K15", message);
    let stored = "v0: bool = load %2[] v1: f64 = constant 1.0 while i1 in m () { yield v0 } do { store %1[i0] v1 }";
    violates(&kernel(stored), "K15", "while loops do not store");
    let deeper = "v0: bool = load %2[] v1: f64 = constant 1.0
      while i1 in m () { for i2 in m { store %1[i0] v1 } yield v0 } do { }";
    violates(&kernel(deeper), "K15", "while loops do not store");
    let loads = "while i1 in m () { v0: bool = load %2[] yield v0 } do { v1: f64 = load %0[i0, 1] }";
    assert_eq!(verify_kernel(&kernel(loads)), []);
    assert_eq!(verify_kernel(&kernel("carry i1 in m () { v0: f64 = load %0[i0, 1] store %1[i0] v0 }")), []);
    let nested = format!("{condition} if v0 {{ }} else {{ for i1 in m {{ v1: f64 = load %0[i0, 0] }} }}");
    violates(&kernel(&nested), "K15", message);
}

#[test]
fn k16_branches() {
    violates(&kernel(&format!("{LOAD} if v0 {{ }} else {{ }}")), "K16", "v0 is f64 where bool is needed");
    let condition = "v0: bool = load %2[] v1: f64 = constant 1.0";
    let missing = format!("{condition} v2: f64 = if v0 {{ yield v1 }} else {{ }}");
    violates(&kernel(&missing), "K16", "0 yielded values for 1 results");
    let mixed = format!("{condition} v2: f64 = if v0 {{ yield v1 }} else {{ yield v0 }}");
    violates(&kernel(&mixed), "K16", "yielded v0 is bool, its result f64");
}

#[test]
fn k17_reductions() {
    let missing = "v1: f64 = reduce i1 in m [sum] { }";
    violates(&kernel(missing), "K17", "0 yielded values for 1 results");
    let more = format!("{LOAD} v1: f64 = reduce i1 in m [sum, max] {{ yield v0 }}");
    violates(&kernel(&more), "K17", "2 accumulators for 1 results");
    let all = format!("{LOAD} v1: f64 = reduce i1 in m [all] {{ yield v0 }}");
    violates(&kernel(&all), "K17", "all does not reduce f64");
    let sum = "v0: bool = load %2[] v1: bool = reduce i1 in m [sum] { yield v0 }";
    violates(&kernel(sum), "K17", "sum does not reduce bool");
    let other = format!("{LOAD} v1: f32 = reduce i1 in m [sum] {{ yield v0 }}");
    violates(&kernel(&other), "K17", "yielded v0 is f64, its result f32");
}

#[test]
fn k18_carried_values() {
    let count = format!("{LOAD} v2: f64 = carry i1 in m (v1 = v0) {{ }}");
    violates(&kernel(&count), "K18", "0 yielded values for 1 results");
    let initial = "v0: bool = load %2[] v2: f64 = carry i1 in m (v1 = v0) { yield v1 }";
    violates(&kernel(initial), "K18", "initial v0 is bool, its result f64");
    let mut parameter = kernel("v0: f64 = constant 1.0 v2: f64 = carry i1 in m (v1 = v0) { yield v0 }");
    parameter.values[1] = DType::I64;
    violates(&parameter, "K18", "carried v1 is i64, its result f64");
}

#[test]
fn k18_of_while_loops() {
    let asked = "v0: bool = load %2[] v1: f64 = constant 1.0";
    let count = format!("{asked} v3: f64 = while i1 in m (v2 = v1) {{ yield v0 }} do {{ }}");
    violates(&kernel(&count), "K18", "0 yielded values for 1 results");
    let initial = format!("{asked} v3: f64 = while i1 in m (v2 = v0) {{ yield v0 }} do {{ yield v2 }}");
    violates(&kernel(&initial), "K18", "initial v0 is bool, its result f64");
    let hidden = "v4: bool = while i1 in m (v0 = v9) { v1: bool = not v0 yield v1 } do { v2: bool = not v1 yield v2 }";
    violates(&kernel(&format!("v9: bool = load %2[] {hidden}")), "K7", "is not defined here");
}

#[test]
fn k19_elements_of_a_block() {
    violates(&kernel("for i1 in block(n, i0) { }"), "K19", "i0 does not count the blocks of this dimension here");
    violates(&kernel("for i1 in blocks(m) { for i2 in block(n, i1) { } }"), "K19", "i1 does not count");
    violates(&kernel("for i1 in blocks(m) { } for i2 in block(m, i1) { }"), "K19", "i1 does not count");
    assert_eq!(verify_kernel(&kernel("for i1 in blocks(m) { for i2 in block(m, i1) { } }")), []);
}

#[test]
fn k20_nesting() {
    let mut kernel = kernel("");
    let mut builder = KernelBuilder::new("deep", Vec::new(), Extent::fixed(1));
    let mut body = Block::default();
    for depth in 0..65 {
        if depth == 64 {
            kernel = built(&mut builder, body.clone());
            assert_eq!(verify_kernel(&kernel), []);
        }
        let index = builder.fresh_index();
        builder.open_block();
        builder.reduce_loop(index, Extent::fixed(2), &[], body);
        body = builder.close_block(&[]);
    }
    kernel.body = body;
    kernel.index_count += 1;
    violates(&kernel, "K20", "loops and branches nest deeper than 64");
}

/// What a builder has declared, around a body.
fn built(builder: &mut KernelBuilder, body: Block) -> Kernel {
    Kernel { body, ..builder.kernel().clone() }
}

#[test]
fn k21_core_operations() {
    let kernel = kernel(&format!("{LOAD} for i1 in m {{ v1: f64 = sin v0 v2: f64 = sqrt v0 v3: bool = isnan v0 }}"));
    assert_eq!(verify_kernel(&kernel), []);
    let found: Vec<_> = verify_core(&kernel).iter().map(Diagnostic::to_string).collect();
    let sin = "v1: f64 = sin v0: sin of f64 is not core and has to be expanded [K21]";
    let isnan = "v3: bool = isnan v0: isnan of f64 is not core and has to be expanded [K21]";
    assert_eq!(found, [sin, isnan]);
}

#[test]
fn k22_conditions() {
    let condition = "v0: f64 = constant 1.0 while i1 in m () { yield v0 } do { }";
    violates(&kernel(condition), "K22", "v0 is f64 where bool is needed");
    let two = "v0: bool = load %2[] while i1 in m () { yield v0, v0 } do { }";
    violates(&kernel(two), "K22", "the condition yields 2 values");
    violates(&kernel("while i1 in m () { } do { }"), "K22", "the condition yields 0 values");
}

#[test]
fn k23_scratch() {
    let mut kernel = kernel("v0: f64 = constant 1.0 for i1 in m { store %1[i1] v0 store %1[i0 + i1] v0 }");
    kernel.buffers[1].access = Access::Scratch;
    violates(&kernel, "K23", "store %1[i0 + i1] v0: each iteration of the grid has its own scratch");
}

#[test]
fn every_violation_is_reported() {
    let found = verify_kernel(&kernel("v0: f64 = load %1[i0] v1: f64 = add v0 for i1 in block(m, i0) { yield v0 }"));
    let constraints: Vec<_> = found.iter().map(|diagnostic| diagnostic.constraint).collect();
    assert_eq!(constraints, ["K14", "K11", "K19", "K17"]);
}

#[test]
fn a_built_kernel_prints_and_parses_back_equal() {
    let mut builder = KernelBuilder::new("built", vec!["n".to_owned()], Extent::Dim(Dim::named(DimId(0))));
    let shape = smallvec![Extent::Dim(Dim::named(DimId(0)))];
    let input = builder.buffer(DType::F64, shape, Access::Read);
    let output = builder.buffer(DType::F64, smallvec![Extent::Dim(Dim::named(DimId(0)))], Access::Write);
    let at = || smallvec![Affine::index(IndexId(0))];
    let x = builder.load(input, at());
    let (index, parameter) = (builder.fresh_index(), builder.fresh(DType::F64));
    builder.open_block();
    let zero = builder.constant(Scalar::f64(0.0));
    let negative = builder.scalar(ScalarOp::Less, &[parameter, zero]);
    builder.open_block();
    let flipped = builder.scalar(ScalarOp::Negative, &[parameter]);
    let then = builder.close_block(&[flipped]);
    builder.open_block();
    let otherwise = builder.close_block(&[parameter]);
    let next = builder.branch(negative, then, otherwise);
    let body = builder.close_block(&next);
    let results = builder.carry_loop(index, Extent::fixed(3), &[x], &[parameter], body);
    builder.store(output, at(), results[0]);
    let kernel = builder.finish();
    assert_eq!(verify_kernel(&kernel), []);
    assert_eq!(parse_kernel(&kernel.to_string()), Ok(kernel));
}
