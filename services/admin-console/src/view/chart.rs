//! Small charts that a server can draw: bars in an SVG, the same figures in a table.

use askama::Template;

/// Drawing units; the style stretches them.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 100.0;
/// Between two bars, as a part of a bar's place.
const GAP: f64 = 0.15;

/// One place on the axis of time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    /// Such as `03:15`.
    pub(crate) label: String,
    /// What is drawn; nothing where there is none.
    pub(crate) height: f64,
    /// A second, lower figure drawn over it.
    pub(crate) inner: Option<f64>,
    /// The figures in words.
    pub(crate) said: String,
}

/// A chart with its text alternative.
#[derive(Template)]
#[template(path = "chart.html")]
pub(crate) struct Chart<'a> {
    id: &'a str,
    title: &'a str,
    summary: String,
    top: String,
    drawn: Vec<Drawn>,
    bars: &'a [Bar],
    heading: &'a str,
}

struct Drawn {
    x: String,
    width: String,
    y: String,
    height: String,
    inner: Option<(String, String)>,
    tip: String,
}

impl<'a> Chart<'a> {
    /// `say` writes a height in its unit; `heading` names the column of figures in the table.
    pub(crate) fn new(
        id: &'a str,
        title: &'a str,
        heading: &'a str,
        bars: &'a [Bar],
        say: impl Fn(f64) -> String,
    ) -> Self {
        let top = bars.iter().map(|bar| bar.height).fold(0.0, f64::max);
        let place = WIDTH / f64::from(u32::try_from(bars.len().max(1)).unwrap_or(u32::MAX));
        let scale = if top > 0.0 { HEIGHT / top } else { 0.0 };
        let from_below = |height: f64| (coordinate(HEIGHT - height * scale), coordinate(height * scale));
        let drawn = bars.iter().zip(0_u32..).map(|(bar, index)| {
            let (y, height) = from_below(bar.height);
            Drawn {
                x: coordinate(place * (f64::from(index) + GAP / 2.0)),
                width: coordinate(place * (1.0 - GAP)),
                y,
                height,
                inner: bar.inner.map(from_below),
                tip: format!("{}: {}", bar.label, bar.said),
            }
        });
        let (first, last) = (bars.first(), bars.last());
        let span = first.zip(last).map(|(first, last)| format!("from {} to {}", first.label, last.label));
        let summary = format!("{}, highest {}.", span.unwrap_or_else(|| "no figures".to_owned()), say(top));
        Self { id, title, summary, top: say(top), drawn: drawn.collect(), bars, heading }
    }

    fn first_label(&self) -> &str {
        self.bars.first().map_or("", |bar| bar.label.as_str())
    }

    fn last_label(&self) -> &str {
        self.bars.last().map_or("", |bar| bar.label.as_str())
    }
}

fn coordinate(units: f64) -> String {
    format!("{units:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, height: f64) -> Bar {
        Bar { label: label.to_owned(), height, inner: None, said: format!("{height} orders") }
    }

    #[test]
    fn the_highest_bar_fills_the_chart_and_every_figure_is_in_the_table() {
        let bars = [bar("03:00", 5.0), bar("03:01", 0.0), bar("03:02", 10.0)];
        let chart = Chart::new("c", "Orders", "Orders", &bars, |height| format!("{height:.0}"));
        let heights: Vec<&str> = chart.drawn.iter().map(|drawn| drawn.height.as_str()).collect();
        assert_eq!(heights, ["50.0", "0.0", "100.0"]);
        let page = chart.render().unwrap();
        assert!(page.contains("from 03:00 to 03:02, highest 10."), "{page}");
        assert!(page.contains("<td>5 orders</td>") && page.contains("role=\"img\""), "{page}");
    }

    #[test]
    fn without_figures_there_is_a_chart_that_says_so() {
        let page = Chart::new("c", "Orders", "Orders", &[], |height| height.to_string()).render().unwrap();
        assert!(page.contains("no figures"), "{page}");
    }
}
