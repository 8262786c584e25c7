//! What is wrong with a loop or branch is told with the line of the loop and what to do; and what a loop of no iterations
//! gives is defined.

use super::places::placed;
use rotrace::{
    Array, Checkpoint, DType, Engine, Error, Options, Scan, Tensor, Traced, Tree, cond, constant, fori, scan, switch,
    trace, while_loop,
};

/// The message of compiling.
#[track_caller]
fn told<In: Tree<Tensor>, Out: Tree<Tensor>>(function: &Traced<'_, In, Out>, types: &str) -> String {
    let error = function.compile(types).map(|_| ()).expect_err("a mistake");
    assert!(error.location().is_some(), "{error}");
    placed(file!(), &error)
}

#[test]
fn what_an_iteration_carries_keeps_its_type() {
    let line = line!() + 1;
    let shape = trace(|x: Tensor| fori(3, (x.sum(()), x), |_, (s, x)| (s, rotrace::concat([x, x], 0))).1);
    let wanted = "carried value 1 is f64[n] before an iteration, but f64[2] after it";
    assert_eq!(told(&shape, "f64[1]"), format!("@{line}: {}", wanted.replace("[n]", "[1]")));
    let line = line!() + 1;
    let dtype = trace(|(x, y): (Tensor, Tensor)| scan(x, y, |x, y| ((x + y).astype(DType::F32), ())).0);
    let wanted = "carried value 0 is f64[n] before an iteration, but f32[n] after it";
    assert_eq!(told(&dtype, "f64[n], f64[t, n]"), format!("@{line}: {wanted}"));
    let line = line!() + 1;
    let number = trace(|x: Tensor| while_loop(vec![x], |x| x[0].less(3.0), |x| vec![x[0], x[0]])[0]);
    let wanted = "an iteration takes 1 carried values, but gives 2";
    assert_eq!(told(&number, "f64[]"), format!("@{line}: {wanted}"));
    let line = line!() + 1;
    let batch = trace(|x: Tensor| while_loop(x, |x| x.less(3.0), |x| x * 2.0));
    let wanted = "while_loop: the condition has to give bool[], but gives bool[n]";
    assert_eq!(told(&batch, "f64[n]"), format!("@{line}: {wanted}"));
}

#[test]
fn branches_give_the_same() {
    let line = line!() + 1;
    let shape = trace(|x: Tensor| cond(x.sum(()).less(3.0), || x, || x.sum(())));
    let wanted = "the branches disagree on result 0: f64[] in `otherwise`, but f64[n] in `then`";
    assert_eq!(told(&shape, "f64[n]"), format!("@{line}: {wanted}"));
    let line = line!() + 2;
    let dtype =
        trace(|(i, x): (Tensor, Tensor)| switch(i, 3, |n| if n == 2 { (x, i) } else { (x, i.astype(DType::F32)) }).0);
    let wanted = "the branches disagree on result 1: f32[] in branch 0, but i64[] in branch 2";
    assert_eq!(told(&dtype, "i64[], f64[n]"), format!("@{line}: {wanted}"));
    let line = line!() + 1;
    let number = trace(|(i, x): (Tensor, Tensor)| switch(i, 3, |n| vec![x; 1 + n / 2])[0]);
    let wanted = "the branches differ in structure: branch 0 gives 1 values, branch 2 gives 2";
    assert_eq!(told(&number, "i64[], f64[n]"), format!("@{line}: {wanted}"));
}

#[test]
fn reverse_mode_needs_to_know_how_much_it_stores() {
    let line = line!() + 1;
    let endless = trace(|x: Tensor| while_loop(x, |x| x.less(3.0), |x| x * 2.0));
    let asked = line!() + 1;
    let text = told(&endless.grad(), "f64[]");
    let what = "reverse mode through a while loop needs a bound of its iterations";
    assert_eq!(text, format!("@{asked}: {what} (at @{line}): give it a `bound`, or use forward mode"));
    let line = line!() + 2;
    let every =
        trace(|x: Tensor| Scan::new().checkpoint(Checkpoint::Every(10)).run(x.sum(()), x, |s, x| (s.sin() * x, ())).0);
    let asked = line!() + 1;
    let text = told(&every.grad(), "f64[t]");
    let what = "a checkpoint policy other than `all` needs a loop of fixed length, but it is t";
    assert_eq!(text, format!("@{asked}: {what} (at @{line}): give its size as a number"));
}

#[test]
fn a_gradient_that_would_keep_too_much_says_how_much_and_what_to_do() -> Result<(), Error> {
    let limited = Options { memory_limit: Some(10_000), ..Options::default() };
    let f = trace(|x: Tensor| fori(10_000, x, |_, x| x.sin()));
    let x = Array::from(1.0);
    let text = f.grad().compile_with("f64[]", &limited)?.call(&x).expect_err("80 kB").to_string();
    let needed = f.grad().compile("f64[]")?.temporary_bytes(&x)?;
    assert!(needed >= 80_000, "{needed}");
    let what = "raise it, or give the loops of a gradient a checkpoint policy, under which they keep less";
    assert_eq!(text, format!("the call needs {needed} bytes of temporaries, but the limit is 10000: {what}"));
    let few = trace(|x: Tensor| Scan::new().checkpoint(Checkpoint::Binomial(250)).counted(10_000, x, |_, x| x.sin()));
    assert!(few.grad().compile_with("f64[]", &limited)?.call(&x).is_ok());
    Ok(())
}

#[test]
fn lengths_that_contradict_each_other_or_are_negative() -> Result<(), Error> {
    let line = line!() + 1;
    let two = trace(|(x, y): (Tensor, Tensor)| scan(constant(0.0), (x, y), |s, (x, y)| (s + x * y, ())).0);
    assert_eq!(told(&two, "f64[3], f64[t]"), format!("@{line}: scan: the leading sizes of f64[3] and f64[t] differ"));
    let same = two.compile("f64[t], f64[t]")?;
    let text = same.call(&(Array::from([1.0; 2]), Array::from([1.0; 3]))).expect_err("two lengths").to_string();
    assert_eq!(text, "argument 1: expected f64[t], got f64[3] (where t is 2)");
    // One step fewer than there are numbers.
    let less = trace(|x: Tensor| fori(x.slice(0, 1..).shape()[0], x.sum(()), |_, s| s * 2.0)).compile("f64[t]")?;
    assert_eq!(less.call(&Array::from([1.0, 2.0]))?.to_vec::<f64>()?, [6.0]);
    assert_eq!(less.call(&Array::from([1.0]))?.to_vec::<f64>()?, [1.0]);
    let text = less.call(&Array::zeros(&[0])?).expect_err("a negative length").to_string();
    assert_eq!(text, "named dimension `t` is 0, but the program needs at least 1");
    let line = line!() + 1;
    let huge = trace(|x: Tensor| fori(usize::MAX, x, |_, x| x * 2.0));
    assert_eq!(told(&huge, "f64[]"), format!("@{line}: shape [9223372036854775807] is too large [C3]"));
    Ok(())
}

/// A loop of no iterations gives what came in, and stacks without elements; its gradient is that of doing nothing.
#[test]
fn no_iterations_change_nothing() -> Result<(), Error> {
    let numbers = |array: &Array| array.to_vec::<f64>().expect("doubles");
    let step = |(x, k): (Tensor, Tensor), u: Tensor| ((x * k + u, k), x.sin() * u);
    for (length, types) in [("0", "f64[], f64[], f64[0]"), ("t", "f64[], f64[], f64[t]")] {
        for reverse in [false, true] {
            let scanner = if reverse { Scan::new().reverse() } else { Scan::new() };
            let cost = trace(move |(x, k, u): (Tensor, Tensor, Tensor)| {
                let ((x, _), all) = scanner.run((x, k), u, step);
                x * x + all.sum(())
            });
            let arguments = (Array::from(3.0), Array::from(0.5), Array::zeros(&[0])?);
            let both = trace(move |(x, k, u): (Tensor, Tensor, Tensor)| {
                let ((x, _), all) = scanner.run((x, k), u, step);
                (x, all)
            });
            for (engine, simd) in [(Engine::Interpreter, false), (Engine::Compiled, false), (Engine::Compiled, true)] {
                let options = Options { engine, simd, ..Options::default() };
                let (x, all) = both.compile_with(types, &options)?.call(&arguments)?;
                assert_eq!((numbers(&x), all.shape()), (vec![3.0], &[0][..]), "{length}");
                let (dx, dk, du) = cost.grad().compile_with(types, &options)?.call(&arguments)?;
                assert_eq!((numbers(&dx), numbers(&dk), du.shape()), (vec![6.0], vec![0.0], &[0][..]), "{length}");
                let rows = cost.grad().vmap((0, None, None), 0);
                let rows = rows.compile_with(&*format!("f64[n], {}", &types[7..]), &options)?;
                let rows = rows.call(&(Array::from([3.0, 4.0]), arguments.1.clone(), arguments.2.clone()))?;
                assert_eq!((numbers(&rows.0), rows.2.shape()), (vec![6.0, 8.0], &[2, 0][..]), "{length}");
            }
        }
    }
    let none = trace(|x: Tensor| {
        fori(0, x, |_, x| x.sqrt()) + rotrace::While::new().bound(0).run(x, |x| x.less(9.0), |x| x.sqrt())
    });
    let (value, slope) = none.value_and_grad().compile("f64[]")?.call(&Array::from(-2.0))?;
    assert_eq!((numbers(&value), numbers(&slope)), (vec![-4.0], vec![2.0]));
    // Stacks of no iterations are reduced to the neutral element.
    for policy in [Checkpoint::Every(4), Checkpoint::Binomial(3)] {
        let f = trace(move |x: Tensor| Scan::new().checkpoint(policy).counted(0, x, |_, x| x.sin()));
        assert_eq!(numbers(&f.grad().compile("f64[]")?.call(&Array::from(2.0))?), [1.0]);
    }
    Ok(())
}
