//! Derivatives by rules, the user's own functions, and optimisers, in loops.

use super::{Row, slopes};
use rotrace::optimize::GradientDescent;
use rotrace::{Tensor, fori, native, trace};

pub fn rows() -> Vec<Row> {
    // A sine whose rule says twice the cosine.
    let loud = trace(|x: Tensor| x.sin()).custom_vjp(|x, cotangent| x.cos() * cotangent * 2.0);
    let by_rule = trace(move |x: Tensor| fori(3, x, |_, x| loud.call_traced(x) * 1.2));
    let by_rule_slope = |x: f64| (0..3).fold((x, 1.0), |(x, slope), _| (x.sin() * 1.2, slope * x.cos() * 2.4)).1;
    let half = native(
        "halved",
        |x: Tensor| x,
        |arguments, results| {
            let x = arguments[0].as_slice::<f64>()?;
            results[0].as_mut_slice::<f64>()?.iter_mut().zip(x).for_each(|(y, x)| *y = x / 2.0);
            Ok(())
        },
    );
    let half = half.custom_jvp(|x, tangent| tangent * 0.5 + x * 0.0);
    let halves = trace(move |x: Tensor| fori(4, x, |_, x| half.call_traced(x.sin()) + x));
    let plain = |x: &[f64]| vec![(0..4).fold(x[0], |x, _| x.sin() / 2.0 + x)];
    let numbers = [0.1, -0.4, 0.9, 2.0, -3.0];
    // Steps down a valley, whose curvature is the argument.
    let valley = trace(|(x, k): (Tensor, Tensor)| (x * x * k + x.cos()).sum(()));
    let descent = GradientDescent { rate: 0.1, momentum: 0.5, ..GradientDescent::default() }.minimize(&valley);
    let descended = trace(move |k: Tensor| {
        let x = k * 0.0 + 2.0;
        let state = descent.start.call_traced((x, k));
        let step = descent.step.clone();
        let (x, _) = fori(4, (x, state), |_, (x, state)| {
            let (x, state, _) = step.call_traced((x, state, k));
            (x, state)
        });
        (x * x).sum(())
    });
    let plain_descent = |k: &[f64]| {
        let mut state = (2.0_f64, 0.0);
        for _ in 0..4 {
            let velocity = 0.5 * state.1 + (2.0 * state.0 * k[0] - state.0.sin());
            state = (state.0 - 0.1 * velocity, velocity);
        }
        vec![state.0 * state.0]
    };
    vec![
        Row {
            name: "vmap of grad of scan of custom_vjp",
            program: by_rule.grad().vmap(0, 0),
            types: "f64[n]",
            shape: vec![5],
            argument: numbers.to_vec(),
            wanted: numbers.map(by_rule_slope).to_vec(),
        },
        Row {
            name: "vmap of scan of native",
            program: halves.vmap(0, 0),
            types: "f64[n]",
            shape: vec![5],
            argument: numbers.to_vec(),
            wanted: numbers.iter().flat_map(|&x| plain(&[x])).collect(),
        },
        Row {
            name: "vmap of grad of scan of native with a rule",
            program: halves.grad().vmap(0, 0),
            types: "f64[n]",
            shape: vec![5],
            argument: numbers.to_vec(),
            wanted: numbers.iter().flat_map(|&x| slopes(&plain, &[x])).collect(),
        },
        Row {
            name: "grad of steps of an optimiser",
            program: descended.grad(),
            types: "f64[1]",
            shape: vec![1],
            argument: vec![0.8],
            wanted: slopes(&plain_descent, &[0.8]),
        },
    ]
}
