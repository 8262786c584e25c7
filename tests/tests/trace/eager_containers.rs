//! Objects over arrays as containers over their leading axes, and steps from them: the same as those of traced ones.

use rotrace::spatial::{Container, Rotation};
use rotrace::{Array, DType, Error, Manifold, Side, Tensor, eager, trace};
use std::ops::Range;

/// A range that no axis has.
const BACKWARDS: Range<i64> = Range { start: 2, end: 1 };

/// Rotations about z whose quaternions have the given `w`, to tell them apart.
fn marked(shape: &[usize], marks: &[f64]) -> Rotation<Array> {
    let quats = marks.iter().flat_map(|&w| [0.0, 0.0, (1.0 - w * w).sqrt(), w]).collect();
    Rotation::from_parts(Array::from_vec(&[shape, &[4]].concat(), quats).unwrap())
}

#[track_caller]
fn has(rotation: Result<Rotation<Array>, Error>, shape: &[usize], marks: &[f64]) {
    assert_eq!(rotation.unwrap(), marked(shape, marks));
}

#[test]
fn rotations_are_containers() {
    let all = marked(&[2, 3], &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
    assert_eq!(all.shape(), [2, 3]);
    has(all.index(0, -1), &[3], &[0.3, 0.4, 0.5]);
    has(all.index(-1, 1), &[2], &[0.1, 0.4]);
    has(all.index(0, 1).unwrap().index(0, 0), &[], &[0.3]);
    has(all.slice(1, 1..), &[2, 2], &[0.1, 0.2, 0.4, 0.5]);
    has(all.slice(1, ..-1), &[2, 2], &[0.0, 0.1, 0.3, 0.4]);
    has(all.slice(1, 1..=1), &[2, 1], &[0.1, 0.4]);
    has(all.slice(0, 1..1), &[0, 3], &[]);
    has(all.take(&[2, 0, -1], 1), &[2, 3], &[0.2, 0.0, 0.2, 0.5, 0.3, 0.5]);
    has(all.take(&[], 0), &[0, 3], &[]);
    has(all.take_where([false, true]), &[1, 3], &[0.3, 0.4, 0.5]);
    has(all.take_where([[true, false, false], [false, true, true]]), &[3], &[0.0, 0.4, 0.5]);
    has(all.set(&[1, 0, 1], 1, &marked(&[3], &[0.6, 0.7, 0.8])), &[2, 3], &[0.7, 0.8, 0.2, 0.7, 0.8, 0.5]);
    has(all.set(&[-1], 0, &marked(&[], &[0.9])), &[2, 3], &[0.0, 0.1, 0.2, 0.9, 0.9, 0.9]);
    has(all.set(&[], 0, &marked(&[], &[0.9])), &[2, 3], &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
    let one = marked(&[], &[0.9]);
    let parts = [one.clone(), all.index(0, 0).unwrap(), marked(&[0], &[])];
    has(eager::Rotation::concatenate(&parts), &[4], &[0.9, 0.0, 0.1, 0.2]);
    for (result, message) in [
        (one.index(0, 0), "Rotation::index: a single element has no axes"),
        (all.index(2, 0), "Rotation::index: axis 2 is out of bounds for 2 leading axes"),
        (all.take(&[3, i64::MIN], 1), "Rotation::take: index 3 is out of bounds for axis 1 of size 3"),
        (all.slice(0, ..3), "Rotation::slice: the range ..3 is out of bounds for axis 0 of size 2"),
        (
            all.slice(0, ..=i64::MAX),
            "Rotation::slice: the range ..=9223372036854775807 is out of bounds for axis 0 of size 2",
        ),
        (all.slice(0, BACKWARDS), "Rotation::slice: the range 2..1 is out of bounds for axis 0 of size 2"),
        (all.slice_step(0, .., 0), "Rotation::slice: needs a step of 1 or more"),
        (all.reshape(&[5]), "Rotation::reshape: cannot reshape the leading axes [2, 3] to [5]"),
        (all.broadcast_to(&[3, 3]), "Rotation::broadcast_to: cannot stretch the leading axes [2, 3] to [3, 3]"),
        (all.expand_dims(3), "Rotation::expand_dims: axis 3 is out of bounds for 3 leading axes"),
        (
            all.set_where([true; 3], &one),
            "Rotation::set_where: a mask of shape [3] is not over the first of the leading axes [2, 3]",
        ),
        (
            all.take_where([true; 3]),
            "Rotation::take_where: a mask of shape [3] is not over the first of the leading axes [2, 3]",
        ),
        (all.set(&[0], 0, &marked(&[2], &[0.1, 0.2])), "Rotation::set: cannot stretch the leading axes [2] to [1, 3]"),
        (
            eager::Rotation::concatenate(&[one, all.clone()]),
            "Rotation::concatenate: cannot join f64[4] and f64[2, 3, 4]",
        ),
        (eager::Rotation::concatenate(&[]), "a concatenation needs one object at least"),
    ] {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
    assert!(all.take_where([1.0, 2.0]).is_err());
    assert!(all.set(&[0], 0, &eager::Rotation::identity(DType::F32, &[]).unwrap()).is_err());
}

#[test]
fn containers_over_arrays_are_the_traced_ones() {
    type OnArrays = fn(&Rotation<Array>) -> Result<Rotation<Array>, Error>;
    type Traced = fn(Rotation) -> Rotation;
    const MASK: [[bool; 3]; 2] = [[true, false, false], [false, true, true]];
    let all = marked(&[2, 3], &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
    let pairs: [(OnArrays, Traced); 12] = [
        (|r| r.flip(-1), |r| r.flip(-1)),
        (|r| r.slice_step(1, .., 2), |r| r.slice_step(1, .., 2)),
        (|r| r.slice_step(1, -2.., 7), |r| r.slice_step(1, -2.., 7)),
        (|r| r.slice(0, BACKWARDS), |r| r.slice(0, BACKWARDS)),
        (|r| r.slice(0, -3..), |r| r.slice(0, -3..)),
        (|r| r.set_where(MASK, &r.index(0, 0)?), |r| r.set_where(MASK, r.index(0, 0))),
        (|r| r.set_where([false, true], &r.index(0, 0)?), |r| r.set_where([false, true], r.index(0, 0))),
        (|r| r.reshape(&[3, 1, 2]), |r| r.reshape([3, 1, 2])),
        (|r| r.reshape(&[4]), |r| r.reshape([4])),
        (|r| r.index(0, 1)?.broadcast_to(&[2, 2, 3]), |r| r.index(0, 1).broadcast_to([2, 2, 3])),
        (|r| r.expand_dims(-1), |r| r.expand_dims(-1)),
        (|r| eager::Rotation::concatenate(&r.unstack(1)?), |r| Rotation::concatenate(r.unstack(1))),
    ];
    for (place, (on_arrays, traced)) in pairs.into_iter().enumerate() {
        match (on_arrays(&all), trace(traced).compile("f64[2, 3, 4]")) {
            (Ok(found), Ok(compiled)) => assert_eq!(found, compiled.call(&all).unwrap(), "{place}"),
            (Err(_), Err(_)) => {}
            (found, _) => panic!("{place}: {found:?}"),
        }
    }
    assert_eq!((all.len(), all.is_single()), (Some(2), false));
    assert_eq!((marked(&[], &[0.1]).len(), marked(&[], &[0.1]).is_single()), (None, true));
}

#[test]
fn steps_on_arrays_are_the_traced_ones() {
    let (start, step) = ([[0.3, -1.0, 0.5], [0.0; 3]], [[0.1, 0.7, -0.4], [0.2, 0.0, 0.1]]);
    let rotation = eager::Rotation::from_rotvec(start).unwrap();
    for side in [Side::Right, Side::Left] {
        let moved = rotation.retract_on(side, step).unwrap();
        let traced = trace(move |(r, step): (Rotation, Tensor)| r.retract_on(side, step));
        let traced = traced.compile("f64[n, 4], f64[n, 3]").unwrap();
        assert_eq!(moved, traced.call(&(rotation.clone(), step.into())).unwrap());
        let back = rotation.local_on(side, &moved).unwrap();
        for (found, wanted) in back.as_slice::<f64>().unwrap().iter().zip(step.as_flattened()) {
            assert!((found - wanted).abs() < 1e-15, "{back}");
        }
    }
    assert_eq!(rotation.retract(step).unwrap(), rotation.retract_on(Side::Right, step).unwrap());
    let transform = eager::RigidTransform::from_exp_coords([0.3, -1.0, 0.5, 2.0, 0.0, 1.0]).unwrap();
    let step = [0.1, 0.2, -0.1, 1.0, -2.0, 0.5];
    let left = transform.retract_on(Side::Left, step).unwrap();
    let moved = [transform.local(transform.retract(step).unwrap()), transform.local_on(Side::Left, left)];
    for back in moved.map(Result::unwrap) {
        let close = |(found, wanted): (&f64, &f64)| (found - wanted).abs() < 4e-15;
        assert!(back.as_slice::<f64>().unwrap().iter().zip(&step).all(close), "{back}");
    }
    assert!(transform.retract([0.0; 3]).is_err());
}
