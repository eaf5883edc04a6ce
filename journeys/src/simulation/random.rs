//! The one source of chance: the same seed makes the same story.

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to draw stories from.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Chance from a seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Random(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to and without `end`; 0 when there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let number = self.number();
        let end = end.max(1) as u64;
        // What is left of evenness is lost below one in 2^32 for the small ends used here.
        (number % end) as usize
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.number() % (most.saturating_sub(least) + 1)
    }

    /// Whether something happens that happens `of` times in a hundred.
    pub fn percent(&mut self, of: u32) -> bool {
        self.below(100) < of as usize
    }

    /// One of these; none when there are none.
    pub fn pick<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        let place = self.below(of.len());
        of.get(place)
    }

    /// The place of one of these weights, each as likely as it is heavy.
    pub fn weighed(&mut self, weights: &[u32]) -> usize {
        let total: u32 = weights.iter().sum();
        let mut left = self.below(total as usize) as u32;
        for (place, weight) in weights.iter().enumerate() {
            if left < *weight {
                return place;
            }
            left -= weight;
        }
        weights.len().saturating_sub(1)
    }

    pub fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.number().to_le_bytes());
        bytes[8..].copy_from_slice(&self.number().to_le_bytes());
        bytes
    }
}
