//! Letters as outlines: which font has a character, how a line is shaped and ordered, and the path
//! it makes.
//!
//! The fonts are part of the program and no other font is ever used, so a line is as wide, and
//! looks the same, everywhere.

use harfrust::{Direction, ShapeOptions, ShaperData, UnicodeBuffer};
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use std::fmt::Write;
use std::ops::Range;
use std::sync::OnceLock;
use unicode_bidi::BidiInfo;

/// Every script there is on a picture, regular and, where there is one, bold. A character is looked
/// for in this order.
const FONTS: &[(&[u8], Option<&[u8]>)] = &[
    (
        include_bytes!("../../../assets/fonts/NotoSans-Regular.ttf"),
        Some(include_bytes!("../../../assets/fonts/NotoSans-Bold.ttf")),
    ),
    (
        include_bytes!("../../../assets/fonts/NotoSansArabic-Regular.ttf"),
        Some(include_bytes!("../../../assets/fonts/NotoSansArabic-Bold.ttf")),
    ),
    (include_bytes!("../../../assets/fonts/NotoSansBengali-Regular.ttf"), None),
    (include_bytes!("../../../assets/fonts/NotoSansDevanagari-Regular.ttf"), None),
    (include_bytes!("../../../assets/fonts/NotoSansEthiopic-Regular.ttf"), None),
    (include_bytes!("../../../assets/fonts/NotoSansKhmer-Regular.ttf"), None),
    (include_bytes!("../../../assets/fonts/NotoSansLao-Regular.ttf"), None),
    (include_bytes!("../../../assets/fonts/NotoSansMyanmar-Regular.ttf"), None),
    (include_bytes!("../../../assets/fonts/NotoSansSinhala-Regular.ttf"), None),
    (include_bytes!("../../../assets/fonts/NotoSansTamil-Regular.ttf"), None),
    (include_bytes!("../../../assets/fonts/NotoSansThai-Regular.ttf"), None),
];

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A line of text, shaped: its glyphs from left to right. Lengths are in sizes of the font.
pub(super) struct Line {
    glyphs: Vec<Glyph>,
    width: f32,
}

struct Glyph {
    face: &'static Face,
    id: GlyphId,
    x: f32,
    y: f32,
}

/// One font file, made ready.
struct Face {
    font: FontRef<'static>,
    characters: Charmap<'static>,
    shaping: ShaperData,
    units_per_em: f32,
}

/// The regular and the bold face of a script.
struct Family {
    regular: Face,
    bold: Option<Face>,
}

impl Line {
    /// Shapes `text`, a single line, in its order of reading: from the right if its first letter is
    /// written so.
    pub(super) fn new(text: &str, weight: Weight) -> Self {
        let mut line = Line { glyphs: Vec::new(), width: 0.0 };
        let bidi = BidiInfo::new(text, None);
        for paragraph in &bidi.paragraphs {
            let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for run in runs {
                let from_right = levels[run.start].is_rtl();
                let mut parts = by_family(&text[run.clone()]);
                if from_right {
                    parts.reverse();
                }
                for (part, family) in parts {
                    let text = &text[run.start + part.start..run.start + part.end];
                    line.push(text, family.face(weight), from_right);
                }
            }
        }
        line
    }

    /// From the start of the first glyph to the end of the last.
    pub(super) fn width(&self) -> f32 {
        self.width
    }

    /// SVG path data with the baseline's left end at (`x`, `y`) and letters of `size`.
    pub(super) fn path(&self, x: f32, y: f32, size: f32) -> String {
        let mut path = String::new();
        for glyph in &self.glyphs {
            let mut pen = PathPen {
                path: &mut path,
                x: x + glyph.x * size,
                y: y - glyph.y * size,
                scale: size / glyph.face.units_per_em,
            };
            if let Some(outline) = glyph.face.font.outline_glyphs().get(glyph.id) {
                // An outline that the font gives wrongly is left out; the bundled fonts have none.
                let _ = outline.draw(
                    DrawSettings::unhinted(Size::unscaled(), LocationRef::default()),
                    &mut pen,
                );
            }
        }
        path
    }

    fn push(&mut self, text: &str, face: &'static Face, from_right: bool) {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.set_direction(if from_right {
            Direction::RightToLeft
        } else {
            Direction::LeftToRight
        });
        buffer.guess_segment_properties();
        let shaped = face.shaping.shaper(&face.font).build().shape(buffer, ShapeOptions::new());
        for (info, position) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
            let ems = |units: i32| units as f32 / face.units_per_em;
            self.glyphs.push(Glyph {
                face,
                id: GlyphId::new(info.glyph_id),
                x: self.width + ems(position.x_offset),
                y: ems(position.y_offset),
            });
            self.width += ems(position.x_advance);
        }
    }
}

/// Parts of `text` with the family that has their characters. Spaces, digits, signs and marks stay
/// with the letters before them where that family has them. What none has goes to the first, which
/// draws it as an empty box.
fn by_family(text: &str) -> Vec<(Range<usize>, &'static Family)> {
    let families = families();
    let mut parts: Vec<(Range<usize>, usize)> = Vec::new();
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        let before = parts.last().map(|(_, family)| *family);
        let has = |family: &Family| family.regular.characters.map(character).is_some();
        let family = match before {
            Some(before) if is_joiner(character) => before,
            Some(before) if !character.is_alphabetic() && has(&families[before]) => before,
            _ => families.iter().position(has).unwrap_or(0),
        };
        match parts.last_mut() {
            Some((range, last)) if *last == family => range.end = end,
            _ => parts.push((at..end, family)),
        }
    }
    parts.into_iter().map(|(range, family)| (range, &families[family])).collect()
}

/// Joiners and variation selectors: they say how their neighbours look and have no look of their
/// own.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

fn families() -> &'static [Family] {
    static FAMILIES: OnceLock<Vec<Family>> = OnceLock::new();
    FAMILIES.get_or_init(|| {
        let family = |&(regular, bold): &(&'static [u8], Option<&'static [u8]>)| {
            Some(Family { regular: Face::new(regular)?, bold: bold.and_then(Face::new) })
        };
        FONTS.iter().filter_map(family).collect()
    })
}

impl Family {
    fn face(&self, weight: Weight) -> &Face {
        match (weight, &self.bold) {
            (Weight::Bold, Some(bold)) => bold,
            _ => &self.regular,
        }
    }
}

impl Face {
    fn new(file: &'static [u8]) -> Option<Self> {
        let font = FontRef::new(file).ok()?;
        let units_per_em =
            f32::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
        Some(Face {
            characters: font.charmap(),
            shaping: ShaperData::new(&font),
            font,
            units_per_em,
        })
    }
}

/// Writes a glyph's outline, whose y grows upwards, as SVG path data.
struct PathPen<'a> {
    path: &'a mut String,
    x: f32,
    y: f32,
    scale: f32,
}

impl PathPen<'_> {
    fn command(&mut self, command: char, points: &[(f32, f32)]) {
        self.path.push(command);
        for (index, (x, y)) in points.iter().enumerate() {
            let hundredths = |length: f32| (length * 100.0).round() / 100.0;
            let (x, y) = (hundredths(self.x + x * self.scale), hundredths(self.y - y * self.scale));
            // Writing into a String cannot fail.
            let _ = write!(self.path, "{}{x} {y}", if index == 0 { "" } else { " " });
        }
    }
}

impl OutlinePen for PathPen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.command('M', &[(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.command('L', &[(x, y)]);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.command('Q', &[(cx, cy), (x, y)]);
    }

    fn curve_to(&mut self, c0x: f32, c0y: f32, c1x: f32, c1y: f32, x: f32, y: f32) {
        self.command('C', &[(c0x, c0y), (c1x, c1y), (x, y)]);
    }

    fn close(&mut self) {
        self.path.push('Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_font_is_read() {
        assert_eq!(families().len(), FONTS.len());
        assert_eq!(families().iter().filter(|family| family.bold.is_some()).count(), 2);
    }

    #[test]
    fn every_script_of_the_fonts_is_drawn_with_its_own_letters() {
        for text in [
            "Nguyễn Ọlá Ɓaba",
            "Ελένη",
            "Иван",
            "محمد",
            "কমল",
            "गीता",
            "አበበ",
            "សុខា",
            "ສີດາ",
            "အောင်",
            "නිමල්",
            "கமலா",
            "สมชาย",
        ] {
            let line = Line::new(text, Weight::Bold);
            assert!(line.glyphs.iter().all(|glyph| glyph.id != GlyphId::NOTDEF), "{text}");
            assert!(!line.path(0.0, 0.0, 10.0).is_empty(), "{text}");
        }
    }

    #[test]
    fn scripts_in_one_line_each_keep_their_letters() {
        let line = Line::new("Ana សុខា สมชาย ක්‍ෂ (محمد) 12/3 प्रधान", Weight::Regular);
        assert!(line.glyphs.iter().all(|glyph| glyph.id != GlyphId::NOTDEF));
    }

    #[test]
    fn a_character_of_no_font_leaves_a_visible_box() {
        let line = Line::new("李", Weight::Regular);
        assert!(line.width() > 0.0);
        assert!(!line.path(0.0, 0.0, 10.0).is_empty());
    }

    #[test]
    fn a_line_that_begins_from_the_right_is_ordered_from_the_right() {
        let ends_left = |text: &str| {
            let line = Line::new(text, Weight::Regular);
            let digit = Line::new("7", Weight::Regular).glyphs[0].id;
            line.glyphs.iter().position(|glyph| glyph.id == digit)
        };
        assert_eq!(ends_left("محمد 7"), Some(0));
        assert_eq!(ends_left("7 Ana"), Some(0));
        assert!(ends_left("Ana محمد 7") > Some(3));
    }
}
