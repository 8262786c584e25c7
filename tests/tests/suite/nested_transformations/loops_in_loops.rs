//! Maps of maps, and loops in loops.

use super::{Row, along, slopes};
use rotrace::{Scan, Tensor, scan, trace};

pub fn rows() -> Vec<Row> {
    let sums = trace(|x: Tensor| scan(x.sum(()) * 0.0, x, |s, x| ((s + x).sin(), s * x)).1);
    let again = sums.clone();
    let plain_sums = |x: &[f64]| {
        let mut s = 0.0;
        x.iter().map(|x| (s * x, s = (s + x).sin()).0).collect::<Vec<f64>>()
    };
    let numbers: Vec<f64> = (0..24).map(|place| f64::from(place) * 0.11 - 1.0).collect();
    let table = trace(|x: Tensor| {
        let outer = |c: Tensor, row: Tensor| {
            let (end, all) = Scan::new().reverse().run(c, row, |c, u| ((c * u).sin() + u, c * c));
            (end, all.sum(()))
        };
        let (end, all) = scan(x.sum(()), x, outer);
        end + all.sum(())
    });
    let plain_table = |x: &[f64]| {
        let (mut c, mut all) = (x.iter().sum::<f64>(), 0.0);
        for row in x.chunks(4) {
            for u in row.iter().rev() {
                all += c * c;
                c = (c * u).sin() + u;
            }
        }
        vec![c + all]
    };
    vec![
        Row {
            name: "vmap of vmap of scan",
            program: sums.vmap(0, 0).vmap(0, 0),
            types: "f64[n, m, t]",
            shape: vec![2, 3, 4],
            argument: numbers.clone(),
            wanted: numbers.chunks(4).flat_map(plain_sums).collect(),
        },
        Row {
            name: "jvp of grad of scan of any length",
            program: trace(move |x: Tensor| {
                let all = trace(move |x: Tensor| again.call_traced(x).sum(()));
                all.grad().jvp().call_traced((x, x.cos())).1
            }),
            types: "f64[t]",
            shape: vec![7],
            argument: numbers[..7].to_vec(),
            wanted: along(
                &|x| slopes(&|x: &[f64]| vec![plain_sums(x).iter().sum::<f64>()], x),
                &numbers[..7],
                &numbers[..7].iter().map(|x| x.cos()).collect::<Vec<_>>(),
            ),
        },
        Row {
            name: "grad of scan of scan in reverse",
            program: table.grad(),
            types: "f64[t, 4]",
            shape: vec![3, 4],
            argument: numbers[..12].to_vec(),
            wanted: slopes(&plain_table, &numbers[..12]),
        },
        Row {
            name: "vmap of grad of scan of scan in reverse",
            program: table.grad().vmap(0, 0),
            types: "f64[n, 3, 4]",
            shape: vec![2, 3, 4],
            argument: numbers.clone(),
            wanted: numbers.chunks(12).flat_map(|x| slopes(&plain_table, x)).collect(),
        },
    ]
}
