//! Structured arguments and results.

use crate::types;
use rotrace::spatial::Rotation;
use rotrace::{Array, ArrayView, ArrayViewMut, Leaves, Signature, Tensor, Tree, trace};

#[derive(Tree)]
struct Camera<T> {
    rotation: Rotation<T>,
    position: T,
    lens: (T, [T; 2]),
}

#[derive(Tree)]
struct Pair<T>(T, Vec<Camera<T>>);

/// A tree without leaves, written by hand.
struct Marker;

impl<L> Tree<L> for Marker {
    type With<M: rotrace::Leaf> = Self;
    fn visit<'a>(&'a self, _: &mut dyn FnMut(&'a L))
    where
        L: 'a,
    {
    }
    fn visit_mut<'a>(&'a mut self, _: &mut dyn FnMut(&'a mut L))
    where
        L: 'a,
    {
    }
    fn visit_lengths(&self, _: &mut dyn FnMut(usize)) {}
    fn build(_: &mut Leaves<L>) -> Option<Self> {
        Some(Self)
    }
}

fn camera(seed: f64) -> Camera<Array> {
    Camera {
        rotation: Rotation::from_parts(Array::from([0.0, 0.0, 0.0, 1.0])),
        position: Array::from([seed; 3]),
        lens: (Array::from(seed), [Array::from(1.0), Array::from(2.0)]),
    }
}

#[test]
fn derived_trees_are_arguments_and_results() {
    let f = trace(|camera: Camera<Tensor>| Camera {
        position: camera.rotation.apply(camera.position) + camera.lens.0,
        rotation: camera.rotation.inv(),
        lens: camera.lens,
    });
    let of = "f64[n, 4], f64[3], f64, f64, f64";
    let lowered = f.lower(of).unwrap();
    assert_eq!(types(&lowered), "f64[n, 4], f64[3], f64[], f64[], f64[] -> f64[n, 4], f64[n, 3], f64[], f64[], f64[]");
    let result: Camera<Array> = f.compile("f64[4], f64[3], f64, f64, f64").unwrap().call(&camera(2.0)).unwrap();
    assert_eq!(result.position.as_slice::<f64>().unwrap(), [4.0; 3]);
    assert_eq!(result.lens.1[1].as_slice::<f64>().unwrap(), [2.0]);
    assert_eq!(result.rotation.into_parts().as_slice::<f64>().unwrap(), [0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn vectors_keep_their_lengths() {
    let f = trace(|(pair, extra): (Pair<Tensor>, Tensor)| {
        let Pair(first, cameras) = pair;
        let positions: Vec<Tensor> = cameras.iter().map(|camera| camera.position * extra).collect();
        (positions, first, ())
    });
    let arguments = (Pair(Array::from(1.0), vec![camera(1.0), camera(2.0)]), Array::from(10.0));
    let compiled = f.compile(Signature::like(&arguments)).unwrap();
    let (positions, first, ()) = compiled.call(&arguments).unwrap();
    assert_eq!(positions.len(), 2);
    assert_eq!(positions[1].as_slice::<f64>().unwrap(), [20.0; 3]);
    assert_eq!(first.as_slice::<f64>().unwrap(), [1.0]);
    // From a list of types, a vector takes all that is left.
    let sum = trace(|(x, rest): (Tensor, Vec<Tensor>)| rest.into_iter().fold(x, |sum, term| sum + term));
    assert_eq!(types(&sum.lower("f64, f64[2], f64[3, 1]").unwrap()), "f64[], f64[2], f64[3, 1] -> f64[3, 2]");
    assert!(f.lower("f64, f64").map(|_| ()).unwrap_err().to_string().contains("leaves"));
}

#[test]
fn trees_without_leaves() {
    let f = trace(|()| rotrace::constant([1.0, 2.0]));
    assert_eq!(f.compile("").unwrap().call(&()).unwrap().as_slice::<f64>().unwrap(), [1.0, 2.0]);
    let build = |count| {
        let mut leaves = Leaves::new(vec![Array::from(1.0); count]);
        <(Marker, Array)>::build(&mut leaves).is_some()
    };
    assert!(build(1) && !build(0));
    // An element without leaves does not go on for ever.
    assert!(Vec::<Marker>::build(&mut Leaves::new(vec![Array::from(1.0)])).unwrap().is_empty());
}

#[test]
fn results_are_written_in_place_and_never_into_a_clone() {
    let f = trace(|x: Tensor| x * 2.0).compile("f64[n]").unwrap();
    let x = Array::from([1.0, 2.0]);
    let mut y = x.clone();
    f.call_into(&x, &mut y).unwrap();
    assert_eq!(x.as_slice::<f64>().unwrap(), [1.0, 2.0]);
    assert_eq!(y.as_slice::<f64>().unwrap(), [2.0, 4.0]);
    let mut wrong = Array::zeros(&[3]).unwrap();
    assert!(f.call_into(&x, &mut wrong).is_err());
    let (data, mut out) = ([3.0, 4.0, 5.0], [0.0; 3]);
    let mut target = ArrayViewMut::of(&mut out, &[3]).unwrap();
    f.call_views(&ArrayView::of(&data, &[3]).unwrap(), &mut target).unwrap();
    assert_eq!(out, [6.0, 8.0, 10.0]);
    assert!(ArrayView::of(&data, &[2]).is_err());
}

#[test]
fn arrays_convert() {
    let grid = ndarray::array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert_eq!(Array::from(grid.clone()).as_slice::<f64>().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let transposed = Array::from(grid.clone().reversed_axes());
    assert_eq!((transposed.shape(), transposed.as_slice::<f64>().unwrap()[1]), (&[3, 2][..], 4.0));
    let sliced = Array::from(grid.clone().slice_move(ndarray::s![1.., ..]));
    assert_eq!(sliced.as_slice::<f64>().unwrap(), [4.0, 5.0, 6.0]);
    assert_eq!(Array::from(grid.clone()).to_ndarray::<f64>().unwrap(), grid.into_dyn());
    let truth = Array::from([true, false]);
    assert_eq!((truth.as_slice::<bool>().unwrap(), truth.to_string().as_str()), (&[true, false][..], "[true, false]"));
    assert_eq!(Array::from([[1_i8, -2]]).to_string(), "[[1, -2]]");
    let data = vec![1.0; 1000];
    let pointer = data.as_ptr();
    assert_eq!(Array::from(data).as_slice::<f64>().unwrap().as_ptr(), pointer, "a vector is not copied");
}

#[test]
fn options_are_there_or_not() {
    let f = trace(|(x, shift, scale): (Tensor, Option<Tensor>, Option<Tensor>)| {
        let moved = shift.map_or(x, |shift| x + shift);
        (moved, scale.map(|scale| moved * scale))
    });
    let one = || Array::from(1.0);
    for (shift, scale) in [(None, None), (Some(one()), None), (None, Some(one())), (Some(one()), Some(one()))] {
        let arguments = (Array::from([1.0, 2.0]), shift, scale);
        let (moved, scaled) = f.compile(Signature::like(&arguments)).unwrap().call(&arguments).unwrap();
        assert_eq!(moved, Array::from(if arguments.1.is_some() { [2.0, 3.0] } else { [1.0, 2.0] }));
        assert_eq!(scaled, arguments.2.map(|_| moved));
    }
    // Without recorded lengths, those take what is left.
    let types = ["f64[2]", "f64[2], f64", "f64[2], f64, f64"].map(|text| types(&f.lower(text).unwrap()));
    assert_eq!(types[0], "f64[2] -> f64[2]");
    assert_eq!(types[1], "f64[2], f64[] -> f64[2]");
    assert_eq!(types[2], "f64[2], f64[], f64[] -> f64[2], f64[2]");
}
