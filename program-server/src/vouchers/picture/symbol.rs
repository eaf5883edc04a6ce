//! QR symbols as one outline: dark areas without inner seams, every edge on a whole unit.

use super::PictureError;
use qrcode::{Color, EcLevel, QrCode};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Light modules that a reader needs on each side (ISO/IEC 18004).
const QUIET_ZONE: usize = 4;

/// A QR symbol at error correction M.
pub(super) struct Symbol {
    dark: Vec<bool>,
    width: usize,
}

/// A corner between modules: row, then column.
type Corner = (usize, usize);

impl Symbol {
    /// The smallest symbol that holds `text`. Base45 text is held in alphanumeric mode, 11 bits for
    /// two characters.
    pub(super) fn new(text: &str) -> Result<Self, PictureError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|_| PictureError::CodeTooLong { characters: text.chars().count() })?;
        let width = code.width();
        Ok(Symbol {
            dark: code.into_colors().into_iter().map(|color| color == Color::Dark).collect(),
            width,
        })
    }

    /// How many whole units a module can have so that symbol and quiet zone fit a square of `side`
    /// units.
    pub(super) fn module_size(&self, side: usize) -> usize {
        side / (self.width + 2 * QUIET_ZONE)
    }

    /// SVG path data of the dark areas, in the middle of a square of `side` units whose corner is
    /// (`x`, `y`).
    pub(super) fn outline(&self, x: usize, y: usize, side: usize) -> String {
        let module = self.module_size(side);
        let margin = (side - module * self.width) / 2;
        let place =
            |(row, column): Corner| (x + margin + column * module, y + margin + row * module);
        let mut path = String::new();
        for contour in self.contours() {
            for (index, &corner) in contour.iter().enumerate() {
                let (x, y) = place(corner);
                // Writing into a String cannot fail.
                let _ = write!(path, "{}{x} {y}", if index == 0 { 'M' } else { 'L' });
            }
            path.push('Z');
        }
        path
    }

    /// The edges between dark and light, joined into closed rings of corners with the dark on the
    /// right hand.
    fn contours(&self) -> Vec<Vec<Corner>> {
        let mut edges: BTreeMap<Corner, Vec<Corner>> = BTreeMap::new();
        for row in 0..self.width {
            for column in (0..self.width).filter(|&column| self.is_dark(row, Some(column))) {
                let (below, right) = (row + 1, column + 1);
                let mut edge = |from, to| edges.entry(from).or_default().push(to);
                if row == 0 || !self.is_dark(row - 1, Some(column)) {
                    edge((row, column), (row, right));
                }
                if !self.is_dark(row, Some(right)) {
                    edge((row, right), (below, right));
                }
                if !self.is_dark(below, Some(column)) {
                    edge((below, right), (below, column));
                }
                if !self.is_dark(row, column.checked_sub(1)) {
                    edge((below, column), (row, column));
                }
            }
        }
        let mut contours = Vec::new();
        while let Some((&start, _)) = edges.first_key_value() {
            let mut ring: Vec<Corner> = Vec::new();
            let mut at = start;
            while let Some(next) = take_edge(&mut edges, at) {
                let straight = match ring.last() {
                    Some(&before) => (before.0 == at.0) == (at.0 == next.0),
                    None => false,
                };
                if !straight {
                    ring.push(at);
                }
                at = next;
            }
            contours.push(ring);
        }
        contours
    }

    fn is_dark(&self, row: usize, column: Option<usize>) -> bool {
        column.is_some_and(|column| {
            row < self.width && column < self.width && self.dark[row * self.width + column]
        })
    }
}

/// Removes one edge that leaves `from` and says where it ends. Where two dark modules touch at a
/// corner there are two; either may go first, since a ring that crosses itself there encloses the
/// same area.
fn take_edge(edges: &mut BTreeMap<Corner, Vec<Corner>>, from: Corner) -> Option<Corner> {
    let ends = edges.get_mut(&from)?;
    let end = ends.pop();
    if ends.is_empty() {
        edges.remove(&from);
    }
    end
}
