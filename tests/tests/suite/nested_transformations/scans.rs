//! Scans with branches in them, under checkpoint policies.

use super::{Row, along, slopes};
use rotrace::{Checkpoint, DType, Scan, Tensor, Traced, checkpoint, concat, cond, fori, trace};

/// Five steps of a scan with a branch in it, and what they are in plain numbers.
fn walk(policy: Checkpoint) -> Traced<'static, Tensor, Tensor> {
    trace(move |x: Tensor| {
        Scan::new().checkpoint(policy).counted(5, x, |i, x| {
            cond((x * x).sum(()).greater(2.0), || x * 0.5, || x.sin() + i.astype(DType::F64) * x * 0.3)
        })
    })
}

fn plain_walk(x: &[f64]) -> Vec<f64> {
    (0..5).fold(x.to_vec(), |x, i| {
        let far = x.iter().map(|x| x * x).sum::<f64>() > 2.0;
        x.iter().map(|x| if far { x * 0.5 } else { x.sin() + f64::from(i) * x * 0.3 }).collect()
    })
}

/// A number of the walk's end.
fn cost(policy: Checkpoint) -> Traced<'static, Tensor, Tensor> {
    trace(move |x: Tensor| {
        let end = walk(policy).call_traced(x);
        (end * x + end.cos()).sum(())
    })
}

fn plain_cost(x: &[f64]) -> Vec<f64> {
    vec![plain_walk(x).iter().zip(x).map(|(end, x)| end * x + end.cos()).sum()]
}

const X: [f64; 3] = [0.3, 0.4, 0.9];
const ROWS: [f64; 15] = [0.3, 0.4, 0.9, 2.0, 0.1, -0.3, -0.2, 0.5, 0.0, 1.0, 0.9, 0.8, -1.0, 0.2, 0.35];
const POLICIES: [Checkpoint; 3] = [Checkpoint::All, Checkpoint::Every(2), Checkpoint::Binomial(4)];

pub fn rows() -> Vec<Row> {
    let gradient = |x: &[f64]| slopes(&plain_cost, x);
    let by_rows = |f: &dyn Fn(&[f64]) -> Vec<f64>| ROWS.chunks(3).flat_map(f).collect::<Vec<_>>();
    let mut rows = vec![
        Row {
            name: "grad of scan of cond",
            program: cost(Checkpoint::All).grad(),
            types: "f64[3]",
            shape: vec![3],
            argument: X.to_vec(),
            wanted: gradient(&X),
        },
        Row {
            name: "hessian of scan",
            program: cost(Checkpoint::All).hessian(),
            types: "f64[3]",
            shape: vec![3],
            argument: X.to_vec(),
            wanted: slopes(&gradient, &X),
        },
        jvp_of_vjp(),
        Row {
            name: "vmap of hessian of scan",
            program: cost(Checkpoint::All).hessian().vmap(0, 0),
            types: "f64[n, 3]",
            shape: vec![5, 3],
            argument: ROWS.to_vec(),
            wanted: by_rows(&|x| slopes(&gradient, x)),
        },
        Row {
            name: "hessian of scan of checkpoint of cond",
            program: trace(|x: Tensor| {
                let end = fori(5, x, |i, x| {
                    checkpoint(|| {
                        let near = || x.sin() + i.astype(DType::F64) * x * 0.3;
                        cond((x * x).sum(()).greater(2.0), || x * 0.5, near)
                    })
                });
                (end * x + end.cos()).sum(())
            })
            .hessian(),
            types: "f64[3]",
            shape: vec![3],
            argument: X.to_vec(),
            wanted: slopes(&gradient, &X),
        },
        Row {
            name: "grad of scan of vmap of scan",
            program: trace(|x: Tensor| {
                let rows = walk(Checkpoint::All).vmap(0, 0);
                fori(2, x, |_, x| rows.call_traced(x)).cos().sum(())
            })
            .grad(),
            types: "f64[n, 3]",
            shape: vec![5, 3],
            argument: ROWS.to_vec(),
            wanted: by_rows(&|x| {
                slopes(&|x: &[f64]| vec![plain_walk(&plain_walk(x)).iter().map(|x| x.cos()).sum::<f64>()], x)
            }),
        },
    ];
    for policy in POLICIES {
        let all = trace(move |x: Tensor| cost(policy).vmap(0, 0).call_traced(x).sum(()));
        rows.push(Row {
            name: "grad of vmap of scan with checkpoint",
            program: all.grad(),
            types: "f64[n, 3]",
            shape: vec![5, 3],
            argument: ROWS.to_vec(),
            wanted: by_rows(&gradient),
        });
        let (x, direction) = (X, [1.0, -0.5, 2.0]);
        rows.push(Row {
            name: "hvp under checkpoint",
            program: trace(move |z: Tensor| cost(policy).hvp().call_traced((z.slice(0, ..3), z.slice(0, 3..)))),
            types: "f64[6]",
            shape: vec![6],
            argument: [x, direction].concat(),
            wanted: along(&gradient, &x, &direction),
        });
    }
    rows
}

fn jvp_of_vjp() -> Row {
    // What the way back gives: the end, and the cotangents of the start.
    let back = |z: &[f64]| {
        let (x, cotangent) = z.split_at(3);
        let weighed = |x: &[f64]| vec![plain_walk(x).iter().zip(cotangent).map(|(y, c)| y * c).sum::<f64>()];
        [plain_walk(x), slopes(&weighed, x)].concat()
    };
    let (at, direction) = ([0.3, 0.4, 0.9, 1.0, 2.0, -1.0], [0.5, -1.0, 0.25, 0.0, 1.0, 0.5]);
    Row {
        name: "jvp of vjp of scan",
        program: trace(|z: Tensor| {
            let [x, c, dx, dc] = [0, 3, 6, 9].map(|start| z.slice(0, start..start + 3));
            let ((y, g), (dy, dg)) = walk(Checkpoint::All).vjp().jvp().call_traced(((x, c), (dx, dc)));
            concat([y, g, dy, dg], 0)
        }),
        types: "f64[12]",
        shape: vec![12],
        argument: [at, direction].concat(),
        wanted: [back(&at), along(&back, &at, &direction)].concat(),
    }
}
