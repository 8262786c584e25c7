//! Checked calls: where a NaN began, with the steps of the loops that it began in.

use super::places::placed;
use rotrace::{
    Array, Checkpoint, Compiled, DType, Engine, Error, LoopValue, Options, Scan, Tensor, Traced, Tree, fori, native,
    scan, trace, where_, while_loop,
};

/// What a call says.
#[track_caller]
fn told<In: Tree<Tensor>, Out: Tree<Tensor>>(
    compiled: &Compiled<In, Out>,
    arguments: &<In as Tree<Tensor>>::With<Array>,
) -> String {
    let error = compiled.call_checked(arguments).map(|_| ()).expect_err("a NaN");
    placed(file!(), &error)
}

/// Sums the roots of a number that goes down by 1 in each of 40 steps.
fn roots<'a>() -> Traced<'a, Tensor, Tensor> {
    trace(|x: Tensor| {
        let step = |_, (x, sum): (Tensor, Tensor)| (x - 1.0, sum + x.sqrt());
        fori(40, (x, x * 0.0), step).1
    })
}
/// The line of `step` above.
const ROOTS: u32 = line!() - 5;

#[test]
fn the_step_of_a_loop_is_named() {
    let (root, looped) = (format!("sqrt at @{ROOTS}"), format!("the loop at @{}", ROOTS + 1));
    let wanted = format!("it began with {root}, in step 17 (carried value 1) of {looped}");
    for engine in [Engine::Compiled, Engine::Interpreter] {
        let one = roots().compile_with("f64[]", &Options { engine, ..Options::default() }).unwrap();
        let text = told(&one, &Array::from(16.5));
        assert_eq!(text, format!("result 0 is NaN, where no argument is: {wanted}"));
        assert!(one.call_checked(&Array::from(40.5)).is_ok());
        let rows = roots().vmap(0, 0).compile_with("f64[n]", &Options { engine, ..Options::default() }).unwrap();
        let text = told(&rows, &Array::from([50.0, f64::NAN, 16.5, 3.5]));
        assert_eq!(text, format!("result 0 is NaN in row 2, where no argument is: {wanted}"));
    }
}

#[test]
fn a_gradient_names_the_step_of_the_loop_it_is_of() {
    // The loop forwards stacks the roots for the way back.
    let text = told(&roots().grad().compile("f64[]").unwrap(), &Array::from(16.5));
    let place = format!("sqrt at @{ROOTS}, in step 17 (stacked value 0) of the loop at @{}", ROOTS + 1);
    assert_eq!(text, format!("result 0 is NaN, where no argument is: it began with {place}"));
    // Under a policy the way back computes them, from the last segment on: 4 of 8 steps.
    let line = line!() + 3;
    let few = trace(|x: Tensor| {
        let every = Scan::new().checkpoint(Checkpoint::Every(8));
        every.counted(40, (x, x * 0.0), |_, (x, sum): (Tensor, Tensor)| (x - 1.0, sum + x.sqrt())).1
    });
    let text = told(&few.grad().compile("f64[]").unwrap(), &Array::from(33.5));
    let inner = format!("sqrt at @{line}, in step 2 (stacked value 0) of the loop at @{line}");
    let place = format!("{inner}, in step 4 (carried value 0) of the loop at @{line}");
    assert_eq!(text, format!("result 0 is NaN, where no argument is: it began with {place}"));
}

#[test]
fn loops_in_loops_are_a_path() {
    let line = line!() + 3;
    let nested = trace(|x: Tensor| {
        fori(5, (x, x * 0.0), |_, state: (Tensor, Tensor)| {
            fori(10, state, |_, (x, sum): (Tensor, Tensor)| (x - 1.0, sum + x.log()))
        })
    });
    let text = told(&nested.compile("f64[]").unwrap(), &Array::from(22.5));
    let inner = format!("log at @{line}, in step 3 (carried value 1) of the loop at @{line}");
    let outer = format!("in step 2 (carried value 1) of the loop at @{}", line - 1);
    assert_eq!(text, format!("result 1 is NaN, where no argument is: it began with {inner}, {outer}"));
}

#[test]
fn a_while_loop_has_steps_too() {
    let line = line!() + 2;
    let f =
        trace(|x: Tensor| while_loop((x, x * 0.0), |(x, _)| x.greater(-5.0), |(x, sum)| (x - 1.0, sum + x.sqrt())).1);
    let text = told(&f.compile("f64[]").unwrap(), &Array::from(3.5));
    let wanted = format!("sqrt at @{line}, in step 4 (carried value 1) of the loop at @{line}");
    assert_eq!(text, format!("result 0 is NaN, where no argument is: it began with {wanted}"));
}

#[test]
fn rows_of_a_mapped_while_loop_go_their_own_ways() {
    // The second row ends before it becomes negative; the first goes on, and the third too, later.
    let line = line!() + 2;
    let f = trace(|(x, least): (Tensor, Tensor)| {
        while_loop((x, x * 0.0), |(x, _)| x.greater(least), |(x, sum)| (x - 1.0, sum + x.sqrt())).1
    });
    let arguments = (Array::from([3.5, 4.5, 8.5]), Array::from([0.0, 0.0, -3.0]));
    let text = told(&f.vmap(0, 0).compile("f64[n], f64[n]").unwrap(), &arguments);
    let place = format!("sqrt at @{line}, in step 9 (carried value 1) of the loop at @{line}");
    assert_eq!(text, format!("result 0 is NaN in row 2, where no argument is: it began with {place}"));
}

#[test]
fn a_nan_that_comes_from_another_row_began_nowhere() {
    let f = trace(|x: Tensor| x - x.sum(())).compile("f64[n]").unwrap();
    let reason = "where it began is not known: it comes from an argument, in another row";
    let text = told(&f, &Array::from([1.0, f64::NAN]));
    assert_eq!(text, format!("result 0 is NaN in row 0, where no argument is; {reason}"));
}

#[test]
fn stacks_have_numbers_of_their_own() -> Result<(), Error> {
    let line = line!() + 1;
    let down = |scanner: Scan| trace(move |(x, k): (Tensor, Tensor)| scanner.run(x, k, |x, k| (x - k, (x, x.log()))));
    let f = down(Scan::new()).compile("f64[], f64[t]")?;
    let (start, steps) = (Array::from(2.5), Array::from([1.0; 6]));
    let text = told(&f, &(start.clone(), steps.clone()));
    let place = format!("log at @{line}, in step 3 (stacked value 1) of the loop at @{line}");
    assert_eq!(text, format!("result 2 is NaN in row 3, where no argument is: it began with {place}"));
    // The index is the slice's, in either direction.
    let f = down(Scan::new().reverse()).compile("f64[], f64[t]")?;
    let place = place.replace("step 3", "step 0");
    let error = f.call_checked(&(Array::from(4.5), steps)).map(|_| ()).expect_err("a NaN");
    let text = placed(file!(), &error);
    assert_eq!(text, format!("result 2 is NaN in row 0, where no argument is: it began with {place}"));
    // As data.
    let Error::NotANumber { result: 2, row: Some(0), origin } = error else { panic!("{error:?}") };
    let origin = (*origin).expect("a small call");
    assert_eq!((origin.operation.as_str(), origin.steps.len()), ("log", 1));
    assert_eq!((origin.steps[0].index, origin.steps[0].value), (0, Some(LoopValue::Stacked(1))));
    Ok(())
}

#[test]
fn what_a_select_drops_is_not_blamed() {
    // In every step one root of two is NaN, and not taken; from the sixth on, 0 / 0.
    let line = line!() + 4;
    let f = trace(|x: Tensor| {
        let step = |i: Tensor, (x, sum): (Tensor, Tensor)| {
            let roots = where_(x.greater(0.0), x.sqrt(), 1.0) + where_(x.less(0.0), (-x).sqrt(), 2.0);
            (x - 1.0, sum + roots + 0.0 / i.less(6).astype(DType::F64))
        };
        fori(9, (x, x * 0.0), step).1
    });
    let text = told(&f.compile("f64[n]").unwrap(), &Array::from([3.5]));
    let place = format!("divide at @{}, in step 6 (carried value 1) of the loop at @{}", line, line + 2);
    assert_eq!(text, format!("result 0 is NaN in row 0, where no argument is: it began with {place}"));
}

#[test]
fn operations_outside_of_loops_and_functions_of_the_users_own() {
    let line = line!() + 1;
    let f = trace(|(x, y): (Tensor, Tensor)| (x.sin(), (x * y).sum(1) / (x.sum(1) - x.sum(1))));
    let arguments = (Array::from([[0.0, 0.0], [1.0, 2.0]]), Array::from([0.0, 0.0]));
    let text = told(&f.compile("f64[n, 2], f64[2]").unwrap(), &arguments);
    let wanted = format!("it began with divide at @{line}");
    assert_eq!(text, format!("result 1 is NaN in row 0, where no argument is: {wanted}"));
    let odd = native(
        "odd",
        |x: Tensor| x,
        |arguments, results| {
            let x = arguments[0].as_slice::<f64>()?;
            let results = results[0].as_mut_slice::<f64>()?;
            results.iter_mut().zip(x).for_each(|(y, x)| *y = if *x < 0.0 { f64::NAN } else { *x - 1.0 });
            Ok(())
        },
    );
    let line = line!() + 1;
    let f = trace(move |x: Tensor| fori(9, x, |_, x| odd.call_traced(x)));
    let text = told(&f.compile("f64[n]").unwrap(), &Array::from([20.0, 3.5]));
    let place = format!("native function `odd` at @{line}, in step 4 (carried value 0) of the loop at @{line}");
    assert_eq!(text, format!("result 0 is NaN in row 1, where no argument is: it began with {place}"));
}

#[test]
fn of_calls_too_large_for_the_interpreter_the_row_is_run_alone() -> Result<(), Error> {
    let rows = 200_000;
    let line = line!() + 1;
    let f = trace(|(x, k): (Tensor, Tensor)| scan(x, k, |x, k| ((x - k).sqrt() + 0.1, ())).0);
    let mut x = vec![1e6; rows];
    x[150_000] = 0.5;
    let mut k = vec![0.0; 400];
    k[3] = 2.0;
    let arguments = (Array::from(x), Array::from(k));
    let text = told(&f.compile("f64[n], f64[t]")?, &arguments);
    let place = format!("sqrt at @{line}, in step 3 (carried value 0) of the loop at @{line}");
    assert_eq!(text, format!("result 0 is NaN in row 150000, where no argument is: it began with {place}"));
    let f = trace(|(x, k): (Tensor, Tensor)| scan(x, k, |x, k| ((x - k - x.sum(())).sqrt(), ())).0);
    let text = told(&f.compile("f64[n], f64[t]")?, &arguments);
    let reason = "where it began is not known: the call is too large for the interpreter";
    assert_eq!(text, format!("result 0 is NaN in row 0, where no argument is; {reason}"));
    Ok(())
}
