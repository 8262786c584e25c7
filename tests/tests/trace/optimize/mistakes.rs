//! Mistakes are messages with the user's line.

use rotrace::optimize::{Adam, GaussNewton, GradientDescent, Lbfgs, LevenbergMarquardt, Loss, Minimizer};
use rotrace::{Array, Manifold, Tensor, Tree, stack, trace};

/// The message of compiling, which must fail at `line` of this file.
#[track_caller]
fn message<P: Manifold, S: Tree<Tensor>, D: Tree<Tensor> + Clone>(
    minimizer: &Minimizer<'_, P, S, D>,
    types: &str,
    line: u32,
) -> String {
    let error = minimizer.compile(types).unwrap_err();
    let location = error.location().expect("a mistake of a traced function has a place");
    assert!(location.file().ends_with("mistakes.rs"), "{error}");
    assert_eq!(location.line(), line, "{error}");
    error.to_string()
}

#[test]
fn parameters_and_objectives_are_floats() {
    let loss = trace(|(x, ()): (Tensor, ())| x.astype(rotrace::DType::F64).square().sum(()));
    let line = line!() + 1;
    let adam = Adam::default().minimize(&loss);
    assert!(message(&adam, "i64[3]", line).contains("leaf 0 of the arguments is i64[3], not a float"));
    let count = trace(|(x, ()): (Tensor, ())| x.astype(rotrace::DType::I64).sum(()));
    let line = line!() + 1;
    let descent = GradientDescent::default().minimize(&count);
    let text = message(&descent, "f64[3]", line);
    assert!(text.contains("GradientDescent takes an objective of floats with 0 axes or more, got i64[]"), "{text}");
    let line = line!() + 1;
    let newton = GaussNewton { batch_axes: 2, ..GaussNewton::default() }.minimize(&loss);
    let text = message(&newton, "f64[3]", line);
    assert!(text.contains("GaussNewton takes an objective of floats with 2 axes or more, got f64[]"), "{text}");
}

#[test]
fn parameters_are_of_the_batch() {
    let rows = trace(|(x, data): (Tensor, Tensor)| (x * data).sum(-1));
    let line = line!() + 1;
    let lbfgs = Lbfgs::default().minimize(&rows);
    let text = message(&lbfgs, "f64[3], f64[n, 3]", line);
    assert!(text.contains("Lbfgs: leaf 0 of the parameters is f64[3], without the leading axes"), "{text}");
    assert!(text.contains("like f64[n]"), "{text}");
    let line = line!() + 1;
    let damped = LevenbergMarquardt { batch_axes: 1, ..LevenbergMarquardt::default() }.minimize(&rows);
    assert!(message(&damped, "f64[3], f64[n, 3]", line).contains("leaf 0 of the parameters is f64[3]"));
}

#[test]
fn problems_are_small() {
    let same = trace(|(x, ()): (Tensor, ())| x);
    let line = line!() + 1;
    let damped = LevenbergMarquardt::default().minimize(&same);
    let text = message(&damped, "f64[17]", line);
    assert!(text.contains("LevenbergMarquardt: the parameters of a problem move in 17 directions"), "{text}");
    assert!(message(&damped, "f64[n]", line).contains("in a named number of directions"));
    assert!(message(&damped, "f64[0]", line).contains("in 0 directions, but equations are solved for 1 to 16"));
    assert!(damped.compile("f64[4, 4]").is_ok());
    let line = line!() + 1;
    let blocks = GaussNewton { block_axes: 2, ..GaussNewton::default() }.minimize(&same);
    assert!(message(&blocks, "f64[3]", line).contains("fewer axes than a batch and a block together"));
}

#[test]
fn configurations() {
    let loss = trace(|(x, ()): (Tensor, ())| x.square().sum(()));
    let residuals = trace(|(x, ()): (Tensor, ())| stack([x, x * 2], -1));
    let line = line!() + 1;
    let descent = |rate, momentum| GradientDescent { rate, momentum, nesterov: false }.minimize(&loss);
    assert!(message(&descent(f64::NAN, 0.0), "f64[3]", line).contains("the rate has to be finite"));
    assert!(message(&descent(0.1, 1.0), "f64[3]", line).contains("the momentum has to be from 0 to below 1"));
    let line = line!() + 1;
    let adam = |change: Adam| change.minimize(&loss);
    for (method, wanted) in [
        (Adam { first_decay: 1.0, ..Adam::default() }, "Adam: the decays have to be from 0 to below 1"),
        (Adam { second_decay: -0.1, ..Adam::default() }, "the decays have to be"),
        (Adam { weight_decay: f64::INFINITY, ..Adam::default() }, "the rate and the weight decay have to be finite"),
        (Adam { epsilon: 0.0, ..Adam::default() }, "epsilon has to be positive"),
    ] {
        assert!(message(&adam(method), "f64[3]", line).contains(wanted));
    }
    let line = line!() + 1;
    let lbfgs = Lbfgs { history: 0 }.minimize(&loss);
    assert!(message(&lbfgs, "f64[3]", line).contains("Lbfgs: the history has to be from 1 to 100"));
    let line = line!() + 1;
    let damped = |change: LevenbergMarquardt| change.minimize(&residuals);
    let default = LevenbergMarquardt::default();
    let text = message(&damped(LevenbergMarquardt { damping: 0.0, ..default }), "f64", line);
    assert!(text.contains("LevenbergMarquardt: the damping has to be from 1e-20 to 1e8"), "{text}");
    let loss = Loss::Huber { scale: 0.0 };
    let text = message(&damped(LevenbergMarquardt { loss, ..default }), "f64", line);
    assert!(text.contains("the scale of a loss has to be positive and finite"), "{text}");
}

#[test]
fn states() {
    let loss = trace(|(x, ()): (Tensor, ())| x.square().sum(()));
    let line = line!() + 1;
    let adam = Adam::default().minimize(&loss);
    let lower = |types: &str| adam.step.lower(types).map(|_| ()).unwrap_err();
    let error = lower("f64[3], f64, f64, f64, f64[3], f64[4]");
    assert_eq!(error.location().map(|place| place.line()), Some(line));
    let text = error.to_string();
    assert!(text.contains("Adam: leaf 4 of the state is f64[4], but has to be f64[3]: `start` makes it"), "{text}");
    assert!(lower("f64[3], f32, f64, f64, f64[3], f64[3]").to_string().contains("leaf 0 of the state is f32[]"));
    assert!(lower("f64[3], f64").to_string().contains("has 2 types, but the function's arguments have 6 leaves"));
    // Of a call, the argument is named with both types.
    let compiled = adam.compile("f64[3]").unwrap();
    let mut run = compiled.run(Array::from([1.0, 2.0, 3.0]), ()).unwrap();
    run.state_mut().first = Array::from([1.0, 2.0]);
    let text = run.step().unwrap_err().to_string();
    assert!(text.contains("f64[3]") && text.contains("f64[2]"), "{text}");
    assert_eq!(run.parameters(), &Array::from([1.0, 2.0, 3.0]));
}

#[test]
fn what_is_wrong_in_the_objective_stays_there() {
    let line = line!() + 1;
    let wrong = trace(|(x, y): (Tensor, Tensor)| (x + y).sum(()));
    for text in [
        message(&Adam::default().minimize(&wrong), "f64[3], f64[4]", line),
        message(&Lbfgs::default().minimize(&wrong), "f64[3], f64[4]", line),
        message(&GaussNewton::default().minimize(&wrong), "f64[3], f64[4]", line),
    ] {
        assert!(text.contains("add: cannot broadcast f64[3] and f64[4] together"), "{text}");
    }
}

#[test]
fn nodes_have_lines_of_the_user() {
    let loss = trace(|(x, ()): (Tensor, ())| x.square().sum(()));
    let residuals = trace(|(x, ()): (Tensor, ())| x.square());
    let files = [
        Adam::default().minimize(&loss).start.lower("f64[3]").unwrap().function().files.clone(),
        Lbfgs { history: 1 }.minimize(&loss).start.lower("f64[3]").unwrap().function().files.clone(),
        GaussNewton::default().minimize(&residuals).step.lower("f64[3]").unwrap().function().files.clone(),
    ];
    for files in files {
        assert!(files.iter().all(|file| file.ends_with("mistakes.rs")), "{files:?}");
    }
}
