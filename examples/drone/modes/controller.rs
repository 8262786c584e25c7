//! Flights by the controller alone.

use super::{Files, VIEW, both};
use crate::controller::Gains;
use crate::course::Course;
use crate::flight::{Flight, Pilot};
use crate::model::Quadrotor;
use crate::plot::{Curve, Histogram, Path3, Scene};
use rotrace::Options;
use std::io::Write;
use std::path::Path;

/// Frequencies of the controller, in radians a second: those of positions, and of attitudes.
const FREQUENCIES: [(f64, f64); 3] = [(1.5, 8.0), (3.0, 14.0), (6.0, 28.0)];

/// Flies the course by the controller alone, with gains from low to high.
pub fn controller(folder: &Path, options: &Options, output: &mut impl Write) -> Files {
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
    draw(&drone, &course, flights, folder)
}

/// How far the drone is off the centre of a gate when it should pass it, at most.
pub fn largest_miss(course: &Course, drone: &Quadrotor, flight: &Flight) -> f64 {
    let distance = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    let steps = course.passing_steps(drone.time_step).into_iter().zip(&course.gates);
    let misses = steps.map(|(step, gate)| distance(flight.positions[step - 1], gate.centre));
    misses.fold(0.0, f64::max)
}

/// Draws flights, their effort and the times of their steps.
fn draw(drone: &Quadrotor, course: &Course, flights: Vec<(String, Flight)>, folder: &Path) -> Files {
    let paths = flights.iter().map(|(label, flight)| Path3 {
        label: label.clone(),
        width: 3,
        points: flight.positions.clone(),
    });
    let scene = Scene {
        title: "Flights by the controller alone".to_owned(),
        from: VIEW,
        gates: course.gates.clone(),
        crowd: Vec::new(),
        paths: paths.collect(),
    };
    let efforts = Curve {
        title: "Effort of each step".to_owned(),
        places: "seconds".to_owned(),
        spacing: drone.time_step,
        values: "cost".to_owned(),
        series: flights.iter().map(|(label, flight)| (label.clone(), flight.efforts.clone())).collect(),
    };
    let times = flights.into_iter().flat_map(|(_, flight)| flight.nanoseconds).collect();
    let times = Histogram { title: "Controller and model".to_owned(), nanoseconds: times };
    let mut files = both(&scene, folder, "flights")?;
    files.extend(both(&efforts, folder, "effort")?);
    files.extend(both(&times, folder, "latency")?);
    Ok(files)
}
