//! One page that holds everything: readable offline, by day and by night, on a telephone and on a wall.
//!
//! The words and tables are those of the [`outline`], the pictures those of
//! [`charts`]. Nothing is fetched and nothing runs: a policy in the page itself forbids
//! both, so that a mistake here shows as an error and never as a request.

mod blocks;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::blocks::Block;
use super::charts::{self, Chart, Layout};
use super::outline;
use super::part::Part;
use crate::document::{Document, Measurement};

const STYLE: &str = include_str!("style.css");
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The outline draws for a terminal too; what it draws is left out, whatever its width.
const COLUMNS: usize = 80;

/// The page of a document.
pub(super) fn render(document: &Document, part: &dyn Part) -> String {
    let head = &document.head;
    let measured = document.measured();
    let drawn = measured.filter(|run| outline::is_drawn(head, run));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (part.title(head)) }
                style { (PreEscaped(STYLE)) (PreEscaped(charts::css())) }
            }
            body {
                main {
                    @for (heading, blocks) in sections(part.outline(head, COLUMNS)) {
                        (section(heading, &blocks, drawn))
                    }
                }
            }
        }
    };
    page.into_string() + "\n"
}

/// The report cut at its headings, without drawings for terminals and without what they leave empty.
fn sections(all: Vec<Block>) -> Vec<(&'static str, Vec<Block>)> {
    let mut sections = Vec::new();
    let (mut heading, mut blocks) = ("", Vec::new());
    for block in all {
        match block {
            Block::Heading(next) => sections.push((
                std::mem::replace(&mut heading, next),
                std::mem::take(&mut blocks),
            )),
            Block::Drawing(_) => {}
            block => blocks.push(block),
        }
    }
    sections.push((heading, blocks));
    sections.retain(|(_, blocks)| !blocks.is_empty());
    sections
}

/// A heading, what stands under it, and its pictures where the run is drawn.
fn section(heading: &str, blocks: &[Block], drawn: Option<&Measurement>) -> Markup {
    let charts: &[Chart] = match heading {
        outline::LATENCY => &Chart::OF_LATENCY,
        outline::PHASES => &[Chart::Waterfall],
        _ => &[],
    };
    let drawn = drawn.into_iter();
    let figures = drawn.flat_map(|run| charts.iter().filter_map(|chart| figure(run, *chart)));
    let body = html! {
        @for block in blocks { (blocks::markup(block)) }
        @for figure in figures { (figure) }
    };
    html! {
        @if heading.is_empty() { header { (body) } }
        @else { section { h2 { (heading) } (body) } }
    }
}

fn figure(run: &Measurement, chart: Chart) -> Option<Markup> {
    let wide = charts::embedded(run, chart, Layout::Wide)?;
    let narrow = charts::embedded(run, chart, Layout::Narrow)?;
    Some(html! {
        figure {
            h3 { (chart.title()) }
            div.wide { (PreEscaped(wide)) }
            div.narrow { (PreEscaped(narrow)) }
            figcaption { (chart.caption(run)) }
        }
    })
}
