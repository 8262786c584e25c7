//! Flights in space: paths, gates and the ground, seen from afar.

use super::{Drawing, FONT, colour};
use crate::course::Gate;
use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, Circle, Color, DrawingArea, DrawingBackend, LineSeries, PathElement, RGBColor, SeriesLabelPosition,
    WHITE,
};
use std::error::Error;

/// A path with its label; none is shown if that is empty.
pub struct Path3 {
    pub label: String,
    pub points: Vec<[f64; 3]>,
}

/// Gates, and paths of which the last one counts most.
pub struct Scene {
    pub title: String,
    pub gates: Vec<Gate>,
    pub paths: Vec<Path3>,
}

/// From where the scene is seen: the angle about the vertical, and above the ground, in radians.
const VIEW: (f64, f64) = (-1.1, 0.55);

const GATE: RGBColor = RGBColor(213, 94, 0);
const GROUND: RGBColor = RGBColor(225, 225, 225);
const SHADOW: RGBColor = RGBColor(190, 190, 190);

/// The place on the paper, by a parallel projection: lengths have one scale in all directions of the paper.
fn projected([x, y, z]: [f64; 3]) -> (f64, f64) {
    let ((sine, cosine), (up, along)) = (VIEW.0.sin_cos(), VIEW.1.sin_cos());
    let (right, away) = (x * -sine + y * cosine, x * -cosine - y * sine);
    (right, away * up + z * along)
}

/// The smallest range with all of the numbers, and something around them.
fn range(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = numbers.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
    (low - 0.5, high + 0.5)
}

impl Scene {
    /// Everything that has to be seen.
    fn places(&self) -> Vec<[f64; 3]> {
        let paths = self.paths.iter().flat_map(|path| path.points.iter().copied());
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
}

impl Drawing for Scene {
    fn draw<B: DrawingBackend>(&self, paper: &DrawingArea<B, Shift>) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static,
    {
        paper.fill(&WHITE)?;
        let places = self.places();
        if places.is_empty() {
            return Err("a scene needs a place".into());
        }
        let ground = Self::ground(&places);
        let seen = || places.iter().chain(ground.as_flattened()).map(|&place| projected(place));
        let (mut across, mut along) = (range(seen().map(|(x, _)| x)), range(seen().map(|(_, y)| y)));
        // One scale for both directions.
        let (width, height) = paper.dim_in_pixel();
        let wanted = f64::from(width) / f64::from(height);
        let (spread, rise) = (across.1 - across.0, along.1 - along.0);
        let more = |(low, high): (f64, f64), by: f64| (low - by / 2.0, high + by / 2.0);
        if spread < rise * wanted {
            across = more(across, rise * wanted - spread);
        } else {
            along = more(along, spread / wanted - rise);
        }
        let mut chart = ChartBuilder::on(paper)
            .caption(&self.title, (FONT, 28))
            .margin(10)
            .build_cartesian_2d(across.0..across.1, along.0..along.1)?;
        let lines = ground.iter().map(|line| PathElement::new(line.map(projected), GROUND.stroke_width(1)));
        chart.draw_series(lines)?;
        for path in &self.paths {
            let shadow = path.points.iter().map(|&[x, y, _]| projected([x, y, 0.0]));
            chart.draw_series(LineSeries::new(shadow, SHADOW.stroke_width(1)))?;
        }
        for gate in &self.gates {
            let [a, b, c, d] = gate.corners().map(projected);
            chart.draw_series([PathElement::new([a, b, c, d, a], GATE.stroke_width(4))])?;
            let [x, y, z] = gate.centre;
            let foot = [[x, y, 0.0], [x, y, z - gate.half_size]].map(projected);
            chart.draw_series([PathElement::new(foot, GATE.stroke_width(1))])?;
        }
        for (index, path) in self.paths.iter().enumerate() {
            let style = colour(index).stroke_width(if index + 1 == self.paths.len() { 4 } else { 2 });
            let line = chart.draw_series(LineSeries::new(path.points.iter().map(|&place| projected(place)), style))?;
            if !path.label.is_empty() {
                line.label(&path.label).legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
            }
            let ends = [path.points.first(), path.points.last()].into_iter().flatten();
            chart.draw_series(ends.map(|&place| Circle::new(projected(place), 5, colour(index).filled())))?;
        }
        if self.paths.iter().all(|path| path.label.is_empty()) {
            return Ok(());
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .label_font((FONT, 18))
            .background_style(WHITE.mix(0.8))
            .draw()?;
        Ok(())
    }
}
