//! Templates: SVG files that people without Rust can change, filled with a card's words and code.

use super::PictureError;
use super::glyphs::{Line, Weight};
use super::symbol::Symbol;
use super::typeset::{self, Anchor, Style, TextBox, escape};
use resvg::usvg::roxmltree::{Document, Node};
use std::fmt::Write;

const SVG: &str = "http://www.w3.org/2000/svg";

/// What a template's `{{fields}}` stand for.
pub(super) type Fields = [(&'static str, String)];

/// How far a letter's ink may hang over the sides of its box.
const BEARING: f32 = 8.0;

/// A template with everything filled in, its letters as outlines.
pub(super) struct Page {
    /// Width and height in the template's units.
    pub(super) size: (u32, u32),
    /// The root element's attributes, but for those of size.
    pub(super) attributes: String,
    /// What is inside the root element.
    pub(super) content: String,
    /// All that can be read on it, in the template's order, one line a text.
    pub(super) words: String,
    /// Whole units of the template in one module of the code.
    pub(super) module: usize,
}

/// Fills `template`. Values go in as text, never as markup, and are not looked at for fields again.
pub(super) fn fill(template: &str, fields: &Fields, symbol: &Symbol) -> Result<Page, PictureError> {
    let document = Document::parse(template).map_err(|error| wrong(error.to_string()))?;
    let root = document.root_element();
    let inside = match (root.first_child(), root.last_child()) {
        (Some(first), Some(last)) => first.range().start..last.range().end,
        _ => return Err(wrong("it is empty")),
    };
    let [x, y, width, height] = numbers(root, "viewBox")?;
    if (x, y) != (0, 0) {
        return Err(wrong("its viewBox does not begin at 0 0"));
    }
    let mut content = String::new();
    let mut copied = inside.start;
    let mut words = Vec::new();
    let mut module = None;
    for node in root.descendants().filter(Node::is_element) {
        let filled = if node.has_attribute("data-qr") {
            let [x, y, side] = numbers(node, "data-qr")?;
            module = Some(symbol.module_size(side)).filter(|&units| units > 0);
            let attributes = attributes(node, &[]);
            let outline = symbol.outline(x, y, side);
            let look = r#"shape-rendering="crispEdges" fill-rule="evenodd""#;
            format!(r#"<path{attributes} {look} d="{outline}"/>"#)
        } else if node.has_tag_name((SVG, "text")) {
            let text = substitute(node.text().unwrap_or_default(), fields)?;
            let filled = match node.attribute("data-box") {
                _ if text.is_empty() => String::new(),
                Some(_) => text_in_box(node, &text)?,
                None => label(node, &text)?,
            };
            words.push(text);
            filled
        } else {
            continue;
        };
        let range = node.range();
        content.push_str(&template[copied..range.start]);
        content.push_str(&filled);
        copied = range.end;
    }
    content.push_str(&template[copied..inside.end]);
    words.retain(|text| !text.is_empty());
    Ok(Page {
        size: (width, height),
        attributes: attributes(root, &["width", "height", "viewBox"]),
        content,
        words: words.join("\n"),
        module: module.ok_or_else(|| wrong("it has no room for the code, data-qr"))?,
    })
}

/// A `<text data-box>` as outlines in its box. Clipped to it, since marks stacked on a letter can
/// reach beyond its line.
fn text_in_box(node: Node<'_, '_>, text: &str) -> Result<String, PictureError> {
    let [x, y, width, height] = numbers(node, "data-box")?;
    let text_box = TextBox { x, y, width, height };
    let anchor = match node.attribute("data-anchor") {
        None => Anchor::Top,
        Some("middle") => Anchor::Middle,
        Some("bottom") => Anchor::Bottom,
        Some(other) => return Err(wrong(format!("data-anchor is \"{other}\""))),
    };
    let ([largest], [least]) = (numbers(node, "font-size")?, numbers(node, "data-least")?);
    let setting = typeset::set(text, text_box, Style { weight: weight(node)?, largest, least });
    let id = node.range().start;
    Ok(format!(
        concat!(
            r#"<clipPath id="room-{}"><rect x="{}" y="{}" width="{}" height="{}"/></clipPath>"#,
            r#"<path{} clip-path="url(#room-{})" d="{}"/>"#
        ),
        id,
        text_box.x - BEARING,
        text_box.y,
        text_box.width + 2.0 * BEARING,
        text_box.height,
        attributes(node, TEXT_ATTRIBUTES),
        id,
        setting.path(text_box, anchor)
    ))
}

/// A `<text>` at its own place and size.
fn label(node: Node<'_, '_>, text: &str) -> Result<String, PictureError> {
    let ([x], [y], [size]) =
        (numbers(node, "x")?, numbers(node, "y")?, numbers(node, "font-size")?);
    let line = Line::new(text, weight(node)?);
    let left: f32 = match node.attribute("text-anchor") {
        None => x,
        Some("middle") => x - line.width() * size / 2.0,
        Some(other) => return Err(wrong(format!("text-anchor is \"{other}\""))),
    };
    Ok(format!(r#"<path{} d="{}"/>"#, attributes(node, TEXT_ATTRIBUTES), line.path(left, y, size)))
}

/// What a text's outlines have no more use for.
const TEXT_ATTRIBUTES: &[&str] = &["x", "y", "font-size", "font-weight", "text-anchor"];

fn weight(node: Node<'_, '_>) -> Result<Weight, PictureError> {
    match node.attribute("font-weight") {
        None => Ok(Weight::Regular),
        Some("bold") => Ok(Weight::Bold),
        Some(other) => Err(wrong(format!("font-weight is \"{other}\""))),
    }
}

/// Puts values for `{{fields}}`.
fn substitute(content: &str, fields: &Fields) -> Result<String, PictureError> {
    let mut words = String::new();
    let mut rest = content.trim();
    while let Some((before, field)) = rest.split_once("{{") {
        let (name, after) = field.split_once("}}").ok_or_else(|| wrong("a {{ has no }}"))?;
        let (_, value) = fields
            .iter()
            .find(|(known, _)| *known == name.trim())
            .ok_or_else(|| wrong(format!("it names an unknown field, {name}")))?;
        words.push_str(before);
        words.push_str(value);
        rest = after;
    }
    words.push_str(rest);
    Ok(words)
}

/// The element's attributes, without those of the template's own language and without `left_out`.
fn attributes(node: Node<'_, '_>, left_out: &[&str]) -> String {
    let mut written = String::new();
    for attribute in node.attributes() {
        let name = attribute.name();
        if !name.starts_with("data-") && !left_out.contains(&name) {
            // Writing into a String cannot fail.
            let _ = write!(written, " {name}=\"{}\"", escape(attribute.value()));
        }
    }
    written
}

/// The attribute's value as exactly `N` numbers, separated by spaces.
fn numbers<T: std::str::FromStr, const N: usize>(
    node: Node<'_, '_>,
    name: &str,
) -> Result<[T; N], PictureError> {
    let value = node.attribute(name).unwrap_or_default();
    let parsed: Option<Vec<T>> =
        value.split_whitespace().map(|number| number.parse().ok()).collect();
    parsed.and_then(|numbers| <[T; N]>::try_from(numbers).ok()).ok_or_else(|| {
        let element = node.tag_name().name();
        wrong(format!("{name}=\"{value}\" of a {element} should be {N} numbers"))
    })
}

fn wrong(problem: impl Into<String>) -> PictureError {
    PictureError::Template(problem.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(inside: &str, name: &str) -> Result<Page, PictureError> {
        let template = format!(r#"<svg xmlns="{SVG}" viewBox="0 0 500 300">{inside}</svg>"#);
        fill(&template, &[("name", name.to_owned())], &Symbol::new("VS1:0")?)
    }

    const CODE: &str = r#"<path data-qr="0 0 200"/>"#;

    #[test]
    fn values_are_words_and_never_markup_or_fields() {
        let text =
            r#"<text font-size="20" data-least="10" data-box="0 200 300 50">To {{name}}</text>"#;
        let page = filled(&format!("{text}{CODE}"), "<b>{{name}}</b>").unwrap();
        assert_eq!(page.words, "To <b>{{name}}</b>");
        assert!(!page.content.contains("<b>"));
    }

    #[test]
    fn all_else_in_a_template_stays_as_it_is() {
        let page = filled(&format!("<circle r=\"5\"/> {CODE}<!-- end -->"), "").unwrap();
        assert!(page.content.starts_with("<circle r=\"5\"/> <path shape-rendering"));
        assert!(page.content.ends_with("<!-- end -->"));
    }

    #[test]
    fn a_mistake_in_a_template_is_named() {
        let box_of = |more: &str| format!("<text {more}>{{{{name}}}}</text>{CODE}");
        for (inside, words) in [
            (String::new(), "empty"),
            ("<g/>".to_owned(), "data-qr"),
            (r#"<path data-qr="1 2"/>"#.to_owned(), "3 numbers"),
            (r#"<path data-qr="0 0 9"/>"#.to_owned(), "data-qr"),
            (format!("<text>{{{{nobody}}}}</text>{CODE}"), "nobody"),
            (format!("<text>{{{{name</text>{CODE}"), "}}"),
            (box_of(r#"x="1" y="2""#), "font-size"),
            (box_of(r#"data-box="0 0 9" font-size="9""#), "4 numbers"),
            (box_of(r#"data-box="0 0 9 9" font-size="9""#), "data-least"),
            (box_of(r#"x="1" y="2" font-size="9" font-weight="700""#), "font-weight"),
            ("<g>".to_owned(), "tag"),
        ] {
            match filled(&inside, "Ana") {
                Err(PictureError::Template(problem)) => {
                    assert!(problem.contains(words), "{inside}: {problem}");
                }
                Err(other) => panic!("{inside}: {other}"),
                Ok(_) => panic!("{inside} was taken"),
            }
        }
    }
}
