//! Writes the measurements as a table and as plots.

use std::error::Error;
use std::fs;
use std::ops::Range;
use std::path::Path;

use plotters::coord::combinators::BindKeyPoints;
use plotters::coord::ranged1d::{AsRangedCoord, DefaultFormatting, Ranged};
use plotters::prelude::*;

use super::{Latency, Point, short};
use crate::measure::target_folder;

/// The colours of the median and of the 99th percentile.
const ENGINE: [RGBColor; 2] = [RGBColor(0x1f, 0x5f, 0xa8), RGBColor(0x9c, 0xba, 0xda)];
const SLED: [RGBColor; 2] = [RGBColor(0xd5, 0x6a, 0x0b), RGBColor(0xee, 0xbe, 0x92)];
const FONT: (&str, u32) = ("sans-serif", 16);

/// Writes `cognate-growth.tsv` and the plots to the target folder, replacing those with fewer
/// points.
pub(super) fn write(points: &[Point]) {
    let target = target_folder();
    fs::write(target.join("cognate-growth.tsv"), table(points)).expect("the target folder");
    plots(target, points).expect("the target folder");
}

fn table(points: &[Point]) -> String {
    let latencies = ["resolve engine", "resolve floor", "register engine", "register floor"];
    let latencies = latencies.map(|of| format!("{of} p50 ns\t{of} p99 ns")).join("\t");
    let header = format!("identities\t{latencies}\tengine bytes\tfloor bytes\n");
    let line = |Point { identities, resolve, register, bytes }: &Point| {
        let latencies = resolve.iter().chain(register);
        let latencies = latencies.flat_map(|latency| [latency.p50, latency.p99]);
        let figures = [*identities as u64].into_iter().chain(latencies).chain(*bytes);
        figures.map(|figure| figure.to_string()).collect::<Vec<_>>().join("\t") + "\n"
    };
    header + &points.iter().map(line).collect::<String>()
}

fn plots(target: &Path, points: &[Point]) -> Result<(), Box<dyn Error>> {
    let sides = |of: fn(&Point) -> &[Latency; 2]| {
        vec![
            Line::new("engine, p99", ENGINE[1], points, |point| of(point)[0].p99),
            Line::new("engine, p50", ENGINE[0], points, |point| of(point)[0].p50),
            Line::new("sled, p99", SLED[1], points, |point| of(point)[1].p99),
            Line::new("sled, p50", SLED[0], points, |point| of(point)[1].p50),
        ]
    };
    let resolve = Plot {
        title: "A known user's identity, beside a read of the login from sled",
        unit: "µs",
        lines: sides(|point| &point.resolve),
    };
    let register = Plot {
        title: "A new user, relaxed, beside a transaction of the same records in sled",
        unit: "µs",
        lines: sides(|point| &point.register),
    };
    let bytes = Plot {
        title: "A database on the disk, beside one of sled with the same records",
        unit: "bytes for each identity",
        lines: vec![
            Line::new("engine", ENGINE[0], points, |point| point.bytes[0]),
            Line::new("sled", SLED[0], points, |point| point.bytes[1]),
        ],
    };
    for (plot, name) in [(resolve, "resolve"), (register, "register")] {
        let (nanos, ticks) = plot.range();
        let y = nanos.log_scale().with_key_points(ticks);
        plot.draw(&target.join(format!("cognate-growth-{name}.svg")), y, micros)?;
    }
    let most = bytes.values().max().unwrap_or_default();
    bytes.draw(&target.join("cognate-growth-bytes.svg"), 0..most * 5 / 4, |bytes| bytes.to_string())
}

struct Line {
    label: &'static str,
    color: RGBColor,
    points: Vec<(u64, u64)>,
}

impl Line {
    fn new(
        label: &'static str,
        color: RGBColor,
        points: &[Point],
        value: impl Fn(&Point) -> u64,
    ) -> Self {
        let points = points.iter().map(|point| (point.identities as u64, value(point)));
        Self { label, color, points: points.collect() }
    }

    fn style(&self) -> ShapeStyle {
        self.color.filled().stroke_width(2)
    }
}

struct Plot {
    title: &'static str,
    unit: &'static str,
    lines: Vec<Line>,
}

impl Plot {
    fn values(&self) -> impl Iterator<Item = u64> {
        self.lines.iter().flat_map(|line| &line.points).map(|(_, value)| *value)
    }

    /// The range from a tick below all values to one above, and the ticks: 1, 2, 5, 10, 20, 50 and
    /// so on.
    fn range(&self) -> (Range<u64>, Vec<u64>) {
        let (least, most) = (self.values().min(), self.values().max());
        let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
        let ticks = || (0..18).flat_map(|power| [1, 2, 5].map(|n| n * 10_u64.pow(power)));
        let start = ticks().take_while(|tick| *tick < least).last().unwrap_or(1);
        let end = ticks().find(|tick| *tick > most).unwrap_or(u64::MAX);
        (start..end, ticks().filter(|tick| (start..=end).contains(tick)).collect())
    }

    fn draw<Y: AsRangedCoord<Value = u64>>(
        &self,
        path: &Path,
        y: Y,
        value: impl Fn(u64) -> String,
    ) -> Result<(), Box<dyn Error>>
    where
        Y::CoordDescType: Ranged<ValueType = u64, FormatOption = DefaultFormatting>,
    {
        let sizes: Vec<u64> = self.lines[0].points.iter().map(|(size, _)| *size).collect();
        let [first, .., last] = *sizes else { return Ok(()) };
        let area = SVGBackend::new(path, (880, 520)).into_drawing_area();
        area.fill(&WHITE)?;
        let area = area.margin(12, 12, 12, 12).titled(self.title, ("sans-serif", 20))?;
        let (legend, area) = area.split_vertically(32);
        for (x, line) in (80..).step_by(160).zip(&self.lines) {
            legend.draw(&PathElement::new([(x, 16), (x + 30, 16)], line.style()))?;
            legend.draw(&Circle::new((x + 15, 16), 3, line.style()))?;
            legend.draw(&Text::new(line.label, (x + 38, 9), FONT))?;
        }
        let mut chart = ChartBuilder::on(&area)
            .margin_right(24)
            .x_label_area_size(48)
            .y_label_area_size(72)
            .build_cartesian_2d((first..last).log_scale().with_key_points(sizes), y)?;
        chart
            .configure_mesh()
            .bold_line_style(BLACK.mix(0.12))
            .light_line_style(TRANSPARENT)
            .label_style(FONT)
            .x_desc("identities")
            .x_label_formatter(&|size| short(*size))
            .y_desc(self.unit)
            .y_label_formatter(&|y| value(*y))
            .draw()?;
        for line in &self.lines {
            let points = line.points.iter().copied();
            chart.draw_series(LineSeries::new(points, line.style()).point_size(3))?;
        }
        area.present()?;
        Ok(())
    }
}

/// Converts nanoseconds to microseconds.
fn micros(nanos: u64) -> String {
    let decimal = format!("{}.{:03}", nanos / 1_000, nanos % 1_000);
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}
