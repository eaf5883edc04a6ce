//! Frames of a camera, one after the other: what no frame gives alone comes out of several.

use crate::decoder::Decoded;
use crate::finder_correlation;
use crate::frame::Luma;
use crate::grid::Grid;
use crate::layout::Layout;
use crate::locate::{Located, locate, locate_again, locate_where_it_was, resettled};
use crate::plane::Plane;
use crate::reader;
use crate::soft_accumulator::SoftAccumulator;
use crate::soft_decoder::{Llrs, decode};
use crate::symbol::{Point, Symbol};

/// The most symbols that are accumulated at a time. Each takes some twelve bytes a module.
const MAX_TRACKS: usize = 3;
/// Frames without a sign of it after which a symbol is forgotten: a second of a camera's.
const PATIENCE: u32 = 30;
/// The most pixels that are searched; a larger frame is made smaller first.
const MAX_AREA: usize = 2_200_000;
/// How much must speak for one symbol, or against it, before frames are taken to show the same or another: the
/// logarithm of the odds.
const SURE: f64 = 12.0;
/// The most pictures that are kept added up, so that new frames can always overrule old ones.
const MAX_PICTURES: f32 = 24.0;

/// Reads the frames of a camera as they come.
///
/// A symbol that one frame gives is told at once. Of a symbol that was located and could not be read, the stream keeps
/// the log-likelihood ratios of its modules, adds what later frames say, and tells the symbol as soon as all of it
/// together can be decoded for certain. Frames may come at any pace.
///
/// What is added up is of one symbol only: frames that do not agree with what is kept, beyond what chance explains,
/// begin anew. Memory stays below a megabyte however many frames come, beside the picture being read.
#[derive(Debug, Default)]
pub struct Stream {
    tracks: Vec<Track>,
    /// Frames so far; they may go round.
    now: u32,
}

/// What is known of one symbol that was not read yet.
#[derive(Debug)]
struct Track {
    layout: Layout,
    /// Where it was seen last.
    grid: Grid,
    accumulator: SoftAccumulator,
    /// What the accumulator makes of each module.
    llrs: Llrs,
    last_seen: u32,
}

/// Whether a frame and a track are of one symbol (data association).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Association {
    Same,
    Other,
    Unclear,
}

impl Stream {
    /// A stream that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next frame, and tells the symbols that it gave, alone or with those before it. Corners are in the
    /// pixels of this frame.
    ///
    /// Ends in bounded time and never panics, whatever the pixels.
    pub fn read(&mut self, frame: &Luma) -> Vec<Symbol> {
        self.now = self.now.wrapping_add(1);
        self.tracks.retain(|track| self.now.wrapping_sub(track.last_seen) <= PATIENCE);
        let symbols = reader::decode_fast(frame);
        if !symbols.is_empty() {
            return symbols;
        }
        // A symbol reads the same whichever way round it lies, so the rows are read as they lie in memory.
        let (unturned, turn) = frame.unturned();
        let given = Plane::of(&unturned);
        let picture = given.shrunk_to(MAX_AREA).unwrap_or(given);
        let mut symbols = self.gather(&picture);
        if symbols.is_empty() {
            return reader::decode_retry(frame, self.now);
        }
        for corner in symbols.iter_mut().flat_map(|symbol| &mut symbol.corners) {
            let place = Point { x: corner.x * picture.scale(), y: corner.y * picture.scale() };
            *corner = turn.turned(place, unturned.width(), unturned.height());
        }
        symbols
    }

    /// Adds what a picture says of the symbols that it shows, and tells those that are certain by that.
    fn gather(&mut self, picture: &Plane) -> Vec<Symbol> {
        let candidates = finder_correlation::find(picture);
        let mut is_clear = false;
        let mut symbols = self.follow(picture, |track| {
            let located = locate_again(picture, &candidates, &track.layout, &track.grid)?;
            is_clear |= located.is_clear;
            Some(located)
        });
        if is_clear || !symbols.is_empty() {
            return symbols;
        }
        for located in locate(picture, &candidates) {
            if let Some(track) = self.track_of(&located) {
                symbols.extend(track.add(picture, located));
            }
        }
        if !self.tracks.iter().any(|track| track.last_seen == self.now) {
            symbols = self
                .follow(picture, |track| locate_where_it_was(picture, &track.layout, &track.grid));
        }
        symbols
    }

    /// Adds to each track what this picture shows of it, if `located` tells where and it is the same symbol.
    fn follow(
        &mut self,
        picture: &Plane,
        mut located: impl FnMut(&Track) -> Option<Located>,
    ) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        for track in &mut self.tracks {
            let same = located(track).filter(|located| {
                track.association(&located.layout, &located.llrs()) == Association::Same
            });
            if let Some(located) = same {
                track.last_seen = self.now;
                symbols.extend(track.add(picture, located));
            }
        }
        symbols
    }

    /// The track that a frame belongs to: one of the same symbol, or a new one. `None` if that cannot be told, or if
    /// this picture is in there already.
    fn track_of(&mut self, located: &Located) -> Option<&mut Track> {
        let Located { layout, grid, .. } = located;
        let llrs = located.llrs();
        let mut unclear = None;
        for index in 0..self.tracks.len() {
            match self.tracks[index].association(layout, &llrs) {
                Association::Same => {
                    let track = &mut self.tracks[index];
                    let is_new = track.last_seen != self.now;
                    track.last_seen = self.now;
                    return is_new.then_some(track);
                }
                Association::Unclear => unclear = Some(index),
                Association::Other => {}
            }
        }
        if let Some(index) = unclear {
            // One of them says too little. The one that says more stays.
            if self.tracks[index].llrs.knowledge() >= llrs.knowledge() {
                return None;
            }
            self.tracks.remove(index);
        }
        if self.tracks.len() == MAX_TRACKS {
            let oldest = (0..MAX_TRACKS)
                .max_by_key(|&index| self.now.wrapping_sub(self.tracks[index].last_seen))?;
            self.tracks.remove(oldest);
        }
        let side = layout.side();
        self.tracks.push(Track {
            layout: layout.clone(),
            grid: grid.clone(),
            accumulator: SoftAccumulator::none(side),
            llrs: Llrs::new(side, vec![0.0; side * side]),
            last_seen: self.now,
        });
        self.tracks.last_mut()
    }
}

impl Track {
    /// Adds what a picture says of this symbol, and decodes it if that is enough, all together or the picture alone.
    fn add(&mut self, picture: &Plane, located: Located) -> Option<Symbol> {
        let is_first = self.accumulator.pictures() == 0.0;
        let Located { grid, mut accumulator, .. } = located;
        self.grid = grid;
        let alone = accumulator.clone();
        if !is_first {
            self.grid = resettled(picture, &self.grid, &self.llrs);
            accumulator = SoftAccumulator::of(picture, &self.grid, &self.layout.known());
        }
        self.merge(&accumulator);
        let together = self.decode(&self.accumulator);
        let decoded = together.or_else(|| if is_first { None } else { self.decode(&alone) })?;
        let mut corners = self.grid.corners();
        if decoded.mirrored {
            corners.swap(1, 3);
        }
        Some(Symbol { content: decoded.content, corners })
    }

    fn merge(&mut self, accumulator: &SoftAccumulator) {
        self.accumulator.add(accumulator);
        let pictures = self.accumulator.pictures();
        if pictures > MAX_PICTURES {
            self.accumulator.faded(MAX_PICTURES / pictures);
        }
        self.llrs = self.accumulator.llrs(&self.layout.known());
    }

    fn decode(&self, accumulator: &SoftAccumulator) -> Option<Decoded> {
        decode(&self.layout, |known| accumulator.llrs(known))
    }

    /// Compares the data modules: if both show one symbol, two log-likelihood ratios have one sign more often than not;
    /// if they show two, they have it by chance.
    fn association(&self, layout: &Layout, llrs: &Llrs) -> Association {
        if layout.version() != self.layout.version() {
            return Association::Other;
        }
        let log_odds: f64 = layout
            .data()
            .iter()
            .map(|&place| {
                let belief = |llrs: &Llrs| f64::from(llrs.at(place) / 2.0).tanh();
                // Of the same bit with these odds, against two bits that have nothing to do with each other.
                (0.97 * belief(&self.llrs) * belief(llrs)).ln_1p()
            })
            .sum();
        match log_odds {
            log_odds if log_odds > SURE => Association::Same,
            log_odds if log_odds < -SURE => Association::Other,
            _ => Association::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Perspective;
    use proptest::prelude::*;

    /// A voucher: the darkness of its data modules.
    struct Voucher(Vec<bool>);

    /// Numbers from 0 to 1.
    fn random(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 24)
        }
    }

    fn grid(layout: &Layout, top: f32) -> Grid {
        let finders =
            [Point { x: 0.0, y: top }, Point { x: 99.0, y: top }, Point { x: 0.0, y: 99.0 + top }];
        Grid::flat(layout.side(), Perspective { finders, nearer: [1.0, 1.0] })
    }

    impl Voucher {
        fn new(layout: &Layout, random: &mut impl FnMut() -> f64) -> Self {
            Self(layout.data().iter().map(|_| random() < 0.5).collect())
        }

        /// Another one, which has this part of its modules in common as if both began alike.
        fn relative(&self, part: f64, random: &mut impl FnMut() -> f64) -> Self {
            let alike = (self.0.len() as f64 * part) as usize;
            Self(
                self.0
                    .iter()
                    .enumerate()
                    .map(|(index, &dark)| if index < alike { dark } else { random() < 0.5 })
                    .collect(),
            )
        }

        /// What a picture says of it with noise of this deviation, where a module is 1 or -1.
        fn located(
            &self,
            layout: &Layout,
            noise: f64,
            random: &mut impl FnMut() -> f64,
        ) -> Located {
            let side = layout.side();
            let mut darkness = layout.known();
            for (&(x, y), &dark) in layout.data().iter().zip(&self.0) {
                darkness[y * side + x] = if dark { 1.0 } else { -1.0 };
            }
            for dark in &mut darkness {
                let bell: f64 = (0..12).map(|_| random()).sum::<f64>() - 6.0;
                *dark += (noise * bell) as f32;
            }
            Located {
                layout: layout.clone(),
                grid: grid(layout, 0.0),
                accumulator: SoftAccumulator::apart(side, &darkness, (noise * noise) as f32),
                is_clear: true,
            }
        }
    }

    impl Stream {
        /// Adds what a picture says as it is, and gives the track that took it.
        fn accept(&mut self, located: &Located) -> Option<&mut Track> {
            self.now += 1;
            let track = self.track_of(located)?;
            track.merge(&located.accumulator);
            Some(track)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// However good or bad each picture is, and also where both begin alike as vouchers of one office do.
        #[test]
        fn frames_of_two_vouchers_never_meet_in_one_track(
            seed in any::<u64>(), version in 5_u32..=25, noises in [0.4..2.6, 0.4..2.6], part in 0.0..0.3,
            order in proptest::collection::vec(any::<bool>(), 2..16),
        ) {
            let layout = Layout::of(version).unwrap();
            let mut random = random(seed);
            let first = Voucher::new(&layout, &mut random);
            let second = first.relative(part, &mut random);
            let mut stream = Stream::new();
            for is_second in order {
                let (voucher, noise) = if is_second { (&second, noises[1]) } else { (&first, noises[0]) };
                let located = voucher.located(&layout, noise, &mut random);
                if let Some(track) = stream.accept(&located) {
                    let owner = f32::from(u8::from(is_second)) + 1.0;
                    // Where it was seen keeps whose it is.
                    let kept = track.grid.finders()[0].y;
                    prop_assert!(kept == 0.0 || kept == owner, "vouchers are mixed in one track");
                    track.grid = grid(&layout, owner);
                }
            }
        }

        #[test]
        fn pictures_of_one_voucher_that_say_something_meet(
            seed in any::<u64>(), version in 5_u32..=25, noise in 0.4..1.6, frames in 2_u32..10,
        ) {
            let layout = Layout::of(version).unwrap();
            let mut random = random(seed);
            let voucher = Voucher::new(&layout, &mut random);
            let mut stream = Stream::new();
            for _ in 0..frames {
                stream.accept(&voucher.located(&layout, noise, &mut random));
            }
            prop_assert_eq!(stream.tracks.len(), 1);
            prop_assert_eq!(stream.tracks[0].accumulator.pictures(), frames as f32);
        }
    }

    #[test]
    fn however_many_symbols_come_few_are_kept() {
        let mut random = random(5);
        let mut stream = Stream::new();
        for version in (5..=25).cycle().take(200) {
            let layout = Layout::of(version).unwrap();
            let voucher = Voucher::new(&layout, &mut random);
            stream.accept(&voucher.located(&layout, 0.6, &mut random));
            assert!(stream.tracks.len() <= MAX_TRACKS);
        }
    }

    #[test]
    fn a_symbol_that_is_not_seen_for_a_while_is_forgotten() {
        let mut random = random(6);
        let layout = Layout::of(5).unwrap();
        let mut stream = Stream::new();
        stream.accept(&Voucher::new(&layout, &mut random).located(&layout, 0.6, &mut random));
        let blank = [255; 64 * 64];
        for _ in 0..=PATIENCE {
            assert_eq!(stream.tracks.len(), 1);
            assert_eq!(stream.read(&Luma::new(&blank, 64, 64, 64).unwrap()), []);
        }
        assert!(stream.tracks.is_empty());
    }
}
