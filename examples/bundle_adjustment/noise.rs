//! Normal noise from a seed, the same on every machine.

/// Normally distributed numbers with mean 0 and deviation 1.
///
/// The bits are SplitMix64's (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014), turned
/// into normal numbers by the Box-Muller transform.
#[derive(Debug)]
pub struct Noise {
    state: u64,
}

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Three independent numbers, each times `deviation`.
    pub fn vector(&mut self, deviation: f64) -> [f64; 3] {
        [(); 3].map(|()| deviation * self.normal())
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// In `(0, 1]`, so that its logarithm is finite.
    fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
