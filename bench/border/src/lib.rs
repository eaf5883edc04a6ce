//! The two sides that a frame's way through the generated border is held against: the same work in Rust alone, and the same
//! call through JNI by hand. Only the benchmark loads it (docs/benchmarks.md, "border").
#![allow(
    unsafe_code,
    reason = "raw JNI is what is measured: exported names, and pointers that Kotlin holds"
)]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up has no figure to give")]

use jni::JNIEnv;
use jni::objects::{JByteBuffer, JClass, JString};
use jni::sys::{jint, jlong, jobjectArray};
use protocol::id::BootId;
use protocol::key::Signer;
use protocol::record::Monotonic;
use scan::{Content, Luma, Stream};
use std::hint::black_box;
use std::ptr;
use std::time::Instant;
use verifier_core::clock::DeviceClock;
use verifier_core::device_key::FileKey;
use verifier_core::home::Home;
use verifier_core::ledger::{KeyInFile, Ledger};
use verifier_core::verdict::Verdict;
use verifier_core::verifier::Verifier;

/// One phone and one camera, for as long as the benchmark runs.
struct Side {
    phone: Verifier,
    frames: Stream,
}

/// Opens the phone that lives in a directory.
#[unsafe(no_mangle)]
pub extern "system" fn Java_org_vouchsafe_bench_Twin_open(
    mut env: JNIEnv<'_>,
    _: JClass<'_>,
    home: JString<'_>,
) -> jlong {
    let home: String = env.get_string(&home).unwrap().into();
    let home = Home::open(home).unwrap();
    let device = FileKey::load_or_create(&home).unwrap();
    let ledger = Ledger::open(home, &KeyInFile, &device.public_key()).unwrap();
    let phone = Verifier::new(ledger, Box::new(device)).unwrap();
    Box::into_raw(Box::new(Side { phone, frames: Stream::default() })) as jlong
}

/// Reads a frame: the texts of its symbols, or nothing where it has none. What the generated call does, by hand.
#[unsafe(no_mangle)]
pub extern "system" fn Java_org_vouchsafe_bench_Twin_read(
    mut env: JNIEnv<'_>,
    _: JClass<'_>,
    side: jlong,
    pixels: JByteBuffer<'_>,
    width: jint,
    height: jint,
) -> jobjectArray {
    // SAFETY: `side` came from `open`, and Kotlin calls from one thread.
    let side = unsafe { &mut *(side as *mut Side) };
    let texts = read(&mut side.frames, bytes(&env, &pixels), width, height);
    if texts.is_empty() {
        return ptr::null_mut();
    }
    let length = jint::try_from(texts.len()).unwrap();
    let array = env.new_object_array(length, "java/lang/String", JString::default()).unwrap();
    for (at, text) in (0..).zip(texts) {
        let text = env.new_string(text).unwrap();
        env.set_object_array_element(&array, at, text).unwrap();
    }
    array.into_raw()
}

/// From a frame to a verdict in Rust alone; the nanoseconds it took. With `decide` 0, the reading alone.
#[unsafe(no_mangle)]
pub extern "system" fn Java_org_vouchsafe_bench_Twin_alone(
    env: JNIEnv<'_>,
    _: JClass<'_>,
    side: jlong,
    pixels: JByteBuffer<'_>,
    width: jint,
    height: jint,
    seconds: jlong,
    decide: jint,
) -> jlong {
    // SAFETY: `side` came from `open`, and Kotlin calls from one thread.
    let side = unsafe { &mut *(side as *mut Side) };
    let pixels = bytes(&env, &pixels);
    let start = Instant::now();
    let texts = read(&mut side.frames, pixels, width, height);
    if decide != 0 {
        let time = protocol::Timestamp::from_seconds(seconds.unsigned_abs()).unwrap();
        let monotonic = Monotonic { millis: 0, boot: BootId::from_bytes([1; 16]) };
        let verdict = side.phone.check(&texts[0], DeviceClock { time, monotonic }).unwrap();
        assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
        black_box(verdict);
    }
    black_box(texts);
    jlong::try_from(start.elapsed().as_nanos()).unwrap()
}

/// What a direct buffer holds.
fn bytes<'a>(env: &JNIEnv<'_>, buffer: &'a JByteBuffer<'_>) -> &'a [u8] {
    let address = env.get_direct_buffer_address(buffer).unwrap();
    let len = env.get_direct_buffer_capacity(buffer).unwrap();
    // SAFETY: the buffer is reachable for as long as it is borrowed.
    unsafe { std::slice::from_raw_parts(address, len) }
}

fn read(frames: &mut Stream, pixels: &[u8], width: jint, height: jint) -> Vec<String> {
    let (width, height) = (width.unsigned_abs(), height.unsigned_abs());
    let frame = Luma::new(pixels, width, height, width).unwrap();
    let texts = frames.read(&frame).into_iter().filter_map(|symbol| match symbol.content {
        Content::Text(text) => Some(text),
        Content::Bytes(_) => None,
    });
    texts.collect()
}
