//! Flights in space: paths, gates and the ground, seen from afar.

use super::{Drawing, FONT, colour};
use crate::course::Gate;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, ChartBuilder, ChartContext, Circle, Color, DrawingArea, DrawingBackend, PathElement, RGBColor,
    SeriesLabelPosition, WHITE,
};
use std::error::Error;

/// A path with its label.
pub struct Path3 {
    pub label: String,
    /// In pixels.
    pub width: u32,
    pub points: Vec<[f64; 3]>,
}

/// Gates and paths, of which the last one counts most and has a shadow.
pub struct Scene {
    pub title: String,
    /// From where it is seen: an angle about the vertical, in radians.
    pub from: f64,
    pub gates: Vec<Gate>,
    /// Flights that are shown as one crowd, behind the gates.
    pub crowd: Vec<Vec<[f64; 3]>>,
    pub paths: Vec<Path3>,
}

/// From how high the scene is seen: the angle above the ground, in radians.
const HEIGHT: f64 = 0.55;

const CROWD: RGBColor = RGBColor(125, 170, 205);
const GATE: RGBColor = RGBColor(213, 94, 0);
const GROUND: RGBColor = RGBColor(228, 228, 228);
const SHADOW: RGBColor = RGBColor(200, 200, 200);

/// The smallest range with all of the numbers, and something around them.
fn range(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = numbers.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
    (low - 0.5, high + 0.5)
}

impl Scene {
    /// The place on the paper, by a parallel projection: lengths have one scale in all directions of the paper.
    fn projected(&self, [x, y, z]: [f64; 3]) -> (f64, f64) {
        let ((sine, cosine), (up, along)) = (self.from.sin_cos(), HEIGHT.sin_cos());
        let (right, away) = (x * -sine + y * cosine, x * -cosine - y * sine);
        (right, away * up + z * along)
    }

    /// Everything that has to be seen.
    fn places(&self) -> Vec<[f64; 3]> {
        let paths = self.paths.iter().map(|path| &path.points).chain(&self.crowd).flatten().copied();
        let places = paths.chain(self.gates.iter().flat_map(|gate| gate.corners()));
        places.filter(|place| place.iter().all(|component| component.is_finite())).collect()
    }

    /// Lines of the ground, one metre apart.
    fn ground(places: &[[f64; 3]]) -> Vec<[[f64; 3]; 2]> {
        let [(left, right), (near, far)] = [0, 1].map(|axis| {
            let (low, high) = range(places.iter().map(|place| place[axis]));
            (low.floor(), high.ceil())
        });
        let across = (left as i64..=right as i64).map(|x| [[x as f64, near, 0.0], [x as f64, far, 0.0]]);
        let along = (near as i64..=far as i64).map(|y| [[left, y as f64, 0.0], [right, y as f64, 0.0]]);
        across.chain(along).collect()
    }

    /// The ranges of the paper in which everything is seen, one scale for both directions.
    fn ranges(&self, places: &[[f64; 3]], (width, height): (u32, u32)) -> [(f64, f64); 2] {
        let seen = || places.iter().map(|&place| self.projected(place));
        let (across, along) = (range(seen().map(|(x, _)| x)), range(seen().map(|(_, y)| y)));
        let wanted = f64::from(width) / f64::from(height);
        let (spread, rise) = (across.1 - across.0, along.1 - along.0);
        let more = |(low, high): (f64, f64), by: f64| (low - by / 2.0, high + by / 2.0);
        if spread < rise * wanted {
            [more(across, rise * wanted - spread), along]
        } else {
            [across, more(along, spread / wanted - rise)]
        }
    }

    fn draw_gates<'a, B: DrawingBackend + 'a>(&self, chart: &mut Chart<'a, B>, scale: u32) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static,
    {
        for gate in &self.gates {
            let [x, y, z] = gate.centre;
            let foot = [[x, y, 0.0], [x, y, z - gate.half_size]].map(|place| self.projected(place));
            chart.draw_series([PathElement::new(foot, GATE.stroke_width(scale))])?;
            let [a, b, c, d] = gate.corners().map(|place| self.projected(place));
            // A rim of white keeps it apart from what is behind.
            for style in [WHITE.stroke_width(9 * scale), GATE.stroke_width(5 * scale)] {
                chart.draw_series([PathElement::new([a, b, c, d, a], style)])?;
            }
        }
        Ok(())
    }
}

type Chart<'a, B> = ChartContext<'a, B, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl Drawing for Scene {
    fn draw<B: DrawingBackend>(&self, paper: &DrawingArea<B, Shift>, scale: u32) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static,
    {
        paper.fill(&WHITE)?;
        let places = self.places();
        if places.is_empty() {
            return Err("a scene needs a place".into());
        }
        let ground = Self::ground(&places);
        let everything = [places.as_slice(), ground.as_flattened()].concat();
        let [across, along] = self.ranges(&everything, paper.dim_in_pixel());
        let mut chart = ChartBuilder::on(paper)
            .caption(&self.title, (FONT, 28 * scale))
            .margin(10 * scale)
            .build_cartesian_2d(across.0..across.1, along.0..along.1)?;
        let line = |points: &[[f64; 3]]| points.iter().map(|&place| self.projected(place)).collect::<Vec<_>>();
        chart.draw_series(ground.iter().map(|ends| PathElement::new(line(ends), GROUND.stroke_width(scale))))?;
        chart.draw_series(
            self.crowd.iter().map(|path| PathElement::new(line(path), CROWD.mix(0.6).stroke_width(2 * scale))),
        )?;
        if let Some(path) = self.paths.last() {
            let shadow: Vec<_> = path.points.iter().map(|&[x, y, _]| [x, y, 0.0]).collect();
            chart.draw_series([PathElement::new(line(&shadow), SHADOW.stroke_width(2 * scale))])?;
        }
        self.draw_gates(&mut chart, scale)?;
        for (index, path) in self.paths.iter().enumerate() {
            let colour = colour(index, self.paths.len());
            let style = colour.stroke_width(path.width * scale);
            chart
                .draw_series([PathElement::new(line(&path.points), style)])?
                .label(&path.label)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20 * scale as i32, y)], style));
            let ends = [path.points.first(), path.points.last()].into_iter().flatten();
            chart.draw_series(ends.map(|&place| Circle::new(self.projected(place), 5 * scale, colour.filled())))?;
        }
        if self.paths.is_empty() {
            return Ok(());
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .legend_area_size(30 * scale)
            .label_font((FONT, 18 * scale))
            .background_style(WHITE.mix(0.8))
            .draw()?;
        Ok(())
    }
}
