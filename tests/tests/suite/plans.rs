//! Plans with loops, branches and native functions, by hand: machine code gives the interpreter's bits, needs the memory
//! it says, and allocates nothing.

#[path = "../../../ir/tests/support/plans.rs"]
mod build;

use super::allocations::allocations;
use build::{Draft, array, elements, heat, native, polynomials, roots, switch};
use rotrace_ir::dim::{Dim, DimId, Type};
use rotrace_ir::graph::Constant;
use rotrace_ir::interpret::plan::run_plan_with;
use rotrace_ir::plan::{LoopStep, Plan, Step};
use rotrace_ir::text::parse_function;
use rotrace_ir::{DType, Scalar};
use rotrace_runtime::{Engine, Error, Executable, Natives, Options, View, ViewMut};
use rotrace_tests::engines::{every_configuration, kernel_interpreter, run};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn compile(plan: Plan, options: &Options) -> Executable {
    compile_with(plan, &natives(), options).unwrap_or_else(|error| panic!("{error}"))
}

fn compile_with(plan: Plan, natives: &Natives, options: &Options) -> Result<Executable, Error> {
    // SAFETY: the kernels of these plans stay in bounds for two and more points, which is all that they are called with.
    unsafe { Executable::compile_plan(plan, natives, options) }
}

/// The operand times the scale, and whether it is negative.
fn next(operands: &[View<'_>], results: &mut [ViewMut<'_>]) -> Result<(), String> {
    let scale: f64 = bytemuck::pod_read_unaligned(operands[1].bytes);
    let [scaled, flags] = results else { return Err(format!("{} results", results.len())) };
    if scale == 666.0 {
        return Err("not this one".to_owned());
    }
    assert_ne!(scale, 667.0, "a panic of the user's");
    if scale == 668.0 {
        flags.bytes.fill(2);
    }
    let elements: &[f64] = bytemuck::cast_slice(operands[0].bytes);
    for ((&element, scaled), flag) in
        elements.iter().zip(bytemuck::cast_slice_mut::<u8, f64>(scaled.bytes)).zip(flags.bytes.iter_mut())
    {
        assert_eq!((*scaled, *flag & 1), (0.0, 0), "results begin as zeros");
        *scaled = element * scale;
        if *scaled < 0.0 {
            *flag = 1;
        }
    }
    Ok(())
}

fn natives() -> Natives {
    let mut natives = Natives::default();
    natives.insert("next", Arc::new(next));
    natives
}

fn interpret(plan: &Plan, arguments: &[Constant]) -> Vec<Constant> {
    let call = |_: &str, operands: &[Constant], types: &[Type]| {
        let shape: Vec<usize> = operands[0].shape.iter().map(|&size| size as usize).collect();
        let views: Vec<View<'_>> =
            operands.iter().map(|operand| View { dtype: operand.dtype, shape: &shape, bytes: &operand.data }).collect();
        let (mut scaled, mut flags) = (vec![0.0_f64; shape[0]], vec![0_u8; shape[0]]);
        let mut results = [
            ViewMut { dtype: DType::F64, shape: &shape, bytes: bytemuck::cast_slice_mut(&mut scaled) },
            ViewMut { dtype: DType::Bool, shape: &shape, bytes: &mut flags },
        ];
        next(&views, &mut results)?;
        let flags = Constant { dtype: DType::Bool, shape: operands[0].shape.clone(), data: flags.into() };
        assert_eq!(types.len(), 2);
        Ok(vec![array(&operands[0].shape, scaled), flags])
    };
    run_plan_with(plan, arguments, &call).unwrap_or_else(|error| panic!("{error}"))
}

/// Checks that every engine gives the interpreter's bits.
fn agree(plan: &Plan, calls: &[Vec<Constant>]) {
    for (name, options) in every_configuration() {
        let executable = compile(plan.clone(), &options);
        for arguments in calls {
            let found = run(&executable, arguments).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(found, interpret(plan, arguments), "{name}: {arguments:?}\n{plan}");
        }
    }
}

fn rod(points: u64) -> Constant {
    array(&[points], (0..points).map(|point| (point as f64 * 0.7).sin()))
}

fn integer(dtype: DType, value: i64) -> Constant {
    Constant::scalar(Scalar::from_i64(dtype, value))
}

#[test]
fn loops_agree() {
    for reverse in [false, true] {
        let call = |points, steps| vec![rod(points), array(&[steps], (0..steps).map(|step| 0.1 * (step % 7) as f64))];
        let calls = [(2, 0), (2, 1), (3, 2), (100, 7), (1000, 8), (5, 1000)].map(|(points, steps)| call(points, steps));
        agree(&heat(reverse), &calls);
    }
}

#[test]
fn nested_loops_agree() {
    let call = |rows: u64, points: u64| {
        let elements = (0..rows * points).map(|index| (index as f64).cos());
        vec![array(&[rows, points], elements), array(&[4], [0.5, -1.0, 2.0, 0.25]), integer(DType::I64, -3)]
    };
    agree(
        &polynomials(),
        &[(0, 3), (1, 0), (1, 1), (2, 3), (7, 1000), (300, 2)].map(|(rows, points)| call(rows, points)),
    );
}

#[test]
fn whiles_agree() {
    for bound in [None, Some(0), Some(1), Some(2), Some(3), Some(50)] {
        let call = |points: u64| {
            let squares = array(&[points], (0..points).map(|point| 1.0 + point as f64));
            vec![squares.clone(), integer(DType::I64, 0), squares]
        };
        agree(&roots(bound), &[0, 1, 2, 9, 2000].map(call));
    }
}

#[test]
fn switches_agree() {
    for dtype in [DType::Bool, DType::I32, DType::I64] {
        let selectors: &[i64] = if dtype == DType::Bool { &[0, 1] } else { &[i64::from(i32::MIN), -1, 0, 1, 2, 3] };
        let calls: Vec<_> = selectors.iter().map(|&selected| vec![integer(dtype, selected), rod(600)]).collect();
        agree(&switch(dtype), &calls);
    }
    agree(&switch(DType::I64), &[i64::MIN, i64::MAX].map(|selected| vec![integer(DType::I64, selected), rod(1)]));
}

/// Loops in one kernel: there, with states in scratch, and back.
fn back_and_forth() -> Plan {
    let mut plan = Draft::new("back", &["n", "t"]);
    let (x, times, y) = (plan.input("f64[n]"), plan.input("f64[t]"), plan.output("f64[n]"));
    let states = plan.temporary("f64[t, 2]");
    plan.kernel(
        &[x, times, y, states],
        &["read % f64[n]", "read % f64[t]", "write % f64[n]", "scratch % f64[t, 2]"],
        "grid i0 in n {
           v0: f64 = load %0[i0]
           v4: f64 = carry i1 in t (v1 = v0) {
             v2: f64 = load %1[i1]
             v3: f64 = fma v2, v1, v0
             store %3[i1, 0] v1
             store %3[i1, 1] v3
             yield v3
           }
           v9: f64 = carry i2 in t (v5 = v4) {
             v6: f64 = load %3[-i2 + t - 1, 0]
             v7: f64 = load %3[-i2 + t - 1, 1]
             v8: f64 = fma v6, v5, v7
             yield v8
           }
           store %2[i0] v9
         }",
    );
    plan.plan
}

#[test]
fn scratch_agrees() {
    let call = |points, steps| vec![rod(points), array(&[steps], (0..steps).map(|step| 0.01 * step as f64))];
    let calls = [(0, 3), (1, 0), (1, 100), (2, 5), (3, 7), (9, 1), (1000, 20)];
    agree(&back_and_forth(), &calls.map(|(points, steps)| call(points, steps)));
    // As many as run at once, however many there are.
    assert_eq!(temporary_bytes(back_and_forth(), &call(1000, 20)), 4 * 20 * 2 * 8);
}

#[test]
fn native_functions_agree() {
    agree(&native(), &[0, 1, 5, 3000].map(|points| vec![rod(points), array(&[3], [2.0, -0.5, 3.0])]));
}

#[test]
fn native_functions_that_fail() {
    for options in [options(), kernel_interpreter().1] {
        let executable = compile(native(), &options);
        let scales = |last| vec![rod(4), array(&[3], [1.0, 2.0, last])];
        let error = run(&executable, &scales(666.0)).expect_err("the function's message");
        assert_eq!(error, "native function `next`: not this one");
        let error = run(&executable, &scales(668.0)).expect_err("neither false nor true");
        assert_eq!(error, "native function `next`: result 1 is of bool, but has a byte that is neither 0 nor 1");
        let panicking = std::panic::catch_unwind(|| run(&executable, &scales(667.0)));
        assert!(panicking.is_err());
        assert_eq!(run(&executable, &scales(2.0)), Ok(interpret(&native(), &scales(2.0))), "a call after a panic");
        let missing = compile_with(native(), &Natives::default(), &options).map(drop);
        assert_eq!(missing, Err(Error::UnknownNative("next".to_owned())));
    }
}

/// One thread: waking others is `rayon`'s business.
fn options() -> Options {
    Options { threads: 1, ..Options::default() }
}

/// Calls `work` with an executable's arguments and room for its results.
fn with_views<R>(
    executable: &Executable,
    arguments: &[Constant],
    work: impl FnOnce(&[View<'_>], &mut [ViewMut<'_>]) -> R,
) -> R {
    let shapes: Vec<Vec<usize>> =
        arguments.iter().map(|argument| argument.shape.iter().map(|&size| size as usize).collect()).collect();
    let inputs: Vec<View<'_>> = arguments
        .iter()
        .zip(&shapes)
        .map(|(argument, shape)| View { dtype: argument.dtype, shape, bytes: &argument.data })
        .collect();
    let shapes = executable.output_shapes(&inputs).expect("the arguments fit");
    let types = executable.outputs().iter().zip(&shapes);
    let lengths = types.map(|(ty, shape)| shape.iter().product::<usize>() * ty.dtype.size());
    let mut memory: Vec<Vec<u64>> = lengths.clone().map(|length| vec![0; length.div_ceil(8)]).collect();
    let mut outputs: Vec<ViewMut<'_>> = memory
        .iter_mut()
        .zip(lengths)
        .zip(executable.outputs().iter().zip(&shapes))
        .map(|((words, length), (ty, shape))| ViewMut {
            dtype: ty.dtype,
            shape,
            bytes: &mut bytemuck::cast_slice_mut(words)[..length],
        })
        .collect();
    work(&inputs, &mut outputs)
}

#[test]
fn calls_allocate_nothing_the_second_time() {
    let squares = || array(&[700], (0..700).map(|point| 1.0 + f64::from(point)));
    let plans = [
        (heat(true), vec![rod(900), array(&[30], vec![0.25; 30])]),
        (polynomials(), vec![array(&[4, 700], vec![0.5; 2800]), array(&[4], [1.0; 4]), integer(DType::I64, 0)]),
        (roots(None), vec![squares(), integer(DType::I64, 0), squares()]),
        (switch(DType::I32), vec![integer(DType::I32, 1), rod(5000)]),
        (native(), vec![rod(5000), array(&[3], [1.0; 3])]),
    ];
    for (plan, arguments) in plans {
        let executable = compile(plan, &options());
        with_views(&executable, &arguments, |inputs, outputs| {
            assert!(executable.temporary_bytes(inputs).expect("the arguments fit") > 4096, "more than the stack has");
            executable.call(inputs, outputs).expect("the arguments fit");
            let counted = allocations(|| {
                for _ in 0..3 {
                    executable.call(inputs, outputs).expect("the arguments fit");
                }
            });
            assert_eq!(counted, 0, "{}", executable.kernels());
        });
    }
}

fn temporary_bytes(plan: Plan, arguments: &[Constant]) -> u64 {
    let bytes = [options(), kernel_interpreter().1].map(|options| {
        let executable = compile(plan.clone(), &options);
        with_views(&executable, arguments, |inputs, _| executable.temporary_bytes(inputs).expect("the arguments fit"))
    });
    assert_eq!(bytes[0], bytes[1], "every engine says the same");
    bytes[0]
}

#[test]
fn memory_is_what_is_alive_together() {
    // The flux of 799 elements, and the second place of the temperatures.
    let heated = temporary_bytes(heat(false), &[rod(800), array(&[5], [0.1; 5])]);
    assert_eq!(heated, 800 * 8 + 800 * 8);
    // However many iterations.
    assert_eq!(heated, temporary_bytes(heat(false), &[rod(800), array(&[500], [0.1; 500])]));
    // Only one branch runs.
    assert_eq!(temporary_bytes(switch(DType::I64), &[integer(DType::I64, 0), rod(800)]), 800 * 8);
    // Carried values, the condition's result, and the larger of the condition's memory and the body's.
    let squares = || array(&[800], [1.0; 800]);
    let rooted = temporary_bytes(roots(None), &[squares(), integer(DType::I64, 0), squares()]);
    assert_eq!(rooted, 800 * 8 + 64 + 64 + 800 * 8);
}

#[test]
fn memory_is_limited() {
    let needed = 2 * 800 * 8;
    let arguments = [rod(800), array(&[5], [0.1; 5])];
    for (name, engine) in [("compiled", Engine::Compiled), ("interpreted", Engine::Interpreter)] {
        let limited = |limit| Options { memory_limit: Some(limit), engine, ..options() };
        assert!(run(&compile(heat(false), &limited(needed)), &arguments).is_ok(), "{name}");
        let executable = compile(heat(false), &limited(needed - 1));
        let error = with_views(&executable, &arguments, |inputs, outputs| executable.call(inputs, outputs));
        assert_eq!(error, Err(Error::MemoryLimit { needed, limit: needed - 1 }), "{name}");
        assert!(run(&executable, &[rod(700), arguments[1].clone()]).is_ok(), "{name}: a smaller call");
    }
    let message = Error::MemoryLimit { needed: 12_800, limit: 4096 }.to_string();
    let told = "the call needs 12800 bytes of temporaries, but the limit is 4096: raise it, or give the loops of a gradient \
                a checkpoint policy, under which they keep less";
    assert_eq!(message, told);
}

#[test]
fn sizes_that_loops_cannot_have() {
    let error = run(&compile(heat(false), &options()), &[array(&[0], []), array(&[3], [0.1; 3])]);
    assert_eq!(error.expect_err("no flux"), "named dimension `n` is 0, but the program needs at least 1");
    let mut plan = Draft::new("shorter", &["n"]);
    let (x, y) = (plan.input("f64[n]"), plan.output("f64[]"));
    let zero = plan.constant(0.0);
    let mut body = Draft::new("body", &["n"]);
    let (before, after) = (body.input("f64[]"), body.output("f64[]"));
    body.kernel(
        &[before, after],
        &["read % f64[]", "write % f64[]"],
        "grid i0 in 1 {
           v0: f64 = load %0[]
           v1: f64 = constant 1.0
           v2: f64 = add v0, v1
           store %1[] v2
         }",
    );
    plan.step(Step::Loop(Box::new(LoopStep {
        body: body.plan,
        length: Dim::named(DimId(0)).plus(-2).expect("no overflow"),
        reverse: false,
        initial: vec![zero],
        scanned: vec![],
        constants: vec![],
        carried: vec![y],
        stacked: vec![],
    })));
    assert_eq!(x.0, 0);
    let executable = compile(plan.plan, &options());
    assert_eq!(elements(&run(&executable, &[rod(2)]).expect("none")[0]), [0.0]);
    assert_eq!(elements(&run(&executable, &[rod(9)]).expect("seven")[0]), [7.0]);
    let error = run(&executable, &[rod(1)]).expect_err("a negative number of iterations");
    assert_eq!(error, "named dimension `n` is 1, but the program needs at least 2");
}

#[test]
fn sizes_that_nested_functions_cannot_have() {
    // A loop of n-1 iterations, and in its body a value of n-2 elements of which nobody sees the size.
    let text = "fn @f(dims n; %x: f64[n], %y: f64[]) -> (f64[]) {
      %z: f64[] = scan %y, %x {carried = 1, scanned = 0, length = n-1, reverse = false, checkpoint = all, body = fn @g(dims n; %c: f64[], %x: f64[n]) -> (f64[]) {
        %t: f64[n-2] = slice %x {start = [2], limit = [n], step = [1]}
        %s: f64[] = reduce %t {kind = sum, axes = [0]}
        %d: f64[] = add %c, %s
        return %d
      }}
      return %z
    }";
    let function = parse_function(text).unwrap_or_else(|error| panic!("{error}"));
    for options in [options(), kernel_interpreter().1] {
        let executable = Executable::compile(&function, &options).unwrap_or_else(|error| panic!("{error}"));
        let call = |size: u64| run(&executable, &[array(&[size], vec![1.0; size as usize]), array(&[], [0.5])]);
        assert_eq!(call(2), Ok(vec![array(&[], [0.5])]));
        assert_eq!(call(4), Ok(vec![array(&[], [6.5])]));
        for size in [0, 1] {
            let message = format!("named dimension `n` is {size}, but the program needs at least 2");
            assert_eq!(call(size), Err(message));
        }
    }
}

#[test]
fn iterations_are_cheap() {
    // Inner loops of four iterations of two kernels each, over one element.
    let rows = 20_000_u64;
    let arguments = [array(&[rows, 1], vec![0.5; rows as usize]), array(&[4], [1.0; 4]), integer(DType::I64, 0)];
    let executable = compile(polynomials(), &options());
    let fastest = with_views(&executable, &arguments, |inputs, outputs| {
        let time = |_| {
            let start = Instant::now();
            executable.call(inputs, outputs).expect("the arguments fit");
            start.elapsed()
        };
        (0..5).map(time).min().expect("five times")
    });
    let inner = fastest / (rows * 4) as u32;
    // Some 15 ns on an idle machine. The limit is generous, for machines that are busy.
    assert!(inner < Duration::from_nanos(1000), "{inner:?} for an iteration of two kernels");
    println!("{inner:?} for an iteration of two kernels, outer iterations of two more included");
}
