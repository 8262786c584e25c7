//! Every workload with a batch of rotations, and the plain ones beside them: the time of a call of 1000 rows and of one.

use super::{matrix, numbers, quaternions, time, transforms};
use rotrace::{Error, Options};
use rotrace_bench::timing::{Competitor, competitor, interleaved};
use rotrace_bench::workloads::{derivatives, elementwise, rotations, transforms as rigid};
use rotrace_bench::{Bench, Data, Workload};

const COUNT: usize = 1000;

/// A function that is called again and again.
type Boxed = Box<dyn Bench>;

pub fn measure() -> Result<(), Error> {
    println!("{:<44} {:>12} {:>12} {:>12}", "calls, f64, one thread", "n = 1000", "per row", "n = 1");
    let names = ["rot_mul", "rot_apply", "rotvec_apply", "rotvec_apply_grad", "as_rotvec", "as_euler", "from_matrix"];
    let names = names.into_iter().chain(["from_matrix_av", "tf_mul", "tf_apply", "sum", "chain"]);
    let (mut long, mut short) = (subjects(COUNT)?, subjects(1)?);
    let calls = long.iter_mut().chain(&mut short);
    let mut competitors: Vec<Competitor<'_>> =
        calls.map(|subject| competitor(|| subject.call().expect("the arguments fit"))).collect();
    let times = interleaved(61, &mut competitors);
    let (long, short) = times.split_at(times.len() / 2);
    for ((name, long), short) in names.zip(long).zip(short) {
        println!("{name:<44} {:>12} {:>12} {:>12}", time(*long), time(long / COUNT as f64), time(*short));
    }
    Ok(())
}

fn subjects(count: usize) -> Result<Vec<Boxed>, Error> {
    let quats = |seed| quaternions(seed, count);
    let vectors = |seed| numbers(seed, &[count, 3]);
    Ok(vec![
        boxed(&rotations::multiply(), [quats(1), quats(2)])?,
        boxed(&rotations::apply(), [quats(1), vectors(2)])?,
        boxed(&rotations::rotvec_apply(), [vectors(1), vectors(2)])?,
        boxed(&derivatives::rotvec_apply_gradient(), [vectors(1), vectors(2), vectors(3)])?,
        boxed(&rotations::as_rotvec(), [quats(1)])?,
        boxed(&rotations::as_euler(), [quats(1)])?,
        boxed(&rotations::from_matrix(), [matrices(1, count)])?,
        boxed(&rotations::from_matrix_assume_valid(), [matrices(1, count)])?,
        boxed(&rigid::multiply(), [transforms(1, count), transforms(2, count)])?,
        boxed(&rigid::apply(), [transforms(1, count), vectors(2)])?,
        boxed(&elementwise::sum(), [numbers(1, &[count])])?,
        boxed(&elementwise::chain(), [numbers(1, &[count])])?,
    ])
}

fn boxed<const N: usize, const M: usize>(workload: &Workload<N, M>, arguments: [Data; N]) -> Result<Boxed, Error> {
    let options = Options { threads: 1, ..Options::default() };
    Ok(Box::new(workload.prepare::<f64>(arguments.each_ref(), &options)?))
}

/// Matrices of unit quaternions.
fn matrices(seed: u64, count: usize) -> Data {
    let quats = quaternions(seed, count);
    let rows = quats.values.as_chunks::<4>().0.iter().flat_map(|&quat| matrix(quat));
    Data { shape: vec![count, 3, 3], values: rows.flatten().collect() }
}
