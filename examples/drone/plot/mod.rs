//! Pictures from plain data, as SVG or PNG by the name of the file.

mod charts;
mod scene;

pub use charts::{Curve, Histogram};
pub use scene::{Path3, Scene};

use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea, RGBColor, SVGBackend};
use plotters::style::{FontStyle, register_font};
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1000, 700);

/// The name under which the font is known.
const FONT: &str = "sans-serif";

/// Colours that stay apart, also for the colour-blind (Okabe and Ito): the first of several series is the faintest.
const COLOURS: [RGBColor; 4] =
    [RGBColor(153, 153, 153), RGBColor(230, 159, 0), RGBColor(0, 114, 178), RGBColor(0, 158, 115)];

/// The colour of a series.
fn colour(series: usize) -> RGBColor {
    COLOURS[series % COLOURS.len()]
}

/// Something that can be drawn on any kind of paper.
pub trait Drawing {
    fn draw<B: DrawingBackend>(&self, paper: &DrawingArea<B, Shift>) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static;
}

/// Writes a drawing to a file whose name ends in `.svg` or `.png`.
pub fn save(drawing: &impl Drawing, file: &Path) -> Result<(), Box<dyn Error>> {
    register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).map_err(|_| "the font is broken")?;
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => {
            let paper = SVGBackend::new(file, SIZE).into_drawing_area();
            drawing.draw(&paper)?;
            Ok(paper.present()?)
        }
        Some("png") => {
            let mut pixels = vec![0; SIZE.0 as usize * SIZE.1 as usize * 3];
            {
                let paper = BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area();
                drawing.draw(&paper)?;
                paper.present()?;
            }
            let mut encoder = png::Encoder::new(BufWriter::new(File::create(file)?), SIZE.0, SIZE.1);
            encoder.set_color(png::ColorType::Rgb);
            Ok(encoder.write_header()?.write_image_data(&pixels)?)
        }
        Some(_) | None => Err(format!("{} is neither .svg nor .png", file.display()).into()),
    }
}
