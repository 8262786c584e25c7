//! Rotations as containers over their leading axes, groups and random rotations.

use crate::rotations::{close, run};
use crate::types;
use rotrace::spatial::{Container, Rotation};
use rotrace::{Array, DType, Engine, Options, Tensor, trace};

/// Quaternions `[n, 4]`, not normalised.
fn quats(count: usize) -> Array {
    let data = (0..4 * count).map(|place| (place as f64 * 0.7).sin() + 0.1).collect();
    Array::from_vec(&[count, 4], data).unwrap()
}

/// The message of the mistake that a function of rotations makes.
#[track_caller]
fn mistake(ty: &str, f: impl FnOnce(Rotation) -> Rotation + Clone) -> String {
    let function = trace(move |x: Tensor| f(Rotation::from_quat(x)));
    function.lower(ty).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn axes_count_without_that_of_the_quaternion() {
    let all = quats(6).reshape(&[2, 3, 4]).unwrap();
    let whole = run(all.clone(), |x| Rotation::from_quat(x).as_quat(false));
    let part = |f: fn(Rotation) -> Rotation| run(all.clone(), |x| f(Rotation::from_quat(x)).as_quat(false));
    assert_eq!(part(|r| r.index(-1, -1)), [&whole[8..12], &whole[20..]].concat());
    assert_eq!(part(|r| r.index(0, 1).index(0, 0)), whole[12..16]);
    assert_eq!(part(|r| r.slice(1, 1..)), [&whole[4..12], &whole[16..]].concat());
    assert_eq!(
        part(|r| r.slice_step(1, .., 2).flip(0)),
        [&whole[12..16], &whole[20..], &whole[..4], &whole[8..12]].concat()
    );
    assert_eq!(part(|r| r.take(&[1, 1], 0)), [&whole[12..], &whole[12..]].concat());
    assert_eq!(
        part(|r| r.take_where([[false, true, false], [true, false, false]])),
        whole[4..8].iter().chain(&whole[12..16]).copied().collect::<Vec<_>>()
    );
    assert_eq!(part(|r| Rotation::concatenate(r.reshape([3, 2]).unstack(0))), whole);
    assert_eq!(part(|r| Rotation::concatenate(r.reshape([6]).unstack(0))), whole);
    assert_eq!(part(|r| r.expand_dims(-1).index(0, 0).expand_dims(0).reshape([3])), whole[..12]);
    assert_eq!(part(|r| r.take(&[], 1)), []);
}

fn identity() -> Rotation {
    Rotation::identity(DType::F64, ())
}

#[test]
fn setting_makes_new_rotations() {
    let all = quats(6).reshape(&[2, 3, 4]).unwrap();
    let whole = run(all.clone(), |x| Rotation::from_quat(x).as_quat(false));
    let set = |f: fn(Rotation) -> Rotation| run(all.clone(), |x| f(Rotation::from_quat(x)).as_quat(false));
    let one = |places: &[usize]| -> Vec<f64> {
        let mut wanted = whole.clone();
        places.iter().for_each(|&place| wanted[4 * place..4 * place + 4].copy_from_slice(&[0.0, 0.0, 0.0, 1.0]));
        wanted
    };
    assert_eq!(set(|r| r.set(&[-1], 1, identity())), one(&[2, 5]));
    assert_eq!(set(|r| r.set(&[0], 0, identity())), one(&[0, 1, 2]));
    assert_eq!(set(|r| r.set_where([true, false], identity())), one(&[0, 1, 2]));
    assert_eq!(set(|r| r.set_where([[false, true, true], [false, false, true]], identity())), one(&[1, 2, 5]));
    // Of two values for one place, the last one.
    assert_eq!(set(|r| r.set(&[1, 1], 0, Rotation::concatenate([r.index(0, 1), r.index(0, 0)]).reshape([2, 3]))), {
        [&whole[..12], &whole[..12]].concat()
    });
    // A derivative goes to the value that is there.
    let gradient = trace(|x: Tensor| {
        let r = Rotation::from_unit_quat(x);
        r.set(&[1], 0, r.index(0, 0).inv()).as_quat(false).index(0, 1).sum(())
    });
    let gradient = gradient.grad().compile("f64[2, 4]").unwrap().call(&quats(2)).unwrap();
    assert_eq!(gradient.to_vec::<f64>().unwrap(), [-1.0, -1.0, -1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn other_axes_may_be_named() {
    let shape = |f: fn(Rotation) -> Rotation, ty: &str| {
        types(&trace(move |x: Tensor| f(Rotation::from_quat(x))).lower(ty).unwrap())
    };
    assert_eq!(shape(|r| r.index(1, 0), "f64[n, 2, 4]"), "f64[n, 2, 4] -> f64[n, 4]");
    assert_eq!(shape(|r| r.slice(0, 1..), "f64[n, 4]"), "f64[n, 4] -> f64[n-1, 4]");
    assert_eq!(shape(|r| r.take_where([true, false]), "f64[2, n, 4]"), "f64[2, n, 4] -> f64[1, n, 4]");
    assert_eq!(shape(|r| r.set(&[0], 1, r.index(1, 1).expand_dims(1)), "f64[n, 2, 4]"), "f64[n, 2, 4] -> f64[n, 2, 4]");
    assert_eq!(shape(|r| r.broadcast_to([2.into(), r.shape()[0]]), "f64[n, 4]"), "f64[n, 4] -> f64[2, n, 4]");
    trace(|x: Tensor| {
        let r = Rotation::from_quat(x);
        assert_eq!((r.is_single(), r.len(), r.shape().len()), (false, Some(r.shape()[0]), 1));
        assert_eq!((r.slice(0, 1..2).index(0, 0).is_single(), r.reshape(r.shape()).len()), (true, r.len()));
        r
    })
    .lower("f64[3, 4]")
    .unwrap();
}

#[test]
fn mistakes_with_axes_and_indices() {
    let wanted = "Rotation::index: a single element has no axes, got f64[4]";
    assert!(mistake("f64[4]", |r| r.index(0, 0)).ends_with(wanted), "{}", mistake("f64[4]", |r| r.index(0, 0)));
    let wanted = "Rotation::take: axis 1 is out of bounds for 1 leading axes, got f64[2, 4]";
    assert!(mistake("f64[2, 4]", |r| r.take(&[0], 1)).ends_with(wanted));
    assert!(mistake("f64[2, 4]", |r| r.index(0, 2)).contains("index 2 is out of bounds for axis 0"));
    assert!(mistake("f64[n, 4]", |r| r.index(0, 0)).contains("no fixed size"));
    assert!(mistake("f64[n, 4]", |r| Rotation::concatenate(r.unstack(0))).contains("no fixed size"));
    assert!(mistake("f64[n, 4]", |r| r.set(&[0], 0, r)).contains("Rotation::set: needs a fixed size at axis 0"));
    assert!(
        mistake("f64[2, 4]", |r| r.set(&[-3], 0, r)).contains("Rotation::set: index -3 is out of bounds for axis 0")
    );
    let wanted = "Rotation::take_where: a mask bool[3] does not fit the first axes, got f64[2, 4]";
    assert!(mistake("f64[2, 4]", |r| r.take_where([true, false, true])).ends_with(wanted));
    assert!(mistake("f64[2, 4]", |r| r.take_where([1.0, 0.0])).contains("a mask f64[2] does not fit"));
    assert!(mistake("f64[2, 4]", |r| Rotation::concatenate([r, r.reshape([1, 2])])).contains("concat"));
}

#[test]
fn groups_are_groups() {
    for (name, axis, count) in
        [("T", "Z", 12), ("O", "Z", 24), ("I", "x", 60), ("C7", "y", 7), ("D6", "Z", 12), ("D1", "x", 2)]
    {
        let products = trace(move |x: Tensor| {
            let group = Rotation::create_group(DType::F64, name, axis);
            let product = group.expand_dims(1) * group;
            // Each product is one of the elements: the product with one of their inverses is the identity.
            let rest = product.expand_dims(2) * group.inv();
            x * rest.magnitude().min(-1).max(())
        });
        let worst = products.compile("f64").unwrap().call(&Array::from(1.0)).unwrap();
        assert!(worst.as_slice::<f64>().unwrap()[0] < 1e-7, "{name}: {worst:?}");
        let shape = trace(move |_: Tensor| Rotation::create_group(DType::F32, name, axis)).lower("f64").unwrap();
        assert_eq!(types(&shape), format!("f64[] -> f32[{count}, 4]"));
    }
    for (group, axis, wanted) in [
        ("", "z", "one of I, O, T, Cn, Dn"),
        ("E8", "z", "one of I, O, T, Cn, Dn"),
        ("C", "z", "one of I, O, T, Cn, Dn"),
        ("C+3", "z", "one of I, O, T, Cn, Dn"),
        ("é3", "z", "one of I, O, T, Cn, Dn"),
        ("D0", "z", "must be positive"),
        ("C99999999999999999999999", "z", "must be at most"),
        ("I", "xy", "the axis must be one of"),
    ] {
        let text = mistake("f64[4]", move |_| Rotation::create_group(DType::F64, group, axis));
        assert!(text.contains("Rotation::create_group: ") && text.contains(wanted), "{text}");
    }
    assert!(mistake("f64[4]", |_| Rotation::create_group(DType::I64, "T", "x")).contains("floats, not i64"));
}

#[test]
fn random_rotations_are_uniform_and_do_not_depend_on_sizes() {
    let random = |options: &Options, types: &str, arguments: &(Array, Array)| {
        let f = trace(|(seed, x): (Tensor, Tensor)| {
            Rotation::random(DType::F64, seed, [x.shape()[0], 3.into()]).as_quat(false)
        });
        f.lower(types).unwrap().compile_with(options).unwrap().call(arguments).unwrap().to_vec::<f64>().unwrap()
    };
    let of = |seed: u64, count: usize| (Array::from(seed), Array::from_vec(&[count], vec![0.0; count]).unwrap());
    let options = Options::default();
    let many = random(&options, "u64, f64[n]", &of(7, 4000));
    assert_eq!(random(&options, "u64, f64[5]", &of(7, 5)), many[..60]);
    let interpreted = Options { engine: Engine::Interpreter, ..Options::default() };
    assert_eq!(random(&interpreted, "u64, f64[n]", &of(7, 40)), many[..480]);
    assert_ne!(random(&options, "u64, f64[n]", &of(8, 5)), many[..60]);
    // Of 12 000 unit quaternions: zero means, a quarter of the unit matrix as second moments, and the fourth moment 1/8.
    let moment = |f: &dyn Fn(&[f64]) -> f64| many.chunks(4).map(f).sum::<f64>() / (many.len() / 4) as f64;
    for i in 0..4 {
        assert!(moment(&|q| q[i]).abs() < 0.02);
        assert!((moment(&|q| q[i].powi(4)) - 0.125).abs() < 0.01);
        for j in 0..4 {
            let wanted = if i == j { 0.25 } else { 0.0 };
            assert!((moment(&|q| q[i] * q[j]) - wanted).abs() < 0.01);
            // Neighbours are independent.
            let next = many.chunks(4).zip(many.chunks(4).skip(1)).map(|(p, q)| p[i] * q[j]).sum::<f64>();
            assert!(next.abs() / 12_000.0 < 0.01);
        }
    }
    close(&many.chunks(4).map(|q| q.iter().map(|x| x * x).sum()).collect::<Vec<f64>>(), &[1.0; 12_000], 1e-15);
    let single = trace(|_: Tensor| Rotation::random(DType::F32, 1, ())).compile("f64").unwrap();
    let single = single.call(&Array::from(0.0)).unwrap().into_parts();
    assert_eq!((single.dtype(), single.shape()), (DType::F32, &[4][..]));
    assert!(mistake("f64[4]", |_| Rotation::random(DType::F64, -1, ())).contains("out of range for u64"));
}
