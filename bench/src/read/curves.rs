//! How many damaged prints are read, by how bad they are: from one frame, from any of ten, and from ten together.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use csv::{ReaderBuilder, Writer, WriterBuilder};
use image::GrayImage;
use prints::{Frame, Print, Severity};
use scan::{Content, Luma, Stream, Symbol};
use serde::{Deserialize, Serialize};

use super::frames::Picture;
use super::readers;

/// Frames of each print.
pub(crate) const FRAMES: u32 = 10;
/// The first seed: none that tests use, or that readers were mended with.
const FIRST_SEED: u64 = 100_000;

/// What was read of the prints of one severity.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
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
    fn add(&mut self, attempts: &Attempts) {
        self.prints += 1;
        self.one += usize::from(attempts.one);
        self.any += usize::from(attempts.any);
        self.together += usize::from(attempts.together);
        self.theirs += usize::from(attempts.theirs);
        self.false_reads += attempts.false_reads;
    }

    pub(crate) fn share(&self, count: usize) -> f64 {
        count as f64 / self.prints as f64
    }
}

/// What was read of one print; the counts of [`Tally`], for one.
#[derive(Default, Serialize, Deserialize)]
struct Attempts {
    severity: usize,
    seed: u64,
    one: bool,
    any: bool,
    together: bool,
    theirs: bool,
    false_reads: usize,
}

/// The tally of each severity, from the least on, with so many prints each. Those that `kept` tells of are not tried
/// again, and it is told of all others, so that what takes hours can go on where it was interrupted.
pub(crate) fn measured(prints: u64, kept: Option<&Path>) -> Vec<Tally> {
    let severities: Vec<Severity> = Severity::all().collect();
    let mut tallies = vec![Tally::default(); severities.len()];
    let mut known = HashSet::new();
    let seeds = FIRST_SEED..FIRST_SEED + prints;
    for attempts in kept.map(read_kept).unwrap_or_default() {
        if seeds.contains(&attempts.seed) && known.insert((attempts.severity, attempts.seed)) {
            tallies[attempts.severity].add(&attempts);
        }
    }
    let (seeds, known) = (&seeds, &known);
    let all = seeds.clone().flat_map(|seed| (0..severities.len()).map(move |level| (level, seed)));
    let left: Vec<(usize, u64)> = all.filter(|print| !known.contains(print)).collect();
    let results = Mutex::new((tallies, kept.map(writer)));
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(&(severity, seed)) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
            let attempts = attempts(&Print::new(seed, severities[severity]));
            let attempts = Attempts { severity, seed, ..attempts };
            let (tallies, kept) = &mut *results.lock().unwrap();
            tallies[severity].add(&attempts);
            if let Some(kept) = kept {
                kept.serialize(&attempts).unwrap();
                kept.flush().unwrap();
            }
        }
    };
    thread::scope(|scope| {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        (0..processors).for_each(|_| {
            scope.spawn(work);
        });
    });
    results.into_inner().unwrap().0
}

fn read_kept(file: &Path) -> Vec<Attempts> {
    let reader = ReaderBuilder::new().has_headers(false).from_path(file);
    reader.map(|rows| rows.into_deserialize().map(Result::unwrap).collect()).unwrap_or_default()
}

fn writer(file: &Path) -> Writer<std::fs::File> {
    let file = OpenOptions::new().create(true).append(true).open(file).unwrap();
    WriterBuilder::new().has_headers(false).from_writer(file)
}

fn attempts(print: &Print) -> Attempts {
    let mut attempts = Attempts::default();
    let mut stream = Stream::new();
    for index in 0..FRAMES {
        let frame = print.frame(index);
        let luma = Luma::new(&frame.pixels, frame.width, frame.height, frame.width).unwrap();
        if !attempts.any && judged(&scan::read(&luma), print, &mut attempts) {
            attempts.any = true;
            attempts.one = index == 0;
        }
        attempts.together = attempts.together || judged(&stream.read(&luma), print, &mut attempts);
        attempts.theirs = attempts.theirs || zxing_cpp_reads(frame, print);
        if attempts.any && attempts.together && attempts.theirs {
            break;
        }
    }
    attempts
}

/// Whether symbols say what the print says; what else they say is false.
fn judged(symbols: &[Symbol], print: &Print, attempts: &mut Attempts) -> bool {
    let is_right =
        |symbol: &&Symbol| matches!(&symbol.content, Content::Text(text) if text == print.text());
    let right = symbols.iter().filter(is_right).count();
    attempts.false_reads += symbols.len() - right;
    right > 0
}

fn zxing_cpp_reads(frame: Frame, print: &Print) -> bool {
    let says = print.text().as_bytes().to_vec();
    let pixels = GrayImage::from_raw(frame.width, frame.height, frame.pixels).unwrap();
    let picture = Picture { name: String::new(), says, pixels };
    readers::zxing_cpp(&picture, 255).iter().any(|decoded| decoded.is(&picture.says))
}
