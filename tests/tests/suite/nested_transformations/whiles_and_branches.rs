//! Loops that run while a condition holds, and branches.

use super::{Row, slopes};
use rotrace::{DType, Tensor, While, stack, switch, trace, while_loop};

pub fn rows() -> Vec<Row> {
    let root = trace(|x: Tensor| {
        let far = |(r, before): (Tensor, Tensor)| (r - before).abs().greater(1e-12);
        While::new().bound(60).run((x, x + 1.0), far, |(r, _)| ((r + x / r) * 0.5, r)).0
    });
    let grow = |x: Tensor| while_loop(x, |x| x.less(100.0), |x| x * 1.5 + x.sin());
    let (mut grown, mut slope) = (0.8_f64, 1.0);
    while grown < 100.0 {
        (grown, slope) = (grown * 1.5 + grown.sin(), slope * (1.5 + grown.cos()));
    }
    let bent = |x: Tensor| {
        let which = x.sum(()).floor().astype(DType::I64);
        switch(which, 3, |branch| match branch {
            0 => x * x,
            1 => x.sin() * x.index(0, 0),
            _ => x.exp(),
        })
    };
    let plain_bent = |x: &[f64]| vec![x[0].sin() * x[0], x[1].sin() * x[0]];
    // The plain slopes are by argument, but a Jacobian is by result.
    let jacobian = move |x: &[f64]| {
        let slopes = slopes(&plain_bent, x);
        vec![slopes[0], slopes[2], slopes[1], slopes[3]]
    };
    let second = slopes(&jacobian, &[0.7, 0.8]);
    let squares = [0.25, 2.0, 9.0, 1e4, 3.0];
    vec![
        Row {
            name: "vmap of grad of while with bound",
            program: root.grad().vmap(0, 0),
            types: "f64[n]",
            shape: vec![5],
            argument: squares.to_vec(),
            wanted: squares.map(|x: f64| 0.5 / x.sqrt()).to_vec(),
        },
        Row {
            name: "jacrev of vmap of grad of while with bound",
            program: root.grad().vmap(0, 0).jacrev(),
            types: "f64[2]",
            shape: vec![2],
            argument: vec![0.25, 2.0],
            wanted: vec![-0.25 / 0.125, 0.0, 0.0, -0.25 / 2.0_f64.powf(1.5)],
        },
        Row {
            name: "vjp of jvp of while with bound",
            program: trace(move |z: Tensor| {
                let [x, t, c, d] = [0, 1, 2, 3].map(|place| z.index(0, place));
                let ((y, dy), (gx, gt)) = root.jvp().vjp().call_traced(((x, t), (c, d)));
                stack([y, dy, gx, gt], 0)
            }),
            types: "f64[4]",
            shape: vec![4],
            argument: vec![4.0, 3.0, -1.0, 0.5],
            wanted: vec![2.0, 0.75, -0.25 - 0.5 * 3.0 / 32.0, 0.125],
        },
        Row {
            name: "jacfwd of vmap of while",
            program: trace(grow).vmap(0, 0).jacfwd(),
            types: "f64[2]",
            shape: vec![2],
            argument: vec![0.8, 200.0],
            wanted: vec![slope, 0.0, 0.0, 1.0],
        },
        Row {
            name: "linearize of while",
            program: trace(move |x: Tensor| {
                let (value, map) = trace(grow).linearize(x);
                stack([value, map.call_traced(x * 0.0 + 1.0), map.call_traced(x)], 0)
            }),
            types: "f64[]",
            shape: vec![],
            argument: vec![0.8],
            wanted: vec![grown, slope, 0.8 * slope],
        },
        Row {
            name: "jacfwd of jacrev of switch",
            program: trace(bent).jacrev().jacfwd(),
            types: "f64[2]",
            shape: vec![2],
            argument: vec![0.7, 0.8],
            wanted: (0..8).map(|place| second[place % 2 * 4 + place / 2]).collect(),
        },
    ]
}
