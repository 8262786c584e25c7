//! Charts of numbers: curves, and histograms of latencies.

use super::{Drawing, FONT, colour};
use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, Color, DrawingArea, DrawingBackend, IntoLogRange, LineSeries, PathElement, Rectangle,
    SeriesLabelPosition, WHITE,
};
use std::error::Error;

const TITLE_SIZE: u32 = 28;
const LABEL_SIZE: u32 = 18;

/// Values over their place, on a logarithmic axis.
pub struct Curve {
    pub title: String,
    pub places: String,
    pub values: String,
    /// With labels.
    pub series: Vec<(String, Vec<f64>)>,
}

impl Drawing for Curve {
    fn draw<B: DrawingBackend>(&self, paper: &DrawingArea<B, Shift>) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static,
    {
        paper.fill(&WHITE)?;
        let shown = |value: &&f64| value.is_finite() && **value > 0.0;
        let values = self.series.iter().flat_map(|(_, values)| values).filter(shown);
        let (low, high) = values.fold((f64::MAX, 0.0_f64), |(low, high), &value| (low.min(value), high.max(value)));
        let longest = self.series.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
        if high == 0.0 {
            return Err("a curve needs a positive value".into());
        }
        let mut chart = ChartBuilder::on(paper)
            .caption(&self.title, (FONT, TITLE_SIZE))
            .margin(20)
            .x_label_area_size(50)
            .y_label_area_size(80)
            .build_cartesian_2d(0.0..(longest.max(2) - 1) as f64, (low * 0.8..high * 1.25).log_scale())?;
        chart
            .configure_mesh()
            .x_desc(&self.places)
            .y_desc(&self.values)
            .label_style((FONT, LABEL_SIZE))
            .x_label_formatter(&|place| format!("{place:.0}"))
            .y_label_formatter(&|value| format!("{value:.0e}"))
            .draw()?;
        for (index, (label, values)) in self.series.iter().enumerate() {
            let style = colour(index + 2).stroke_width(2);
            let points = values.iter().enumerate().filter(|(_, value)| shown(value));
            chart
                .draw_series(LineSeries::new(points.map(|(place, &value)| (place as f64, value)), style))?
                .label(label)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .label_font((FONT, LABEL_SIZE))
            .background_style(WHITE.mix(0.8))
            .draw()?;
        Ok(())
    }
}

/// How often computations took how long.
pub struct Histogram {
    pub title: String,
    pub nanoseconds: Vec<f64>,
}

/// How many bars there are.
const BARS: usize = 60;

impl Histogram {
    /// The times in order.
    fn sorted(&self) -> Vec<f64> {
        let mut sorted: Vec<f64> = self.nanoseconds.iter().copied().filter(|time| time.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl Drawing for Histogram {
    fn draw<B: DrawingBackend>(&self, paper: &DrawingArea<B, Shift>) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static,
    {
        paper.fill(&WHITE)?;
        let sorted = self.sorted();
        let quantile = |part: f64| sorted.get((sorted.len().saturating_sub(1) as f64 * part) as usize).copied();
        let (Some(first), Some(median), Some(late)) = (quantile(0.0), quantile(0.5), quantile(0.99)) else {
            return Err("a histogram needs a time".into());
        };
        // The slowest hundredth would leave no width for the others.
        let (low, high) = (first * 0.95, late * 1.1 + 1.0);
        let width = (high - low) / BARS as f64;
        let mut counts = [0_u32; BARS];
        for time in sorted.iter().take_while(|&&time| time < high) {
            counts[(((time - low) / width) as usize).min(BARS - 1)] += 1;
        }
        let most = counts.iter().max().copied().unwrap_or(0);
        let caption = format!("{}: median {median:.0} ns, 99 % below {late:.0} ns", self.title);
        let mut chart = ChartBuilder::on(paper)
            .caption(caption, (FONT, TITLE_SIZE))
            .margin(20)
            .x_label_area_size(50)
            .y_label_area_size(80)
            .build_cartesian_2d(low..high, 0.0..f64::from(most) * 1.05)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_desc("nanoseconds")
            .y_desc("calls")
            .x_label_formatter(&|time| format!("{time:.0}"))
            .y_label_formatter(&|count| format!("{count:.0}"))
            .label_style((FONT, LABEL_SIZE))
            .draw()?;
        chart.draw_series(counts.iter().enumerate().map(|(bar, &count)| {
            let left = low + width * bar as f64;
            Rectangle::new([(left, 0.0), (left + width * 0.9, f64::from(count))], colour(2).filled())
        }))?;
        Ok(())
    }
}
