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
    let drawn = document
        .measured()
        .filter(|run| outline::is_drawn(&document.head, run));
    let mut parts = Vec::new();
    for section in sections(part.outline(&document.head, COLUMNS)) {
        let pictures = match drawn {
            Some(run) => figures(run, charts_of(section.heading)),
            None => Vec::new(),
        };
        parts.push(section.markup(&pictures));
    }
    page(&part.title(&document.head), &parts)
}

fn page(title: &str, parts: &[Markup]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(charts::css())) }
            }
            body { main { @for part in parts { (part) } } }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

/// A heading and what stands under it.
struct Section {
    heading: &'static str,
    blocks: Vec<Block>,
}

impl Section {
    fn markup(&self, pictures: &[Markup]) -> Markup {
        let body = html! {
            @for block in &self.blocks { (blocks::markup(block)) }
            @for picture in pictures { (picture) }
        };
        html! {
            @if self.heading.is_empty() { header { (body) } }
            @else { section { h2 { (self.heading) } (body) } }
        }
    }
}

/// The report cut at its headings, without drawings for terminals and without what they leave empty.
fn sections(all: Vec<Block>) -> Vec<Section> {
    let mut sections = vec![Section {
        heading: "",
        blocks: Vec::new(),
    }];
    for block in all {
        match block {
            Block::Heading(heading) => sections.push(Section {
                heading,
                blocks: Vec::new(),
            }),
            Block::Drawing(_) => {}
            block => {
                if let Some(section) = sections.last_mut() {
                    section.blocks.push(block);
                }
            }
        }
    }
    sections.retain(|section| !section.blocks.is_empty());
    sections
}

/// The pictures that belong under a heading of the outline.
fn charts_of(heading: &str) -> &'static [Chart] {
    match heading {
        outline::LATENCY => &Chart::OF_LATENCY,
        super::phases::HEADING => &[Chart::Waterfall],
        _ => &[],
    }
}

fn figures(run: &Measurement, charts: &[Chart]) -> Vec<Markup> {
    let mut figures = Vec::new();
    for chart in charts {
        let wide = charts::embedded(run, *chart, Layout::Wide);
        let narrow = charts::embedded(run, *chart, Layout::Narrow);
        if let (Some(wide), Some(narrow)) = (wide, narrow) {
            figures.push(html! {
                figure {
                    h3 { (chart.title()) }
                    div.wide { (PreEscaped(wide)) }
                    div.narrow { (PreEscaped(narrow)) }
                    figcaption { (chart.caption(run)) }
                }
            });
        }
    }
    figures
}
