//! Reading pictures, side by side with the readers that people use: zxing-cpp, rxing and rqrr.
//!
//! Photos come from folders (`N.png` with what it says in `N.txt` or `N.bin`); frames are drawn here, from seeds.

mod curves;
mod frames;
mod plot;
mod readers;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::measure::{Times, ratio, time};
use crate::memory;
use crate::report::{Goal, Line};
use curves::Tally;
use frames::Picture;
use readers::{Decoded, READERS, Reader};

/// How often each picture is read by each reader, after a first time that is not counted.
const ROUNDS: usize = 5;
/// A reader that took longer than this for a picture is timed once.
const PATIENCE: Duration = Duration::from_millis(200);
/// Frames that the allocator watches, and how often they are read.
const WATCHED: usize = 4;

pub(crate) fn run(folders: &[PathBuf]) -> Vec<Line> {
    let photos: Vec<Picture> = folders.iter().flat_map(|folder| photos(folder)).collect();
    let frames = frames::with_symbol();
    let prints = frames::damaged();
    let mut lines = Vec::new();
    for (kind, pictures) in [("photos", &photos), ("frames", &frames), ("prints", &prints)] {
        if pictures.is_empty() {
            continue;
        }
        let sides = Side::of_each(
            &READERS.iter().collect::<Vec<_>>(),
            &pictures.iter().collect::<Vec<_>>(),
        );
        lines.extend(tally(kind, pictures, &sides));
        lines.push(against(kind, "one symbol", &sides[0], &sides[2], Goal::AtMost(1.0)));
        lines.push(against(kind, "all symbols", &sides[1], &sides[3], Goal::None));
    }
    lines.extend(worst(&frames));
    lines.push(large());
    lines.push(growth(&frames));
    lines
}

/// How much of damaged prints is read, of so many for each severity. `kept` is where an interrupted run goes on; drawn into
/// the file `plot` if one is named.
pub(crate) fn run_prints(prints: u64, kept: Option<&Path>, plot: Option<&Path>) -> Vec<Line> {
    let tallies = curves::measured(prints, kept);
    if let Some(file) = plot {
        fs::write(file, plot::svg(&tallies)).unwrap();
    }
    let mut lines: Vec<Line> = tallies.iter().enumerate().map(of_severity).collect();
    let share = |count: fn(&Tally) -> usize| move |tally: &Tally| tally.share(count(tally));
    let (one, theirs) = (share(|tally| tally.one), share(|tally| tally.theirs));
    lines.extend(at(&tallies, 0.1, one).map(|(severity, together)| Line {
        benchmark: "prints",
        what: "read from ten frames together, where one frame is read 1 time in 10".to_owned(),
        ratio: together,
        goal: Goal::AtLeast(0.9),
        detail: format!("severity {severity:.2}"),
    }));
    lines.extend(at(&tallies, 0.3, theirs).map(|(severity, together)| {
        Line {
            benchmark: "prints",
            what: "read from ten frames together, where zxing-cpp reads one of ten 3 times in 10"
                .to_owned(),
            ratio: together,
            goal: Goal::AtLeast(0.8),
            detail: format!("severity {severity:.2}"),
        }
    }));
    let false_reads: usize = tallies.iter().map(|tally| tally.false_reads).sum();
    lines.push(Line {
        benchmark: "prints",
        what: "false reads of ours".to_owned(),
        ratio: false_reads as f64,
        goal: Goal::AtMost(0.0),
        detail: format!("{} prints, {} frames each", prints * tallies.len() as u64, curves::FRAMES),
    });
    lines
}

fn of_severity((severity, tally): (usize, &Tally)) -> Line {
    let Tally { prints, one, any, together, theirs, .. } = *tally;
    Line {
        benchmark: "prints",
        what: format!("severity {severity}: ten frames together ÷ all prints"),
        ratio: tally.share(together),
        goal: Goal::None,
        detail: format!(
            "of {prints}: ours together {together}, ours any of ten {any}, ours one frame {one}, \
             zxing-cpp any of ten {theirs}"
        ),
    }
}

/// The severity where a share falls to `level`, on the straight line between two that were measured, and what is read
/// from ten frames together there.
fn at(tallies: &[Tally], level: f64, share: impl Fn(&Tally) -> f64) -> Option<(f64, f64)> {
    let falls = |pair: &[Tally]| share(&pair[0]) > level && share(&pair[1]) <= level;
    let place = tallies.windows(2).position(falls)?;
    let [before, after] = [&tallies[place], &tallies[place + 1]];
    let part = (share(before) - level) / (share(before) - share(after));
    let [above, below] = [before, after].map(|tally| tally.share(tally.together));
    Some((place as f64 + part, above + part * (below - above)))
}

/// What one reader did with every picture.
struct Side {
    name: &'static str,
    verdicts: Vec<Verdict>,
    times: Vec<Times>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    /// It said something, and not what the picture says.
    False,
    Nothing,
}

impl Side {
    /// Of each reader, on the same pictures. They take turns, and so do the pictures, so that whatever else the machine
    /// does meets all alike.
    fn of_each(readers: &[&Reader], pictures: &[&Picture]) -> Vec<Self> {
        let first = |reader: &&Reader| Self {
            name: reader.name,
            verdicts: pictures
                .iter()
                .map(|picture| judge(&(reader.read)(picture), &picture.says))
                .collect(),
            times: pictures.iter().map(|_| Times::default()).collect(),
        };
        let mut sides: Vec<Self> = readers.iter().map(first).collect();
        for _ in 0..ROUNDS {
            for (reader, side) in readers.iter().zip(&mut sides) {
                for (picture, times) in pictures.iter().zip(&mut side.times) {
                    if times.last().is_none_or(|last| last <= PATIENCE) {
                        times.push(time(|| (reader.read)(picture)));
                    }
                }
            }
        }
        sides
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.verdicts.iter().filter(|&&given| given == verdict).count()
    }
}

/// Exactly what the picture says, byte for byte. A picture may hold further symbols.
fn judge(decoded: &[Decoded], expected: &[u8]) -> Verdict {
    if decoded.iter().any(|decoded| decoded.is(expected)) {
        Verdict::Right
    } else if decoded.is_empty() {
        Verdict::Nothing
    } else {
        Verdict::False
    }
}

/// A line for each reader: how many pictures it read right, and which not.
fn tally(kind: &str, pictures: &[Picture], sides: &[Side]) -> Vec<Line> {
    let line = |side: &Side| {
        let named = |verdict: Verdict| {
            let names = pictures.iter().zip(&side.verdicts).filter(|(_, given)| **given == verdict);
            names.map(|(picture, _)| picture.name.as_str()).collect::<Vec<_>>().join(" ")
        };
        let false_reads = side.count(Verdict::False);
        Line {
            benchmark: "read",
            what: format!("{kind} that {} reads right ÷ all", side.name),
            ratio: side.count(Verdict::Right) as f64 / pictures.len() as f64,
            goal: Goal::None,
            detail: format!(
                "{} ÷ {}; false {false_reads}: {}; nothing: {}",
                side.count(Verdict::Right),
                pictures.len(),
                named(Verdict::False),
                named(Verdict::Nothing)
            ),
        }
    };
    // Who is asked for one symbol of a picture with two may well tell the other.
    sides.iter().filter(|side| !side.name.ends_with("(one)")).map(line).collect()
}

/// Medians over the pictures that both read, of the medians of each.
fn against(kind: &str, asked: &str, ours: &Side, theirs: &Side, goal: Goal) -> Line {
    let (mut our_times, mut their_times) = (Times::default(), Times::default());
    for place in 0..ours.times.len() {
        if ours.verdicts[place] == Verdict::Right && theirs.verdicts[place] == Verdict::Right {
            our_times.push(ours.times[place].median());
            their_times.push(theirs.times[place].median());
        }
    }
    let (over, under) = (our_times.median(), their_times.median());
    Line {
        benchmark: "read",
        what: format!("{kind} that both read, {asked}: {} ÷ {}", ours.name, theirs.name),
        ratio: ratio(over, under),
        goal,
        detail: format!("{} ÷ {}", millis(over), millis(under)),
    }
}

/// Frames without any symbol, against the median of frames with one. rqrr is not asked: it tries every three of the
/// thousands of finder patterns that noise seems to hold, which takes it hours.
fn worst(frames: &[Picture]) -> Vec<Line> {
    let empty = frames::without_symbol();
    let readers: Vec<&Reader> = READERS.iter().filter(|reader| reader.name != "rqrr").collect();
    let all: Vec<&Picture> = frames.iter().chain(&empty).collect();
    let line = |side: &Side| {
        let (with, without) = side.times.split_at(frames.len());
        let mut median = Times::default();
        median.extend(with.iter().map(Times::median));
        let slowest = without.iter().map(Times::median).max().unwrap_or_default();
        let each: Vec<String> = empty
            .iter()
            .zip(without)
            .map(|(picture, times)| format!("{} {}", picture.name, millis(times.median())))
            .collect();
        Line {
            benchmark: "read",
            what: format!("slowest frame without a symbol ÷ median of one with, {}", side.name),
            ratio: ratio(slowest, median.median()),
            goal: if side.name == READERS[0].name { Goal::AtMost(3.0) } else { Goal::None },
            detail: format!("{}; {}", millis(median.median()), each.join(", ")),
        }
    };
    Side::of_each(&readers, &all).iter().map(line).collect()
}

/// A photo of twelve megapixels.
fn large() -> Line {
    let sides = Side::of_each(&[&READERS[0], &READERS[2]], &[&frames::twelve_megapixels()]);
    let [ours, theirs] = sides.as_slice() else { unreachable!("a side for each reader") };
    let read = |side: &Side| if side.verdicts[0] == Verdict::Right { "read" } else { "not read" };
    let (over, under) = (ours.times[0].median(), theirs.times[0].median());
    Line {
        benchmark: "read",
        what: format!("a photo of 12 megapixels: {} ÷ {}", ours.name, theirs.name),
        ratio: ratio(over, under),
        goal: Goal::None,
        detail: format!("{} ({}) ÷ {} ({})", millis(over), read(ours), millis(under), read(theirs)),
    }
}

/// What a further hundred frames leave allocated.
fn growth(frames: &[Picture]) -> Line {
    let watched = &frames[..WATCHED.min(frames.len())];
    let read_all = || {
        for _ in 0..25 {
            for picture in watched {
                let _ = (READERS[0].read)(picture);
            }
        }
    };
    read_all();
    let ((), allocated) = memory::of(read_all);
    Line {
        benchmark: "read",
        what: "bytes that a hundred further frames leave allocated ÷ bytes of a frame".to_owned(),
        ratio: allocated.kept as f64 / f64::from(frames::WIDTH * frames::HEIGHT),
        goal: Goal::AtMost(0.0),
        detail: format!("{} bytes; meanwhile at most {} bytes", allocated.kept, allocated.peak),
    }
}

fn photos(folder: &Path) -> Vec<Picture> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let says = |path: &Path| {
        fs::read(path.with_extension("txt")).or_else(|_| fs::read(path.with_extension("bin"))).ok()
    };
    let is_picture = |path: &&PathBuf| {
        path.extension().is_some_and(|kind| ["png", "jpg"].iter().any(|known| kind == *known))
    };
    paths
        .iter()
        .filter(is_picture)
        .filter_map(|path| {
            let pixels = image::open(path).unwrap().into_luma8();
            Some(Picture {
                name: format!("{}/{}", stem(folder), stem(path)),
                says: says(path)?,
                pixels,
            })
        })
        .collect()
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
