//! Loops and branches, and their derivatives, in every engine: the bits of the graph interpreter.

use rotrace_ir::graph::{Constant, Function};
use rotrace_ir::kernel::{Block, Inst, LoopKind};
use rotrace_ir::plan::{PlanBuffer, Step, Storage};
use rotrace_ir::text::parse_function;
use rotrace_passes::differentiate::{jvp, vjp};
use rotrace_passes::lower::{Options, lower};
use rotrace_passes::pipeline;
use rotrace_runtime::Executable;
use rotrace_tests::engines::{compare, every_configuration};
use rotrace_tests::random::Random;

/// A program, and whether all of its loops and branches are inside of kernels, as are those of its first derivatives.
struct Program {
    text: String,
    in_kernels: bool,
}

/// A pendulum with a torque for each step, over a batch of `n`.
fn pendulum(length: &str, reverse: bool, checkpoint: &str) -> Program {
    let text = format!(
        "fn @pendulum(dims n, t; %angle: f64[n], %velocity: f64[n], %torque: f64[{length}, n], %k: f64[], %more: f64[t]) -> (f64[n], f64[n], f64[{length}, n]) {{
  %a: f64[n], %v: f64[n], %e: f64[{length}, n] = scan %angle, %velocity, %torque, %k {{carried = 2, scanned = 1, length = {length}, reverse = {reverse}, checkpoint = {checkpoint}, body = fn @step(dims n, t; %a: f64[n], %v: f64[n], %u: f64[n], %k: f64[]) -> (f64[n], f64[n], f64[n]) {{
    %s: f64[n] = sin %a
    %ks: f64[n] = broadcast %k {{axes = []}}
    %force: f64[n] = multiply %ks, %s
    %net: f64[n] = subtract %u, %force
    %h: f64[] = constant {{0.1}}
    %hs: f64[n] = broadcast %h {{axes = []}}
    %v1: f64[n] = fma %hs, %net, %v
    %a1: f64[n] = fma %hs, %v1, %a
    %e: f64[n] = multiply %v1, %v
    return %a1, %v1, %e
  }}}}
  return %a, %v, %e
}}"
    );
    Program { text, in_kernels: true }
}

/// Diffusion: each step needs neighbours, so that no lanes stay apart.
const HEAT: &str = "fn @heat(dims n; %x: f64[n+2], %k: f64[]) -> (f64[n+2]) {
  %r: f64[n+2] = scan %x, %k {carried = 1, scanned = 0, length = 7, reverse = false, checkpoint = every(3), body = fn @step(dims n; %x: f64[n+2], %k: f64[]) -> (f64[n+2]) {
    %left: f64[n] = slice %x {start = [0], limit = [n], step = [1]}
    %right: f64[n] = slice %x {start = [2], limit = [n+2], step = [1]}
    %middle: f64[n] = slice %x {start = [1], limit = [n+1], step = [1]}
    %around: f64[n] = add %left, %right
    %ks: f64[n] = broadcast %k {axes = []}
    %next: f64[n] = fma %ks, %around, %middle
    %edge: f64[] = constant {0.25}
    %y: f64[n+2] = pad %next, %edge {low = [1], high = [1], interior = [0]}
    return %y
  }}
  return %r
}";

/// Three numbers and a vector of small size, with a branch in a loop in a loop, and slices of the inner loop's stack.
const NESTED: &str = "fn @nested(dims n; %x: f64[n, 2], %w: f64[4, n, 2], %p: f64[n]) -> (f64[n, 2], f64[4, 3, n, 2]) {
  %r: f64[n, 2], %all: f64[4, 3, n, 2] = scan %x, %w, %p {carried = 1, scanned = 1, length = 4, reverse = false, checkpoint = all, body = fn @outer(dims n; %c: f64[n, 2], %w: f64[n, 2], %p: f64[n]) -> (f64[n, 2], f64[3, n, 2]) {
    %d: f64[n, 2], %s: f64[3, n, 2] = scan %c, %w, %p {carried = 1, scanned = 0, length = 3, reverse = true, checkpoint = all, body = fn @inner(dims n; %c: f64[n, 2], %w: f64[n, 2], %p: f64[n]) -> (f64[n, 2], f64[n, 2]) {
      %first: f64[n, 1] = slice %c {start = [0, 0], limit = [n, 1], step = [1, 1]}
      %second: f64[n, 1] = slice %c {start = [0, 1], limit = [n, 2], step = [1, 1]}
      %turned: f64[n, 2] = concatenate %second, %first {axis = 1}
      %pp: f64[n, 2] = broadcast %p {axes = [0]}
      %q: f64[n, 2] = fma %turned, %pp, %w
      %next: f64[n, 2] = sin %q
      %y: f64[n, 2] = multiply %next, %c
      return %next, %y
    }}
    return %d, %s
  }}
  return %r, %all
}";

const SWITCHES: &str = "fn @switches(dims n; %i: i64[], %p: f64[], %x: f64[n, 3]) -> (f64[n, 3], f64[n]) {
  %a: f64[n, 3], %b: f64[n] = switch %i, %x {branches = fn @zero(dims n; %x: f64[n, 3]) -> (f64[n, 3], f64[n]) {
    %s: f64[n] = reduce %x {kind = sum, axes = [1]}
    return %x, %s
  } fn @one(dims n; %x: f64[n, 3]) -> (f64[n, 3], f64[n]) {
    %y: f64[n, 3] = multiply %x, %x
    %s: f64[n] = reduce %y {kind = max, axes = [1]}
    return %y, %s
  } fn @two(dims n; %x: f64[n, 3]) -> (f64[n, 3], f64[n]) {
    %y: f64[n, 3] = exp %x
    %s: f64[n] = reduce %x {kind = prod, axes = [1]}
    return %y, %s
  }}
  %half: f64[] = constant {0.5}
  %large: bool[] = less %half, %p
  %pp: f64[n] = broadcast %p {axes = []}
  %c: f64[n] = switch %large, %b, %pp {branches = fn @no(dims n; %b: f64[n], %p: f64[n]) -> (f64[n]) {
    %y: f64[n] = multiply %b, %p
    return %y
  } fn @yes(dims n; %b: f64[n], %p: f64[n]) -> (f64[n]) {
    %y: f64[n] = sin %b
    return %y
  }}
  return %a, %c
}";

/// The mean over the batch moves every row: a loop of the plan, with a branch of kernels in it.
const FLOCK: &str = "fn @flock(dims n; %x: f64[n, 2], %least: f64[]) -> (f64[n, 2], f64[5]) {
  %r: f64[n, 2], %means: f64[5] = scan %x, %least {carried = 1, scanned = 0, length = 5, reverse = false, checkpoint = all, body = fn @step(dims n; %x: f64[n, 2], %least: f64[]) -> (f64[n, 2], f64[]) {
    %sum: f64[2] = reduce %x {kind = sum, axes = [0]}
    %all: f64[] = reduce %sum {kind = sum, axes = [0]}
    %far: bool[] = less %least, %all
    %y: f64[n, 2] = switch %far, %x, %sum {branches = fn @stay(dims n; %x: f64[n, 2], %sum: f64[2]) -> (f64[n, 2]) {
      %s: f64[n, 2] = broadcast %sum {axes = [1]}
      %y: f64[n, 2] = multiply %x, %s
      return %y
    } fn @shrink(dims n; %x: f64[n, 2], %sum: f64[2]) -> (f64[n, 2]) {
      %h: f64[] = constant {0.5}
      %hh: f64[n, 2] = broadcast %h {axes = []}
      %y: f64[n, 2] = multiply %x, %hh
      return %y
    }}
    return %y, %all
  }}
  return %r, %means
}";

const ROOT: &str = "fn @root(dims n; %x: f64[n]) -> (f64[n], i64[]) {
  %one: f64[] = constant {1.0}
  %start: f64[n] = broadcast %one {axes = []}
  %zero: i64[] = constant {0}
  %r: f64[n], %c: i64[] = while %start, %zero, %x {carried = 2, bound = 9, functions = fn @moves(dims n; %r: f64[n], %c: i64[], %x: f64[n]) -> (bool[]) {
    %rr: f64[n] = multiply %r, %r
    %d: f64[n] = subtract %rr, %x
    %a: f64[n] = abs %d
    %m: f64[] = reduce %a {kind = max, axes = [0]}
    %least: f64[] = constant {1e-9}
    %p: bool[] = less %least, %m
    return %p
  } fn @step(dims n; %r: f64[n], %c: i64[], %x: f64[n]) -> (f64[n], i64[]) {
    %q: f64[n] = divide %x, %r
    %s: f64[n] = add %q, %r
    %half: f64[] = constant {0.5}
    %halves: f64[n] = broadcast %half {axes = []}
    %n: f64[n] = multiply %s, %halves
    %i: i64[] = constant {1}
    %d: i64[] = add %c, %i
    return %n, %d
  }}
  return %r, %c
}";

/// From the last to the first of what is in the other order itself.
const TWICE_REVERSED: &str = "fn @twice_reversed(dims n; %x: f64[], %w: f64[n]) -> (f64[], f64[n]) {
  %r: f64[n] = reverse %w {axes = [0]}
  %y: f64[], %all: f64[n] = scan %x, %r {carried = 1, scanned = 1, length = n, reverse = true, checkpoint = all, body = fn @step(dims n; %x: f64[], %w: f64[]) -> (f64[], f64[]) {
    %y: f64[] = fma %x, %w, %w
    return %y, %x
  }}
  return %y, %all
}";

fn programs() -> Vec<Program> {
    let in_plan = |text: &str| Program { text: text.to_owned(), in_kernels: false };
    let in_kernels = |text: &str| Program { text: text.to_owned(), in_kernels: true };
    vec![
        pendulum("5", false, "all"),
        pendulum("t", true, "all"),
        pendulum("t-1", false, "all"),
        pendulum("23", false, "every(5)"),
        pendulum("24", true, "every(6)"),
        pendulum("40", false, "binomial(9)"),
        in_kernels(NESTED),
        in_kernels(SWITCHES),
        in_kernels(TWICE_REVERSED),
        in_plan(HEAT),
        in_plan(FLOCK),
        in_plan(ROOT),
    ]
}

/// The function, and its derivatives to second order, by name.
pub fn derivatives(function: &Function) -> Vec<(&'static str, Function)> {
    let floats = |function: &Function| function.parameter_types().map(|ty| ty.dtype.is_float()).collect::<Vec<_>>();
    let forward = |function: &Function| jvp(function, &floats(function)).unwrap();
    let reverse = |function: &Function| vjp(function, &floats(function)).unwrap();
    vec![
        ("itself", function.clone()),
        ("jvp", forward(function)),
        ("vjp", reverse(function)),
        ("jvp of vjp", forward(&reverse(function))),
        ("vjp of jvp", reverse(&forward(function))),
        ("vjp of vjp", reverse(&reverse(function))),
    ]
}

/// Whether a loop or branch is a step of the plan.
pub fn has_loops(function: &Function) -> bool {
    let (optimized, _) = pipeline::run(function, &pipeline::Options::default()).unwrap();
    let plan = lower(&optimized, Options::default()).unwrap();
    plan.all_steps().iter().any(|step| !matches!(step, Step::Kernel(_)))
}

#[test]
fn loops_and_their_derivatives_have_the_bits_of_the_interpreter() {
    for program in programs() {
        let function = parse_function(&program.text).unwrap_or_else(|error| panic!("{error}\n{}", program.text));
        for (what, function) in derivatives(&function) {
            // Stacks of stacks of second derivatives may need steps of the plan.
            if !what.contains(" of ") {
                assert_eq!(!has_loops(&function), program.in_kernels, "{what} of\n{}", program.text);
            }
            agrees(what, &function);
        }
    }
}

/// Checks that every engine gives the interpreter's bits.
pub fn agrees(what: &str, function: &Function) {
    for (engine, options) in every_configuration() {
        let executable = Executable::compile(function, &options)
            .unwrap_or_else(|error| panic!("{what}, {engine}: {error}\n{function}"));
        for (seed, sizes) in [[1, 1], [3, 4], [8, 1], [0, 3], [17, 2]].into_iter().enumerate() {
            let mut random = Random::new(seed as u64);
            let arguments: Vec<Constant> = function.parameter_types().map(|ty| random.array(ty, &sizes)).collect();
            compare(function, &arguments, &executable).unwrap_or_else(|error| {
                panic!("{what}, {engine}, {sizes:?}: {error}\n{function}\n{}", executable.kernels())
            });
        }
    }
}

#[test]
fn the_way_there_and_the_way_back_share_a_kernel() {
    let carried = |block: &Block| {
        let carried = |inst: &&Inst| matches!(inst, Inst::Loop(inner) if matches!(inner.kind, LoopKind::Carry { .. }));
        block.insts.iter().filter(carried).count()
    };
    for (length, reverse) in [("t", false), ("t-1", true), ("23", false)] {
        let function = parse_function(&pendulum(length, reverse, "all").text).unwrap();
        let (optimized, _) =
            pipeline::run(&vjp(&function, &[true; 5]).unwrap(), &pipeline::Options::default()).unwrap();
        let plan = lower(&optimized, Options::default()).unwrap();
        let looped: Vec<usize> =
            plan.kernels().iter().map(|kernel| carried(&kernel.body)).filter(|&count| count > 0).collect();
        assert_eq!(looped, [2], "{plan}");
        // What the way there stacks is not there for all lanes at once.
        let of_all_lanes = |buffer: &&PlanBuffer| buffer.storage == Storage::Temporary && buffer.shape.len() == 2;
        assert!(!plan.buffers.iter().any(|buffer| of_all_lanes(&buffer)), "{plan}");
    }
}
