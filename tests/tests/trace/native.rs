//! Plain Rust functions inside of traced ones: values, derivatives by rules, failures.

use rotrace::implementations::{Implementations, operation};
use rotrace::spatial::Rotation;
use rotrace::{
    Array, ArrayView, ArrayViewMut, Engine, Error, Failure, Options, Tensor, Traced, Tree, cond, fori, native, trace,
    while_loop,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn numbers(array: &Array) -> Vec<f64> {
    array.to_vec().expect("doubles")
}

fn both() -> [Options; 2] {
    [Options::default(), Options { engine: Engine::Interpreter, ..Options::default() }]
}

type Views<'a, 'v> = &'a [ArrayView<'v>];
type ViewsMut<'a, 'v> = &'a mut [ArrayViewMut<'v>];

/// Writes `function` of each element.
fn each(arguments: Views<'_, '_>, results: ViewsMut<'_, '_>, function: fn(f64) -> f64) -> Result<(), Failure> {
    let x = arguments[0].as_slice::<f64>()?;
    results[0].as_mut_slice::<f64>()?.iter_mut().zip(x).for_each(|(y, &x)| *y = function(x));
    Ok(())
}

/// The cube of each element, without a derivative.
fn cube() -> Traced<'static, Tensor, Tensor> {
    native("cube", |x: Tensor| x, |arguments, results| each(arguments, results, |x| x * x * x))
}

/// Three times the square, as a native function too.
fn slope() -> Traced<'static, Tensor, Tensor> {
    native("slope", |x: Tensor| x, |arguments, results| each(arguments, results, |x| 3.0 * x * x))
        .custom_jvp(|x, tangent| x * 6 * tangent)
}

#[test]
fn values_at_any_size_in_every_engine() -> Result<(), Error> {
    let cube = cube();
    let traced = trace(move |x: Tensor| cube.call_traced(x * 2) + x);
    for options in both() {
        let compiled = traced.compile_with("f64[n, m]", &options)?;
        for shape in [[0, 3], [1, 1], [2, 3], [50, 40]] {
            let x: Vec<f64> = (0..shape[0] * shape[1]).map(|index| index as f64 * 0.25 - 1.0).collect();
            let expected: Vec<f64> = x.iter().map(|x| 8.0 * x * x * x + x).collect();
            let result = compiled.call(&Array::from_vec(&shape, x)?)?;
            assert_eq!((result.shape(), numbers(&result)), (&shape[..], expected));
        }
    }
    Ok(())
}

#[test]
fn derivatives_are_those_of_the_rule() -> Result<(), Error> {
    // d(x^3) = 3 x^2 dx, whose own derivative is another rule's.
    let slope = slope();
    let by_jvp = {
        let slope = slope.clone();
        cube().custom_jvp(move |x, tangent| slope.call_traced(x) * tangent)
    };
    let by_vjp = cube().custom_vjp(move |x, cotangent| slope.call_traced(x) * cotangent);
    let x = Array::from([2.0, -1.0, 0.5]);
    let ones = Array::from([1.0, 1.0, 1.0]);
    for cube in [by_jvp, by_vjp] {
        for options in both() {
            let (value, tangent) =
                cube.jvp().compile_with("f64[n], f64[n]", &options)?.call(&(x.clone(), ones.clone()))?;
            assert_eq!((numbers(&value), numbers(&tangent)), (vec![8.0, -1.0, 0.125], vec![12.0, 3.0, 0.75]));
            let (value, cotangent) =
                cube.vjp().compile_with("f64[n], f64[n]", &options)?.call(&(x.clone(), ones.clone()))?;
            assert_eq!((numbers(&value), numbers(&cotangent)), (vec![8.0, -1.0, 0.125], vec![12.0, 3.0, 0.75]));
            let sum = {
                let cube = cube.clone();
                trace(move |x: Tensor| cube.call_traced(x).sum(()))
            };
            let twice = trace(move |x: Tensor| sum.grad().call_traced(x).sum(())).grad();
            let second = twice.compile_with("f64[n]", &options)?.call(&x)?;
            assert_eq!(numbers(&second), [12.0, -6.0, 3.0]);
        }
    }
    Ok(())
}

#[test]
fn without_a_rule_there_is_no_derivative() {
    let cube = cube();
    let line = line!() + 1;
    let sum = trace(move |x: Tensor| cube.call_traced(x).sum(()));
    let expected =
        format!("native function `cube` has no derivative of its own: give it one by a rule (at {}:{line}:", file!());
    for error in [
        sum.grad().lower("f64[3]").map(drop).expect_err("reverse mode"),
        sum.jvp().lower("f64[3], f64[3]").map(drop).expect_err("forward mode"),
    ] {
        assert!(error.to_string().contains(&expected), "{error}");
    }
}

#[test]
fn no_derivative_is_needed_where_none_flows() -> Result<(), Error> {
    let cube = cube();
    let sum = trace(move |x: Tensor| (x * cube.call_traced(x).floor()).sum(()));
    let x = Array::from([2.0, -1.0]);
    assert_eq!(numbers(&sum.grad().compile("f64[2]")?.call(&x)?), [8.0, -1.0]);
    let (_, tangent) = sum.jvp().compile("f64[2], f64[2]")?.call(&(x, Array::from([1.0, 1.0])))?;
    assert_eq!(numbers(&tangent), [7.0]);
    Ok(())
}

#[derive(Clone, Copy, Tree)]
struct Parts<T> {
    whole: T,
    fraction: T,
    negative: T,
}

/// The whole part as an integer, the rest, and the sign.
fn parts() -> Traced<'static, Tensor, Parts<Tensor>> {
    let like = |x: Tensor| Parts { whole: x.astype(rotrace::DType::I64), fraction: x, negative: x.less(0) };
    native("parts", like, |arguments, results| {
        let x = arguments[0].as_slice::<f64>()?;
        results[0].as_mut_slice::<i64>()?.iter_mut().zip(x).for_each(|(whole, x)| *whole = x.trunc() as i64);
        results[1].as_mut_slice::<f64>()?.iter_mut().zip(x).for_each(|(fraction, x)| *fraction = x.fract());
        results[2].as_mut_slice::<bool>()?.iter_mut().zip(x).for_each(|(negative, &x)| *negative = x < 0.0);
        Ok(())
    })
}

#[test]
fn several_results_of_several_types() -> Result<(), Error> {
    for options in both() {
        let compiled = parts().compile_with("f64[n]", &options)?;
        let found = compiled.call(&Array::from([2.5, -0.25, 7.0]))?;
        assert_eq!(found.whole.to_vec::<i64>()?, [2, 0, 7]);
        assert_eq!(numbers(&found.fraction), [0.5, -0.25, 0.0]);
        assert_eq!(found.negative.to_vec::<bool>()?, [false, true, false]);
        // Some of them alone, twice.
        let some = trace(|x: Tensor| (parts().call_traced(x).fraction, parts().call_traced(x * 2).fraction));
        let (one, two) = some.compile_with("f64[n]", &options)?.call(&Array::from([2.75]))?;
        assert_eq!((numbers(&one), numbers(&two)), (vec![0.75], vec![0.5]));
    }
    Ok(())
}

#[test]
fn functions_of_one_name_are_kept_apart() -> Result<(), Error> {
    let times = |factor: f64| {
        native(
            "times",
            |x: Tensor| x,
            move |arguments, results| {
                let x = arguments[0].as_slice::<f64>()?;
                results[0].as_mut_slice::<f64>()?.iter_mut().zip(x).for_each(|(y, x)| *y = factor * x);
                Ok(())
            },
        )
    };
    let (double, triple) = (times(2.0), times(3.0));
    let both = trace(move |x: Tensor| double.call_traced(x) + triple.call_traced(x) + double.call_traced(x));
    let lowered = both.lower("f64[n]")?;
    assert!(lowered.graph().contains("native %0 {name = \"times.2\"}"), "{}", lowered.graph());
    assert_eq!(numbers(&lowered.compile()?.call(&Array::from([1.0, 10.0]))?), [7.0, 70.0]);
    assert_eq!(rotrace_ir::text::parse_function(&lowered.graph()).as_ref(), Ok(lowered.function()));
    Ok(())
}

#[test]
fn equal_calls_are_made_once_and_needless_ones_not_at_all() -> Result<(), Error> {
    let calls = Arc::new(AtomicUsize::new(0));
    let counting = {
        let calls = Arc::clone(&calls);
        native(
            "counting",
            |x: Tensor| x,
            move |arguments, results| {
                calls.fetch_add(1, Ordering::Relaxed);
                each(arguments, results, |x| x + 1.0)
            },
        )
    };
    let traced = trace(move |x: Tensor| {
        let _nobody_uses_it = counting.call_traced(x * 3);
        counting.call_traced(x) * counting.call_traced(x)
    });
    let compiled = traced.compile("f64[n]")?;
    assert_eq!(numbers(&compiled.call(&Array::from([2.0]))?), [9.0]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    Ok(())
}

#[test]
fn a_failure_is_the_calls() -> Result<(), Error> {
    let root = native(
        "root",
        |x: Tensor| x,
        |arguments, results| {
            if arguments[0].as_slice::<f64>()?.iter().any(|&x| x < 0.0) {
                return Err("a negative number".into());
            }
            each(arguments, results, f64::sqrt)
        },
    );
    let traced = trace(move |x: Tensor| root.call_traced(x) * 2);
    for options in both() {
        let compiled = traced.compile_with("f64[n]", &options)?;
        let error = compiled.call(&Array::from([1.0, -1.0])).expect_err("no root");
        assert_eq!(error.to_string(), "native function `root`: a negative number");
        assert_eq!(numbers(&compiled.call(&Array::from([1.0, 4.0]))?), [2.0, 4.0]);
    }
    let single =
        native("single", |x: Tensor| x, |arguments, _| arguments[0].as_slice::<f32>().map(drop).map_err(Failure::from));
    let error = single.compile("f64[n]")?.call(&Array::from([1.0])).expect_err("of another type");
    assert_eq!(error.to_string(), "native function `single`: the elements are f64, not f32");
    Ok(())
}

#[test]
fn calls_follow_calls() -> Result<(), Error> {
    let cube = cube();
    let looped = trace(move |x: Tensor| {
        let step = |y: Tensor| cube.call_traced(y) * 0.5 + y;
        step(step(step(x)))
    });
    let expected = |mut y: f64| {
        for _ in 0..3 {
            y += y * y * y * 0.5;
        }
        y
    };
    let x = [0.5, -0.75, 1.0];
    let found = looped.compile("f64[n]")?.call(&Array::from(x))?;
    assert_eq!(numbers(&found), x.map(expected));
    Ok(())
}

/// A rotation vector's quaternion, by hand.
fn quaternions(arguments: Views<'_, '_>, results: ViewsMut<'_, '_>) -> Result<(), Failure> {
    let (rotvecs, _) = arguments[0].as_slice::<f64>()?.as_chunks::<3>();
    let (quats, _) = results[0].as_mut_slice::<f64>()?.as_chunks_mut::<4>();
    for (quat, rotvec) in quats.iter_mut().zip(rotvecs) {
        let angle = rotvec.iter().map(|x| x * x).sum::<f64>().sqrt();
        let scale = if angle == 0.0 { 0.5 } else { (angle / 2.0).sin() / angle };
        *quat = [rotvec[0] * scale, rotvec[1] * scale, rotvec[2] * scale, (angle / 2.0).cos()];
    }
    Ok(())
}

/// [`quaternions`] as a rotation, with Rotrace's derivative.
fn from_rotvec() -> Traced<'static, Tensor, Rotation> {
    native("from_rotvec", |x: Tensor| Rotation::from_rotvec(x), quaternions).custom_jvp(|x, tangent| {
        let (_, tangent) = trace(|x: Tensor| Rotation::from_rotvec(x)).jvp().call_traced((x, tangent));
        tangent
    })
}

#[test]
fn an_operation_is_implemented_by_a_native_function() -> Result<(), Error> {
    let from_rotvec = from_rotvec();
    let implementations =
        Implementations::new().with(operation::FromRotvec, move |x: Tensor| from_rotvec.call_traced(x));
    let rotate = trace(|(x, p): (Tensor, Tensor)| Rotation::from_rotvec(x).apply(p));
    let replaced = rotate.using(&implementations);
    let shapes: [(&str, &[usize], &[usize]); 4] = [
        ("f64[3], f64[3]", &[3], &[3]),
        ("f64[n, 3], f64[3]", &[5, 3], &[3]),
        ("f64[n, 3], f64[n, 3]", &[0, 3], &[0, 3]),
        ("f64[n, m, 3], f64[m, 3]", &[4, 2, 3], &[2, 3]),
    ];
    for (types, x, p) in shapes {
        let array = |shape: &[usize]| {
            Array::from_vec(shape, (0..shape.iter().product()).map(|place: usize| (place as f64 * 0.7).sin()).collect())
        };
        let arguments = (array(x)?, array(p)?);
        assert!(replaced.lower(types)?.graph().contains("native"));
        let (own, native) = (rotate.compile(types)?.call(&arguments)?, replaced.compile(types)?.call(&arguments)?);
        assert_eq!(own.shape(), native.shape());
        let close = |a: &Array, b: &Array| numbers(a).iter().zip(numbers(b)).all(|(a, b)| (a - b).abs() < 1e-14);
        assert!(close(&own, &native), "{types}");
        let (own, native) = (sum(&rotate), sum(&replaced));
        let (own, native) =
            (own.grad().compile(types)?.call(&arguments)?, native.grad().compile(types)?.call(&arguments)?);
        assert!(close(&own.0, &native.0) && close(&own.1, &native.1), "{types}");
    }
    Ok(())
}

fn sum<'a>(function: &Traced<'a, (Tensor, Tensor), Tensor>) -> Traced<'a, (Tensor, Tensor), Tensor> {
    let function = function.clone();
    trace(move |arguments: (Tensor, Tensor)| function.call_traced(arguments).sum(()))
}

#[test]
fn results_of_the_wrong_type_are_refused() {
    let flat = native("flat", |x: Tensor| x.sum(-1), |_, _| Ok(()));
    let wrong = Implementations::new()
        .with(operation::AsRotvec, move |rotation: Rotation| flat.call_traced(rotation.as_quat(false)));
    let log = trace(|quat: Tensor| Rotation::from_quat(quat).as_rotvec()).using(&wrong);
    let error = log.lower("f64[n, 4]").map(drop).expect_err("another shape");
    assert!(
        error.to_string().contains("the implementation of Rotation::as_rotvec gives f64[n], but has to give f64[n, 3]"),
        "{error}"
    );
    // A mistake in what says the types.
    let sums = native("sums", |x: Tensor| x.sum(5), |_, _| Ok(()));
    let error = sums.lower("f64[n]").map(drop).expect_err("there is no such axis");
    assert!(error.to_string().contains("axis 5 is out of bounds"), "{error}");
    let nothing = native("nothing", |_: Tensor| (), |_, _| Ok(()));
    let error = nothing.lower("f64[n]").map(drop).expect_err("no results");
    assert!(
        error.to_string().contains("native function `nothing`: native names no function, or one without results"),
        "{error}"
    );
}

#[test]
fn loops_and_branches_call_functions() -> Result<(), Error> {
    let slope = slope();
    let cube = cube().custom_jvp(move |x, tangent| slope.call_traced(x) * tangent);
    // Four steps of y + y^3 / 8, each with what came before, and as long as y is small.
    let (in_scan, in_while, in_branch) = (cube.clone(), cube.clone(), cube);
    let steps = trace(move |x: Tensor| fori(4, x, |_, y: Tensor| in_scan.call_traced(y) / 8 + y));
    let grown = trace(move |x: Tensor| {
        while_loop(x, |y: Tensor| y.max(()).less(10), |y: Tensor| in_while.call_traced(y) / 8 + y)
    });
    let chosen = trace(move |x: Tensor| cond(x.sum(()).less(0), || x * 2, || in_branch.call_traced(x)));
    let step = |y: f64| y * y * y / 8.0 + y;
    let x = [0.5, 1.5, -1.0];
    for options in both() {
        let array = Array::from(x);
        let found = steps.compile_with("f64[n]", &options)?.call(&array)?;
        assert_eq!(numbers(&found), x.map(|x| step(step(step(step(x))))));
        let sum = {
            let steps = steps.clone();
            trace(move |x: Tensor| steps.call_traced(x).sum(()))
        };
        let expected = x.map(|x| {
            let slopes = (0..4).scan(x, |y, _| Some(std::mem::replace(y, step(*y)))).map(|y| 3.0 * y * y / 8.0 + 1.0);
            slopes.product::<f64>()
        });
        let found = numbers(&sum.grad().compile_with("f64[n]", &options)?.call(&array)?);
        found.iter().zip(expected).for_each(|(found, expected)| assert!((found / expected - 1.0).abs() < 1e-14));
        let mut y = x;
        while y[1] < 10.0 {
            y = y.map(step);
        }
        assert_eq!(numbers(&grown.compile_with("f64[n]", &options)?.call(&array)?), y);
        let compiled = chosen.compile_with("f64[n]", &options)?;
        assert_eq!(numbers(&compiled.call(&array)?), x.map(|x| x * x * x));
        assert_eq!(numbers(&compiled.call(&Array::from([-1.0, 0.25]))?), [-2.0, 0.5]);
    }
    Ok(())
}

#[test]
fn rows_are_mapped_one_by_one() -> Result<(), Error> {
    // The rows less their means, by a function of one row.
    let centred = native(
        "centred",
        |(x, _): (Tensor, Tensor)| x,
        |arguments, results| {
            let (x, scale) = (arguments[0].as_slice::<f64>()?, arguments[1].as_slice::<f64>()?[0]);
            assert_eq!(arguments[0].shape().len(), 1, "it takes one row");
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            results[0].as_mut_slice::<f64>()?.iter_mut().zip(x).for_each(|(y, x)| *y = (x - mean) * scale);
            Ok(())
        },
    );
    let one = trace(move |(x, scale): (Tensor, Tensor)| centred.call_traced((x, scale)) + 1);
    let x = Array::from([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]]);
    for options in both() {
        let rows = one.vmap((0, None), 0).compile_with("f64[n, 3], f64[]", &options)?;
        let found = rows.call(&(x.clone(), Array::from(2.0)))?;
        assert_eq!(numbers(&found), [-3.0, -1.0, 7.0, -1.0, -1.0, 5.0]);
        let rows = one.vmap((1, 0), 1).compile_with("f64[3, n], f64[n]", &options)?;
        let columns = Array::from([[1.0, 0.0], [2.0, 0.0], [6.0, 3.0]]);
        let found = rows.call(&(columns, Array::from([2.0, -1.0])))?;
        assert_eq!(numbers(&found), [-3.0, 2.0, -1.0, 2.0, 7.0, -1.0]);
    }
    Ok(())
}
