//! Numbers that look random and are the same everywhere.

/// A SplitMix64 generator (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// One stream for each seed and purpose, so that drawing more for one thing changes no other.
    pub(crate) fn of(seed: u64, purpose: &str) -> Self {
        let mixed = purpose.bytes().fold(mix(seed), |state, byte| mix(state ^ u64::from(byte)));
        Self(mixed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Below `end`, which is small against 2^64.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `low` to `high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Mean 0 and deviation 1: the sum of four uniform numbers, scaled, which reaches to 3.5.
    pub(crate) fn bell(&mut self) -> f64 {
        let bits = self.next();
        let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xFFFF).sum();
        (sum as f64 / 65_535.0 - 2.0) * 1.732_050_807_568_877_2
    }
}

fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

/// Value noise: a smooth field of values from 0 to 1 that changes over a distance of about 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueNoise(pub(crate) u64);

impl ValueNoise {
    pub(crate) fn at(self, x: f64, y: f64) -> f64 {
        let (left, top) = (libm::floor(x), libm::floor(y));
        let (x, y) = (smoothstep(x - left), smoothstep(y - top));
        let corner = |dx: f64, dy: f64| {
            let place =
                ((left + dx) as i64 as u64) << 32 ^ ((top + dy) as i64 as u64 & 0xFFFF_FFFF);
            (mix(place ^ mix(self.0)) >> 11) as f64 / (1_u64 << 53) as f64
        };
        let upper = corner(0.0, 0.0) * (1.0 - x) + corner(1.0, 0.0) * x;
        let lower = corner(0.0, 1.0) * (1.0 - x) + corner(1.0, 1.0) * x;
        upper * (1.0 - y) + lower * y
    }
}

fn smoothstep(part: f64) -> f64 {
    part * part * (3.0 - 2.0 * part)
}
