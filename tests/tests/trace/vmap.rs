//! Functions of one row, mapped over rows along any axes.

use crate::types;
use rotrace::spatial::{RigidTransform, Rotation};
use rotrace::{Array, Error, Manifold, Tensor, Traced, Tree, trace, where_};

fn numbers(array: &Array) -> Vec<f64> {
    array.to_vec().expect("doubles")
}

/// Numbers without a pattern.
fn scattered(shape: &[usize]) -> Array {
    let count = shape.iter().product();
    let values: Vec<f64> = (0..count).map(|index| ((index * 7919 + 13) % 101) as f64 / 37.0 - 1.2).collect();
    Array::from_vec(shape, values).expect("as many elements as the shape has")
}

/// A function of a vector and a matrix that mixes all elements of each.
fn mixing<'a>() -> Traced<'a, (Tensor, Tensor), (Tensor, Tensor)> {
    trace(|(x, m): (Tensor, Tensor)| {
        let y = m.matmul(x.sin()) + x.sum(());
        (y * y.max(()), x)
    })
}

#[test]
fn every_row_is_the_functions() -> Result<(), Error> {
    let single = mixing().compile("f64[3], f64[3, 3]")?;
    let (x, m) = (scattered(&[5, 3]), scattered(&[5, 3, 3]));
    let rows: Vec<_> = (0..5_usize)
        .map(|row| {
            let part = |array: &Array, size: usize| Array::from(numbers(array)[row * size..(row + 1) * size].to_vec());
            single.call(&(part(&x, 3), part(&m, 9).reshape(&[3, 3])?))
        })
        .collect::<Result<_, Error>>()?;
    let firsts: Vec<f64> = rows.iter().flat_map(|(first, _)| numbers(first)).collect();
    for types in ["f64[n, 3], f64[n, 3, 3]", "f64[5, 3], f64[5, 3, 3]"] {
        let (first, second) = mixing().vmap(0, 0).compile(types)?.call(&(x.clone(), m.clone()))?;
        assert_eq!((first.shape(), numbers(&first)), (&[5, 3][..], firsts.clone()), "{types}");
        assert_eq!(numbers(&second), numbers(&x));
    }
    Ok(())
}

type Pairs = rotrace::Lowered<(Tensor, Tensor), (Tensor, Tensor)>;

#[test]
fn axes_are_counted_from_either_end() {
    let of = |lowered: Result<Pairs, Error>| types(&lowered.unwrap());
    let mixing = mixing();
    let text = "f64[3, n], f64[3, 3] -> f64[3, n], f64[n, 3]";
    assert_eq!(of(mixing.vmap((1, None), (1, 0)).lower("f64[3, n], f64[3, 3]")), text);
    assert_eq!(of(mixing.vmap((-1, None), (-1, -2)).lower("f64[3, n], f64[3, 3]")), text);
    // A result that does not depend on the row is the same for all, or stays as it is.
    let text = "f64[3], f64[3, n, 3] -> f64[n, 3], f64[3]";
    assert_eq!(of(mixing.vmap((None, 1), (0, None)).lower("f64[3], f64[3, n, 3]")), text);
    let text = "f64[3], f64[3, n, 3] -> f64[n, 3], f64[3, n]";
    assert_eq!(of(mixing.vmap((None, 1), (0, 1)).lower("f64[3], f64[3, n, 3]")), text);
    // One for each leaf, as a list.
    let text = "f64[3], f64[7, 3, 3] -> f64[7, 3], f64[3]";
    assert_eq!(of(mixing.vmap(vec![None, Some(0)], &[Some(0), None]).lower("f64[3], f64[7, 3, 3]")), text);
}

#[test]
fn values_go_to_the_right_places() -> Result<(), Error> {
    // x[i, n, j] times y[n], with the axis put last.
    let scale = trace(|[x, y]: [Tensor; 2]| x * y);
    let x = scattered(&[2, 4, 3]);
    let y = Array::from([1.0, 10.0, 100.0, 1000.0]);
    let scaled = scale.vmap([1, 0], -1).compile("f64[2, n, 3], f64[n]")?.call(&[x.clone(), y])?;
    assert_eq!(scaled.shape(), [2, 3, 4]);
    let (x, scaled) = (numbers(&x), numbers(&scaled));
    for (i, n, j) in (0..24).map(|index| (index / 12, index / 3 % 4, index % 3)) {
        assert_eq!(scaled[i * 12 + j * 4 + n], x[i * 12 + n * 3 + j] * 10_f64.powi(n as i32));
    }
    Ok(())
}

#[test]
fn maps_nest() -> Result<(), Error> {
    let dot = trace(|(a, b): (Tensor, Tensor)| (a * b).sum(()));
    let outer = dot.vmap((None, 0), 0).vmap((0, None), 0);
    assert_eq!(types(&outer.lower("f64[n, 3], f64[m, 3]")?), "f64[n, 3], f64[m, 3] -> f64[n, m]");
    let (a, b) = (scattered(&[2, 3]), scattered(&[4, 3]));
    let product = outer.compile("f64[n, 3], f64[m, 3]")?.call(&(a.clone(), b.clone()))?;
    let matmul = trace(|(a, b): (Tensor, Tensor)| a.matmul(b.matrix_transpose()));
    assert_eq!(product, matmul.compile("f64[n, 3], f64[m, 3]")?.call(&(a.clone(), b.clone()))?);
    // Both along one named dimension, and three deep.
    let square = dot.vmap((None, 0), 0).vmap((0, None), 0).vmap(0, -1);
    assert_eq!(types(&square.lower("f64[k, n, 3], f64[k, n, 3]")?), "f64[k, n, 3], f64[k, n, 3] -> f64[n, n, k]");
    Ok(())
}

#[test]
fn what_is_captured_is_the_same_for_every_row() -> Result<(), Error> {
    let outer = trace(|(points, shift): (Tensor, Tensor)| {
        let moved = trace(move |point: Tensor| (point - shift).square().sum(()));
        moved.vmap(0, 0).call_traced(points)
    });
    let arguments = (Array::from([[1.0, 2.0], [3.0, 5.0]]), Array::from([1.0, 1.0]));
    let value = outer.compile("f64[n, 2], f64[2]")?.call(&arguments)?;
    assert_eq!(numbers(&value), [1.0, 20.0]);
    // A captured array of the mapped size is whole in each row.
    let against_all = trace(|points: Tensor| {
        trace(move |point: Tensor| (points * point).sum(-1).max(0)).vmap(0, 0).call_traced(points)
    });
    let value = against_all.compile("f64[n, 2]")?.call(&arguments.0)?;
    assert_eq!(numbers(&value), [13.0, 34.0]);
    Ok(())
}

#[derive(Clone, Tree, Manifold)]
struct Camera<T> {
    pose: RigidTransform<T>,
    focal: T,
}

#[test]
fn spatial_operations_and_structs() -> Result<(), Error> {
    let seen = trace(|(camera, point): (Camera<Tensor>, Tensor)| {
        let local = camera.pose.apply(point);
        (local.slice(-1, 0..2) / local.component(2) * camera.focal, camera.pose)
    });
    let all = seen.vmap((0, None), 0).vmap((None, 0), (0, None));
    assert_eq!(
        types(&all.lower("f64[n, 4, 4], f64[n], f64[m, 3]")?),
        "f64[n, 4, 4], f64[n], f64[m, 3] -> f64[m, n, 2], f64[n, 4, 4]"
    );
    // Batched by hand, as the operations broadcast.
    let rotate = trace(|(v, p): (Tensor, Tensor)| Rotation::from_rotvec(v).apply(p));
    let arguments = (scattered(&[6, 3]), scattered(&[6, 3]));
    let by_hand = rotate.compile("f64[n, 3], f64[n, 3]")?.call(&arguments)?;
    assert_eq!(rotate.vmap(0, 0).compile("f64[n, 3], f64[n, 3]")?.call(&arguments)?, by_hand);
    Ok(())
}

#[test]
fn dtypes_and_sizes_of_every_kind() -> Result<(), Error> {
    let pick = trace(|(which, x, y): (Tensor, Tensor, Tensor)| where_(which, x, y.astype(rotrace::DType::F32)));
    let all = pick.vmap((0, 0, None), 0);
    let arguments = (Array::from([true, false]), Array::from([[1.0_f32, 2.0], [3.0, 4.0]]), Array::from([7_i64, 8]));
    let value = all.compile("bool[n], f32[n, 2], i64[2]")?.call(&arguments)?;
    assert_eq!(value, Array::from([[1.0_f32, 2.0], [7.0, 8.0]]));
    let empty = (Array::from_vec(&[0], Vec::<bool>::new())?, Array::from_vec(&[0, 2], Vec::<f32>::new())?, arguments.2);
    for types in ["bool[n], f32[n, 2], i64[2]", "bool[0], f32[0, 2], i64[2]"] {
        assert_eq!(all.compile(types)?.call(&empty)?.shape(), [0, 2]);
    }
    Ok(())
}

#[track_caller]
fn message<In: Tree<Tensor>, Out: Tree<Tensor>>(function: &Traced<'_, In, Out>, types: &str, line: u32) -> String {
    let error = function.lower(types).map(|_| ()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&format!("vmap.rs:{line}:")), "{text}");
    text
}

#[test]
fn mistakes_name_the_leaf_and_the_axis() {
    let f = trace(|(x, y): (Tensor, Tensor)| (x + y, y));
    let line = line!() + 1;
    let mapped = f.vmap(1, 0);
    let text = message(&mapped, "f64[3, n], f64[n]", line);
    assert!(text.ends_with("vmap: axis 1 of leaf 1 of the arguments is out of bounds for f64[n]"), "{text}");
    let text = message(&mapped, "f64[3, n], f64[3, 4]", line);
    let wanted = "vmap: leaf 1 of the arguments has the size 4 along axis 1, but leaf 0 has n along axis 1";
    assert!(text.ends_with(wanted), "{text}");
    let line = line!() + 1;
    let text = message(&f.vmap((None, -1), (-3, 0)), "f64[3], f64[3, n]", line);
    let wanted =
        "axis -3 of leaf 0 of the results is out of bounds: f64[3] in each row has 2 axes with that of the rows";
    assert!(text.contains(wanted), "{text}");
    let line = line!() + 1;
    let text = message(&f.vmap((0, None), (0, None)).vmap(0, (0, None)), "f64[k, n], f64[k]", line);
    assert!(text.contains("leaf 1 of the results, f64[] in each row, depends on the row, but has no axis"), "{text}");
    let line = line!() + 1;
    let text = message(&f.vmap(None, 0), "f64[n], f64[n]", line);
    assert!(text.contains("no leaf of the arguments has an axis to map over"), "{text}");
    let line = line!() + 1;
    let text = message(&f.vmap(vec![Some(0)], 0), "f64[n], f64[n]", line);
    assert!(text.contains("1 axes are given for the 2 leaves of the arguments"), "{text}");
    let line = line!() + 1;
    let text = message(&f.vmap(0, &[Some(0); 3]), "f64[n], f64[n]", line);
    assert!(text.contains("3 axes are given for the 2 leaves of the results"), "{text}");
    assert!(f.vmap(i64::MIN, 0).lower("f64[n], f64[n]").is_err());
    assert!(f.vmap(i64::MAX, i64::MIN).lower("f64[n], f64[n]").is_err());
}

#[test]
fn mistakes_inside_keep_their_line() {
    let line = line!() + 1;
    let f = trace(|x: Tensor| x + Array::from([1.0, 2.0])).vmap(0, 0);
    let text = message(&f, "f64[n, 3]", line);
    assert!(text.contains("cannot broadcast f64[3] and f64[2] together"), "{text}");
    // A mistake of an enclosing function, found before.
    let line = line!() + 2;
    let outer = trace(|x: Tensor| {
        let wrong = x.sum(5);
        trace(|y: Tensor| (y, y)).vmap(0, 0).call_traced(wrong)
    });
    let text = message(&outer, "f64[n]", line);
    assert!(text.contains("axis 5 is out of bounds"), "{text}");
    // More axes than an array may have.
    let mut deep: Traced<'_, Tensor, Tensor> = trace(|x: Tensor| x.expand_dims(0).expand_dims(0));
    for _ in 0..64 {
        deep = deep.vmap(0, 0);
    }
    let sizes = vec!["1"; 64].join(", ");
    let text = deep.lower(format!("f64[{sizes}]").as_str()).map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("at most 64"), "{text}");
}
