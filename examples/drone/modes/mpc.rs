//! A figure of eight in wind: by the controller, by one that estimates the push, and by one that plans again at every step.

use super::{Files, both};
use crate::model::Quadrotor;
use crate::mpc::{Eight, Followed, Pilot, World, follow};
use crate::plot::{Curve, Histogram, Path3, Scene, quantile};
use crate::progress;
use rotrace::Options;
use std::error::Error;
use std::io::Write;
use std::path::Path;

/// Seconds of a flight.
const SECONDS: f64 = 20.0;

/// From where the figure of eight is seen.
const VIEW: f64 = -1.25;

const PILOTS: [(Pilot, &str); 3] =
    [(Pilot::Controller, "controller"), (Pilot::Estimator, "controller that knows the push"), (Pilot::Planner, "MPC")];

/// Follows a figure of eight with each pilot, in the world of a seed.
pub fn mpc(folder: &Path, seed: u64, options: &Options, output: &mut impl Write) -> Files {
    // Others wait for the control: no time for waking threads.
    let options = Options { threads: 1, ..options.clone() };
    let (model, eight) = (Quadrotor::default(), Eight::default());
    let steps = (SECONDS / model.time_step).round() as usize;
    let world = World::new(&model, seed, SECONDS);
    let (heavier, wind) = ((world.drone.mass / model.mass - 1.0) * 100.0, world.strongest_wind(SECONDS));
    writeln!(
        output,
        "seed {seed}: the drone is {heavier:.0} % heavier than its model, in a wind of up to {wind:.1} m/s"
    )?;
    let bar = progress::bar(steps * PILOTS.len());
    let mut flights = Vec::new();
    for (pilot, name) in PILOTS {
        bar.set_message(name);
        let followed = follow(pilot, (model, &eight), &world, steps, &options, || bar.inc(1))?;
        flights.push((name, followed));
    }
    bar.finish_and_clear();
    for (name, followed) in &flights {
        let (rms, most) = followed.rms_and_most();
        writeln!(output, "{name}: {rms:.4} m from the reference (rms), at most {most:.4} m")?;
    }
    let planned = &flights[flights.len() - 1].1;
    tell_times(planned, model.time_step, output)?;
    draw(&model, &eight, &flights, folder)
}

/// Tells how long planning took, and whether that is in time.
fn tell_times(planned: &Followed, time_step: f64, output: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let mut microseconds: Vec<f64> = planned.nanoseconds.iter().map(|time| time / 1000.0).collect();
    microseconds.sort_by(f64::total_cmp);
    let [middle, late, last] = [0.5, 0.99, 1.0].map(|part| quantile(&microseconds, part).unwrap_or(f64::NAN));
    let (count, budget) = (microseconds.len(), time_step * 1e6);
    let missed = microseconds.iter().filter(|&&time| time > budget).count();
    let iterations = &planned.iterations;
    let mean = f64::from(iterations.iter().sum::<u32>()) / count as f64;
    let most = iterations.iter().max().copied().unwrap_or(0);
    writeln!(output, "a step of the MPC: p50 {middle:.0} us, p99 {late:.0} us, at most {last:.0} us")?;
    writeln!(output, "iterations of Levenberg-Marquardt a step: {mean:.2} on average, at most {most}")?;
    let verdict = if missed == 0 { "met in all".to_owned() } else { format!("missed in {missed} of") };
    writeln!(output, "the budget of {budget:.0} us at {:.0} Hz is {verdict} {count} steps", 1.0 / time_step)?;
    Ok(())
}

fn draw(model: &Quadrotor, eight: &Eight, flights: &[(&str, Followed)], folder: &Path) -> Files {
    let (controller, planned) = (&flights[0].1, &flights[flights.len() - 1].1);
    let lap = controller.worst((eight.lap / model.time_step) as usize);
    let (first, last) = (lap.start as f64 * model.time_step, lap.end as f64 * model.time_step);
    let path = |label: &str, width: u32, points: &[[f64; 3]]| Path3 {
        label: label.to_owned(),
        width,
        points: points[lap.clone()].to_vec(),
    };
    let scene = Scene {
        title: format!("The lap in which the controller is furthest off: seconds {first:.1} to {last:.1}"),
        from: VIEW,
        gates: Vec::new(),
        crowd: Vec::new(),
        paths: vec![
            path("reference", 7, &planned.wanted),
            path("controller", 3, &controller.positions),
            path("MPC", 3, &planned.positions),
        ],
    };
    let errors = Curve {
        title: "Distance from the reference".to_owned(),
        places: "seconds".to_owned(),
        spacing: model.time_step,
        values: "metres".to_owned(),
        series: flights.iter().map(|(name, followed)| ((*name).to_owned(), followed.errors())).collect(),
    };
    let times = Histogram { title: "A step of the MPC".to_owned(), nanoseconds: planned.nanoseconds.clone() };
    let mut files = both(&scene, folder, "eight")?;
    files.extend(both(&errors, folder, "errors")?);
    files.extend(both(&times, folder, "latency")?);
    Ok(files)
}
