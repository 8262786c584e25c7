//! Jacobians of which few elements are not 0.

use rotrace::{Array, Error, Sparsity, Tensor, Traced, concat, trace};

fn numbers(array: &Array) -> Vec<f64> {
    array.to_vec().expect("doubles")
}

/// A residual in which each element sees its neighbours.
fn banded<'a>() -> Traced<'a, Tensor, Tensor> {
    trace(|x: Tensor| {
        let inner = x.slice(0, 1..).slice(0, ..-1) * x.slice(0, ..-2) - x.slice(0, 2..).sin();
        concat([x.slice(0, ..1) * x.slice(0, 1..2), inner, x.slice(0, -1..).exp() + x.slice(0, -2..-1)], 0)
    })
}

fn at(count: usize) -> Array {
    Array::from((0..count).map(|place| ((place * 37) % 11) as f64 / 5.0 - 1.0).collect::<Vec<_>>())
}

/// The listed elements of the dense Jacobian.
fn picked(dense: &Array, pattern: &Sparsity) -> Vec<f64> {
    let dense = numbers(dense);
    pattern.entries().iter().map(|&(row, column)| dense[row * pattern.columns() + column]).collect()
}

#[test]
fn a_tridiagonal_jacobian_takes_three_passes() -> Result<(), Error> {
    let pattern = Sparsity::banded(1000, 1, 1);
    assert_eq!(pattern.entries().len(), 2998);
    let lowered = banded().jacobian_sparse(&pattern).lower("f64[1000]")?;
    let graph = lowered.graph();
    assert!(graph.contains("f64[3, 1000]") && !graph.contains("f64[4, 1000]") && !graph.contains("f64[1000, 1000]"));
    let values = lowered.compile()?.call(&at(1000))?;
    let dense = banded().jacfwd().compile("f64[1000]")?.call(&at(1000))?;
    assert_eq!(numbers(&values), picked(&dense, &pattern));
    Ok(())
}

#[test]
fn the_patterns_order_is_kept() -> Result<(), Error> {
    let entries = [(2, 1), (0, 0), (2, 3), (2, 2), (1, 0), (1, 2), (1, 1), (0, 1), (3, 3), (3, 2), (0, 0)];
    let pattern = Sparsity::new(4, 4, entries)?;
    let values = banded().jacobian_sparse(&pattern).compile("f64[4]")?.call(&at(4))?;
    let dense = banded().jacrev().compile("f64[4]")?.call(&at(4))?;
    assert_eq!(numbers(&values), picked(&dense, &pattern));
    Ok(())
}

#[test]
fn rows_share_passes_where_that_is_less() -> Result<(), Error> {
    // One full row: each column would need a pass of its own, but the rows need two.
    let f = trace(|x: Tensor| concat([x.square(), (x * x.flip(0)).sum_keepdims(0)], 0));
    let diagonal = (0..50).map(|place| (place, place));
    let pattern = Sparsity::new(51, 50, diagonal.chain((0..50).map(|column| (50, column))))?;
    let lowered = f.jacobian_sparse(&pattern).lower("f64[50]")?;
    assert!(lowered.graph().contains("f64[2, 51]"), "{}", lowered.graph());
    let values = lowered.compile()?.call(&at(50))?;
    let dense = f.jacfwd().compile("f64[50]")?.call(&at(50))?;
    assert_eq!(numbers(&values), picked(&dense, &pattern));
    Ok(())
}

#[test]
fn columns_count_through_all_leaves() -> Result<(), Error> {
    // Result [2, 3] = x[2, 3] * s[3], of a pair of leaves.
    let f = trace(|(s, x): (Tensor, Tensor)| x * s);
    let of_scale = (0..6).map(|row| (row, row % 3));
    let pattern = Sparsity::new(6, 9, of_scale.chain((0..6).map(|row| (row, 3 + row))))?;
    let (s, x) = (Array::from([2.0, 3.0, 5.0]), Array::from([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]));
    let forward = f.jacobian_sparse(&pattern).compile("f64[3], f64[2, 3]")?.call(&(s.clone(), x.clone()))?;
    assert_eq!(numbers(&forward), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 2.0, 3.0, 5.0, 2.0, 3.0, 5.0]);
    // Reverse mode for the same, with a full row.
    let g = trace(|(s, x): (Tensor, Tensor)| concat([x.reshape([6]) * 2.0, (x * s).sum(()).expand_dims(0)], 0));
    let last = (0..9).map(|column| (6, column));
    let pattern = Sparsity::new(7, 9, (0..6).map(|row| (row, 3 + row)).chain(last))?;
    let reverse = g.jacobian_sparse(&pattern).compile("f64[3], f64[2, 3]")?.call(&(s, x))?;
    let wanted = [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.5, 0.7, 0.3 + 0.6, 2.0, 3.0, 5.0, 2.0, 3.0, 5.0];
    assert!(numbers(&reverse).iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-15), "{reverse:?}");
    Ok(())
}

#[test]
fn patterns_without_order() -> Result<(), Error> {
    // Element i sees itself and up to four others.
    const SIZE: usize = 60;
    let entries = |row: usize| (0..=row * 7 % 5).map(move |step| (row, (row + step * step * 3) % SIZE));
    let pattern = Sparsity::new(SIZE, SIZE, (0..SIZE).flat_map(entries))?;
    let seen: Vec<f64> = {
        let mut seen = vec![0.0; SIZE * SIZE];
        pattern.entries().iter().for_each(|&(row, column)| seen[row * SIZE + column] = (row + 2 * column) as f64 / 7.0);
        seen
    };
    let matrix = Array::from_vec(&[SIZE, SIZE], seen)?;
    let f = trace(move |x: Tensor| rotrace::constant(&matrix).matmul(x.sin()));
    let dense = f.jacfwd().compile("f64[60]")?.call(&at(SIZE))?;
    let compiled = f.jacobian_sparse(&pattern).compile("f64[60]")?;
    let close = |found: Vec<f64>, wanted: Vec<f64>| {
        found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-12)
    };
    assert!(close(numbers(&compiled.call(&at(SIZE))?), picked(&dense, &pattern)));
    // In any order, too.
    let mut shuffled = pattern.entries().to_vec();
    shuffled.sort_by_key(|&(row, column)| (row * 31 + column * 17) % 101);
    let shuffled = Sparsity::new(SIZE, SIZE, shuffled)?;
    let values = f.jacobian_sparse(&shuffled).compile("f64[60]")?.call(&at(SIZE))?;
    assert!(close(numbers(&values), picked(&dense, &shuffled)));
    Ok(())
}

#[test]
fn rows_of_a_batch_and_empty_patterns() -> Result<(), Error> {
    let pattern = Sparsity::banded(6, 1, 1);
    let single = banded().jacobian_sparse(&pattern).compile("f64[6]")?;
    let rows = banded().jacobian_sparse(&pattern).vmap(0, 0).compile("f64[n, 6]")?;
    let at = [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [1.0, -1.0, 2.0, -2.0, 0.0, 0.5]];
    let all = numbers(&rows.call(&Array::from(at))?);
    for (row, at) in at.into_iter().enumerate() {
        assert_eq!(numbers(&single.call(&Array::from(at))?), all[row * 16..][..16]);
    }
    let none = Sparsity::new(6, 6, [])?;
    assert_eq!(banded().jacobian_sparse(&none).compile("f64[6]")?.call(&Array::from(at[0]))?.shape(), [0]);
    // A second derivative of it.
    let total = trace(move |x: Tensor| banded().jacobian_sparse(&pattern).call_traced(x).square().sum(()));
    assert!(total.grad().compile("f64[6]")?.call(&Array::from(at[0])).is_ok());
    Ok(())
}

#[test]
fn patterns_that_do_not_fit_are_refused() {
    let text = |error: Error| error.to_string();
    let wrong = text(Sparsity::new(2, 3, [(0, 0), (1, 3)]).unwrap_err());
    assert!(wrong.contains("row 1, column 3 is outside of a pattern of 2 rows and 3 columns"), "{wrong}");
    assert!(text(Sparsity::of(&Array::from([true, false])).unwrap_err()).contains("a pattern is a matrix"));
    assert!(Sparsity::of(&Array::from([[1.0]])).is_err());
    let line = line!() + 1;
    let of = banded().jacobian_sparse(&Sparsity::banded(5, 1, 1));
    let wrong = text(of.lower("f64[6]").map(|_| ()).unwrap_err());
    assert!(wrong.contains(&format!("jacobians_sparse.rs:{line}:")), "{wrong}");
    let wanted =
        "jacobian_sparse: the pattern has 5 rows and 5 columns, but the result has 6 elements and the arguments have 6";
    assert!(wrong.contains(wanted), "{wrong}");
    let named = trace(|x: Tensor| x * 2.0).jacobian_sparse(&Sparsity::banded(5, 0, 0));
    assert!(text(named.lower("f64[n]").map(|_| ()).unwrap_err()).contains("have to be numbers"));
    assert!(named.lower("i64[5]").is_err());
}
