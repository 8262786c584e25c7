//! Mistakes are errors with the user's line, and never panics.

use rotrace::spatial::Rotation;
use rotrace::{Array, Error, Tensor, Traced, Tree, concat, trace};

/// The message of lowering, which must fail at `line` of this file.
#[track_caller]
fn message<In: Tree<Tensor>, Out: Tree<Tensor>>(function: &Traced<'_, In, Out>, types: &str, line: u32) -> String {
    let error = function.lower(types).map(|_| ()).unwrap_err();
    let location = error.location().expect("a mistake of a traced function has a place");
    assert!(location.file().ends_with("errors.rs"), "{error}");
    assert_eq!(location.line(), line, "{error}");
    assert!(error.to_string().starts_with(&format!("{}:{line}:", location.file())), "{error}");
    error.to_string()
}

#[test]
fn shapes_that_do_not_broadcast() {
    let line = line!() + 1;
    let f = trace(|(x, y): (Tensor, Tensor)| x.sin() + y * 2.0);
    let text = message(&f, "f64[n, 3], f64[n, 4]", line);
    assert!(text.ends_with("add: cannot broadcast f64[n, 3] and f64[n, 4] together"), "{text}");
    assert!(message(&f, "f64[n], f64[m]", line).contains("f64[n] and f64[m]"));
    assert!(message(&f, "f64[n], f64[3]", line).contains("f64[n] and f64[3]"));
    assert!(f.lower("f64[n, 1], f64[3]").is_ok());
    assert!(f.lower("f64[n, 3], f64[1]").is_ok());
}

#[test]
fn the_operands_are_in_the_error() {
    let f = trace(|(x, y): (Tensor, Tensor)| x + y);
    match f.lower("f32[2], f64[2]") {
        Err(Error::Trace { operands, message, .. }) => {
            assert_eq!(operands, ["f32[2]", "f64[2]"]);
            assert!(message.contains("different element types"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_mistake_wins_and_the_rest_is_inert() {
    let line = line!() + 2;
    let f = trace(|x: Tensor| {
        let wrong = x.sum(5);
        let worse = wrong.matmul(x).reshape([7, 7]).permute_dims([9, 9]);
        assert_eq!((worse.ndim(), worse.dtype()), (0, None));
        Rotation::from_rotvec(concat([worse, x], 3)).as_matrix()
    });
    let text = message(&f, "f64[3]", line);
    assert!(text.contains("sum: axis 5 is out of bounds for an array with 1 axes"), "{text}");
}

#[test]
fn weak_numbers_do_not_change_the_element_type() {
    let line = line!() + 1;
    let half = trace(|x: Tensor| x * 0.5);
    assert!(half.lower("f32[n]").is_ok());
    assert!(message(&half, "i32[n]", line).contains("the number 0.5 does not go with i32"));
    let line = line!() + 1;
    let large = trace(|x: Tensor| 300 - x);
    assert!(large.lower("i16[n]").is_ok());
    assert!(message(&large, "u8[n]", line).contains("300 is out of range for u8"));
    assert!(message(&large, "bool[n]", line).contains("300 does not go with bool"));
}

#[test]
fn values_from_elsewhere() {
    // Outside any trace, and after it.
    let mut kept = None;
    let _ = trace(|x: Tensor| x.sin()).call_traced(rotrace::constant(1.0));
    let cell = std::cell::RefCell::new(&mut kept);
    let _ = trace(|x: Tensor| **cell.borrow_mut() = Some(x)).lower("f64[3]").unwrap();
    let stale = kept.expect("the closure ran");
    assert_eq!((stale.dtype(), stale.shape().len()), (None, 0));
    let _ = stale + 1.0;

    let line = line!() + 1;
    let f = trace(|x: Tensor| x + stale);
    assert!(message(&f, "f64[3]", line).contains("not of this trace"));
    let returned = trace(|_: Tensor| stale).lower("f64[3]").map(|_| ()).unwrap_err();
    assert!(returned.to_string().contains("the function returns a traced value that is not of this trace"));

    // From a trace that is active on another thread.
    let text = trace(|x: Tensor| {
        let error = std::thread::spawn(move || trace(move |y: Tensor| x * y).lower("f64[3]").map(|_| ()).unwrap_err());
        let text = error.join().expect("no panic").to_string();
        assert!(text.contains("not of this trace"), "{text}");
        x
    });
    assert!(text.lower("f64[3]").is_ok());
}

#[test]
fn a_function_that_captures_is_lowered_only_inside() {
    let outer = trace(|x: Tensor| {
        let error = trace(|y: Tensor| x + y).lower("f64[3]").map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("value of an enclosing trace"), "{error}");
        x
    });
    assert!(outer.lower("f64[3]").is_ok());
}

#[test]
fn a_panic_in_a_closure_leaves_no_trace_behind() {
    let f = trace(|_: Tensor| -> Tensor { panic!("on purpose") });
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f.lower("f64[3]"))).is_err());
    assert_eq!(rotrace::constant(1.0).dtype(), None);
    assert!(trace(|x: Tensor| x).lower("f64[3]").is_ok());
}

#[test]
fn signatures() {
    let f = trace(|(x, y): (Tensor, Tensor)| x + y);
    let line = line!() + 1;
    let text = |types: &str| f.lower(types).map(|_| ()).unwrap_err().to_string();
    for (types, wanted) in [
        ("f64[3]", "it has 1 type, but the function's arguments have 2 leaves"),
        ("f64[3], f64[3], f64[3]", "it has 3 types, but the function's arguments have 2 leaves"),
        ("", "it has 0 types"),
        ("f46[3], f64[3]", "unknown element type `f46` in `f46[3]`; there are bool, i8"),
        ("float64[3], f64[3]", "unknown element type `float64`"),
        ("f64[3, f64[3]", "`[` inside brackets"),
        ("f64[3], f64[3", "`[` without `]`"),
        ("f64 3], f64[3]", "`]` without `[`"),
        ("f64[3]x, f64[3]", "expected a type such as `f64[n, 3]`, got `f64[3]x`"),
        ("f64[-1], f64", "size `-1` in `f64[-1]` is neither a number nor a name"),
        ("f64[3 3], f64", "size `3 3` in `f64[3 3]` is not a number"),
        ("f64[99999999999999999999], f64", "is not a number that fits"),
        ("f64[n,,3], f64", "a size is missing beside a comma in `f64[n,,3]`"),
        ("f64[3], f64[3],", "a type is missing beside a comma in `f64[3], f64[3],`"),
        (", f64", "a type is missing beside a comma in `, f64`"),
    ] {
        let text = text(types);
        assert!(text.contains(wanted) && text.contains(&format!("errors.rs:{line}:")), "{types}: {text}");
    }
    let several = |text: Result<rotrace::Lowered<(Tensor, Vec<Tensor>), Tensor>, Error>| text.unwrap_err().to_string();
    let text_of = several(trace(|(x, _): (Tensor, Vec<Tensor>)| x).lower(""));
    assert!(text_of.contains("it has 0 types, but the function's arguments have 1, 2 or more leaves"), "{text_of}");
    let optional = trace(|(x, _): (Tensor, Option<Tensor>)| x).lower("f64, f64, f64").map(|_| ()).unwrap_err();
    assert!(optional.to_string().contains("it has 3 types, but the function's arguments have 1 or 2 leaves"));
    // More elements than an address space holds.
    assert!(text("f64[4611686018427387904, 4], f64").contains("too large"));
    // A scalar with and without brackets, and spaces anywhere.
    assert!(f.lower(" f64 , f64[ n ,3 ] ").is_ok());
    assert!(f.lower("f64[], f64[1099511627776]").is_ok());
}

#[test]
fn slices() {
    let line = line!() + 1;
    let far = trace(|x: Tensor| x.slice(0, 1..4));
    assert!(message(&far, "f64[3]", line).contains("slice: cannot take the range"));
    assert!(message(&far, "f64[n]", line).contains("got f64[n]"));
    let line = line!() + 1;
    let index = trace(|x: Tensor| x.index(0, -4));
    assert!(message(&index, "f64[3]", line).contains("index -4 is out of bounds for axis 0, got f64[3]"));
    assert!(message(&index, "f64[n]", line).contains("no fixed size"));
    for extreme in [i64::MIN, i64::MAX] {
        assert!(trace(|x: Tensor| x.slice(0, extreme..)).lower("f64[3]").is_err());
        assert!(trace(|x: Tensor| x.slice(0, ..=extreme)).lower("f64[3]").is_err());
        assert!(trace(|x: Tensor| x.index(0, extreme)).lower("f64[3]").is_err());
        assert!(trace(|x: Tensor| x.take(&[extreme], 0)).lower("f64[3]").is_err());
        assert!(trace(|x: Tensor| x.sum(extreme)).lower("f64[3]").is_err());
    }
}

#[test]
fn rotations_check_their_shapes() {
    let line = line!() + 1;
    let f = trace(|x| Rotation::from_rotvec(x).apply(Array::from([1.0, 2.0])));
    let text = message(&f, "f64[n, 3]", line);
    assert!(text.contains("Rotation::apply takes floats of shape [..., 3], got f64[2]"), "{text}");
    let text = message(&f, "f64[n, 4]", line);
    assert!(text.contains("Rotation::from_rotvec takes floats of shape [..., 3], got f64[n, 4]"), "{text}");
    assert!(message(&f, "i64[n, 3]", line).contains("got i64[n, 3]"));
    assert!(message(&f, "f64", line).contains("got f64[]"));
}

#[test]
fn mixed_element_types_are_told_by_the_operation_that_was_called() {
    use rotrace::spatial::{Container, RigidTransform, Slerp};
    type Function = fn(Rotation, Tensor) -> Tensor;
    for (types, operation, operands, f) in [
        ("f32[n, 3]", "Rotation::apply", "f64[3, 4] and f32[n, 3]", (|q, x| q.apply(x)) as Function),
        ("f32[3, 4]", "Rotation product", "f64[3, 4] and f32[3, 4]", |q, x| (q * Rotation::from_quat(x)).into_parts()),
        ("f32", "Rotation::pow", "f64[3, 4] and f32[]", |q, x| q.pow(x).into_parts()),
        ("f32[3]", "Rotation::weighted_mean", "f64[3, 4] and f32[3]", |q, x| q.weighted_mean(x, 0).into_parts()),
        ("f32[n]", "Slerp::at", "f64[3] and f32[n]", |q, x| Slerp::new([0.0, 1.0, 2.0], q).at(x).into_parts()),
        ("f32[4]", "Rotation::set", "f64[3, 4] and f32[4]", |q, x| q.set(&[0], 0, Rotation::from_quat(x)).into_parts()),
        ("f32[2, 4]", "Rotation::concatenate", "f64[3, 4] and f32[2, 4]", |q, x| {
            Rotation::concatenate([q, Rotation::from_quat(x)]).into_parts()
        }),
        ("f32[3]", "RigidTransform::from_components", "f32[3] and f64[3, 4]", |q, x| {
            RigidTransform::from_components(x, q).into_parts()
        }),
    ] {
        let function = trace(move |(q, x): (Rotation, Tensor)| f(q, x));
        let text = function.lower(format!("f64[3, 4], {types}").as_str()).map(|_| ()).unwrap_err().to_string();
        let wanted =
            format!("{operation}: the operands {operands} have different element types; convert one with `astype`");
        assert!(text.ends_with(&wanted), "{text}");
    }
    let line = line!() + 1;
    let f = trace(|(q, x): (Rotation, Tensor)| q.apply(x));
    let text = message(&f, "f64[n, 4], f64[m, 3]", line);
    assert!(text.ends_with("Rotation::apply: cannot broadcast f64[n] and f64[m] together"), "{text}");
    assert!(trace(|x: Tensor| x.astype(rotrace::DType::F32) * x).lower("f32[3]").is_ok());
}

#[test]
fn arrays() {
    assert!(Array::from_vec(&[2, 2], vec![1.0; 3]).is_err());
    assert!(Array::from_vec(&[usize::MAX, 2], vec![1.0; 3]).is_err());
    assert!(Array::zeros(&[1 << 40, 1 << 40]).is_err());
    assert!(Array::from([1.0]).as_slice::<f32>().unwrap_err().to_string().contains("the array holds f64, not f32"));
    assert!(Array::from([1.0]).reshape(&[2]).is_err());
    assert_eq!(Array::zeros(&[0, 1 << 40]).unwrap().len(), 0);
}
