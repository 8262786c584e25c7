//! Maps over functions with branches and loops, and inside of them.

use rotrace::{Array, Error, Tensor, Traced, While, cond, fori, scan, stack, switch, trace, while_loop};

fn numbers(array: &Array) -> Vec<f64> {
    array.to_vec().expect("doubles")
}

/// How often a number has to be halved to be at most 1, and what is left of it.
fn halvings<'a>() -> Traced<'a, Tensor, (Tensor, Tensor)> {
    trace(|x: Tensor| while_loop((x, x.zeros_like()), |(x, _)| x.greater(1.0), |(x, count)| (x * 0.5, count + 1.0)))
}

#[test]
fn each_row_loops_as_long_as_it_wants() -> Result<(), Error> {
    let rows = halvings().vmap(0, 0).compile("f64[n]")?;
    let (left, count) = rows.call(&Array::from([100.0, 0.5, 2.0, f64::NAN, 3.0]))?;
    assert_eq!(numbers(&count), [7.0, 0.0, 1.0, 0.0, 2.0]);
    assert_eq!(numbers(&left)[..3], [0.78125, 0.5, 1.0]);
    assert_eq!(rows.call(&Array::zeros(&[0])?)?.1.shape(), [0]);
    let table = halvings().vmap(0, 0).vmap(1, -1).compile("f64[n, m]")?;
    let (_, count) = table.call(&Array::from([[1.0, 2.0], [3.0, 1000.0]]))?;
    assert_eq!(numbers(&count), [0.0, 1.0, 2.0, 10.0]);
    Ok(())
}

#[test]
fn what_is_the_same_for_all_rows_is_decided_once() -> Result<(), Error> {
    // The number of steps and the branch are captured or not mapped over.
    let f = trace(|(x, steps, which): (Tensor, Tensor, Tensor)| {
        let scaled = cond(which, || x * 2.0, || x.sin());
        let (result, _) = while_loop((scaled, steps), |(_, steps)| steps.greater(0), |(x, steps)| (x * x, steps - 1));
        result
    });
    let mapped = f.vmap((0, None, None), 0);
    let of = "f64[n], i64[], bool[]";
    let graph = mapped.lower(of)?.graph();
    assert!(graph.contains("switch") && !graph.contains("reduce") && !graph.contains("select"), "{graph}");
    let value = mapped.compile(of)?.call(&(Array::from([1.0, 2.0]), Array::from(2_i64), Array::from(true)))?;
    assert_eq!(numbers(&value), [16.0, 256.0]);
    Ok(())
}

#[test]
fn rows_that_do_not_take_a_branch_do_not_wait_for_its_loops() -> Result<(), Error> {
    // Adding 1 until a number is hit exactly is endless for those that are below or between.
    let count_to = |limit: Tensor| {
        while_loop((limit * 0.0, limit * 0.0), |(x, _)| x.not_equal(limit), |(x, n)| (x + 1.0, n + 1.0)).1
    };
    let guarded =
        trace(move |x: Tensor| cond(x.greater_equal(0.0).logical_and(x.floor().equal(x)), || count_to(x), || -x));
    let rows = guarded.vmap(0, 0).compile("f64[n]")?;
    assert_eq!(numbers(&rows.call(&Array::from([3.0, -1.0, 0.5, 0.0, 10.0]))?), [3.0, 1.0, -0.5, 0.0, 10.0]);
    // Through a number that selects, and behind the end of a loop around.
    let chosen = trace(move |(which, x): (Tensor, Tensor)| {
        switch(which, 3, |branch| match branch {
            0 => x * 0.0 - 1.0,
            1 => guarded.call_traced(x),
            _ => count_to(x),
        })
    });
    let rows = chosen.vmap(0, 0).compile("i64[n], f64[n]")?;
    let which = Array::from([-7_i64, 0, 1, 2, 9]);
    assert_eq!(numbers(&rows.call(&(which, Array::from([0.5, -1.0, -2.0, 4.0, 5.0])))?), [-1.0, -1.0, 2.0, 4.0, 5.0]);
    let down = trace(move |x: Tensor| {
        while_loop((x, x * 0.0), |(x, _)| x.greater_equal(0.0), |(x, sum)| (x - 1.0, sum + count_to(x))).1
    });
    let rows = down.vmap(0, 0).compile("f64[n]")?;
    assert_eq!(numbers(&rows.call(&Array::from([3.0, -0.5, 1.0]))?), [6.0, 0.0, 1.0]);
    Ok(())
}

/// Steps of a pendulum: the last angle, and all.
fn pendulum<'a>() -> Traced<'a, (Tensor, Tensor), (Tensor, Tensor)> {
    trace(|(start, torques): (Tensor, Tensor)| {
        let ((last, _), all) = scan((start, start * 0.0), torques, |(angle, velocity), torque| {
            let velocity = velocity + (torque - angle.sin()) * 0.1;
            let angle = angle + velocity * 0.1;
            ((angle, velocity), angle)
        });
        (last, all)
    })
}

#[test]
fn loops_along_an_axis_map_over_others() -> Result<(), Error> {
    let single = pendulum().compile("f64[], f64[4]")?;
    let starts = [0.1, -0.5, 2.0];
    let torques = [[0.0, 0.1, 0.2, 0.3], [1.0, 0.0, -1.0, 0.5], [0.3, 0.3, 0.3, 0.3]];
    let rows = pendulum().vmap(0, 0).compile("f64[n], f64[n, t]")?;
    let (last, all) = rows.call(&(Array::from(starts), Array::from(torques)))?;
    for row in 0..3 {
        let one = single.call(&(Array::from(starts[row]), Array::from(torques[row])))?;
        assert_eq!((numbers(&one.0)[0], &numbers(&one.1)[..]), (numbers(&last)[row], &numbers(&all)[row * 4..][..4]));
    }
    // As many rows as steps, under one name; and torques that all rows share.
    let square = pendulum().vmap((0, 1), (0, 1)).compile("f64[n], f64[n, n]")?;
    assert_eq!(square.call(&(Array::from([0.1, 0.2]), Array::from([[0.0, 1.0], [1.0, 0.0]])))?.1.shape(), [2, 2]);
    let shared = pendulum().vmap((0, None), 0).compile("f64[n], f64[t]")?;
    let (last_shared, _) = shared.call(&(Array::from(starts), Array::from(torques[1])))?;
    assert_eq!(numbers(&last_shared)[1], numbers(&last)[1]);
    Ok(())
}

#[test]
fn jacobians_and_hessians_of_loops() -> Result<(), Error> {
    let close = |found: &Array, wanted: &Array| {
        assert_eq!(found.shape(), wanted.shape());
        for (found, wanted) in numbers(found).iter().zip(numbers(wanted)) {
            assert!((found - wanted).abs() < 1e-12 * wanted.abs().max(1.0), "{found} is not {wanted}");
        }
    };
    let arguments = (Array::from(0.4), Array::from([0.3, -0.2, 0.5, 0.0, 0.1]));
    let forward = pendulum().jacfwd().compile("f64[], f64[t]")?.call(&arguments)?;
    let reverse = pendulum().jacrev().compile("f64[], f64[t]")?.call(&arguments)?;
    close(&forward.0.0, &reverse.0.0);
    close(&forward.0.1, &reverse.0.1);
    close(&forward.1.0, &reverse.1.0);
    close(&forward.1.1, &reverse.1.1);
    assert_eq!(forward.1.1.shape(), [5, 5]);
    let energy = trace(|arguments: (Tensor, Tensor)| {
        let (last, all) = pendulum().call_traced(arguments);
        last * last + all.cos().sum(())
    });
    let hessian = energy.hessian().compile("f64[], f64[t]")?.call(&arguments)?;
    let other = energy.grad().jacrev().compile("f64[], f64[t]")?.call(&arguments)?;
    close(&hessian.1.1, &other.1.1);
    close(&hessian.0.1, &other.0.1);
    // Rows of the Hessian, and the gradient of a bounded loop for each row.
    let rows = energy.hessian().vmap(0, 0).compile("f64[n], f64[n, t]")?;
    let stacked = (Array::from([0.4, 0.1]), Array::from([[0.3, -0.2, 0.5, 0.0, 0.1], [0.0, 0.1, 0.2, 0.3, 0.4]]));
    let found = rows.call(&stacked)?;
    assert_eq!(numbers(&found.1.1)[..25], numbers(&hessian.1.1)[..]);
    let newton = trace(|x: Tensor| {
        While::new().bound(60).run(x, |y| (y * y - x).abs().greater(x * 1e-14), |y| (y + x / y) * 0.5)
    });
    let slopes = newton.grad().vmap(0, 0).compile("f64[n]")?.call(&Array::from([0.25, 9.0, 4.0]))?;
    let wanted = Array::from([1.0, 1.0 / 6.0, 0.25]);
    assert!(numbers(&slopes).iter().zip(numbers(&wanted)).all(|(a, b)| (a - b).abs() < 1e-9), "{slopes:?}");
    Ok(())
}

#[test]
fn maps_inside_of_loops() -> Result<(), Error> {
    // Each step maps over the points with what the loop carries captured.
    let f = trace(|points: Tensor| {
        fori(3, points.sum(0) * 0.0, |_, centre| {
            let towards = trace(move |point: Tensor| (point - centre) / (1.0 + (point - centre).square().sum(())));
            centre + towards.vmap(0, 0).call_traced(points).sum(0) * 0.5
        })
    });
    let points = Array::from([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]);
    let found = numbers(&f.compile("f64[n, 2]")?.call(&points)?);
    let mut centre = [0.0_f64; 2];
    for _ in 0..3 {
        let mut step = [0.0; 2];
        for point in [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]] {
            let moved = [point[0] - centre[0], point[1] - centre[1]];
            let weight = 1.0 + (moved[0] * moved[0] + moved[1] * moved[1]);
            step = [step[0] + moved[0] / weight, step[1] + moved[1] / weight];
        }
        centre = [centre[0] + step[0] * 0.5, centre[1] + step[1] * 0.5];
    }
    assert!(found.iter().zip(centre).all(|(a, b)| (a - b).abs() < 1e-14), "{found:?} {centre:?}");
    let total = trace(move |points: Tensor| f.call_traced(points).square().sum(()));
    let gradients = total.grad().vmap(0, 0).compile("f64[m, n, 2]")?;
    let both = stack_of(&points)?;
    let all = numbers(&gradients.call(&both)?);
    assert_eq!(all[..6], all[6..]);
    assert_eq!(all[..6], numbers(&total.grad().compile("f64[n, 2]")?.call(&points)?)[..]);
    Ok(())
}

/// An array twice.
fn stack_of(array: &Array) -> Result<Array, Error> {
    trace(|x: Tensor| stack([x, x], 0)).compile(rotrace::Signature::like(array))?.call(array)
}

#[test]
fn a_branch_not_taken_gives_a_gradient_no_nan() -> Result<(), Error> {
    // The logarithm's slope at 0 is infinite, and its scale is shared by all rows.
    let f = trace(|(x, k): (Tensor, Tensor)| cond(x.greater(0.0), || (x * k).log(), || x * k));
    let total = trace(move |(x, k): (Tensor, Tensor)| f.vmap((0, None), 0).call_traced((x, k)).sum(()));
    let (dx, dk) = total.grad().compile("f64[n], f64[]")?.call(&(Array::from([2.0, 0.0, -3.0]), Array::from(2.0)))?;
    assert_eq!((numbers(&dx), numbers(&dk)), (vec![0.5, 2.0, 2.0], vec![0.5 + 0.0 - 3.0]));
    let hessian = total.hessian().compile("f64[n], f64[]")?.call(&(Array::from([2.0, 0.0]), Array::from(2.0)))?;
    assert_eq!(numbers(&hessian.0.0), [-0.25, 0.0, 0.0, 0.0]);
    assert_eq!((numbers(&hessian.0.1), numbers(&hessian.1.1)), (vec![0.0, 1.0], vec![-0.25]));
    Ok(())
}
