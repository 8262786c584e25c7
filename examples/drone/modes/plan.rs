//! Many flights, optimised at once.

use super::{Files, VIEW, both};
use crate::course::Course;
use crate::model::Quadrotor;
use crate::planner;
use crate::plot::{Curve, Path3, Scene};
use rotrace::Options;
use std::io::Write;
use std::path::Path;

/// How many flights are optimised at once, and by how many iterations.
const FLIGHTS: (usize, usize) = (16, 200);

/// Optimises waypoints and controls of many flights.
pub fn plan(folder: &Path, options: &Options, output: &mut impl Write) -> Files {
    let (drone, course) = (Quadrotor::default(), Course::default());
    let (flights, iterations) = FLIGHTS;
    let planned = planner::optimise(drone, &course, FLIGHTS, options)?;
    let steps = course.steps(drone.time_step);
    writeln!(output, "{flights} flights of {steps} steps; compiled in {:.2} s", planned.compiling)?;
    let time = planned.gradient_time;
    let each = time * 1e9 / (flights * steps) as f64;
    writeln!(output, "value and gradient: {:.2} ms for all flights, {each:.0} ns a step", time * 1e3)?;
    writeln!(output, "{iterations} iterations of L-BFGS, {:.2} ms each", planned.iteration_time * 1e3)?;
    let (mut files, mut paths) = (Vec::new(), Vec::new());
    for (snapshot, name) in planned.snapshots.into_iter().zip(["early", "midway", "converged"]) {
        let iteration = snapshot.iteration;
        let mean = snapshot.costs.iter().sum::<f64>() / flights as f64;
        let best = snapshot.costs.iter().copied().fold(f64::INFINITY, f64::min);
        writeln!(output, "{name}: iteration {iteration}, mean cost {mean:.4}, least {best:.4}")?;
        let title = format!("{flights} flights after {iteration} iterations: mean cost {mean:.3}");
        let label = format!("{name}: iteration {iteration}");
        paths.push(Path3 { label, width: 3, points: snapshot.paths[0].clone() });
        let scene = Scene { title, from: VIEW, gates: course.gates.clone(), crowd: snapshot.paths, paths: Vec::new() };
        files.extend(both(&scene, folder, name)?);
    }
    let title = "The first flight".to_owned();
    let scene = Scene { title, from: VIEW, gates: course.gates, crowd: Vec::new(), paths };
    files.extend(both(&scene, folder, "first")?);
    let loss = Curve {
        title: format!("Mean cost of {flights} flights by L-BFGS"),
        places: "iteration".to_owned(),
        spacing: 1.0,
        values: "cost".to_owned(),
        series: vec![("L-BFGS".to_owned(), planned.losses)],
    };
    files.extend(both(&loss, folder, "loss")?);
    Ok(files)
}
