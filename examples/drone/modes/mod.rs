//! What the program does in each mode: computes, tells the figures, and draws.

mod controller;
mod mpc;
mod plan;

pub use controller::controller;
#[cfg(test)]
pub use controller::largest_miss;
pub use mpc::mpc;
pub use plan::plan;

use crate::plot::{Drawing, save};
use std::error::Error;
use std::path::{Path, PathBuf};

/// From where the course is seen.
const VIEW: f64 = -2.5;

/// The files that were drawn.
type Files = Result<Vec<PathBuf>, Box<dyn Error>>;

/// Draws as SVG and as PNG.
fn both(drawing: &impl Drawing, folder: &Path, name: &str) -> Files {
    let files = ["svg", "png"].map(|extension| folder.join(name).with_extension(extension));
    files.iter().try_for_each(|file| save(drawing, file))?;
    Ok(files.into())
}
