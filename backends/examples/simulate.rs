//! Times of a simulation in one kernel: a rigid body of 13 numbers, 1000 steps, all states stored, against plain Rust.
//!
//! `cargo run --release -p rotrace-backends --example simulate` prints times; with `rows` or `columns` as argument, the
//! machine code for that layout of the states.

#[path = "../tests/cranelift/load.rs"]
mod load;

use load::Loaded;
use rotrace_backends::Artifact;
use rotrace_backends::cranelift::{Options, compile};
use rotrace_ir::dim::{Dim, DimId};
use rotrace_ir::kernel::{Access, Affine, Extent, IndexId, Kernel, KernelBuilder, Var};
use rotrace_ir::scalar::ScalarOp;
use rotrace_ir::{DType, Scalar};
use smallvec::smallvec;
use std::ops::Range;
use std::time::{Duration, Instant};

const STEPS: usize = 1000;
const STATE: usize = 13;
const PIECE: usize = 64;

/// What the body's equations are made of.
trait Arithmetic {
    type Value: Copy;
    fn constant(&mut self, value: f64) -> Self::Value;
    fn multiply(&mut self, x: Self::Value, y: Self::Value) -> Self::Value;
    fn subtract(&mut self, x: Self::Value, y: Self::Value) -> Self::Value;
    /// `x y + z`.
    fn fma(&mut self, x: Self::Value, y: Self::Value, z: Self::Value) -> Self::Value;
}

struct Native;

impl Arithmetic for Native {
    type Value = f64;

    #[inline(always)]
    fn constant(&mut self, value: f64) -> f64 {
        value
    }

    #[inline(always)]
    fn multiply(&mut self, x: f64, y: f64) -> f64 {
        x * y
    }

    #[inline(always)]
    fn subtract(&mut self, x: f64, y: f64) -> f64 {
        x - y
    }

    #[inline(always)]
    fn fma(&mut self, x: f64, y: f64, z: f64) -> f64 {
        x.mul_add(y, z)
    }
}

/// Code of a dtype.
struct Built(KernelBuilder, DType);

impl Arithmetic for Built {
    type Value = Var;

    fn constant(&mut self, value: f64) -> Var {
        self.0.constant(Scalar::from_f64(self.1, value))
    }

    fn multiply(&mut self, x: Var, y: Var) -> Var {
        self.0.scalar(ScalarOp::Multiply, &[x, y])
    }

    fn subtract(&mut self, x: Var, y: Var) -> Var {
        self.0.scalar(ScalarOp::Subtract, &[x, y])
    }

    fn fma(&mut self, x: Var, y: Var, z: Var) -> Var {
        self.0.scalar(ScalarOp::Fma, &[x, y, z])
    }
}

/// Position, velocity, quaternion, angular velocity after a step: springs, damping, a gyroscopic torque.
#[inline(always)]
fn step<A: Arithmetic>(a: &mut A, state: [A::Value; STATE]) -> [A::Value; STATE] {
    let [px, py, pz, vx, vy, vz, qx, qy, qz, qw, wx, wy, wz] = state;
    let (dt, half) = (a.constant(1e-3), a.constant(5e-4));
    let (spring, damping) = (a.constant(-2.0), a.constant(-0.3));
    let (twist, friction) = (a.constant(-1.5), a.constant(-0.2));

    // The third axis of the body, along which it is pushed.
    let (two, one) = (a.constant(2.0), a.constant(1.0));
    let (xz, yz) = (a.multiply(qx, qz), a.multiply(qy, qz));
    let (wx_, xx) = (a.multiply(qw, qx), a.multiply(qx, qx));
    let first = a.fma(qw, qy, xz);
    let second = a.subtract(yz, wx_);
    let third = a.fma(qy, qy, xx);
    let (first, second) = (a.multiply(two, first), a.multiply(two, second));
    let minus_two = a.constant(-2.0);
    let third = a.fma(minus_two, third, one);

    let mut moved = |p, v, push| {
        let force = a.fma(spring, p, push);
        let force = a.fma(damping, v, force);
        let v = a.fma(dt, force, v);
        (a.fma(dt, v, p), v)
    };
    let ((px, vx), (py, vy), (pz, vz)) = (moved(px, vx, first), moved(py, vy, second), moved(pz, vz, third));

    let inertia = [1.0, 1.5, 2.0].map(|moment| a.constant(moment));
    let inverse = [1e-3, 1e-3 / 1.5, 1e-3 / 2.0].map(|moment| a.constant(moment));
    let momentum = [a.multiply(inertia[0], wx), a.multiply(inertia[1], wy), a.multiply(inertia[2], wz)];
    let mut turned = |q, w, (w1, h2): (A::Value, A::Value), (w2, h1): (A::Value, A::Value), inverse| {
        let torque = a.multiply(twist, q);
        let torque = a.fma(friction, w, torque);
        let other = a.multiply(w2, h1);
        let torque = a.fma(w1, h2, torque);
        let torque = a.subtract(torque, other);
        a.fma(inverse, torque, w)
    };
    let nx = turned(qx, wx, (wz, momentum[1]), (wy, momentum[2]), inverse[0]);
    let ny = turned(qy, wy, (wx, momentum[2]), (wz, momentum[0]), inverse[1]);
    let nz = turned(qz, wz, (wy, momentum[0]), (wx, momentum[1]), inverse[2]);

    let [hx, hy, hz] = [nx, ny, nz].map(|w| a.multiply(half, w));
    let mut grown = |q, plus: [(A::Value, A::Value); 2], minus: (A::Value, A::Value)| {
        let back = a.multiply(minus.0, minus.1);
        let sum = a.fma(plus[0].0, plus[0].1, q);
        let sum = a.fma(plus[1].0, plus[1].1, sum);
        a.subtract(sum, back)
    };
    let ux = grown(qx, [(qw, hx), (qy, hz)], (qz, hy));
    let uy = grown(qy, [(qw, hy), (qz, hx)], (qx, hz));
    let uz = grown(qz, [(qw, hz), (qx, hy)], (qy, hx));
    let fall = a.multiply(qx, hx);
    let fall = a.fma(qy, hy, fall);
    let fall = a.fma(qz, hz, fall);
    let uw = a.subtract(qw, fall);

    // One step of Newton's method for the norm.
    let norm = a.multiply(ux, ux);
    let norm = [uy, uz, uw].into_iter().fold(norm, |norm, u| a.fma(u, u, norm));
    let (three_halves, minus_half) = (a.constant(1.5), a.constant(-0.5));
    let factor = a.fma(minus_half, norm, three_halves);
    let q = [ux, uy, uz, uw].map(|u| a.multiply(u, factor));
    [px, py, pz, vx, vy, vz, q[0], q[1], q[2], q[3], nx, ny, nz]
}

/// How the states of all lanes are laid out.
#[derive(Clone, Copy, PartialEq)]
enum Layout {
    /// `[time, lane, component]`.
    Rows,
    /// `[time, component, lane]`.
    Columns,
}

fn simulation(dtype: DType, layout: Layout) -> Kernel {
    let lanes = Extent::Dim(Dim::named(DimId(0)));
    let mut a = Built(KernelBuilder::new("simulate", vec!["n".into()], lanes), dtype);
    let (steps, state) = (Extent::fixed(STEPS as u64), Extent::fixed(STATE as u64));
    let start = a.0.buffer(dtype, smallvec![lanes, state], Access::Read);
    let states = a.0.buffer(
        dtype,
        match layout {
            Layout::Rows => smallvec![steps, lanes, state],
            Layout::Columns => smallvec![steps, state, lanes],
        },
        Access::Write,
    );
    let lane = || Affine::index(IndexId(0));
    let initial: [Var; STATE] = std::array::from_fn(|k| a.0.load(start, smallvec![lane(), Affine::constant(k as i64)]));
    let time = a.0.fresh_index();
    let parameters: [Var; STATE] = std::array::from_fn(|_| a.0.fresh(dtype));
    a.0.open_block();
    let next = step(&mut a, parameters);
    for (k, &value) in next.iter().enumerate() {
        let (time, component) = (Affine::index(time), Affine::constant(k as i64));
        let at = match layout {
            Layout::Rows => smallvec![time, lane(), component],
            Layout::Columns => smallvec![time, component, lane()],
        };
        a.0.store(states, at, value);
    }
    let body = a.0.close_block(&next);
    a.0.carry_loop(time, steps, &initial, &parameters, body);
    a.0.finish()
}

/// The same forward, with states in scratch only; then backward, where every state is run a step again and folded into a
/// result: what the reverse mode of a simulation does to memory.
fn back_and_forth(dtype: DType) -> Kernel {
    let lanes = Extent::Dim(Dim::named(DimId(0)));
    let mut a = Built(KernelBuilder::new("back", vec!["n".into()], lanes), dtype);
    let (steps, state) = (Extent::fixed(STEPS as u64), Extent::fixed(STATE as u64));
    let start = a.0.buffer(dtype, smallvec![lanes, state], Access::Read);
    let result = a.0.buffer(dtype, smallvec![lanes, state], Access::Write);
    let states = a.0.buffer(dtype, smallvec![steps, state], Access::Scratch);
    let lane = |k: usize| smallvec![Affine::index(IndexId(0)), Affine::constant(k as i64)];
    let initial: [Var; STATE] = std::array::from_fn(|k| a.0.load(start, lane(k)));

    let time = a.0.fresh_index();
    let parameters: [Var; STATE] = std::array::from_fn(|_| a.0.fresh(dtype));
    a.0.open_block();
    for (k, &value) in parameters.iter().enumerate() {
        a.0.store(states, smallvec![Affine::index(time), Affine::constant(k as i64)], value);
    }
    let next = step(&mut a, parameters);
    let body = a.0.close_block(&next);
    let last = a.0.carry_loop(time, steps, &initial, &parameters, body);

    let time = a.0.fresh_index();
    let back = Affine::index(time).times(-1).and_then(|back| back.plus(&Affine::constant(STEPS as i64 - 1)));
    let back = back.expect("no overflow");
    let parameters: [Var; STATE] = std::array::from_fn(|_| a.0.fresh(dtype));
    a.0.open_block();
    let state = std::array::from_fn(|k| a.0.load(states, smallvec![back.clone(), Affine::constant(k as i64)]));
    let next = step(&mut a, state);
    let decay = a.constant(0.5);
    let folded: Vec<Var> = parameters.iter().zip(next).map(|(&sum, next)| a.fma(decay, sum, next)).collect();
    let body = a.0.close_block(&folded);
    let results = a.0.carry_loop(time, steps, &last, &parameters, body);
    for (k, &value) in results.iter().enumerate() {
        a.0.store(result, lane(k), value);
    }
    a.0.finish()
}

/// [`back_and_forth`] in plain Rust.
#[target_feature(enable = "avx2,fma")]
fn native_back_and_forth(start: &[[f64; STATE]], states: &mut [[f64; STATE]], results: &mut [[f64; STATE]]) {
    for (result, &first) in results.iter_mut().zip(start) {
        let mut state = first;
        for kept in states.iter_mut() {
            *kept = state;
            state = step(&mut Native, state);
        }
        for &kept in states.iter().rev() {
            let next = step(&mut Native, kept);
            for (sum, next) in state.iter_mut().zip(next) {
                *sum = sum.mul_add(0.5, next);
            }
        }
        *result = state;
    }
}

/// The same in plain Rust, lane by lane.
#[target_feature(enable = "avx2,fma")]
fn native(start: &[[f64; STATE]], lanes: Range<usize>, states: &mut [[f64; STATE]]) {
    for lane in lanes {
        let mut state = start[lane];
        for row in states.chunks_exact_mut(start.len()) {
            state = step(&mut Native, state);
            row[lane] = state;
        }
    }
}

fn starts(lanes: usize) -> Vec<[f64; STATE]> {
    (0..lanes)
        .map(|lane| {
            let x = lane as f64 / lanes as f64;
            [x, 0.1, 0.2, 0.0, x, 0.3, 0.1, 0.2, 0.3, 0.927, 0.5, x, -0.5]
        })
        .collect()
}

/// The shortest of many runs over all lanes, by pieces: a machine that others use too is not quiet for long.
fn shortest(lanes: usize, mut run: impl FnMut(Range<usize>)) -> Duration {
    let pieces: Vec<Range<usize>> = (0..lanes).step_by(PIECE).map(|first| first..lanes.min(first + PIECE)).collect();
    let mut times = vec![Duration::MAX; pieces.len()];
    for _ in 0..(20_000 / lanes).clamp(10, 300) {
        for (piece, time) in pieces.iter().zip(&mut times) {
            let start = Instant::now();
            run(piece.clone());
            *time = start.elapsed().min(*time);
        }
    }
    times.into_iter().sum()
}

fn words(dtype: DType, numbers: &[f64]) -> Vec<u64> {
    let bytes: Vec<u8> =
        numbers.iter().flat_map(|&x| Scalar::from_f64(dtype, x).bits.to_le_bytes()[..dtype.size()].to_vec()).collect();
    bytes
        .chunks(8)
        .map(|chunk| u64::from_le_bytes(std::array::from_fn(|at| chunk.get(at).copied().unwrap_or(0))))
        .collect()
}

fn main() {
    let layouts = [("rows", Layout::Rows), ("columns", Layout::Columns)];
    if let Some(wanted) = std::env::args().nth(1) {
        let layout = layouts.iter().find(|(name, _)| *name == wanted).expect("`rows` or `columns`").1;
        let artifact = compile(&simulation(DType::F64, layout), &Options { keep_text: true, ..Options::default() });
        let artifact = artifact.expect("it compiles");
        return println!("{}\n{}", artifact.stage("clif").unwrap_or_default(), artifact.disassembly);
    }
    for lanes in [1, 2, 3, 7, 64, 1024] {
        let per_step = |time: Duration| time.as_secs_f64() * 1e9 / (STEPS * lanes) as f64;
        let start = starts(lanes);
        let mut expected = vec![[0.0; STATE]; lanes * STEPS];
        // SAFETY: machine code is only made where there is AVX and FMA; AVX2 is as old as FMA.
        let plain = per_step(shortest(lanes, |piece| unsafe { native(&start, piece, &mut expected) }));
        println!("{lanes:5} lanes: plain Rust {plain:6.1} ns a step and lane");
        let (mut kept, mut results) = (vec![[0.0; STATE]; STEPS], vec![[0.0; STATE]; lanes]);
        // SAFETY: as above.
        let back = per_step(shortest(lanes, |piece| unsafe {
            native_back_and_forth(&start[piece.clone()], &mut kept, &mut results[piece]);
        }));
        let kernel = back_and_forth(DType::F64);
        let scratch = STEPS * STATE * Artifact::SCRATCH_COPIES as usize;
        let mut buffers = vec![words(DType::F64, start.as_flattened()), vec![0; lanes * STATE], vec![0; scratch]];
        let [scalar, simd] = [false, true].map(|simd| {
            let artifact = compile(&kernel, &Options { simd, ..Options::default() }).expect("it compiles");
            let loaded = Loaded::new(&artifact);
            per_step(shortest(lanes, |piece| {
                loaded.run(&mut buffers, &[lanes as u64], (piece.start as i64, piece.end as i64));
            }))
        });
        assert!(results.as_flattened().iter().map(|x| x.to_bits()).eq(buffers[1].iter().copied()), "other results");
        println!("  there and back {back:6.1} ns; scalar {scalar:6.1} ns ({:4.2}), simd {simd:6.1} ns", scalar / back);
        for dtype in [DType::F64, DType::F32] {
            for (name, layout) in layouts {
                let kernel = simulation(dtype, layout);
                let start = words(dtype, start.as_flattened());
                let mut buffers = vec![start, vec![0; (lanes * STEPS * STATE * dtype.size()).div_ceil(8)]];
                let [scalar, simd] = [false, true].map(|simd| {
                    let begin = Instant::now();
                    let artifact = compile(&kernel, &Options { simd, ..Options::default() }).expect("it compiles");
                    let compiled = begin.elapsed();
                    let loaded = Loaded::new(&artifact);
                    let time = shortest(lanes, |piece| {
                        loaded.run(&mut buffers, &[lanes as u64], (piece.start as i64, piece.end as i64));
                    });
                    (per_step(time), compiled)
                });
                if dtype == DType::F64 && layout == Layout::Rows {
                    let same = expected.as_flattened().iter().map(|x| x.to_bits()).eq(buffers[1].iter().copied());
                    assert!(same, "the kernel's states are not those of plain Rust");
                }
                println!(
                    "  {dtype} {name:8} scalar {:6.1} ns ({:4.2} of plain), simd {:6.1} ns ({:4.2} of scalar), compiled in {:.1?}, {:.1?}",
                    scalar.0,
                    scalar.0 / plain,
                    simd.0,
                    simd.0 / scalar.0,
                    scalar.1,
                    simd.1
                );
            }
        }
    }
}
