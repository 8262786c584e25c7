//! Bad input from the public API's side: every mistake is an `Err` that says what and where, or a defined value. Nothing
//! panics, aborts or takes memory without bound.

use rotrace::spatial::Rotation;
use rotrace::{
    Array, ArrayView, ArrayViewMut, Compiled, DType, Dim, Error, Shape, Signature, Tensor, Traced, Tree, concat,
    constant, eye, full, ones, trace, zeros,
};
use std::cell::Cell;

const HUGE: usize = 1 << 40;

/// The message of lowering or compiling, which must fail at `line` of this file.
#[track_caller]
fn mistake<In: Tree<Tensor>, Out: Tree<Tensor>>(function: &Traced<'_, In, Out>, types: &str, line: u32) -> String {
    let error = function.compile(types).map(|_| ()).expect_err("a mistake");
    let location = error.location().unwrap_or_else(|| panic!("no place: {error}"));
    assert!(location.file().ends_with("bad_input.rs") && location.line() == line, "line {line}: {error}");
    error.to_string()
}

/// The message of a call, which must fail.
#[track_caller]
fn refused<T>(result: Result<T, Error>) -> String {
    result.map(|_| ()).expect_err("a mistake").to_string()
}

fn sum_of_two() -> Traced<'static, (Tensor, Tensor), Tensor> {
    trace(|(x, y): (Tensor, Tensor)| x + y)
}

fn numbers(shape: &[usize]) -> Array {
    Array::from_vec(shape, (0..shape.iter().product()).map(|index: usize| index as f64).collect()).expect("fits")
}

#[test]
fn arguments_of_the_wrong_rank_size_or_type_are_named() -> Result<(), Error> {
    let handle = sum_of_two().compile("f64[n, 3], f64[n, 3]")?;
    let good = numbers(&[2, 3]);
    let text = |bad: Array| refused(handle.call(&(good.clone(), bad)));
    assert_eq!(text(numbers(&[3])), "argument 1: expected f64[n, 3], got f64[3] (where n is 2)");
    assert_eq!(text(numbers(&[2, 3, 1])), "argument 1: expected f64[n, 3], got f64[2, 3, 1] (where n is 2)");
    assert_eq!(text(numbers(&[2, 4])), "argument 1: expected f64[n, 3], got f64[2, 4] (where n is 2)");
    assert_eq!(text(numbers(&[5, 3])), "argument 1: expected f64[n, 3], got f64[5, 3] (where n is 2)");
    assert_eq!(text(Array::from([[1_f32; 3]; 2])), "argument 1: expected f64[n, 3], got f32[2, 3] (where n is 2)");
    assert_eq!(refused(handle.call(&(numbers(&[]), good.clone()))), "argument 0: expected f64[n, 3], got f64[]");
    // The handle is as good as before.
    assert_eq!(handle.call(&(good.clone(), good))?.to_vec::<f64>()?, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
    Ok(())
}

#[test]
fn shapes_and_types_that_do_not_go_together_are_found_while_tracing() {
    let line = line!() + 1;
    let f = trace(|(x, y): (Tensor, Tensor)| x + y);
    let text = mistake(&f, "f64[n, 3], f64[n, 4]", line);
    assert!(text.contains("add: cannot broadcast f64[n, 3] and f64[n, 4] together"), "{text}");
    assert!(mistake(&f, "f64[n], f64[m]", line).contains("f64[n] and f64[m]"));
    assert!(mistake(&f, "f32[3], f64[3]", line).contains("f32[3] and f64[3] have different element types"));
    assert!(mistake(&f, "i32[3], i64[3]", line).contains("convert one with `astype`"));
    let line = line!() + 1;
    let text = mistake(&f, "f64[n, 3], float", line);
    assert!(text.contains("unknown element type `float` in `float`; there are bool, i8"), "{text}");
}

#[test]
fn a_dimension_of_another_function_is_refused() {
    let foreign = Cell::new(None);
    let _ = trace(|(x, y): (Tensor, Tensor)| {
        foreign.set(y.shape().last().copied());
        x
    })
    .lower("f64[n], f64[m]");
    let dim: Dim = foreign.get().expect("the closure ran");
    let line = line!() + 1;
    let f = trace(|x: Tensor| zeros(DType::F64, [dim]) + x.sum(()));
    let text = mistake(&f, "f64[k]", line);
    assert!(text.contains("dimension"), "{text}");
    let line = line!() + 1;
    let f = trace(|x: Tensor| x.sum(()).broadcast_to([dim]));
    assert!(mistake(&f, "f64[k]", line).contains("dimension"));
}

#[test]
fn traced_values_stay_in_their_trace() {
    let leaked = Cell::new(None);
    let _ = trace(|x: Tensor| {
        leaked.set(Some(x));
        x
    })
    .lower("f64[3]");
    let stale = leaked.get().expect("the closure ran");
    // Outside: inert, not a panic.
    assert_eq!((stale.shape().len(), (stale + 1.0).dtype(), format!("{stale:?}").is_empty()), (0, None, false));
    let line = line!() + 1;
    let after = trace(|x: Tensor| x.atan2(stale));
    assert!(mistake(&after, "f64[3]", line).contains("not of this trace"));
    let line = line!() + 1;
    let returned = trace(|_: Tensor| stale).lower("f64[3]").map(|_| ()).expect_err("a mistake");
    assert!(returned.to_string().contains("the function returns a traced value that is not of this trace"));
    assert_eq!(returned.location().map(|place| place.line()), Some(line), "{returned}");
    // Of another trace that is still open, in this thread and in another.
    let outer = trace(|x: Tensor| {
        let line = line!() + 1;
        let inner = trace(move |y: Tensor| x * y);
        assert!(mistake(&inner, "f64[3]", line).contains("enclosing trace"));
        let other = std::thread::spawn(move || {
            let line = line!() + 1;
            let inner = trace(move |y: Tensor| x * y);
            assert!(mistake(&inner, "f64[3]", line).contains("not of this trace"));
        });
        other.join().expect("the assertion in the other thread holds");
        x
    });
    assert!(outer.compile("f64[3]").is_ok());
}

#[test]
fn arrays_without_elements() -> Result<(), Error> {
    let f = trace(|x: Tensor| {
        (
            x.sum(0),
            x.max(0),
            x.min(()),
            x.mean(0),
            Rotation::from_rotvec(x).as_matrix(),
            concat([x, x.slice(0, ..0)], 0),
        )
    });
    for types in ["f64[n, 3]", "f64[0, 3]"] {
        let (sum, max, min, mean, matrices, joined) = f.compile(types)?.call(&numbers(&[0, 3]))?;
        assert_eq!(sum.to_vec::<f64>()?, [0.0; 3]);
        assert_eq!(max.to_vec::<f64>()?, [f64::NEG_INFINITY; 3]);
        assert_eq!(min.to_vec::<f64>()?, [f64::INFINITY]);
        assert!(mean.to_vec::<f64>()?.iter().all(|mean| mean.is_nan()));
        assert_eq!((matrices.shape(), joined.shape()), ([0, 3, 3].as_slice(), [0, 3].as_slice()));
    }
    let shorter = trace(|x: Tensor| x.slice(0, 2..)).compile("f64[n]")?;
    assert_eq!(refused(shorter.call(&numbers(&[1]))), "named dimension `n` is 1, but the program needs at least 2");
    Ok(())
}

#[test]
fn numbers_that_are_not_finite() -> Result<(), Error> {
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -0.0, 5e-324];
    let rows = special.iter().flat_map(|&a| special.map(|b| [a, b, 1.0, b])).collect::<Vec<_>>();
    let f = trace(|x: Tensor| {
        let rotation = Rotation::from_quat(x);
        let vectors = x.slice(1, ..3);
        let turned = Rotation::from_rotvec(vectors);
        (rotation.as_matrix(), rotation.as_rotvec(), turned.apply(vectors), turned.magnitude(), x.astype(DType::I8))
    });
    let rows = Array::from(rows);
    let results = f.compile("f64[n, 4]")?.call(&rows)?;
    assert_eq!(results.1.shape(), [36, 3]);
    // Saturating, and NaN to 0.
    assert_eq!(results.4.to_vec::<i8>()?[..8], [0, 0, 1, 0, 0, 127, 1, 127]);
    let gradient = trace(|x: Tensor| Rotation::from_rotvec(x).as_matrix().sum(())).grad().compile("f64[3]")?;
    for row in special {
        gradient.call(&Array::from([row, 0.0, 0.0]))?;
    }
    Ok(())
}

#[test]
fn buffers_of_the_wrong_length() -> Result<(), Error> {
    let handle = sum_of_two().compile("f64[n, 3], f64[n, 3]")?;
    let x = numbers(&[2, 3]);
    assert!(refused(Array::from_vec(&[2, 3], vec![1.0; 5])).contains("shape [2, 3] cannot hold 5 elements"));
    assert!(refused(ArrayView::of(&[1.0; 7], &[2, 3])).contains("shape [2, 3] cannot show 7 elements"));
    assert!(refused(ArrayViewMut::of(&mut [1.0; 7], &[2, 3])).contains("shape [2, 3] cannot show 7 elements"));
    assert!(refused(ArrayView::of(&[1.0; 7], &[usize::MAX, usize::MAX])).contains("cannot show"));
    for (shape, got) in [(vec![3, 3], "f64[3, 3]"), (vec![6], "f64[6]"), (vec![2, 3, 1], "f64[2, 3, 1]")] {
        let mut output = numbers(&shape);
        let text = refused(handle.call_into(&(x.clone(), x.clone()), &mut output));
        assert_eq!(text, format!("result buffer 0: expected f64[2, 3], got {got}"));
        assert_eq!(output, numbers(&shape), "a refused call writes nothing");
    }
    let mut floats = [0_f32; 6];
    let mut view = ArrayViewMut::of(&mut floats, &[2, 3])?;
    let text = refused(handle.call_views(&(ArrayView::from(&x), ArrayView::from(&x)), &mut view));
    assert_eq!(text, "result buffer 0: expected f64[2, 3], got f32[2, 3]");
    Ok(())
}

#[test]
fn outputs_that_share_memory() -> Result<(), Error> {
    let handle: Compiled<Tensor, (Tensor, Tensor)> = trace(|x: Tensor| (x.flip(0), x * 2.0)).compile("f64[n]")?;
    let x = numbers(&[4]);
    let original = x.to_vec::<f64>()?;
    // Both outputs and the input are clones of one array.
    let mut outputs = (x.clone(), x.clone());
    handle.call_into(&x, &mut outputs)?;
    assert_eq!(x.to_vec::<f64>()?, original);
    assert_eq!(outputs.0.to_vec::<f64>()?, [3.0, 2.0, 1.0, 0.0]);
    assert_eq!(outputs.1.to_vec::<f64>()?, [0.0, 2.0, 4.0, 6.0]);
    // A captured array is a constant, which no output changes.
    let captured = numbers(&[4]);
    let mut output = captured.clone();
    let add = trace(|x: Tensor| x + &captured).compile("f64[4]")?;
    add.call_into(&x, &mut output)?;
    assert_eq!(output.to_vec::<f64>()?, [0.0, 2.0, 4.0, 6.0]);
    assert_eq!(add.call(&x)?.to_vec::<f64>()?, [0.0, 2.0, 4.0, 6.0]);
    Ok(())
}

#[test]
fn arrays_beyond_memory() -> Result<(), Error> {
    for shape in [[HUGE, 1], [HUGE, HUGE], [usize::MAX, 2], [1, usize::MAX]] {
        let text = refused(Array::zeros(&shape));
        assert!(text.contains(&format!("f64{shape:?}")), "{text}");
    }
    assert_eq!(Array::zeros(&[0, HUGE])?.len(), 0);
    // Results and temporaries of a call.
    let wide = trace(|x: Tensor| x.broadcast_to([HUGE])).compile("f64[1]")?;
    let text = refused(wide.call(&numbers(&[1])));
    assert!(text.contains("f64[1099511627776]"), "{text}");
    let f = trace(|x: Tensor| {
        let square = x.expand_dims(1) * x;
        concat([square, square.slice(0, ..0), zeros(DType::F64, [Dim::fixed(1), x.shape()[0]])], 0).sum(())
    });
    let text = refused(f.compile("f64[n]")?.call(&numbers(&[1 << 21])));
    assert!(text.contains("out of memory"), "{text}");
    Ok(())
}

#[test]
fn huge_sizes_in_programs() -> Result<(), Error> {
    let line = line!() + 1;
    let f = trace(|x: Tensor| x.broadcast_to([HUGE, HUGE]).sum(()));
    assert!(mistake(&f, "f64[1]", line).contains("too large"));
    let line = line!() + 1;
    let f = trace(|_: Tensor| zeros(DType::F64, [usize::MAX, 2]));
    assert!(mistake(&f, "f64[1]", line).contains("is too large"));
    let line = line!() + 1;
    let text = mistake(&trace(|x: Tensor| x), "f64[1099511627776, 1099511627776]", line);
    assert!(text.contains("is too large"), "{text}");

    // None of these is ever made: constants stay loops, and only elements that are asked for are computed.
    let few = trace(|x: Tensor| {
        let huge = zeros(DType::F64, [HUGE]) + ones(DType::F64, [HUGE]) * full(DType::F64, [HUGE], 3.0);
        let diagonal = eye(DType::F64, 1 << 20, 1 << 20).slice(0, ..2).slice(1, 1..3);
        let counted = x.broadcast_to([HUGE]).iota(DType::F64, 0).slice(0, -3..);
        (huge.slice(0, 5..7) + x, diagonal, counted, x.pad(0, HUGE as u64, 1, 0).slice(0, -2..))
    });
    let (sum, diagonal, counted, padded) = few.compile("f64[1]")?.call(&Array::from([4.0]))?;
    assert_eq!(sum.to_vec::<f64>()?, [7.0, 7.0]);
    assert_eq!(diagonal.to_vec::<f64>()?, [0.0, 0.0, 1.0, 0.0]);
    let last = (HUGE - 1) as f64;
    assert_eq!(counted.to_vec::<f64>()?, [last - 2.0, last - 1.0, last]);
    assert_eq!(padded.to_vec::<f64>()?, [4.0, 0.0]);
    // Without elements, a huge size is as good as any.
    let empty = trace(|x: Tensor| (x * 2.0, x.sum(1))).compile("f64[0, 1099511627776]")?;
    assert_eq!(empty.call(&Array::zeros(&[0, HUGE])?)?.1.shape(), [0]);
    Ok(())
}

#[test]
fn programs_that_would_unroll_without_bound() -> Result<(), Error> {
    // Many indices, and few indices into a long axis.
    let many: Vec<i64> = (0..5000).rev().collect();
    let taken = trace(|x: Tensor| x.take(&many, 0)).compile("f64[5000, 2]")?;
    assert_eq!(taken.call(&numbers(&[5000, 2]))?.to_vec::<f64>()?[..4], [9998.0, 9999.0, 9996.0, 9997.0]);
    let spread = trace(|x: Tensor| x.take(&[70_000, 3], 0).sum(())).grad().compile("f64[100000]")?;
    let gradient = spread.call(&numbers(&[100_000]))?.to_vec::<f64>()?;
    assert_eq!((gradient[3], gradient[70_000], gradient.iter().sum::<f64>()), (1.0, 1.0, 2.0));
    // Short axes whose product is long.
    let deep = trace(|x: Tensor| (x.sin() * 2.0).sum(())).compile("f64[16, 16, 16, 16, 16]")?;
    assert!(deep.executable().report().code_bytes < 1 << 22, "{}", deep.report());
    assert_eq!(deep.call(&Array::zeros(&[16; 5])?)?.to_vec::<f64>()?, [0.0]);
    let product = trace(|(x, y): (Tensor, Tensor)| x.matmul(y)).compile("f64[n, 16, 16], f64[n, 16, 16]")?;
    assert!(product.executable().report().code_bytes < 1 << 17, "{}", product.report());
    Ok(())
}

#[test]
fn long_programs_and_many_axes() -> Result<(), Error> {
    let chain = trace(|x: Tensor| (0..3000).fold(x, |y, _| y * x + 1.0)).compile("f64[n]")?;
    assert_eq!(chain.call(&Array::from([0.0]))?.to_vec::<f64>()?, [1.0]);
    let names: Vec<String> = (0..64).map(|index| format!("d{index}")).collect();
    let types = format!("f64[{}]", names.join(", "));
    let many = trace(|x: Tensor| (x * 2.0, x.sum(()), x.flip(()).permute_dims(()))).compile(types.as_str())?;
    let (doubled, sum, _) = many.call(&Array::from_vec(&[1; 64], vec![3.0])?)?;
    assert_eq!((doubled.to_vec::<f64>()?, sum.to_vec::<f64>()?), (vec![6.0], vec![3.0]));
    let line = line!() + 1;
    let text = mistake(&trace(|x: Tensor| x), &format!("f64[{}1]", "1, ".repeat(100)), line);
    assert!(text.contains("at most 64"), "{text}");
    Ok(())
}

#[test]
fn any_word_names_a_dimension() -> Result<(), Error> {
    for name in ["i0", "i1", "v0", "b0", "block", "blocks", "in", "grid", "kernel", "f64", "fn", "dims", "_", "i1_"] {
        let types = format!("f64[{name}, 3], f64[i1, {name}, i1_]");
        let f = trace(|(x, y): (Tensor, Tensor)| (x.sum(0), y.sum(1), x * 2.0));
        let options = rotrace::Options { verify: true, ..rotrace::Options::default() };
        let handle = f.compile_with(types.as_str(), &options)?;
        let arguments = (numbers(&[2, 3]), numbers(&[2, 2, 2]));
        assert_eq!(handle.call(&arguments)?.0.to_vec::<f64>()?, [3.0, 5.0, 7.0]);
        let text = refused(handle.call(&(numbers(&[3, 3]), numbers(&[2, 2, 2]))));
        assert!(text.contains(&format!("{name} is 3")), "{text}");
    }
    let line = line!() + 1;
    let text = mistake(&trace(|x: Tensor| x), "f64[n, \u{3b1}]", line);
    assert!(text.contains("is neither a number nor a name"), "{text}");
    Ok(())
}

#[test]
fn example_arguments_and_captured_arrays_of_the_wrong_shape() {
    let p = numbers(&[2]);
    let line = line!() + 1;
    let f = trace(|x| Rotation::from_rotvec(x).apply(&p));
    assert!(mistake(&f, "f64[n, 3]", line).contains("Rotation::apply takes floats of shape [..., 3], got f64[2]"));
    let error = f.compile(Signature::like(&numbers(&[2, 2]))).map(|_| ()).expect_err("a mistake");
    assert!(error.to_string().contains("got f64[2, 2]"), "{error}");
    let line = line!() + 1;
    let f = trace(|x: Tensor| x.reshape(Shape::from_elem(Dim { name: None, constant: -3 }, 1)) + constant(1));
    assert!(mistake(&f, "f64[3]", line).contains("cannot reshape [3] to [-3]"));
}
