//! Compiled functions as files.

use rotrace::{
    Array, Compiled, DType, Error, FileError, Natives, Options, Saved, Signature, Tensor, Tree, native,
    native_function, trace,
};
use std::path::PathBuf;

/// A file that is gone afterwards.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("rotrace-{name}-{}", std::process::id())))
    }

    /// The file, to be taken as it is.
    fn trusted(&self) -> Result<Saved, Error> {
        // SAFETY: the test wrote it.
        Ok(unsafe { Saved::read(&self.0)?.trust() })
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[derive(Tree)]
struct Parts<T> {
    first: Vec<T>,
    second: Option<T>,
    third: T,
}

type Sums = (Vec<Tensor>, Option<Tensor>);

fn parts<T>(leaves: [T; 4]) -> Parts<T> {
    let [one, two, second, third] = leaves;
    Parts { first: vec![one, two], second: Some(second), third }
}

#[test]
fn structured_arguments_and_results_come_back() -> Result<(), Error> {
    let file = File::new("trees");
    let arguments = parts([1.0, 2.0, 3.0, 4.0].map(Array::from));
    let sums = trace(|parts: Parts<Tensor>| {
        let sum = parts.first.iter().fold(parts.third, |sum, &next| sum + next);
        (vec![sum, sum * 2.0], parts.second.map(|second| second - sum))
    });
    let before = sums.compile(Signature::like(&arguments))?;
    before.save(&file.0)?;
    let expected = before.call(&arguments)?;
    let (natives, options) = (Natives::default(), Options::default());
    let loaded: [Compiled<Parts<Tensor>, Sums>; 2] =
        [Compiled::load(&file.0)?, Compiled::from_saved(&file.trusted()?, &natives, &options)?];
    for loaded in loaded {
        assert_eq!(loaded.call(&arguments)?, expected);
        assert_eq!((loaded.graph(), loaded.kernels()), (before.graph(), before.kernels()));
    }
    Ok(())
}

#[test]
fn other_trees_are_refused() -> Result<(), Error> {
    let file = File::new("others");
    trace(|(x, y): (Tensor, Tensor)| x + y).compile("f64[n], f64[n]")?.save(&file.0)?;
    let message = |outcome: Result<(), Error>| outcome.expect_err("it is another tree").to_string();
    let one = message(Compiled::<Tensor, Tensor>::load(&file.0).map(drop));
    assert!(one.contains("signature: the file's arguments have 2 leaves, which is no "), "{one}");
    let two = message(Compiled::<[Tensor; 2], (Tensor, Tensor)>::load(&file.0).map(drop));
    assert!(two.contains("signature: the file's results have 1 leaf, which is no "), "{two}");
    assert!(two.contains(file!()), "{two}");
    // As many leaves in the same order, which is all that a type of trees says.
    let (x, y) = (Array::from([1.0]), Array::from([2.0]));
    assert_eq!(Compiled::<Vec<Tensor>, [Tensor; 1]>::load(&file.0)?.call(&vec![x, y])?, [Array::from([3.0])]);

    trace(|parts: Parts<Tensor>| parts.third)
        .compile(Signature::like(&parts([0.0; 4].map(Array::from))))?
        .save(&file.0)?;
    let lists = message(Compiled::<(Vec<Tensor>, Vec<Tensor>), Tensor>::load(&file.0).map(drop));
    assert!(lists.contains("the file's arguments have 4 leaves in lists of lengths [2, 1], which is no "), "{lists}");
    Ok(())
}

#[test]
fn native_functions_are_brought_by_name() -> Result<(), Error> {
    let file = File::new("natives");
    let half = |arguments: &[rotrace::ArrayView<'_>], results: &mut [rotrace::ArrayViewMut<'_>]| {
        let x = arguments[0].as_slice::<f64>()?;
        results[0].as_mut_slice::<f64>()?.iter_mut().zip(x).for_each(|(y, x)| *y = x / 2.0);
        Ok(())
    };
    let called = native("half", |x: Tensor| x, half);
    trace(move |x: Tensor| called.call_traced(x + 1.0)).compile("f64[n]")?.save(&file.0)?;
    let missing = Compiled::<Tensor, Tensor>::load(&file.0).expect_err("it calls a function").to_string();
    assert_eq!(missing, "there is no native function `half`");
    let mut natives = Natives::default();
    natives.insert("half", native_function(half));
    for saved in [Saved::read(&file.0)?, file.trusted()?] {
        let loaded: Compiled<Tensor, Tensor> = Compiled::from_saved(&saved, &natives, &Options::default())?;
        assert_eq!(loaded.call(&Array::from([1.0, 4.0]))?, Array::from([1.0, 2.5]));
    }
    Ok(())
}

#[test]
fn what_was_not_saved_by_a_handle_is_refused() -> Result<(), Error> {
    let file = File::new("bare");
    let compiled = trace(|x: Tensor| x.exp()).compile("f64[n]")?;
    compiled.executable().save(&file.0, b"")?;
    let error = Compiled::<Tensor, Tensor>::load(&file.0).expect_err("it has no trees").to_string();
    assert!(error.ends_with("the file holds an executable without the structure of arguments and results"), "{error}");
    compiled.executable().save(&file.0, b"\xFF\xFF")?;
    let error = Compiled::<Tensor, Tensor>::load(&file.0).expect_err("its trees are malformed");
    let is_malformed = matches!(&error, Error::Runtime(rotrace_runtime::Error::File(FileError::Malformed(_))));
    assert!(is_malformed, "{error}");
    Ok(())
}

/// A list of elements without leaves could be as long as a number can be.
#[test]
fn forged_lists_without_leaves_are_refused() -> Result<(), Error> {
    let file = File::new("leafless");
    let compiled = trace(|units: Vec<()>| full_of(units.len())).compile(Signature::like(&vec![(), ()]))?;
    compiled.save(&file.0)?;
    assert_eq!(Compiled::<Vec<()>, Tensor>::load(&file.0)?.call(&vec![(), ()])?, Array::from(2.0));
    // No arguments' leaves, one list of 2^63 elements; one result's leaf, no lists.
    let endless = [&[0, 1, 1][..], &[0x80; 9], &[1, 1, 1, 0]].concat();
    compiled.executable().save(&file.0, &endless)?;
    let error = Compiled::<Vec<()>, Tensor>::load(&file.0).expect_err("it would take for ever").to_string();
    assert!(error.contains("in lists of lengths [9223372036854775808]"), "{error}");
    Ok(())
}

fn full_of(count: usize) -> Tensor {
    rotrace::full(DType::F64, (), count as f64)
}
