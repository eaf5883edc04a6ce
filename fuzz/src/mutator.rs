//! Seeded mutation of good bytes: the same seed always makes the same bytes.

/// Boundary bytes of encodings: lengths, tags, brackets, base45's and base64's borders.
const BOUNDARY_BYTES: [u8; 24] = [
    0x00, 0x01, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x3a, 0x40, 0x58, 0x5f, 0x7f, 0x80, 0x9f,
    0xa0, 0xbf, 0xd2, 0xd8, 0xf6, 0xfb, 0xfe, 0xff,
];

/// A source of mutated bytes.
pub struct Mutator(u64);

impl Mutator {
    /// The source that this seed makes.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Mutator(seed)
    }

    /// The next number (SplitMix64).
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when there is none.
    fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.number() % end as u64) as usize }
    }

    /// A piece of `bytes`, of at most 64.
    fn piece(&mut self, bytes: &[u8]) -> Vec<u8> {
        let start = self.below(bytes.len());
        let len = self.below(65).min(bytes.len() - start);
        bytes[start..start + len].to_vec()
    }

    /// One of the seeds with one to four mutations.
    #[must_use]
    pub fn next(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = match seeds.get(self.below(seeds.len())) {
            Some(seed) => seed.clone(),
            None => Vec::new(),
        };
        for _ in 0..=self.below(4) {
            self.mutate(&mut bytes, seeds);
        }
        bytes
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(bytes.len());
        match self.below(9) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = BOUNDARY_BYTES[self.below(BOUNDARY_BYTES.len())];
                }
            }
            2 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = byte.wrapping_add(self.below(3) as u8).wrapping_sub(1);
                }
            }
            3 => bytes.insert(at, BOUNDARY_BYTES[self.below(BOUNDARY_BYTES.len())]),
            4 => {
                let end = (at + 1 + self.below(8)).min(bytes.len());
                bytes.drain(at..end);
            }
            5 => bytes.truncate(at),
            6 => {
                let piece = self.piece(bytes);
                bytes.splice(at..at, piece);
            }
            7 => {
                let other = self.below(seeds.len());
                let piece = seeds.get(other).map(|seed| self.piece(seed)).unwrap_or_default();
                let end = (at + piece.len()).min(bytes.len());
                bytes.splice(at..end, piece);
            }
            _ => {
                for byte in bytes.iter_mut().skip(at).take(8) {
                    *byte = self.0.to_le_bytes()[usize::from(*byte) % 8];
                }
            }
        }
    }
}
