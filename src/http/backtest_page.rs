//! The report of a backtest as one page that stands for itself: its style and plots are in it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::engine::backtest::report::{CurvePoint, Figures, Interval, Report};

/// The page.
pub fn page(reports: &[Report]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Backtest · Twinstream" }
                style { (PreEscaped(include_str!("assets/console.css"))) }
            }
            body {
                p class="banner" role="note" { "What pipelines would have done on a past. Nobody was told." }
                header { span class="brand" { "Twinstream" } span class="where" { "Backtest" } }
                main {
                    h1 { "Side by side" }
                    p class="sub" {
                        "In brackets: 95 % intervals, by drawing patients again. Sensitivity: outcomes that an alert preceded "
                        "within the horizon. PPV: alerts that an outcome followed within it."
                    }
                    (figures(reports.iter().map(|report| (report.pipeline.as_str(), &report.all))))
                    h2 { "What other thresholds would do" }
                    (curves(reports))
                    @for report in reports { (section(report)) }
                }
            }
        }
    };
    page.into_string()
}

fn section(report: &Report) -> Markup {
    html! {
        h2 { (report.title) " (" (report.pipeline) ", edition " (report.edition) ")" }
        p class="sub" {
            "Raises from the band " (report.raises_from) ". An alert counts up to " (report.horizon_hours)
            " h before the outcome. " (report.n_retrospective) " would have been silent because their evidence was old."
        }
        (figures(report.groups.iter().map(|(name, figures)| (name.as_str(), figures))))
        @if !report.suppressed.is_empty() {
            p class="sub" {
                "Suppressed: "
                @for (place, (reason, count)) in report.suppressed.iter().enumerate() {
                    @if 0 < place { ", " } (count) " by " (reason)
                }
            }
        }
        details {
            summary { "Thresholds" }
            table {
                thead { tr { th { "Threshold" } th { "Alerts per 100 days" } th { "Sensitivity" } th { "PPV" } } }
                tbody {
                    @for point in &report.curve {
                        tr {
                            td class="number" { (point.threshold) }
                            td class="number" { (number(point.alerts_per_100_patient_days, 1)) }
                            td class="number" { (number(point.sensitivity, 3)) }
                            td class="number" { (number(point.positive_predictive_value, 3)) }
                        }
                    }
                }
            }
        }
    }
}

fn figures<'f>(rows: impl Iterator<Item = (&'f str, &'f Figures)>) -> Markup {
    html! {
        div class="scroll" {
            table {
                thead {
                    tr {
                        th { "" } th { "Patients" } th { "Days" } th { "Alerts" } th { "Per 100 days" }
                        th { "Outcomes found" } th { "Sensitivity" } th { "PPV" } th { "Lead, hours" }
                        th { "AUROC" } th { "AUPRC" }
                    }
                }
                tbody {
                    @for (name, figures) in rows {
                        tr {
                            td class="nowrap" { (name) }
                            td class="number" { (figures.patients) }
                            td class="number" { (format!("{:.0}", figures.patient_days)) }
                            td class="number" { (figures.alerts) }
                            td class="number" { (interval(figures.alerts_per_100_patient_days, 1)) }
                            td class="number" { (figures.outcomes_found) " of " (figures.outcomes) }
                            td class="number" { (interval(figures.sensitivity, 3)) }
                            td class="number" { (interval(figures.positive_predictive_value, 3)) }
                            td class="number" {
                                @if let Some((low, middle, high)) = figures.lead_hours {
                                    (format!("{middle:.1} ({low:.1} to {high:.1})"))
                                }
                            }
                            td class="number" { (interval(figures.auroc, 3)) }
                            td class="number" { (interval(figures.auprc, 3)) }
                        }
                    }
                }
            }
        }
    }
}

fn interval(interval: Interval, decimals: usize) -> String {
    match (interval.value, interval.low, interval.high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{value:.decimals$} ({low:.decimals$} to {high:.decimals$})")
        }
        (value, _, _) => number(value, decimals),
    }
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or(String::new(), |value| format!("{value:.decimals$}"))
}

// The picture, in its own units.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 44.0;

/// Colours that the colour-blind tell apart, and dashes for those who print in grey.
const STROKES: [(&str, &str); 6] = [
    ("#0072b2", "none"),
    ("#d55e00", "7 3"),
    ("#009e73", "2 3"),
    ("#cc79a7", "9 3 2 3"),
    ("#56b4e9", "12 4"),
    ("#16202b", "4 4"),
];

/// Alerts against sensitivity, a line a pipeline; a ring is where the pipeline is now.
fn curves(reports: &[Report]) -> Markup {
    let points = reports.iter().flat_map(|report| &report.curve);
    let most = points.filter_map(|point| point.alerts_per_100_patient_days).fold(1.0, f64::max);
    let x = |alerts: f64| LEFT + (WIDTH - LEFT - RIGHT) * alerts / most;
    let y = |sensitivity: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - sensitivity);
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" style="max-width:760px;width:100%;background:#fff"
            aria-label="Sensitivity against alerts per 100 patient-days, by threshold" {
            @for step in 0..=4_u8 {
                @let share = f64::from(step) / 4.0;
                line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y(share)) y2=(y(share)) stroke="#d9dfe5" {}
                text x=(LEFT - 6.0) y=(y(share) + 4.0) text-anchor="end" font-size="12" fill="#56616d" {
                    (format!("{:.0} %", share * 100.0))
                }
                text x=(x(share * most)) y=(HEIGHT - BOTTOM + 18.0) text-anchor="middle" font-size="12" fill="#56616d" {
                    (format!("{:.0}", share * most))
                }
            }
            text x=(LEFT + (WIDTH - LEFT - RIGHT) / 2.0) y=(HEIGHT - 8.0) text-anchor="middle" font-size="12" fill="#16202b" {
                "alerts per 100 patient-days"
            }
            text x=(12.0) y=(TOP + (HEIGHT - TOP - BOTTOM) / 2.0) font-size="12" fill="#16202b" text-anchor="middle"
                transform=(format!("rotate(-90 12 {})", TOP + (HEIGHT - TOP - BOTTOM) / 2.0)) { "sensitivity" }
            @for (report, (place, (colour, dashes))) in reports.iter().zip(STROKES.iter().cycle().enumerate()) {
                polyline fill="none" stroke=(colour) stroke-width="2" stroke-dasharray=(dashes)
                    points=(line(&report.curve, x, y)) {}
                @if let (Some(alerts), Some(found)) =
                    (report.all.alerts_per_100_patient_days.value, report.all.sensitivity.value) {
                    circle cx=(x(alerts.min(most))) cy=(y(found)) r="6" fill="none" stroke=(colour) stroke-width="2.5" {}
                }
                @let row = TOP + 14.0 + 20.0 * f64::from(u16::try_from(place).unwrap_or(0));
                line x1=(WIDTH - RIGHT + 10.0) x2=(WIDTH - RIGHT + 34.0) y1=(row - 4.0) y2=(row - 4.0) stroke=(colour)
                    stroke-width="2" stroke-dasharray=(dashes) {}
                text x=(WIDTH - RIGHT + 40.0) y=(row) font-size="12" fill="#16202b" { (report.pipeline) }
            }
        }
        p class="quiet" { "A line is a pipeline by its threshold; a ring is what its policy does now." }
    }
}

fn line(curve: &[CurvePoint], x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> String {
    let points = curve.iter().filter_map(|point| {
        let (alerts, found) = (point.alerts_per_100_patient_days?, point.sensitivity?);
        Some(format!("{:.1},{:.1}", x(alerts), y(found)))
    });
    points.collect::<Vec<_>>().join(" ")
}
