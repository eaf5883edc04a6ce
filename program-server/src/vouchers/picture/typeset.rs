//! Text layout: wraps and shrinks text until it fits its box.

use super::glyphs::{Line, Weight};
use std::borrow::Cow;

/// How far a line's letters reach above its baseline, in sizes of the font; below it, 0.3.
const ASCENT: f32 = 1.07;

/// From one baseline to the next, in sizes of the font.
const LEADING: f32 = 1.3;

/// A rectangle of a template, in its units.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextBox {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// Where lines stand in a text box that is higher than they need.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Top,
    Middle,
    Bottom,
}

/// How text may look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) weight: Weight,
    pub(super) largest: f32,
    pub(super) least: f32,
}

/// Lines that fit a text box at this size.
pub(super) struct Setting {
    size: f32,
    lines: Vec<Line>,
}

impl Setting {
    /// SVG path data of all lines.
    pub(super) fn path(&self, text_box: TextBox, anchor: Anchor) -> String {
        let spare = text_box.height - height(self.lines.len(), self.size);
        let top = text_box.y
            + match anchor {
                Anchor::Top => 0.0,
                Anchor::Middle => spare / 2.0,
                Anchor::Bottom => spare,
            };
        let baseline = |index: usize| top + (ASCENT + index as f32 * LEADING) * self.size;
        self.lines
            .iter()
            .enumerate()
            .map(|(index, line)| line.path(text_box.x, baseline(index), self.size))
            .collect()
    }
}

/// Of two settings, the one with fewer lines is taken if its size is at least this part of the
/// other's.
const WORTH_A_LINE: f32 = 0.8;

/// Sets `text` in `text_box`: about as large as it can be between the style's sizes, wrapped at spaces
/// into lines of like length. What does not fit at the least size is broken inside words, and at
/// last cut off with `…`. A line feed always begins a new line.
pub(super) fn set(text: &str, text_box: TextBox, style: Style) -> Setting {
    let words: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    let widths = measure_each(&words, style.weight);
    let space = space_width(style.weight);
    let fit = |size: f32| {
        let lines = wrap(&words, &widths, space, text_box.width / size)?;
        (height(lines.len(), size) <= text_box.height).then_some((size, lines.len()))
    };
    let Some((largest, _)) = sizes(style).find_map(fit) else {
        return narrow(
            &smallest(&words, text_box, style, space),
            style.least,
            text_box,
            style.weight,
        );
    };
    let (size, count) = sizes(style)
        .filter(|&size| size <= largest && size >= largest * WORTH_A_LINE)
        .filter_map(fit)
        .reduce(|best, next| if next.1 < best.1 { next } else { best })
        .unwrap_or((largest, usize::MAX));
    // The narrowest lines that are no more of them.
    let lines = (1..=100)
        .filter_map(|percent| {
            wrap(&words, &widths, space, text_box.width / size * percent as f32 / 100.0)
        })
        .find(|lines| lines.len() <= count)
        .unwrap_or_default();
    narrow(&lines, size, text_box, style.weight)
}

/// Lines at the least size, words broken where they must be, no more of them than the text box holds.
fn smallest(words: &[Vec<&str>], text_box: TextBox, style: Style, space: f32) -> Vec<String> {
    let size = style.least;
    let width = text_box.width / size;
    let pieces: Vec<Vec<&str>> = words
        .iter()
        .map(|line| line.iter().flat_map(|word| break_word(word, width, style.weight)).collect())
        .collect();
    let widths = measure_each(&pieces, style.weight);
    // Letters side by side can be wider than apart; `narrow` sees to that.
    let widest = widths.iter().flatten().copied().fold(width, f32::max);
    let mut lines = wrap(&pieces, &widths, space, widest).unwrap_or_default();
    while lines.len() > 1 && height(lines.len(), size) > text_box.height {
        lines.pop();
        if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('…')) {
            last.push('…');
        }
    }
    lines
}

/// The setting with its size lessened until the widest line, shaped as a whole, is no wider than
/// the text box.
fn narrow(lines: &[String], size: f32, text_box: TextBox, weight: Weight) -> Setting {
    let lines: Vec<Line> = lines.iter().map(|line| Line::new(line, weight)).collect();
    let width = lines.iter().map(Line::width).fold(0.0, f32::max);
    let largest = if width > 0.0 { text_box.width / width } else { f32::MAX };
    Setting { size: size.min(largest), lines }
}

/// The sizes to try, in whole units from the largest down.
fn sizes(style: Style) -> impl Iterator<Item = f32> {
    let steps = (style.largest - style.least).max(0.0) as usize;
    (0..=steps).map(move |step| style.largest - step as f32)
}

fn height(lines: usize, size: f32) -> f32 {
    size * (ASCENT + 0.3 + LEADING * lines.saturating_sub(1) as f32)
}

/// Fills lines of `width` with words, or nothing when one word alone is wider.
fn wrap(words: &[Vec<&str>], widths: &[Vec<f32>], space: f32, width: f32) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    for (words, widths) in words.iter().zip(widths) {
        let mut line = String::new();
        let mut used = 0.0;
        for (word, &word_width) in words.iter().zip(widths) {
            if word_width > width {
                return None;
            }
            if !line.is_empty() && used + space + word_width > width {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            if !line.is_empty() {
                line.push(' ');
                used += space;
            }
            line.push_str(word);
            used += word_width;
        }
        lines.push(line);
    }
    Some(lines)
}

/// Cuts a word into pieces about as wide as `width`, no mark apart from its letter.
fn break_word(word: &str, width: f32, weight: Weight) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut used) = (0, 0.0);
    for (at, character) in word.char_indices() {
        let character_width = Line::new(character.encode_utf8(&mut [0; 4]), weight).width();
        if character_width > 0.0 && used + character_width > width && at > start {
            pieces.push(&word[start..at]);
            (start, used) = (at, 0.0);
        }
        used += character_width;
    }
    pieces.push(&word[start..]);
    pieces
}

fn space_width(weight: Weight) -> f32 {
    Line::new("\u{a0}", weight).width()
}

fn measure_each(lines: &[Vec<&str>], weight: Weight) -> Vec<Vec<f32>> {
    lines
        .iter()
        .map(|words| words.iter().map(|word| Line::new(word, weight).width()).collect())
        .collect()
}

/// Text as XML content or as an attribute's value.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// One line of text for a picture: white space of any kind becomes single spaces; controls and
/// characters that turn the direction of writing by force, and could make an amount read backwards,
/// are left out.
pub(super) fn one_line(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|character| if character.is_whitespace() { ' ' } else { character })
        .filter(|&character| {
            !character.is_control()
                && !matches!(character,
                    '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
                    | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        })
        .collect();
    visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT_BOX: TextBox = TextBox { x: 0.0, y: 0.0, width: 800.0, height: 120.0 };
    const STYLE: Style = Style { weight: Weight::Regular, largest: 50.0, least: 20.0 };

    fn widest(setting: &Setting) -> f32 {
        setting.lines.iter().map(Line::width).fold(0.0, f32::max) * setting.size
    }

    #[test]
    fn short_words_stand_in_one_line_at_the_largest_size() {
        let setting = set("Maria Santos", TEXT_BOX, STYLE);
        assert_eq!((setting.lines.len(), setting.size), (1, 50.0));
    }

    #[test]
    fn a_last_word_is_not_left_alone_when_slightly_smaller_letters_keep_one_line() {
        let setting = set("Mercy Pharmacy in San Juan Laguna", TEXT_BOX, STYLE);
        assert_eq!(setting.lines.len(), 1);
        assert!(setting.size >= 50.0 * WORTH_A_LINE && setting.size < 50.0);
    }

    #[test]
    fn lines_are_of_like_length() {
        let setting = set("Maria Concepción de los Santos y Villanueva Reyes", TEXT_BOX, STYLE);
        let [first, second] = setting.lines.as_slice() else { panic!("two lines") };
        assert!((first.width() - second.width()).abs() < first.width() / 3.0);
    }

    #[test]
    fn what_no_size_fits_is_broken_and_cut_and_still_fits() {
        for text in ["W".repeat(300), "Maria de los Santos ".repeat(40).trim().to_owned()] {
            let setting = set(&text, TEXT_BOX, STYLE);
            assert!(widest(&setting) <= TEXT_BOX.width * 1.001);
            assert!(height(setting.lines.len(), setting.size) <= TEXT_BOX.height);
        }
    }

    #[test]
    fn one_line_keeps_joiners_and_drops_what_orders_or_hides() {
        assert_eq!(one_line(" a\n\tb\u{2028}c\u{0}\u{202e}d "), "a b cd");
        assert_eq!(one_line("ක්\u{200d}ෂ"), "ක්\u{200d}ෂ");
    }
}
