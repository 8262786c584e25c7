//! A drone that flies through gates: its model, its controller and the flight's cost are ordinary functions of traced
//! values. Many whole flights are one traced loop, whose gradient leads waypoints and controls to good ones.
//!
//! `cargo run --release --example drone -- --help`

mod controller;
mod course;
mod flight;
mod model;
mod planner;
mod plot;
mod rollout;
#[cfg(test)]
mod tests;

use clap::{Parser, ValueEnum};
use controller::Gains;
use course::Course;
use flight::{Flight, Pilot};
use model::Quadrotor;
use plot::{Curve, Drawing, Histogram, Path3, Scene};
use rotrace::{Engine, Options};
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Flies a drone through gates and draws its flights.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to do
    #[arg(value_enum, default_value = "plan")]
    mode: Mode,
    /// The folder for the pictures; it is made if need be
    #[arg(default_value = "target/drone")]
    folder: PathBuf,
    /// Interpret instead of compiling: slow, and the same bits
    #[arg(long)]
    interpret: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// Optimise waypoints and controls of many flights at once
    Plan,
    /// Fly by the controller alone, with gains from low to high
    Controller,
}

fn main() -> ExitCode {
    match run(&Arguments::parse(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done if this cannot be written either.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Frequencies of the controller, in radians a second: those of positions, and of attitudes.
const FREQUENCIES: [(f64, f64); 3] = [(1.5, 8.0), (3.0, 14.0), (6.0, 28.0)];

fn run(arguments: &Arguments, output: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let engine = if arguments.interpret { Engine::Interpreter } else { Engine::Compiled };
    let options = Options { engine, ..Options::default() };
    fs::create_dir_all(&arguments.folder)?;
    let files = match arguments.mode {
        Mode::Plan => plan(&arguments.folder, &options, output)?,
        Mode::Controller => control(&arguments.folder, &options, output)?,
    };
    for file in files {
        writeln!(output, "{}", file.display())?;
    }
    Ok(())
}

/// How many flights are optimised at once, and by how many iterations.
const FLIGHTS: (usize, usize) = (16, 200);

fn plan(folder: &Path, options: &Options, output: &mut impl Write) -> Result<Vec<PathBuf>, Box<dyn Error>> {
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
        let mean = snapshot.costs.iter().sum::<f64>() / flights as f64;
        let best = snapshot.costs.iter().copied().fold(f64::INFINITY, f64::min);
        writeln!(output, "{name}: iteration {}, mean cost {mean:.4}, least {best:.4}", snapshot.iteration)?;
        let title = format!("{name}: {flights} flights after {} iterations", snapshot.iteration);
        paths.push(Path3 { label: name.to_owned(), points: snapshot.paths[0].clone() });
        let all = snapshot.paths.into_iter().map(|points| Path3 { label: String::new(), points }).collect();
        files.extend(both(&Scene { title, gates: course.gates.clone(), paths: all }, folder, name)?);
    }
    let scene = Scene { title: "The first flight".to_owned(), gates: course.gates, paths };
    files.extend(both(&scene, folder, "first")?);
    let loss = Curve {
        title: "Mean cost of all flights".to_owned(),
        places: "iteration".to_owned(),
        values: "cost".to_owned(),
        series: vec![("L-BFGS".to_owned(), planned.losses)],
    };
    files.extend(both(&loss, folder, "loss")?);
    Ok(files)
}

fn control(folder: &Path, options: &Options, output: &mut impl Write) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let (drone, course) = (Quadrotor::default(), Course::default());
    let mut flights = Vec::new();
    for (position, attitude) in FREQUENCIES {
        let pilot = Pilot::compile(drone, Gains::of_frequencies(position, attitude), options)?;
        let flight = pilot.fly(&course, &course.waypoints())?;
        let miss = largest_miss(&course, &drone, &flight);
        let cost = flight.cost;
        writeln!(output, "gains of {position} and {attitude} rad/s: at most {miss:.3} m off a gate, cost {cost:.4}")?;
        flights.push((format!("gains of {position} and {attitude} rad/s"), flight));
    }
    draw(&course, flights, folder)
}

/// How far the drone is off the centre of a gate when it should pass it, at most.
fn largest_miss(course: &Course, drone: &Quadrotor, flight: &Flight) -> f64 {
    let distance = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    let steps = course.passing_steps(drone.time_step).into_iter().zip(&course.gates);
    let misses = steps.map(|(step, gate)| distance(flight.positions[step - 1], gate.centre));
    misses.fold(0.0, f64::max)
}

/// Draws flights, their effort and the times of their steps, each as SVG and as PNG.
fn draw(course: &Course, flights: Vec<(String, Flight)>, folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let paths = flights.iter().map(|(label, flight)| Path3 { label: label.clone(), points: flight.positions.clone() });
    let scene =
        Scene { title: "Flights through gates".to_owned(), gates: course.gates.clone(), paths: paths.collect() };
    let efforts = Curve {
        title: "Effort".to_owned(),
        places: "step".to_owned(),
        values: "cost".to_owned(),
        series: flights.iter().map(|(label, flight)| (label.clone(), flight.efforts.clone())).collect(),
    };
    let times = flights.into_iter().flat_map(|(_, flight)| flight.nanoseconds).collect();
    let times = Histogram { title: "Controller and model, one step".to_owned(), nanoseconds: times };
    let mut files = both(&scene, folder, "flights")?;
    files.extend(both(&efforts, folder, "effort")?);
    files.extend(both(&times, folder, "latency")?);
    Ok(files)
}

fn both(drawing: &impl Drawing, folder: &Path, name: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let files = ["svg", "png"].map(|extension| folder.join(name).with_extension(extension));
    files.iter().try_for_each(|file| plot::save(drawing, file))?;
    Ok(files.into())
}
