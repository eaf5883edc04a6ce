//! Curves over severity as a picture in SVG, readable on light and on dark pages.

use std::fmt::Write;

use super::curves::Tally;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// Room on the left, at the top, on the right and at the bottom, in pixels.
const MARGINS: [f64; 4] = [56.0, 20.0, 20.0, 52.0];

/// A curve's name, its colour, its dashes, and what it counts.
type Curve = (&'static str, &'static str, &'static str, fn(&Tally) -> usize);

const CURVES: [Curve; 4] = [
    ("ours, ten frames together", "#0072b2", "", |tally| tally.together),
    ("ours, any of ten frames", "#56b4e9", "6 3", |tally| tally.any),
    ("ours, one frame", "#999999", "2 3", |tally| tally.one),
    ("zxing-cpp, any of ten frames", "#d55e00", "", |tally| tally.theirs),
];

/// Shares of prints that are read, for each severity from 0 on.
pub(crate) fn svg(tallies: &[Tally]) -> String {
    let [left, top, right, bottom] = MARGINS;
    let last = (tallies.len().max(2) - 1) as f64;
    let x = |severity: f64| left + (WIDTH - left - right) * severity / last;
    let y = |share: f64| HEIGHT - bottom - (HEIGHT - top - bottom) * share;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    for tenth in (0..=10).step_by(2) {
        let (share, line) = (f64::from(tenth) / 10.0, y(f64::from(tenth) / 10.0));
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {line:.1}H{:.1}\" stroke=\"#dddddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} %</text>",
            WIDTH - right,
            left - 8.0,
            line + 4.0,
            100.0 * share
        );
    }
    for severity in 0..tallies.len() {
        let (place, level) = (x(severity as f64), HEIGHT - bottom + 18.0);
        let _ = writeln!(
            svg,
            "<text x=\"{place:.1}\" y=\"{level:.1}\" text-anchor=\"middle\">{severity}</text>"
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">severity of the damage</text>",
        x(last / 2.0),
        HEIGHT - 12.0
    );
    for (row, (name, colour, dashes, count)) in CURVES.iter().enumerate() {
        let points = tallies.iter().enumerate().map(|(severity, tally)| {
            format!("{:.1},{:.1}", x(severity as f64), y(tally.share(count(tally))))
        });
        let points = points.collect::<Vec<_>>().join(" ");
        let line = format!(
            "fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{dashes}\""
        );
        let (key, level) = (WIDTH - right - 225.0, top + 20.0 + 20.0 * row as f64);
        let _ = writeln!(
            svg,
            "<polyline points=\"{points}\" {line}/>\n\
             <path d=\"M{key} {level}h26\" {line}/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
            key + 34.0,
            level + 4.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}
