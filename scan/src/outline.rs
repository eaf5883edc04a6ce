//! Where a symbol lies: four corners, compared with those of other attempts.

use crate::symbol::Point;

/// The corners of a symbol that was read or only located, in the order of [`crate::Symbol::corners`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outline(pub(crate) [Point; 4]);

impl Outline {
    /// Whether two outlines are of one symbol: the middles of both lie in the middle of each other, and neither is
    /// much larger. (Symbols inside symbols exist.)
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        let (area, other_area) = (self.area(), other.area());
        let (middle, other_middle) = (self.middle(), other.middle());
        let (dx, dy) = (middle.x - other_middle.x, middle.y - other_middle.y);
        let smaller = area.min(other_area);
        smaller > 0.0 && area.max(other_area) < 2.0 * smaller && dx * dx + dy * dy < smaller / 4.0
    }

    pub(crate) fn scaled(self, scale: f32) -> Self {
        Self(self.0.map(|corner| Point { x: corner.x * scale, y: corner.y * scale }))
    }

    fn middle(&self) -> Point {
        let mean = |coordinate: fn(&Point) -> f32| self.0.iter().map(coordinate).sum::<f32>() / 4.0;
        Point { x: mean(|point| point.x), y: mean(|point| point.y) }
    }

    /// In square pixels, whichever way round the corners go.
    fn area(&self) -> f32 {
        let [a, b, c, d] = self.0;
        let doubled = (c.x - a.x) * (d.y - b.y) - (d.x - b.x) * (c.y - a.y);
        doubled.abs() / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(left: f32, top: f32, side: f32) -> Outline {
        let point = |x, y| Point { x, y };
        Outline([
            point(left, top),
            point(left + side, top),
            point(left + side, top + side),
            point(left, top + side),
        ])
    }

    #[test]
    fn one_symbol_seen_twice_is_one_place_and_neighbours_and_nested_symbols_are_not() {
        let symbol = square(100.0, 100.0, 50.0);
        assert!(symbol.is_same_place(&square(103.0, 98.0, 47.0)));
        let mut mirrored = symbol;
        mirrored.0.swap(1, 3);
        assert!(symbol.is_same_place(&mirrored));
        assert!(!symbol.is_same_place(&square(152.0, 100.0, 50.0)));
        assert!(!symbol.is_same_place(&square(115.0, 115.0, 20.0)));
        assert!(!symbol.is_same_place(&Outline([Point { x: f32::NAN, y: 0.0 }; 4])));
    }
}
