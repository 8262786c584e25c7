//! A drone that flies through gates: its model, its controller and the flight's cost are ordinary functions of traced
//! values, and controller and model together are one compiled handle, which a plain loop calls step by step.
//!
//! `cargo run --release --example drone -- --help`

mod controller;
mod course;
mod flight;
mod model;
mod plot;
#[cfg(test)]
mod tests;

use clap::Parser;
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
    /// The folder for the pictures; it is made if need be
    #[arg(default_value = "target/drone")]
    folder: PathBuf,
    /// Interpret instead of compiling: slow, and the same bits
    #[arg(long)]
    interpret: bool,
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
    let (drone, course) = (Quadrotor::default(), Course::default());
    let mut flights = Vec::new();
    for (position, attitude) in FREQUENCIES {
        let pilot = Pilot::compile(drone, Gains::of_frequencies(position, attitude), &options)?;
        let flight = pilot.fly(&course, &course.waypoints())?;
        let miss = largest_miss(&course, &drone, &flight);
        let cost = flight.cost;
        writeln!(output, "gains of {position} and {attitude} rad/s: at most {miss:.3} m off a gate, cost {cost:.4}")?;
        flights.push((format!("gains of {position} and {attitude} rad/s"), flight));
    }
    fs::create_dir_all(&arguments.folder)?;
    for file in draw(&course, flights, &arguments.folder)? {
        writeln!(output, "{}", file.display())?;
    }
    Ok(())
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
