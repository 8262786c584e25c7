//! Bundle adjustment: refines cameras and points of a structure-from-motion reconstruction.
//!
//! The reprojection error of one observation is an ordinary function over Rotrace arrays; its Jacobian comes from
//! reverse mode, and both from one compiled handle for any number of observations. Around it stands a textbook
//! Levenberg-Marquardt loop with the Schur complement. The cameras (but the first) and points of the file are perturbed
//! by seeded noise first, so that there is something to do.
//!
//! `cargo run --release --example bundle_adjustment -- --help`

mod bundler;
mod model;
mod noise;
mod normal;
mod problem;
mod report;
mod solver;
#[cfg(test)]
mod tests;

use clap::Parser;
use model::Model;
use problem::{Problem, Rotations};
use rotrace::{Engine, Options};
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// The data file, wherever the command is run from.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/balbianello.out");

/// More would make the dense camera system too large.
const MOST_CAMERAS: usize = 500;

/// Refines cameras and points of a Bundler v0.3 file with derivatives compiled by Rotrace.
#[derive(Debug, Parser)]
struct Arguments {
    /// The Bundler file; without it, the reconstruction that comes with the examples
    #[arg(default_value = DATA, hide_default_value = true)]
    path: PathBuf,
    /// Seed of the noise
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Deviation of the noise on rotations, in radians, and translations of all cameras but the first
    #[arg(long, default_value_t = 0.02, value_parser = deviation)]
    pose_noise: f64,
    /// Deviation of the noise on points
    #[arg(long, default_value_t = 0.05, value_parser = deviation)]
    point_noise: f64,
    /// Interpret instead of compiling: slow, and the same bits
    #[arg(long)]
    interpret: bool,
}

fn deviation(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        Ok(_) | Err(_) => Err("expected a finite number that is not negative".to_owned()),
    }
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

fn run(arguments: &Arguments, output: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let bundle = bundler::read(&arguments.path)?;
    if bundle.cameras.len() > MOST_CAMERAS {
        let count = bundle.cameras.len();
        return Err(format!("{count} cameras: the dense system of this example is for up to {MOST_CAMERAS}").into());
    }
    let engine = if arguments.interpret { Engine::Interpreter } else { Engine::Compiled };
    let options = Options { engine, ..Options::default() };
    let rotations = Rotations::compile(&options)?;
    let stored = Problem::new(bundle, &rotations)?;
    let (cameras, points, observations) = (stored.cameras.len(), stored.points.len(), stored.views.len());
    let Arguments { seed, pose_noise, point_noise, .. } = *arguments;
    let mut problem = stored.moved(&stored.noise(seed, pose_noise, point_noise), &rotations)?;
    writeln!(output, "{cameras} cameras, {points} points, {observations} observations")?;
    writeln!(
        output,
        "noise: poses {pose_noise:?}, points {point_noise:?}, seed {seed}; the first camera's pose is held"
    )?;

    let start = Instant::now();
    let mut model = Model::compile(&problem, &options)?;
    let compiling = start.elapsed();
    solver::refine(&mut problem, &mut model, &rotations, &mut |line| report::progress(output, line))?;
    report::costs(output, &mut model, observations, compiling)?;
    Ok(())
}
