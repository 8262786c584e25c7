//! Derivatives by rules.

use rotrace::{Array, Error, Signature, Tensor, Traced, trace};

/// `x^2`, with a rule that says 10 times the slope, so that one sees whether it is used.
fn loud_square<'a>(mode: &str) -> Traced<'a, Tensor, Tensor> {
    let square = trace(|x: Tensor| x * x);
    match mode {
        "jvp" => square.custom_jvp(|x, tangent| x * 20 * tangent),
        _ => square.custom_vjp(|x, cotangent| x * 20 * cotangent),
    }
}

fn numbers(array: &Array) -> Vec<f64> {
    array.to_vec().expect("doubles")
}

#[test]
fn either_rule_serves_both_modes_and_every_order() -> Result<(), Error> {
    let x = Array::from([3.0, -2.0]);
    let ones = Array::from([1.0, 1.0]);
    for mode in ["jvp", "vjp"] {
        let square = loud_square(mode);
        let value = square.compile("f64[n]")?.call(&x)?;
        assert_eq!(numbers(&value), [9.0, 4.0]);
        let (value, tangent) = square.jvp().compile("f64[n], f64[n]")?.call(&(x.clone(), ones.clone()))?;
        assert_eq!((numbers(&value), numbers(&tangent)), (vec![9.0, 4.0], vec![60.0, -40.0]), "{mode}");
        let (_, cotangent) = square.vjp().compile("f64[n], f64[n]")?.call(&(x.clone(), ones.clone()))?;
        assert_eq!(numbers(&cotangent), [60.0, -40.0], "{mode}");
        // The rule's own derivative: 20, and then 0.
        let slope = trace({
            let square = square.clone();
            move |x: Tensor| square.jvp().call_traced((x, x.full_like(1))).1
        });
        let (_, second) = slope.vjp().compile("f64[n], f64[n]")?.call(&(x.clone(), ones.clone()))?;
        assert_eq!(numbers(&second), [20.0, 20.0], "{mode}");
        let bend = trace(move |x: Tensor| slope.vjp().call_traced((x, x.full_like(1))).1);
        let (_, third) = bend.jvp().compile("f64[n], f64[n]")?.call(&(x.clone(), ones.clone()))?;
        assert_eq!(numbers(&third), [0.0, 0.0], "{mode}");
    }
    Ok(())
}

#[test]
fn rules_work_inside_other_functions_and_in_chains() -> Result<(), Error> {
    let outer = trace(|(x, scale): (Tensor, Tensor)| {
        let inner = loud_square("vjp");
        (inner.call_traced(x * scale).sin()).sum(())
    });
    let arguments = (Array::from([0.5, -1.5]), Array::from(2.0));
    let (dx, scale) = outer.grad().compile("f64[n], f64[]")?.call(&arguments)?;
    let slope = |x: f64| (4.0 * x * x).cos() * 20.0 * 2.0 * x;
    let close = |a: f64, b: f64| (a - b).abs() < 1e-12 * b.abs().max(1.0);
    assert!(numbers(&dx).iter().zip([0.5, -1.5]).all(|(&got, x)| close(got, slope(x) * 2.0)), "{dx:?}");
    assert!(close(numbers(&scale)[0], slope(0.5) * 0.5 + slope(-1.5) * -1.5), "{scale:?}");
    Ok(())
}

#[test]
fn several_arguments_and_results_share_a_rule() -> Result<(), Error> {
    // Polar coordinates; the rules leave out the angle's derivative.
    let polar = trace(|[x, y]: [Tensor; 2]| [x.hypot(y), y.atan2(x)]);
    let radius = |[x, y]: [Tensor; 2]| x.hypot(y);
    let by_tangent = polar.custom_jvp(move |at, [dx, dy]| {
        let slope = (at[0] * dx + at[1] * dy) / radius(at);
        [slope, dx.full_like(0)]
    });
    let by_cotangent = polar.custom_vjp(move |at, [radial, _]| at.map(|component| component * radial / radius(at)));
    let at = [Array::from([3.0]), Array::from([4.0])];
    for polar in [by_tangent, by_cotangent] {
        let cotangents = [Array::from([1.0]), Array::from([100.0])];
        let pulled = polar.vjp().compile("f64[n], f64[n], f64[n], f64[n]")?;
        let (values, [dx, dy]) = pulled.call(&(at.clone(), cotangents))?;
        assert_eq!(numbers(&values[0]), [5.0]);
        assert!((numbers(&dx)[0] - 0.6).abs() < 1e-15 && (numbers(&dy)[0] - 0.8).abs() < 1e-15, "{dx:?} {dy:?}");
        let tangents = [Array::from([1.0]), Array::from([0.0])];
        let pushed = polar.jvp().compile("f64[n], f64[n], f64[n], f64[n]")?;
        let (_, [radial, angular]) = pushed.call(&(at.clone(), tangents))?;
        assert!((numbers(&radial)[0] - 0.6).abs() < 1e-15 && numbers(&angular) == [0.0], "{radial:?} {angular:?}");
    }
    Ok(())
}

#[test]
fn a_derivative_is_as_long_as_the_rule_however_many_results_share_it() -> Result<(), Error> {
    // Values that depend on each other through a sum.
    let shares = trace(|x: Vec<Tensor>| {
        let total = sum(&x);
        x.into_iter().map(|x| x / total).collect::<Vec<Tensor>>()
    });
    let by_tangent = shares.custom_jvp(|x, tangents| {
        let (total, along) = (sum(&x), sum(&tangents));
        x.into_iter().zip(tangents).map(|(x, tangent)| (tangent - x / total * along) / total).collect()
    });
    let by_cotangent = shares.custom_vjp(|x, cotangents| {
        let total = sum(&x);
        let weighted: Vec<Tensor> = x.iter().zip(&cotangents).map(|(&x, &cotangent)| x * cotangent).collect();
        let along = sum(&weighted) / total;
        cotangents.into_iter().map(|cotangent| (cotangent - along) / total).collect()
    });
    for shares in [by_tangent, by_cotangent] {
        let (pulled, pushed) = (shares.vjp(), shares.jvp());
        let of_each = |count: usize| -> Result<[usize; 2], Error> {
            let x: Vec<Array> = (0..count).map(|place| Array::from([place as f64 + 1.0])).collect();
            let types = || Signature::like(&(x.clone(), x.clone()));
            let handle = pulled.compile(types())?;
            let (_, cotangents) = handle.call(&(x.clone(), x.clone()))?;
            // Of x_i / t with cotangents x: (x_i - sum(x^2) / t) / t.
            let (t, squares) =
                (0..count).map(|place| place as f64 + 1.0).fold((0.0, 0.0), |(t, s), x| (t + x, s + x * x));
            for (x, cotangent) in x.iter().zip(&cotangents) {
                assert!((numbers(cotangent)[0] - (numbers(x)[0] - squares / t) / t).abs() < 1e-12, "{cotangent:?}");
            }
            let nodes = |function: &rotrace_ir::graph::Function| function.nodes.len();
            Ok([nodes(pulled.lower(types())?.function()), nodes(pushed.lower(types())?.function())])
        };
        let [few, more, many] = [of_each(10)?, of_each(40)?, of_each(160)?];
        for mode in 0..2 {
            let (first, second) = ((more[mode] - few[mode]) / 30, (many[mode] - more[mode]) / 120);
            assert!(second <= first, "{first} nodes for each of up to 40 results, then {second}");
        }
    }
    Ok(())
}

fn sum(terms: &[Tensor]) -> Tensor {
    terms[1..].iter().fold(terms[0], |sum, &term| sum + term)
}

#[test]
fn what_a_rule_captures_is_a_constant() -> Result<(), Error> {
    let outer = trace(|[x, factor]: [Tensor; 2]| {
        let scaled = trace(move |x: Tensor| x * factor).custom_jvp(move |_, tangent| tangent * factor);
        scaled.call_traced(x).sum(())
    });
    let arguments = [Array::from([1.0, 2.0]), Array::from(3.0)];
    let [dx, factor] = outer.grad().compile("f64[n], f64[]")?.call(&arguments)?;
    assert_eq!((numbers(&dx), numbers(&factor)), (vec![3.0, 3.0], vec![0.0]));
    Ok(())
}

#[test]
fn a_compiled_value_costs_nothing_for_its_rule() {
    let plain = trace(|x: Tensor| x * x).compile("f64[n]").expect("a valid function");
    let custom = loud_square("jvp").compile("f64[n]").expect("a valid function");
    assert_eq!(plain.kernels(), custom.kernels());
    let graph = custom.graph();
    assert!(graph.contains("custom %") && graph.contains("kind = jvp, wrt = [true]"), "{graph}");
}

#[test]
fn rules_of_other_types_are_refused_with_the_line() {
    let line = line!() + 1;
    let wrong = trace(|x: Tensor| x.sum(())).custom_vjp(|_, cotangent| cotangent);
    let error = wrong.lower("f64[n]").expect_err("the rule gives another type");
    let text = error.to_string();
    assert!(text.contains("the rule gives (f64[]), but has to give (f64[n])"), "{text}");
    assert!(text.contains(&format!("custom.rs:{line}")), "{text}");

    let integers = trace(|x: Tensor| x + 1).custom_jvp(|_, tangent| tangent);
    let text = integers.lower("i64[n]").expect_err("integers have no derivative").to_string();
    assert!(text.contains("takes and gives floats, not i64[n]"), "{text}");
}

#[test]
fn rules_too_deep_in_rules_are_refused() {
    let mut deep: Traced<'_, Tensor, Tensor> = trace(|x: Tensor| x * x);
    for _ in 0..20 {
        let inner = deep.clone();
        deep = trace(|x: Tensor| x * x).custom_jvp(move |x, tangent| inner.call_traced(x) * tangent);
    }
    let text = deep.lower("f64[n]").expect_err("twenty rules deep").to_string();
    assert!(text.contains("more than 16 deep") && text.contains("custom.rs"), "{text}");
}
