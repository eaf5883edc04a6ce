//! Timing patterns: how many modules a symbol has, how much nearer one side is, and how far the paper is bowed.

use crate::matching::level;
use crate::plane::Plane;
use crate::symbol::Point;

/// The strongest perspective: how much further one finder pattern may be than another, as a logarithm.
const MAX_NEARER: f32 = 0.36;
/// How much the middle of a timing pattern may be off the line between its ends, in sides.
const MAX_BOW: f32 = 0.035;

/// How a timing pattern lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// How far beyond chance it is to be one, in standard deviations, less what strong perspective and bows cost.
    pub(crate) score: f32,
    /// How far the finder pattern at its start is, as a multiple of how far the one at its end is.
    pub(crate) nearer: f32,
    /// How far its middle is off the line, in modules towards the inside.
    pub(crate) bow: f32,
}

impl Timing {
    /// The timing pattern of a symbol of `side` modules from the finder pattern `start` to the one at `end`; `inside`
    /// is the third one.
    pub(crate) fn best(
        picture: &Plane,
        side: usize,
        start: Point,
        end: Point,
        inside: Point,
    ) -> Self {
        let modules = side as f32;
        let coarse = Self { score: f32::MIN, nearer: 1.0, bow: 0.0 };
        let line = Line { picture, side, start, end, inside };
        let coarse = line.best(coarse, (MAX_NEARER, 2.0 / modules), (MAX_BOW * modules, 0.8));
        line.best(coarse, (1.0 / modules, 0.5 / modules), (0.4, 0.2))
    }
}

struct Line<'a> {
    picture: &'a Plane<'a>,
    side: usize,
    start: Point,
    end: Point,
    inside: Point,
}

impl Line<'_> {
    /// The best around another, within a reach and in steps, of the logarithm of `nearer` and of the bow.
    fn best(&self, around: Timing, nearer: (f32, f32), bow: (f32, f32)) -> Timing {
        let steps = |(reach, step): (f32, f32)| {
            let count = (reach / step) as i32;
            (-count..=count).map(move |index| index as f32 * step)
        };
        let mut best = around;
        for nearer in steps(nearer) {
            let nearer = around.nearer * nearer.exp();
            for bow in steps(bow) {
                let bow = around.bow + bow;
                let unlikely =
                    (nearer.ln() / 0.2).powi(2) + (bow / (0.03 * self.side as f32)).powi(2);
                let score = self.alternation(nearer, bow) - 0.5 * unlikely;
                if score > best.score {
                    best = Timing { score, nearer, bow };
                }
            }
        }
        best
    }

    /// How much modules take turns between dark and light, in standard deviations from what chance gives.
    fn alternation(&self, nearer: f32, bow: f32) -> f32 {
        let between = self.side as f32 - 7.0;
        let (mut product, mut squares) = (0.0, 0.0);
        let mut before = None;
        for along in 7..self.side - 7 {
            let s = (along as f32 - 3.0) / between;
            let t = (3.0 + 4.0 * bow * s * (1.0 - s)) / between;
            let weights = [1.0 - s - t, s * nearer, t];
            let whole = weights[0] + weights[1] + weights[2];
            let mean =
                |a: f32, b: f32, c: f32| (weights[0] * a + weights[1] * b + weights[2] * c) / whole;
            let x = mean(self.start.x, self.end.x, self.inside.x);
            let y = mean(self.start.y, self.end.y, self.inside.y);
            let light = level(self.picture, x, y);
            if let Some(before) = before.replace(light) {
                // Steps from one module to the next do not see slow shade.
                let step: f32 = light - before;
                product += if along % 2 == 0 { -step } else { step };
                squares += step * step;
            }
        }
        if squares < 1.0 { 0.0 } else { product / squares.sqrt() }
    }
}
