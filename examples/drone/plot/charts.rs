//! Charts of numbers: curves, and histograms of latencies.

use super::{Drawing, FONT, colour};
use plotters::coord::Shift;
use plotters::prelude::{
    BLACK, ChartBuilder, Color, DrawingArea, DrawingBackend, IntoLogRange, LineSeries, PathElement, RGBColor,
    Rectangle, SeriesLabelPosition, TRANSPARENT, WHITE,
};
use std::error::Error;

const TITLE_SIZE: u32 = 28;
/// Of titles with figures, which are long.
const CAPTION_SIZE: u32 = 22;
const LABEL_SIZE: u32 = 18;

const GRID: RGBColor = RGBColor(225, 225, 225);

/// Values over their place, on a logarithmic axis.
pub struct Curve {
    pub title: String,
    pub places: String,
    /// From one place to the next.
    pub spacing: f64,
    pub values: String,
    /// With labels.
    pub series: Vec<(String, Vec<f64>)>,
}

impl Drawing for Curve {
    fn draw<B: DrawingBackend>(&self, paper: &DrawingArea<B, Shift>, scale: u32) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static,
    {
        paper.fill(&WHITE)?;
        let counts = |value: &&f64| value.is_finite() && **value > 0.0;
        let values = self.series.iter().flat_map(|(_, values)| values).filter(counts);
        let (low, high) = values.fold((f64::MAX, 0.0_f64), |(low, high), &value| (low.min(value), high.max(value)));
        let longest = self.series.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
        if high == 0.0 {
            return Err("a curve needs a positive value".into());
        }
        // Above the curves there is room for their labels.
        let room = if self.series.len() > 1 { (high / low).powf(0.25).max(1.25) } else { 1.25 };
        let mut chart = ChartBuilder::on(paper)
            .caption(&self.title, (FONT, TITLE_SIZE * scale))
            .margin(20 * scale)
            .x_label_area_size(55 * scale)
            .y_label_area_size(90 * scale)
            .build_cartesian_2d(
                0.0..(longest.max(2) - 1) as f64 * self.spacing,
                (low * 0.8..high * room).log_scale(),
            )?;
        chart
            .configure_mesh()
            .bold_line_style(GRID.stroke_width(scale))
            .light_line_style(TRANSPARENT)
            .axis_style(BLACK.stroke_width(scale))
            .set_all_tick_mark_size(5 * scale)
            .x_desc(&self.places)
            .y_desc(&self.values)
            .label_style((FONT, LABEL_SIZE * scale))
            .x_label_formatter(&|place| format!("{place:.0}"))
            .y_label_formatter(&|value| shown(*value))
            .draw()?;
        for (index, (label, values)) in self.series.iter().enumerate() {
            let style = colour(index, self.series.len()).stroke_width(2 * scale);
            let points = values.iter().enumerate().filter(|(_, value)| counts(value));
            chart
                .draw_series(LineSeries::new(
                    points.map(|(place, &value)| (place as f64 * self.spacing, value)),
                    style,
                ))?
                .label(label)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20 * scale as i32, y)], style));
        }
        if self.series.len() < 2 {
            return Ok(());
        }
        chart
            .configure_series_labels()
            .legend_area_size(30 * scale)
            .position(SeriesLabelPosition::UpperRight)
            .label_font((FONT, LABEL_SIZE * scale))
            .background_style(WHITE)
            .draw()?;
        Ok(())
    }
}

/// A power of ten as one reads it.
fn shown(value: f64) -> String {
    if (1e-3..1e4).contains(&value) { format!("{value}") } else { format!("{value:.0e}") }
}

/// How often computations took how long.
pub struct Histogram {
    pub title: String,
    pub nanoseconds: Vec<f64>,
}

/// How many bars there are.
const BARS: usize = 60;

/// From so many nanoseconds on, times are told in microseconds.
const LONG: f64 = 10_000.0;

impl Histogram {
    /// The times in order, in a unit.
    fn sorted(&self) -> (Vec<f64>, &'static str) {
        let mut sorted: Vec<f64> = self.nanoseconds.iter().copied().filter(|time| time.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        if sorted.get(sorted.len() / 2).is_some_and(|&median| median >= LONG) {
            return (sorted.into_iter().map(|time| time / 1000.0).collect(), "microseconds");
        }
        (sorted, "nanoseconds")
    }
}

/// A number below which a part of the sorted ones are.
pub fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    sorted.get((sorted.len().saturating_sub(1) as f64 * part) as usize).copied()
}

impl Drawing for Histogram {
    fn draw<B: DrawingBackend>(&self, paper: &DrawingArea<B, Shift>, scale: u32) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static,
    {
        paper.fill(&WHITE)?;
        let (sorted, unit) = self.sorted();
        let at = |part: f64| quantile(&sorted, part);
        let (Some(first), Some(median), Some(late), Some(last)) = (at(0.0), at(0.5), at(0.99), at(1.0)) else {
            return Err("a histogram needs a time".into());
        };
        // The slowest would leave no width for the others.
        let (low, high) = (first * 0.95, (late * 1.1).min(median * 2.0) + 1.0);
        let width = (high - low) / BARS as f64;
        let mut counts = [0_u32; BARS];
        for time in sorted.iter().take_while(|&&time| time < high) {
            counts[(((time - low) / width) as usize).min(BARS - 1)] += 1;
        }
        let most = counts.iter().max().copied().unwrap_or(0);
        let slower = sorted.len() - counts.iter().sum::<u32>() as usize;
        let places = format!("{unit} ({slower} of {} calls took longer)", sorted.len());
        let caption = format!("{}: median {median:.0}, 99 % below {late:.0}, at most {last:.0} {unit}", self.title);
        let mut chart = ChartBuilder::on(paper)
            .caption(caption, (FONT, CAPTION_SIZE * scale))
            .margin(20 * scale)
            .x_label_area_size(55 * scale)
            .y_label_area_size(90 * scale)
            .build_cartesian_2d(low..high, 0.0..f64::from(most) * 1.05)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID.stroke_width(scale))
            .light_line_style(TRANSPARENT)
            .axis_style(BLACK.stroke_width(scale))
            .set_all_tick_mark_size(5 * scale)
            .x_desc(places)
            .y_desc("calls")
            .x_label_formatter(&|time| format!("{time:.0}"))
            .y_label_formatter(&|count| format!("{count:.0}"))
            .label_style((FONT, LABEL_SIZE * scale))
            .draw()?;
        chart.draw_series(counts.iter().enumerate().map(|(bar, &count)| {
            let left = low + width * bar as f64;
            Rectangle::new([(left, 0.0), (left + width * 0.9, f64::from(count))], colour(0, 1).filled())
        }))?;
        Ok(())
    }
}
