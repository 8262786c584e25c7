//! A drone that flies through gates: its model, its controller and the flight's cost are ordinary functions of traced
//! values. Many whole flights are one traced loop, whose gradient leads waypoints and controls to good ones; and a pilot
//! that plans again at every step is one traced function.
//!
//! `cargo run --release --example drone -- --help`

mod controller;
mod course;
mod flight;
mod model;
mod modes;
mod mpc;
mod planner;
mod plot;
mod progress;
mod rollout;
#[cfg(test)]
mod tests;

use clap::{Parser, ValueEnum};
use rotrace::{Engine, Options};
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Flies a drone and draws its flights.
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
    /// Chooses the wind and the drone that flies, for `mpc`
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Mode {
    /// Optimise waypoints and controls of many flights at once
    Plan,
    /// Fly by the controller alone, with gains from low to high
    Controller,
    /// Follow a fast figure of eight in wind, planning again at every step
    Mpc,
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
    let engine = if arguments.interpret { Engine::Interpreter } else { Engine::Compiled };
    let options = Options { engine, ..Options::default() };
    let folder = &arguments.folder;
    fs::create_dir_all(folder).map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
    check_writable(folder).map_err(|error| format!("cannot write to the folder {}: {error}", folder.display()))?;
    let files = match arguments.mode {
        Mode::Plan => modes::plan(folder, &options, output)?,
        Mode::Controller => modes::controller(folder, &options, output)?,
        Mode::Mpc => modes::mpc(folder, arguments.seed, &options, output)?,
    };
    for file in files {
        writeln!(output, "{}", file.display())?;
    }
    Ok(())
}

/// Better known before anything is computed.
fn check_writable(folder: &Path) -> io::Result<()> {
    let file = folder.join(format!(".drone-{}", std::process::id()));
    fs::write(&file, "")?;
    fs::remove_file(file)
}
