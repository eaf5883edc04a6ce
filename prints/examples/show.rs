//! Writes frames as PNG, to be looked at: `cargo run -p prints --example show -- DIR SEED SEVERITY FRAMES`.
#![allow(clippy::unwrap_used, reason = "a tool of one's own")]

use prints::{Print, Severity};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, seed, severity, frames] = arguments.as_slice() else {
        eprintln!("usage: show DIR SEED SEVERITY FRAMES");
        return;
    };
    let severity = Severity::new(severity.parse().unwrap()).unwrap();
    let print = Print::new(seed.parse().unwrap(), severity);
    for index in 0..frames.parse().unwrap() {
        let frame = print.frame(index);
        let path = format!("{folder}/{seed}-{}-{index}.png", severity.level());
        image::save_buffer(path, &frame.pixels, frame.width, frame.height, image::ColorType::L8)
            .unwrap();
    }
}
