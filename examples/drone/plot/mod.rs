//! Pictures from plain data, as SVG or PNG by the name of the file.

mod charts;
mod scene;

pub use charts::{Curve, Histogram, quantile};
pub use scene::{Path3, Scene};

use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea, RGBColor, SVGBackend};
use plotters::style::{FontStyle, register_font};
use std::error::Error;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1000, 700);

/// The name under which the font is known.
const FONT: &str = "sans-serif";

/// Pixels of a drawing for each one of a PNG, along both axes: their mean makes lines smooth.
const FINER: u32 = 2;

/// Colours that stay apart, also for the colour-blind (Okabe and Ito), the faintest first.
const COLOURS: [RGBColor; 3] = [RGBColor(153, 153, 153), RGBColor(230, 159, 0), RGBColor(0, 114, 178)];

/// The colour of one of several series: the last of them is the one that counts most.
fn colour(series: usize, count: usize) -> RGBColor {
    COLOURS[(COLOURS.len() + series).saturating_sub(count) % COLOURS.len()]
}

/// Something that can be drawn on any kind of paper.
pub trait Drawing {
    /// With so many pixels of the paper for each one of the picture.
    fn draw<B: DrawingBackend>(&self, paper: &DrawingArea<B, Shift>, scale: u32) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static;
}

/// Writes a drawing to a file whose name ends in `.svg` or `.png`.
pub fn save(drawing: &impl Drawing, file: &Path) -> Result<(), Box<dyn Error>> {
    register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).map_err(|_| "the font is broken")?;
    let result = match file.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => save_svg(drawing, file),
        Some("png") => save_png(drawing, file),
        Some(_) | None => return Err(format!("{} is neither .svg nor .png", file.display()).into()),
    };
    result.map_err(|error| format!("cannot draw {}: {error}", file.display()).into())
}

fn save_svg(drawing: &impl Drawing, file: &Path) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    {
        let paper = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        drawing.draw(&paper, 1)?;
        paper.present()?;
    }
    Ok(fs::write(file, text)?)
}

fn save_png(drawing: &impl Drawing, file: &Path) -> Result<(), Box<dyn Error>> {
    let (width, height) = (SIZE.0 * FINER, SIZE.1 * FINER);
    let mut pixels = vec![0; width as usize * height as usize * 3];
    {
        let paper = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        drawing.draw(&paper, FINER)?;
        paper.present()?;
    }
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(file)?), SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    Ok(encoder.write_header()?.write_image_data(&smaller(&pixels, width as usize))?)
}

/// The means of squares of pixels of a picture of some width.
fn smaller(pixels: &[u8], width: usize) -> Vec<u8> {
    let finer = FINER as usize;
    let mut means = Vec::with_capacity(pixels.len() / (finer * finer));
    for rows in pixels.chunks(3 * width * finer) {
        for place in 0..width / finer {
            for channel in 0..3 {
                let square = (0..finer * finer).map(|part| {
                    let (row, column) = (part / finer, place * finer + part % finer);
                    u32::from(rows[3 * (row * width + column) + channel])
                });
                means.push((square.sum::<u32>() / (FINER * FINER)) as u8);
            }
        }
    }
    means
}
