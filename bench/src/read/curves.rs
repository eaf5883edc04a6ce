//! How many damaged prints are read, by how bad they are: from one frame, from any of ten, and from ten together.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use image::GrayImage;
use prints::{Frame, Print, Severity};
use scan::{Content, Luma, Stream, Symbol};

use super::frames::Picture;
use super::readers;

/// Frames of each print.
pub(crate) const FRAMES: u32 = 10;
/// The first seed: none that tests use, or that readers were mended with.
const FIRST_SEED: u64 = 100_000;

/// What was read of the prints of one severity.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Prints.
    pub(crate) prints: usize,
    /// Those that ours reads from the first frame.
    pub(crate) one: usize,
    /// Those that ours reads from one frame of ten at least, each by itself.
    pub(crate) any: usize,
    /// Those that ours reads from ten frames together.
    pub(crate) together: usize,
    /// Those that zxing-cpp reads from one frame of ten at least.
    pub(crate) theirs: usize,
    /// Texts that ours told and that no print says.
    pub(crate) false_reads: usize,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.prints += other.prints;
        self.one += other.one;
        self.any += other.any;
        self.together += other.together;
        self.theirs += other.theirs;
        self.false_reads += other.false_reads;
    }

    pub(crate) fn share(&self, count: usize) -> f64 {
        count as f64 / self.prints as f64
    }
}

/// The tally of each severity, from the least on, with so many prints each.
pub(crate) fn measured(prints: u64) -> Vec<Tally> {
    let severities: Vec<Severity> = Severity::all().collect();
    let tallies = Mutex::new(vec![Tally::default(); severities.len()]);
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (seed, place) = (index / severities.len(), index % severities.len());
            if seed as u64 >= prints {
                break;
            }
            let tally = tried(&Print::new(FIRST_SEED + seed as u64, severities[place]));
            tallies.lock().unwrap()[place].add(tally);
        }
    };
    thread::scope(|scope| {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        (0..processors).for_each(|_| {
            scope.spawn(work);
        });
    });
    tallies.into_inner().unwrap()
}

fn tried(print: &Print) -> Tally {
    let mut tally = Tally { prints: 1, ..Tally::default() };
    let mut stream = Stream::new();
    for index in 0..FRAMES {
        let frame = print.frame(index);
        let luma = Luma::new(&frame.pixels, frame.width, frame.height, frame.width).unwrap();
        if tally.any == 0 && judged(&scan::read(&luma), print, &mut tally) {
            tally.any = 1;
            tally.one = usize::from(index == 0);
        }
        if tally.together == 0 && judged(&stream.read(&luma), print, &mut tally) {
            tally.together = 1;
        }
        if tally.theirs == 0 && zxing_cpp_reads(frame, print) {
            tally.theirs = 1;
        }
        if tally.any + tally.together + tally.theirs == 3 {
            break;
        }
    }
    tally
}

/// Whether symbols say what the print says; what else they say is false.
fn judged(symbols: &[Symbol], print: &Print, tally: &mut Tally) -> bool {
    let is_right =
        |symbol: &&Symbol| matches!(&symbol.content, Content::Text(text) if text == print.text());
    let right = symbols.iter().filter(is_right).count();
    tally.false_reads += symbols.len() - right;
    right > 0
}

fn zxing_cpp_reads(frame: Frame, print: &Print) -> bool {
    let says = print.text().as_bytes().to_vec();
    let pixels = GrayImage::from_raw(frame.width, frame.height, frame.pixels).unwrap();
    let picture = Picture { name: String::new(), says, pixels };
    readers::zxing_cpp(&picture, 255).iter().any(|said| said.is(&picture.says))
}
