//! Loops and branches as users write them, with their derivatives, batches and mistakes.

use rotrace::spatial::Rotation;
use rotrace::{
    Array, Checkpoint, Engine, Error, Options, Scan, Tensor, Traced, Tree, While, checkpoint, cond, fori, scan, switch,
    trace, while_loop,
};

fn values(array: &Array) -> Vec<f64> {
    array.to_vec::<f64>().unwrap()
}

fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{a}, not {b}"));
}

/// A rigid body that turns: attitude and rate, driven by a torque for each step.
fn body<'a>(policy: Checkpoint) -> Traced<'a, (Rotation, Tensor, Tensor), (Rotation, Tensor)> {
    trace(move |(attitude, rate, torques): (Rotation, Tensor, Tensor)| {
        let step = |(attitude, rate): (Rotation, Tensor), torque: Tensor| {
            let inertia = Array::from([1.0, 2.0, 3.0]);
            let rate = rate + (torque - rate.cross(rate * &inertia)) / &inertia * 0.01;
            ((attitude * Rotation::from_rotvec(rate * 0.01), rate), ())
        };
        Scan::new().checkpoint(policy).run((attitude, rate), torques, step).0
    })
}

#[test]
fn a_simulation_runs_any_number_of_steps_and_rows() {
    let f = body(Checkpoint::All).compile("f64[n, 4], f64[n, 3], f64[t, n, 3]").unwrap();
    for (steps, rows) in [(0, 2), (1, 1), (50, 3), (7, 0)] {
        let attitude = Array::from(vec![[0.0, 0.0, 0.0, 1.0]; rows]);
        let rate = Array::from(vec![[0.1, -2.0, 0.3]; rows]);
        let torques = Array::from(vec![[0.5, 0.1, -0.2]; steps * rows]).reshape(&[steps, rows, 3]).unwrap();
        let (attitude, rate) = f.call(&(Rotation::from_parts(attitude), rate, torques)).unwrap();
        // The same steps one after the other in plain Rust.
        let (mut q, mut w) = ([0.0, 0.0, 0.0, 1.0], [0.1, -2.0, 0.3]);
        for _ in 0..steps {
            (q, w) = plain_step(q, w);
        }
        let attitude = attitude.into_parts();
        for row in 0..rows {
            close(&values(&attitude)[4 * row..4 * row + 4], &q, 1e-12);
            close(&values(&rate)[3 * row..3 * row + 3], &w, 1e-12);
        }
    }
}

fn plain_step(q: [f64; 4], w: [f64; 3]) -> ([f64; 4], [f64; 3]) {
    let (torque, inertia) = ([0.5, 0.1, -0.2], [1.0, 2.0, 3.0]);
    let l = [w[0] * inertia[0], w[1] * inertia[1], w[2] * inertia[2]];
    let cross = [w[1] * l[2] - w[2] * l[1], w[2] * l[0] - w[0] * l[2], w[0] * l[1] - w[1] * l[0]];
    let w: [f64; 3] = std::array::from_fn(|i| w[i] + (torque[i] - cross[i]) / inertia[i] * 0.01);
    let v = w.map(|w| w * 0.01);
    let angle = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt();
    let s = (angle / 2.0).sin() / angle;
    let r = [v[0] * s, v[1] * s, v[2] * s, (angle / 2.0).cos()];
    let product = [
        q[3] * r[0] + q[0] * r[3] + q[1] * r[2] - q[2] * r[1],
        q[3] * r[1] - q[0] * r[2] + q[1] * r[3] + q[2] * r[0],
        q[3] * r[2] + q[0] * r[1] - q[1] * r[0] + q[2] * r[3],
        q[3] * r[3] - q[0] * r[0] - q[1] * r[1] - q[2] * r[2],
    ];
    let norm = product.iter().map(|x| x * x).sum::<f64>().sqrt();
    (product.map(|x| x / norm), w)
}

#[test]
fn gradients_through_a_loop_agree_with_differences_under_every_policy() {
    let steps = 30;
    let torques: Vec<f64> = (0..3 * steps).map(|k| (f64::from(k) * 0.7).sin()).collect();
    let mut found: Vec<Vec<f64>> = Vec::new();
    for policy in [Checkpoint::All, Checkpoint::Every(7), Checkpoint::Binomial(11)] {
        let cost = trace(|torques: Tensor| {
            let start = Rotation::from_rotvec(rotrace::constant([0.1, 0.2, 0.3]));
            let rate = rotrace::constant([0.1, -2.0, 0.3]);
            let (attitude, rate) = body(policy).call_traced((start, rate, torques));
            (attitude.as_rotvec() * attitude.as_rotvec()).sum(()) + (rate * rate).sum(()) * 0.5
        });
        let value = cost.compile("f64[30, 3]").unwrap();
        let gradient = cost.grad().compile("f64[30, 3]").unwrap();
        let at = |x: &[f64]| Array::from(x.to_vec()).reshape(&[30, 3]).unwrap();
        let slopes = values(&gradient.call(&at(&torques)).unwrap());
        for place in [0, 44, 89] {
            let moved = |h: f64| {
                let mut x = torques.clone();
                x[place] += h;
                values(&value.call(&at(&x)).unwrap())[0]
            };
            let difference = (moved(1e-4) - moved(-1e-4)) / 2e-4;
            close(&[slopes[place]], &[difference], 1e-7);
        }
        found.push(slopes);
    }
    close(&found[1], &found[0], 1e-14);
    close(&found[2], &found[0], 1e-14);
}

#[test]
fn checkpoints_bound_what_a_call_takes_which_is_told_and_obeyed() {
    let cost = |policy| {
        trace(move |torques: Tensor| {
            let start = Rotation::from_rotvec(rotrace::constant([0.1, 0.2, 0.3]));
            body(policy).call_traced((start, rotrace::constant([0.1, -2.0, 0.3]), torques)).1.sum(())
        })
    };
    let torques = Array::from(vec![0.1; 300_000]).reshape(&[100_000, 3]).unwrap();
    let bytes = |policy| {
        let gradient = cost(policy).grad().compile("f64[100000, 3]").unwrap();
        gradient.call(&torques).unwrap();
        gradient.temporary_bytes(&torques).unwrap()
    };
    let (all, few) = (bytes(Checkpoint::All), bytes(Checkpoint::Binomial(700)));
    assert!(few * 20 <= all, "{few} bytes under checkpoints, {all} without");
    let limited = Options { memory_limit: Some(all / 2), ..Options::default() };
    let text = cost(Checkpoint::All).grad().compile_with("f64[100000, 3]", &limited).unwrap().call(&torques);
    let text = text.unwrap_err().to_string();
    assert!(text.contains(&all.to_string()) && text.contains(&(all / 2).to_string()), "{text}");
    let enough = Options { memory_limit: Some(few), ..Options::default() };
    let few = cost(Checkpoint::Binomial(700)).grad().compile_with("f64[100000, 3]", &enough).unwrap();
    assert!(few.call(&torques).is_ok());
}

#[test]
fn captured_values_are_constants_of_the_loop_and_have_derivatives() {
    let power = trace(|(x, n): (Tensor, Tensor)| fori(4, x / x, |_, product| product * x * n).sum(()));
    let gradient = power.grad().compile("f64[k], f64[]").unwrap();
    let (dx, dn) = gradient.call(&(Array::from([2.0, 3.0]), Array::from(0.5))).unwrap();
    close(&values(&dx), &[4.0 * 8.0 / 16.0, 4.0 * 27.0 / 16.0], 1e-15);
    close(&values(&dn), &[4.0 * 0.125 * (16.0 + 81.0)], 1e-15);
}

#[test]
fn counters_and_stacks() {
    let f = trace(|x: Tensor| scan(x, fori_indices(x), |x, i| (x + 1.0, x * i.astype(rotrace::DType::F64))));
    let (last, stack) = f.compile("f64[]").unwrap().call(&Array::from(2.0)).unwrap();
    assert_eq!((values(&last), values(&stack)), (vec![5.0], vec![0.0, 3.0, 8.0]));
    let reversed = trace(|x: Tensor| Scan::new().reverse().run(x.sum(()) * 0.0, x, |s, x| (s + x, s + x)));
    let (sum, stack) = reversed.compile("f64[t]").unwrap().call(&Array::from([1.0, 2.0, 4.0])).unwrap();
    assert_eq!((values(&sum), values(&stack)), (vec![7.0], vec![7.0, 6.0, 4.0]));
}

fn fori_indices(x: Tensor) -> Tensor {
    rotrace::zeros(x.dtype().unwrap(), [3]).iota(rotrace::DType::I64, 0)
}

/// The square root by Newton's iteration.
fn root<'a>() -> Traced<'a, Tensor, Tensor> {
    trace(|x: Tensor| {
        let far = |(r, before): (Tensor, Tensor)| (r - before).abs().greater(1e-12);
        let step = |(r, _): (Tensor, Tensor)| ((r + x / r) * 0.5, r);
        While::new().bound(60).run((x, x + 1.0), far, step).0
    })
}

#[test]
fn while_loops_have_derivatives_and_rows_of_their_own() {
    let by_rows = root().vmap(0, 0).compile("f64[n]").unwrap();
    let x = [0.25, 1.0, 2.0, 1e6, 1e-3];
    let expected: Vec<f64> = x.iter().map(|x: &f64| x.sqrt()).collect();
    close(&values(&by_rows.call(&Array::from(x)).unwrap()), &expected, 1e-15);
    let one = root().compile("f64[]").unwrap();
    let all = values(&by_rows.call(&Array::from(x)).unwrap());
    for (x, all) in x.iter().zip(all) {
        assert_eq!(values(&one.call(&Array::from(*x)).unwrap())[0].to_bits(), all.to_bits());
    }
    let slopes = root().grad().vmap(0, 0).compile("f64[n]").unwrap();
    let expected: Vec<f64> = x.iter().map(|x: &f64| 0.5 / x.sqrt()).collect();
    close(&values(&slopes.call(&Array::from(x)).unwrap()), &expected, 1e-9);
}

#[test]
fn branches_compute_one_side_and_differentiate_it() {
    // The logarithm of a negative number would be NaN, and so would its slope.
    let f = trace(|x: Tensor| cond(x.greater(0.0), || x.log(), || x * x));
    for (x, value, slope) in [(2.0_f64, 2.0_f64.ln(), 0.5), (-3.0, 9.0, -6.0)] {
        let (v, s) = f.value_and_grad().compile("f64[]").unwrap().call(&Array::from(x)).unwrap();
        close(&values(&v), &[value], 1e-15);
        close(&values(&s), &[slope], 1e-15);
    }
    let rows = f.value_and_grad().vmap(0, (0, 0)).compile("f64[n]").unwrap();
    let (v, s) = rows.call(&Array::from([2.0, -3.0])).unwrap();
    close(&values(&v), &[2.0_f64.ln(), 9.0], 1e-15);
    close(&values(&s), &[0.5, -6.0], 1e-15);
    let kinds =
        trace(|(i, x): (Tensor, Tensor)| switch(i, 3, |branch| if branch == 1 { x.sin() } else { x * branch as f64 }));
    let kinds = kinds.compile("i32[], f64[n]").unwrap();
    for (i, expected) in [(-5, 0.0), (0, 0.0), (1, 0.5_f64.sin()), (2, 1.0), (9, 1.0)] {
        assert_eq!(values(&kinds.call(&(Array::from(i), Array::from([0.5]))).unwrap()), [expected]);
    }
}

#[test]
fn transformations_nest_in_any_order_with_the_same_bits_in_every_engine() {
    let walk = |x: Tensor| {
        fori(5, x, |i, x| {
            cond((x * x).sum(()).greater(3.0), || x * 0.5, || x.sin() + i.astype(rotrace::DType::F64) * x)
        })
    };
    let cost = trace(move |x: Tensor| (walk(x) * x).sum(()));
    let x = Array::from([0.3, 0.4, 1.2]);
    agree("grad of scan of cond", &cost.grad(), "f64[3]", &x);
    agree("hessian of scan in a direction", &cost.grad().jvp(), "f64[3], f64[3]", &(x.clone(), x.clone()));
    agree("forward over reverse over forward", &cost.grad().jvp().vjp(), "f64[3], f64[3], f64[3], f64[3]", &{
        ((x.clone(), x.clone()), (x.clone(), x.clone()))
    });
    let rows = Array::from([[0.3, 0.4, 1.2], [2.0, 0.1, -0.3]]);
    agree("vmap of second derivatives of scan", &cost.grad().jvp().vmap(0, 0), "f64[n, 3], f64[n, 3]", &{
        (rows.clone(), rows.clone())
    });
    agree(
        "grad of vmap",
        &trace(move |x: Tensor| trace(walk).vmap(0, 0).call_traced(x).sum(())).grad(),
        "f64[n, 3]",
        &rows,
    );
    agree("vmap of grad of while with bound", &root().grad().vmap(0, 0), "f64[n]", &Array::from([0.5, 3.0, 100.0]));
    agree("jvp of vjp", &trace(walk).vjp().jvp(), "f64[3], f64[3], f64[3], f64[3]", &{
        ((x.clone(), x.clone()), (x.clone(), x))
    });
}

fn agree<In, Out>(
    what: &str,
    function: &Traced<'_, In, Out>,
    types: &str,
    arguments: &<In as Tree<Tensor>>::With<Array>,
) where
    In: Tree<Tensor>,
    Out: Tree<Tensor>,
{
    let mut found: Vec<Vec<u64>> = Vec::new();
    for (engine, simd) in [(Engine::Interpreter, false), (Engine::Compiled, false), (Engine::Compiled, true)] {
        let options = Options { engine, simd, verify: true, ..Options::default() };
        let compiled = function.compile_with(types, &options).unwrap_or_else(|error| panic!("{what}: {error}"));
        let results = compiled.call(arguments).unwrap_or_else(|error| panic!("{what}: {error}"));
        let mut bits = Vec::new();
        results.visit(&mut |array: &Array| bits.extend(values(array).into_iter().map(f64::to_bits)));
        assert!(bits.iter().all(|&bits| f64::from_bits(bits).is_finite()), "{what}");
        found.push(bits);
    }
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{what}");
}

#[test]
fn a_checkpoint_changes_no_gradient() {
    let plain = trace(|x: Tensor| (x.exp().sin() * x).sum(()));
    let again = trace(|x: Tensor| (checkpoint(|| x.exp().sin()) * x).sum(()));
    let x = Array::from([0.3, 1.0, -2.0]);
    let [a, b] = [plain, again].map(|f| values(&f.grad().compile("f64[n]").unwrap().call(&x).unwrap()));
    assert_eq!(a, b);
    let stopped = trace(|x: Tensor| (x.stop_gradient() * x).sum(()));
    assert_eq!(values(&stopped.grad().compile("f64[n]").unwrap().call(&x).unwrap()), [0.3, 1.0, -2.0]);
}

/// The message of an error at this line of this file.
#[track_caller]
fn mistake<In: Tree<Tensor>, Out: Tree<Tensor>>(function: &Traced<'_, In, Out>, types: &str, line: u32) -> String {
    let error: Error = function.compile(types).map(|_| ()).unwrap_err();
    let text = error.to_string();
    assert!(error.location().is_some_and(|location| location.line() == line), "{text}");
    text
}

#[test]
fn mistakes_are_messages() {
    let line = line!() + 1;
    let grows = trace(|x: Tensor| fori(3, x, |_, x| rotrace::concat([x, x], 0)));
    let text = mistake(&grows, "f64[2]", line);
    assert!(text.ends_with("carried value 0 is f64[2] before an iteration, but f64[4] after it"), "{text}");
    let line = line!() + 1;
    let widens = trace(|x: Tensor| while_loop(x, |x| x.less(3.0), |x| x.astype(rotrace::DType::F32)));
    let text = mistake(&widens, "f64[]", line);
    assert!(text.ends_with("carried value 0 is f64[] before an iteration, but f32[] after it"), "{text}");
    let line = line!() + 1;
    let differ = trace(|x: Tensor| cond(x.sum(()).less(3.0), || x, || x.sum(())));
    let text = mistake(&differ, "f64[2]", line);
    assert!(text.contains("the branches disagree on result 0: f64[] in `otherwise`, but f64[2] in `then`"), "{text}");
    let line = line!() + 1;
    let lengths = trace(|(x, y): (Tensor, Tensor)| scan(x.sum(()), (x, y), |s, (x, y)| (s + x * y, ())).0);
    let text = mistake(&lengths, "f64[t], f64[s]", line);
    assert!(text.ends_with("scan: the leading sizes of f64[t] and f64[s] differ"), "{text}");
    assert!(mistake(&lengths, "f64[], f64[]", line).ends_with("scan: f64[] has no leading axis to scan"));
    let line = line!() + 1;
    let nothing = trace(|x: Tensor| scan(x, (), |x, ()| (x, ())).0);
    assert!(mistake(&nothing, "f64[]", line).ends_with("there is nothing to scan; `fori` counts its iterations"));
    let line = line!() + 1;
    let predicate = trace(|x: Tensor| cond(x, || x, || x));
    assert!(mistake(&predicate, "f64[]", line).contains("cond: the predicate has to be bool[], got f64[]"));
    let line = line!() + 1;
    let none = trace(|x: Tensor| switch(x.astype(rotrace::DType::I64), 0, |_| x));
    assert!(mistake(&none, "f64[]", line).ends_with("switch: there are no branches"));
}

#[test]
fn derivatives_that_cannot_be_are_messages_that_name_the_loop() {
    let line = line!() + 1;
    let endless = trace(|x: Tensor| while_loop(x, |x| x.less(3.0), |x| x * 2.0));
    assert!(endless.jvp().compile("f64[], f64[]").is_ok());
    let text = endless.grad().compile("f64[]").map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("reverse mode through a while loop needs a bound of its iterations (at "), "{text}");
    assert!(text.contains(&format!("loops.rs:{line}:")), "{text}");
    let named = trace(|x: Tensor| {
        let every = Scan::new().checkpoint(Checkpoint::Every(10));
        every.run(x.sum(()) * 0.0, x, |s, x| ((s + x).sin(), ())).0
    });
    assert!(named.compile("f64[t]").is_ok());
    let text = named.grad().compile("f64[t]").map(|_| ()).unwrap_err().to_string();
    assert!(
        text.contains("a checkpoint policy other than `all` needs a loop of fixed length, but it is t (at "),
        "{text}"
    );
    assert!(named.grad().compile("f64[100]").is_ok());
}

#[test]
fn axes_of_loops_can_be_mapped_anywhere() {
    let sums = trace(|(x, k): (Tensor, Tensor)| scan(k * 0.0, x, |s, x| (s + x * k, s + x)).1);
    let columns = sums.vmap((1, None), 1).compile("f64[t, n], f64[]").unwrap();
    let x = Array::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let found = columns.call(&(x, Array::from(1.0))).unwrap();
    assert_eq!(values(&found), [1.0, 2.0, 4.0, 6.0, 9.0, 12.0]);
}
