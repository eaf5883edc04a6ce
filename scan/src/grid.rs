//! From places of a symbol to places of a picture: a plane seen in perspective by three corners and how much nearer two
//! of them are, and a smooth shift on top of it for paper that is bent and lenses that are not straight.

use crate::linear::solved;
use crate::symbol::Point;

/// Terms of the shift: all products of powers of the two coordinates up to the third.
const TERMS: usize = 10;

/// A map from modules to pixels. Module coordinates run from 0 to the symbol's side; the middle of the first module is
/// (0.5, 0.5).
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    side: f64,
    perspective: Perspective,
    /// How far to go further in the symbol, in modules, by each term and each axis.
    shift: [[f64; 2]; TERMS],
}

/// A plane in perspective, by the middles of the finder patterns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Perspective {
    /// Top left, top right, bottom left.
    pub(crate) finders: [Point; 3],
    /// How far the top left is, as a multiple of how far the top right and the bottom left are.
    pub(crate) nearer: [f64; 2],
}

/// Where a part of the symbol was found to lie: at `from` plus `by`, both in modules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ControlPoint {
    pub(crate) from: [f64; 2],
    pub(crate) by: [f64; 2],
    pub(crate) weight: f64,
}

impl Grid {
    /// A flat symbol of `side` modules.
    pub(crate) fn flat(side: usize, perspective: Perspective) -> Self {
        Self { side: side as f64, perspective, shift: [[0.0; 2]; TERMS] }
    }

    /// Modules on each side.
    pub(crate) fn side(&self) -> usize {
        self.side as usize
    }

    /// The middles of the finder patterns: top left, top right, bottom left.
    pub(crate) fn finders(&self) -> [Point; 3] {
        let far = self.side - 3.5;
        [(3.5, 3.5), (far, 3.5), (3.5, far)].map(|(u, v)| self.place(u, v))
    }

    /// The same symbol held a little differently.
    pub(crate) fn with_finders(&self, finders: [Point; 3]) -> Self {
        // The shift at the finder patterns themselves is in the new places.
        let far = self.side - 3.5;
        let controls = [(3.5, 3.5), (far, 3.5), (3.5, far)].map(|(u, v)| {
            let [du, dv] = self.shift_at([u, v]);
            ControlPoint { from: [u, v], by: [-du, -dv], weight: 100.0 }
        });
        let perspective = Perspective { finders, ..self.perspective };
        Self { perspective, ..self.bent(&controls) }
    }

    /// The same with the top right and the bottom left nearer by these factors.
    pub(crate) fn nearer_by(&self, factors: [f64; 2]) -> Self {
        let [right, left] = self.perspective.nearer;
        let nearer = [right * factors[0], left * factors[1]];
        Self { perspective: Perspective { nearer, ..self.perspective }, ..self.clone() }
    }

    /// Pixels of a module at the middles of the finder patterns: top left, top right, bottom left.
    pub(crate) fn modules(&self) -> [f32; 3] {
        let far = self.side - 3.5;
        [(3.5, 3.5), (far, 3.5), (3.5, far)].map(|(u, v)| {
            let [here, right, down] =
                [(u, v), (u + 1.0, v), (u, v + 1.0)].map(|(u, v)| self.place(u, v));
            let apart = |there: Point| (there.x - here.x).hypot(there.y - here.y);
            apart(right).midpoint(apart(down))
        })
    }

    /// Bowed so that the middle of the upper edge's line lies `upper` modules further down, and the middle of the left
    /// edge's line `left` modules further right; lines beside them alike.
    pub(crate) fn bowed(&self, upper: f64, left: f64) -> Self {
        // 4 (1 + s) / 2 (1 - s) / 2, which is 1 in the middle and 0 at both ends.
        let mut bowed = self.clone();
        bowed.shift[0][1] += upper;
        bowed.shift[3][1] -= upper;
        bowed.shift[0][0] += left;
        bowed.shift[5][0] -= left;
        bowed
    }

    /// The pixel place of a place of the symbol.
    pub(crate) fn place(&self, u: f64, v: f64) -> Point {
        let [du, dv] = self.shift_at([u, v]);
        let between = |place: f64| (place - 3.5) / (self.side - 7.0);
        let (s, t) = (between(u + du), between(v + dv));
        let [a, b, c] = self.perspective.finders;
        let [nearer_b, nearer_c] = self.perspective.nearer;
        let weights = [1.0 - s - t, s * nearer_b, t * nearer_c];
        let whole: f64 = weights.iter().sum();
        let mean = |a: f32, b: f32, c: f32| {
            let [wa, wb, wc] = weights;
            ((wa * f64::from(a) + wb * f64::from(b) + wc * f64::from(c)) / whole) as f32
        };
        Point { x: mean(a.x, b.x, c.x), y: mean(a.y, b.y, c.y) }
    }

    /// The outer corners: top left, top right, bottom right, bottom left.
    pub(crate) fn corners(&self) -> [Point; 4] {
        let far = self.side;
        [(0.0, 0.0), (far, 0.0), (far, far), (0.0, far)].map(|(u, v)| self.place(u, v))
    }

    /// Shifted as the controls say, as far as they fit something smooth. The finder patterns alone fix what is
    /// straight, so that the fewer controls there are, the flatter the symbol stays.
    pub(crate) fn bent(&self, controls: &[ControlPoint]) -> Self {
        // What does not go with the rest counts little: half at this distance in modules.
        const ASTRAY: f64 = 0.4;
        let mut bent = self.bent_by(controls);
        for _ in 0..3 {
            let judged: Vec<ControlPoint> = controls
                .iter()
                .map(|control| {
                    let (was, is) = (self.shift_at(control.from), bent.shift_at(control.from));
                    let left = [0, 1].map(|axis| control.by[axis] - (is[axis] - was[axis]));
                    let astray = (left[0] * left[0] + left[1] * left[1]) / (ASTRAY * ASTRAY);
                    ControlPoint { weight: control.weight / (1.0 + astray), ..*control }
                })
                .collect();
            bent = self.bent_by(&judged);
        }
        bent
    }

    fn bent_by(&self, controls: &[ControlPoint]) -> Self {
        // How much weight of controls it takes to believe in a term: little for the lower ones.
        const STIFFNESS: [f64; TERMS] = [0.02, 0.02, 0.02, 0.05, 0.05, 0.05, 0.3, 0.3, 0.3, 0.3];
        let mut sums = [[0.0; TERMS + 2]; TERMS];
        for (term, row) in sums.iter_mut().enumerate() {
            row[term] = STIFFNESS[term];
        }
        for control in controls {
            let terms = self.terms(control.from);
            for (row, a) in sums.iter_mut().zip(terms) {
                for (sum, b) in row.iter_mut().zip(terms) {
                    *sum += control.weight * a * b;
                }
                row[TERMS] += control.weight * a * control.by[0];
                row[TERMS + 1] += control.weight * a * control.by[1];
            }
        }
        let mut bent = self.clone();
        if let Some(more) = solved(sums) {
            for (by, more) in bent.shift.iter_mut().zip(more) {
                by[0] += more[TERMS];
                by[1] += more[TERMS + 1];
            }
        }
        bent
    }

    fn shift_at(&self, place: [f64; 2]) -> [f64; 2] {
        let terms = self.terms(place);
        [0, 1].map(|axis| terms.iter().zip(&self.shift).map(|(term, by)| term * by[axis]).sum())
    }

    fn terms(&self, [u, v]: [f64; 2]) -> [f64; TERMS] {
        let (s, t) = (2.0 * u / self.side - 1.0, 2.0 * v / self.side - 1.0);
        [1.0, s, t, s * s, s * t, t * t, s * s * s, s * s * t, s * t * t, t * t * t]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(nearer: [f64; 2]) -> Grid {
        let point = |x, y| Point { x, y };
        let finders = [point(35.0, 35.0), point(335.0, 35.0), point(35.0, 335.0)];
        Grid::flat(37, Perspective { finders, nearer })
    }

    fn assert_near(found: Point, x: f32, y: f32) {
        assert!((found.x - x).hypot(found.y - y) < 0.15, "{found:?}, not {x}, {y}");
    }

    #[test]
    fn a_symbol_seen_straight_is_a_square() {
        let [top_left, _, bottom_right, _] = grid([1.0, 1.0]).corners();
        assert_near(top_left, 0.0, 0.0);
        assert_near(bottom_right, 370.0, 370.0);
    }

    #[test]
    fn a_side_that_is_nearer_is_longer_and_its_middle_is_further_off() {
        let grid = grid([1.25, 1.0]);
        assert_near(grid.place(3.5, 3.5), 35.0, 35.0);
        assert_near(grid.place(33.5, 3.5), 335.0, 35.0);
        // Half way on the paper lies beyond half way in the picture.
        assert!(grid.place(18.5, 3.5).x > 190.0);
    }

    #[test]
    fn controls_that_agree_on_a_bend_are_followed_between_them() {
        let flat = grid([1.0, 1.0]);
        let bend = |u: f64| (u - 18.5) * (u - 18.5) / 300.0;
        let controls = Vec::from_iter((0..25).map(|index| {
            let from = [f64::from(index % 5) * 9.0 + 0.5, f64::from(index / 5) * 9.0 + 0.5];
            ControlPoint { from, by: [0.0, bend(from[0])], weight: 1.0 }
        }));
        let bent = flat.bent(&controls);
        assert_near(bent.place(18.5, 18.5), 185.0, 185.0);
        assert_near(bent.place(32.0, 14.0), 320.0, 140.0 + 10.0 * bend(32.0) as f32);
    }
}
