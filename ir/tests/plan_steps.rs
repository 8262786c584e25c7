//! Steps that run nested plans, and native functions: printed, verified (negative tests for P10 to P14 and P16) and run.

#[path = "support/plans.rs"]
mod plans;

use plans::{Draft, array, elements, heat, native, polynomials, roots, switch};
use rotrace_ir::dim::Type;
use rotrace_ir::graph::Constant;
use rotrace_ir::interpret::plan::{run_plan, run_plan_with};
use rotrace_ir::plan::{LoopStep, MatmulStep, Plan, PlanBufferId, Step, SwitchStep, WhileStep};
use rotrace_ir::verify::plan::verify_plan;
use rotrace_ir::{DType, Dim, DimId, Scalar};

fn run(plan: &Plan, inputs: &[Constant]) -> Vec<Constant> {
    run_plan(plan, inputs).unwrap_or_else(|error| panic!("{error}\n{plan}"))
}

fn violates(plan: &Plan, constraint: &str, message: &str) {
    let found = verify_plan(plan);
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(!found.is_empty() && found.iter().all(|diagnostic| diagnostic.constraint == constraint), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains(message)), "{message}: {texts:?}");
}

/// As [`violates`], where one mistake entails others.
fn finds(plan: &Plan, constraint: &str, message: &str) {
    let found = verify_plan(plan);
    let wanted = found.iter().any(|found| found.constraint == constraint && found.message.contains(message));
    assert!(wanted, "{message}: {found:?}");
}

fn loop_of(plan: &mut Plan) -> &mut LoopStep {
    plan.steps.iter_mut().find_map(|step| if let Step::Loop(step) = step { Some(step) } else { None }).expect("a loop")
}

fn while_of(plan: &mut Plan) -> &mut WhileStep {
    let Step::While(step) = &mut plan.steps[0] else { panic!("a while") };
    step
}

fn switch_of(plan: &mut Plan) -> &mut SwitchStep {
    let Step::Switch(step) = &mut plan.steps[0] else { panic!("a switch") };
    step
}

fn rod(points: usize) -> Vec<f64> {
    (0..points).map(|point| (point as f64).sin()).collect()
}

#[test]
fn loops_carry_and_stack() {
    for reverse in [false, true] {
        let (mut rod, rates) = (rod(7), [0.25, 0.5, 0.125, 1.0]);
        let results = run(&heat(reverse), &[array(&[7], rod.clone()), array(&[4], rates)]);
        let mut sums = [0.0; 4];
        for iteration in 0..4 {
            let index = if reverse { 3 - iteration } else { iteration };
            sums[index] = rod.iter().sum();
            let flux: Vec<f64> = rod.windows(2).map(|pair| (pair[1] - pair[0]) * 0.5).collect();
            (1..6).for_each(|point| rod[point] = (flux[point] - flux[point - 1]).mul_add(rates[index], rod[point]));
        }
        assert_eq!(elements(&results[0]), rod);
        elements(&results[1]).iter().zip(sums).for_each(|(found, sum)| assert!((found - sum).abs() < 1e-14));
    }
}

#[test]
fn no_iterations_leave_the_initial_values() {
    let rod = array(&[5], rod(5));
    assert_eq!(run(&heat(false), &[rod.clone(), array(&[0], [])]), [rod, array(&[0], [])]);
}

#[test]
fn loops_nest() {
    let (x, coefficients) = ([[1.0, -1.0], [2.0, 0.5], [3.0, 0.0]], [4.0, 3.0, 2.0, 1.0]);
    let count = Constant::scalar(Scalar::from_i64(DType::I64, 10));
    let results = run(&polynomials(), &[array(&[3, 2], x.concat()), array(&[4], coefficients), count]);
    let value = |x: f64| ((x + 2.0) * x + 3.0) * x + 4.0;
    let values: Vec<f64> = x.concat().into_iter().map(value).collect();
    assert_eq!(elements(&results[2]), values);
    assert_eq!(elements(&results[0]), [values[0] + values[2] + values[4], values[1] + values[3] + values[5]]);
    assert_eq!(results[1], Constant::scalar(Scalar::from_i64(DType::I64, 13)));
}

#[test]
fn whiles_end_with_the_condition_or_the_bound() {
    let (start, zero) = (array(&[2], [4.0, 9.0]), Constant::scalar(Scalar::from_i64(DType::I64, 0)));
    let squares = array(&[2], [4.0, 9.0]);
    let results = run(&roots(None), &[start.clone(), zero.clone(), squares.clone()]);
    elements(&results[0]).iter().zip([2.0, 3.0]).for_each(|(found, root)| assert!((found - root).abs() < 1e-6));
    let needed = results[1].element(0).bits;
    assert!((4..8).contains(&needed), "{needed}");
    for bound in [0, 1, 2, 3, needed, 100] {
        let results = run(&roots(Some(bound)), &[start.clone(), zero.clone(), squares.clone()]);
        assert_eq!(results[1].element(0).bits, bound.min(needed));
    }
    let results = run(&roots(Some(0)), &[start.clone(), zero.clone(), squares]);
    assert_eq!(results, [start, zero]);
}

#[test]
fn switches_take_the_nearest_branch() {
    let x = array(&[2], [1.0, -0.5]);
    for dtype in [DType::I32, DType::I64] {
        for (selected, factor) in [(-7, 1.0), (0, 1.0), (1, 4.0), (2, 9.0), (3, 9.0)] {
            let selector = Constant::scalar(Scalar::from_i64(dtype, selected));
            assert_eq!(run(&switch(dtype), &[selector, x.clone()]), [array(&[2], [factor, -0.5 * factor])]);
        }
    }
    for (selected, factor) in [(false, 1.0), (true, 4.0)] {
        let selector = Constant::scalar(Scalar::bool(selected));
        assert_eq!(run(&switch(DType::Bool), &[selector, x.clone()]), [array(&[2], [factor, -0.5 * factor])]);
    }
}

/// The operand times the scale, and whether it is negative.
fn next(operands: &[Constant]) -> Vec<Constant> {
    let scale = elements(&operands[1])[0];
    let scaled: Vec<f64> = elements(&operands[0]).into_iter().map(|element| element * scale).collect();
    let flags = Constant::from_scalars(
        DType::Bool,
        operands[0].shape.clone(),
        scaled.iter().map(|&element| Scalar::bool(element < 0.0)),
    );
    vec![array(&operands[0].shape, scaled), flags]
}

#[test]
fn native_functions_are_called() {
    let inputs = [array(&[2], [1.0, -1.0]), array(&[3], [2.0, 3.0, 0.5])];
    let call = |name: &str, operands: &[Constant], types: &[Type]| {
        assert_eq!((name, types[0].shape[0], types[1].dtype), ("next", Dim::fixed(2), DType::Bool));
        Ok(next(operands))
    };
    let results = run_plan_with(&native(), &inputs, &call).expect("results");
    assert_eq!(results, [array(&[2], [3.0, -24.0])]);
    let none = run_plan(&native(), &inputs).expect_err("no functions are given");
    assert_eq!(none.to_string(), "native function `next`: there is no function of this name");
    let failing = |_: &str, _: &[Constant], _: &[Type]| Err("no more".to_owned());
    let failed = run_plan_with(&native(), &inputs, &failing).expect_err("the function's message");
    assert_eq!(failed.to_string(), "native function `next`: no more");
    let wrong = |_: &str, operands: &[Constant], _: &[Type]| Ok(next(operands)[..1].to_vec());
    let wrong = run_plan_with(&native(), &inputs, &wrong).expect_err("a result is missing");
    assert_eq!(wrong.to_string(), "native function `next`: the results are not of the types that were asked for");
}

#[test]
fn nested_plans_print_inside_their_steps() {
    let text = heat(true).to_string();
    let head = "plan @heat(dims n, t; f64[n], f64[t]) -> (f64[n], f64[t]) {
  b0: f64[n] = input 0
  b1: f64[t] = input 1
  b2: f64[] = constant [0.5]
  b3: f64[n] = output 0
  b4: f64[t] = output 1
  step 0 reverse loop t carried(b0) scanned(b1) constants(b2) -> carried(b3) stacked(b4):
    plan @diffuse(f64[n], f64[], f64[]) -> (f64[n], f64[]) {
      b0: f64[n] = input 0
";
    assert!(text.starts_with(head), "{text}");
    assert!(text.contains("\n      step 0 @diffuse_0(b0, b2, b5):\n        kernel @diffuse_0("), "{text}");
    let lines = [
        (
            roots(Some(3)),
            "  step 0 while at most 3 carried(b0, b1) constants(b2) -> carried(b3, b4):\n    plan @residual(",
        ),
        (switch(DType::Bool), "  step 0 switch b0 (b1) -> (b2):\n    plan @once(f64[n]) -> (f64[n]) {\n"),
        (native(), "      step 0 native \"next\"(b0, b1) -> (b3, b4): (f64[n], f64[]) -> (f64[n], bool[n])\n"),
    ];
    for (plan, line) in lines {
        assert!(plan.to_string().contains(line), "{plan}");
    }
}

#[test]
fn what_is_wrong_inside_is_reported_with_its_place() {
    let mut plan = heat(false);
    loop_of(&mut plan).body.steps.swap(0, 1);
    violates(&plan, "P7", "step 0 @diffuse, in @diffuse, step 0 @diffuse_1: b5 is read before it is written");
    let mut plan = heat(false);
    loop_of(&mut plan).body.outputs.push(Type::scalar(DType::F64));
    finds(&plan, "P3", "result 2 has 0 buffers");
}

#[test]
fn p4_dims_of_nested_plans() {
    let mut plan = native();
    let step = loop_of(&mut plan);
    step.body.dims.push("m".to_owned());
    let Step::Kernel(kernel) = &mut step.body.steps[1] else { panic!("a kernel") };
    kernel.kernel.dims.push("m".to_owned());
    violates(&plan, "P4", "the named dimensions of @call are not the plan's");
}

#[test]
fn p5_operands_of_nested_plans() {
    let mut plan = heat(false);
    loop_of(&mut plan).constants.clear();
    finds(&plan, "P5", "2 operands for 3 inputs of the body");
    let mut plan = roots(None);
    while_of(&mut plan).carried.pop();
    finds(&plan, "P5", "1 carried results for 2 initial values");
    let mut plan = switch(DType::I32);
    switch_of(&mut plan).selector = PlanBufferId(9);
    violates(&plan, "P5", "there is no buffer b9");
}

#[test]
fn p6_slices() {
    let mut plan = heat(false);
    loop_of(&mut plan).length = Dim::fixed(4);
    violates(&plan, "P6", "b1 does not have the dtype and as many elements as input 1 of all iterations");
    violates(&plan, "P6", "b4 does not have the dtype and as many elements as output 1 of all iterations");
}

#[test]
fn p7_p8_operands_and_results() {
    let mut plan = heat(false);
    loop_of(&mut plan).initial = vec![PlanBufferId(3)];
    finds(&plan, "P7", "b3 is read before it is written");
    let mut plan = heat(false);
    loop_of(&mut plan).carried = vec![PlanBufferId(0)];
    finds(&plan, "P8", "b0 is an argument or a constant and cannot be written");
    let mut plan = switch(DType::I64);
    plan.buffers.push(plan.buffers[0].clone());
    plan.buffers[3].storage = rotrace_ir::plan::Storage::Temporary;
    switch_of(&mut plan).selector = PlanBufferId(3);
    violates(&plan, "P7", "b3 is read before it is written");
}

#[test]
fn p10_loops() {
    let mut plan = heat(false);
    loop_of(&mut plan).length = Dim::named(DimId(7));
    finds(&plan, "P10", "there is no dimension number 7");
    let mut plan = heat(false);
    let step = loop_of(&mut plan);
    step.body.outputs[0] = Type::scalar(DType::F64);
    finds(&plan, "P10", "carried value 0 is f64[n] before an iteration and f64[] after it");
}

#[test]
fn p11_whiles() {
    let mut plan = roots(None);
    let step = while_of(&mut plan);
    step.condition = step.body.clone();
    violates(&plan, "P11", "the condition gives (f64[n], i64[]), not (bool[])");
    let mut plan = roots(None);
    while_of(&mut plan).condition.inputs.pop();
    finds(&plan, "P11", "the condition takes other types than the body");
}

#[test]
fn p12_switches() {
    let mut plan = switch(DType::Bool);
    let step = switch_of(&mut plan);
    step.branches.push(step.branches[0].clone());
    violates(&plan, "P12", "b0 is no selector of 3 branches");
    let mut plan = switch(DType::I64);
    let step = switch_of(&mut plan);
    step.branches[1] = Plan { inputs: Vec::new(), outputs: Vec::new(), dims: vec!["n".to_owned()], ..Plan::default() };
    violates(&plan, "P12", "branch 1 is () -> (), but branch 0 is (f64[n]) -> (f64[n])");
    let mut plan = switch(DType::I64);
    switch_of(&mut plan).selector = PlanBufferId(1);
    violates(&plan, "P12", "b1 is no selector of 3 branches");
    let mut plan = switch(DType::I64);
    let step = switch_of(&mut plan);
    (step.branches, step.operands, step.results) = (Vec::new(), Vec::new(), Vec::new());
    finds(&plan, "P12", "no branch");
}

#[test]
fn p13_natives() {
    let mut plan = native();
    let Step::Native(step) = &mut loop_of(&mut plan).body.steps[0] else { panic!("a native step") };
    step.name.clear();
    violates(&plan, "P13", "the function has no name");
    let Step::Native(step) = &mut loop_of(&mut plan).body.steps[0] else { panic!("a native step") };
    step.inputs[0].shape[0] = Dim::named(DimId(4));
    finds(&plan, "P13", "there is no dimension number 4");
}

#[test]
fn p14_nesting() {
    let mut plan = switch(DType::Bool);
    for _ in 0..40 {
        let mut outer = switch(DType::Bool);
        let step = switch_of(&mut outer);
        let mut inner = plan;
        // A branch selects by an array of its own.
        inner.buffers[0].storage = rotrace_ir::plan::Storage::Constant(Constant::scalar(Scalar::bool(true)));
        inner.inputs.remove(0);
        inner.buffers[1].storage = rotrace_ir::plan::Storage::Input(0);
        step.branches[1] = inner;
        plan = outer;
    }
    violates(&plan, "P14", "plans nest more than 32 deep");
}

/// Transposed matrices of `n` places of a batch times plain ones.
fn product() -> Plan {
    let mut draft = Draft::new("product", &["n"]);
    let operands = [draft.input("f64[n, 3, 2]"), draft.input("f64[n, 3, 2]")];
    let result = draft.output("f64[n, 2, 2]");
    let [batch, inner, two] =
        [Dim::named(DimId(0)), Dim::fixed(3), Dim::fixed(2)].map(|dim| [dim].into_iter().collect());
    let step = MatmulStep {
        dtype: DType::F64,
        batch,
        rows: Clone::clone(&two),
        inner,
        columns: two,
        transposed: [true, false],
        operands,
        result,
    };
    draft.step(Step::Matmul(step));
    draft.plan
}

fn product_of(plan: &mut Plan) -> &mut MatmulStep {
    let Step::Matmul(step) = &mut plan.steps[0] else { panic!("a product") };
    step
}

#[test]
fn products_of_matrices() {
    let plan = product();
    assert!(plan.to_string().contains("step 0 matmul b0^T b1 -> b2: n times f64[2, 3] [3, 2]"), "{plan}");
    let left = array(&[2, 3, 2], (0..12).map(f64::from));
    let right = array(&[2, 3, 2], [1.0, 0.0, 0.0, 1.0, 1.0, 1.0].repeat(2));
    let [result] = run(&plan, &[left, right]).try_into().expect("one result");
    assert_eq!(elements(&result), [4.0, 6.0, 6.0, 8.0, 16.0, 18.0, 18.0, 20.0]);
    let none = run(&plan, &[array(&[0, 3, 2], []), array(&[0, 3, 2], [])]);
    assert!(elements(&none[0]).is_empty());
}

#[test]
fn p16_products() {
    let mut plan = product();
    product_of(&mut plan).inner[0] = Dim::named(DimId(3));
    finds(&plan, "P16", "there is no dimension number 3");
    let mut plan = product();
    product_of(&mut plan).dtype = DType::I64;
    finds(&plan, "P16", "matrices of i64 are not for libraries");
    let mut plan = product();
    product_of(&mut plan).rows[0] = Dim::fixed(4);
    violates(&plan, "P6", "as many elements as");
}
