//! Lines of values over time, as SVG: a spark for a list, a chart for a page.

use maud::{Markup, html};

use crate::domain::time::{Span, Timestamp};

/// A value at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// The value.
    pub value: f64,
    /// Whether a clinician or a cleared device measured it; a hollow point if not.
    pub is_clinical: bool,
}

/// What a chart shows.
#[derive(Clone, Debug)]
pub struct Chart<'c> {
    /// What it is called.
    pub title: &'c str,
    /// The unit.
    pub unit: &'c str,
    /// The values of each line, by time.
    pub lines: Vec<Vec<Point>>,
    /// From when to when.
    pub window: (Timestamp, Timestamp),
    /// The least range of values that is shown, so that noise looks like noise.
    pub range: (f64, f64),
    /// The range in which all is well, where there is one.
    pub well: Option<(f64, f64)>,
}

// As wide as the card it usually stands in, so that a label is drawn about as large as it is written.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 116.0;
const LEFT: f64 = 36.0;
const BOTTOM: f64 = 18.0;
const TOP: f64 = 8.0;

impl Chart<'_> {
    /// The chart.
    pub fn draw(&self) -> Markup {
        let (low, high) = self.bounds();
        let x = |at: Timestamp| LEFT + (WIDTH - LEFT - 8.0) * self.share(at);
        let y = |value: f64| {
            TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - (value - low) / (high - low).max(1e-9))
        };
        let hours = self.hours();
        html! {
            svg class="chart" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
                aria-label=(format!("{} over time", self.title)) {
                @if let Some((from, to)) = self.well {
                    rect class="well" x=(LEFT) width=(WIDTH - LEFT - 8.0)
                        y=(short(y(to.min(high)))) height=(short((y(from.max(low)) - y(to.min(high))).max(0.0))) {}
                }
                @for value in [low, (low + high) / 2.0, high] {
                    line class="grid" x1=(LEFT) x2=(WIDTH - 8.0) y1=(short(y(value))) y2=(short(y(value))) {}
                    text class="tick" x=(LEFT - 6.0) y=(short(y(value) + 3.5)) text-anchor="end" { (tick(value)) }
                }
                @for at in hours {
                    text class="tick" x=(short(x(at))) y=(HEIGHT - 4.0) text-anchor="middle" {
                        (crate::http::when::clock(at))
                    }
                }
                @for (number, line) in self.lines.iter().enumerate() {
                    polyline class=(format!("line line-{number}"))
                        points=(path(line.iter().filter(|p| p.is_clinical), x, y)) {}
                    @for point in line {
                        circle class=(if point.is_clinical { "dot" } else { "dot hollow" })
                            cx=(short(x(point.at))) cy=(short(y(point.value))) r="2.4" {}
                    }
                }
            }
        }
    }

    fn bounds(&self) -> (f64, f64) {
        let values = self.lines.iter().flatten().map(|point| point.value);
        values.fold(self.range, |(low, high), value| (low.min(value), high.max(value)))
    }

    fn share(&self, at: Timestamp) -> f64 {
        let (from, to) = self.window;
        seconds(at.since(from)) / seconds(to.since(from)).max(1.0)
    }

    /// Every sixth hour of the window.
    fn hours(&self) -> Vec<Timestamp> {
        let (from, to) = self.window;
        let step = Span::from_hours(6).micros();
        let first = from.micros().div_euclid(step) + 1;
        let all = (first..).map(|number| Timestamp::from_micros(number * step));
        all.take_while(|at| *at < to).collect()
    }
}

/// A line of scores, small enough for a row.
pub fn spark(points: &[Point], window: (Timestamp, Timestamp), most: f64) -> Markup {
    let (from, to) = window;
    let x = |at: Timestamp| 2.0 + 92.0 * seconds(at.since(from)) / seconds(to.since(from)).max(1.0);
    let y = |value: f64| 20.0 - 17.0 * (value / most).min(1.0);
    html! {
        svg class="spark" viewBox="0 0 96 22" aria-hidden="true" {
            line class="grid" x1="2" x2="94" y1=(short(y(5.0))) y2=(short(y(5.0))) {}
            polyline class="line" points=(path(points.iter(), x, y)) {}
            @if let Some(last) = points.last() {
                circle class="dot" cx=(short(x(last.at))) cy=(short(y(last.value))) r="2.2" {}
            }
        }
    }
}

fn path<'p>(
    points: impl Iterator<Item = &'p Point>,
    x: impl Fn(Timestamp) -> f64,
    y: impl Fn(f64) -> f64,
) -> String {
    let texts = points.map(|point| format!("{},{}", short(x(point.at)), short(y(point.value))));
    texts.collect::<Vec<_>>().join(" ")
}

fn seconds(span: Span) -> f64 {
    i32::try_from(span.micros() / 1_000_000).map_or(f64::from(i32::MAX), f64::from)
}

fn short(number: f64) -> String {
    format!("{number:.1}")
}

fn tick(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
