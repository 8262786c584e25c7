//! Operands: all magnitudes, the interesting intervals, and where definitions change their path.

use rotrace_ir::scalar::Sample;

/// A counter-based generator (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A magnitude between two powers of two, logarithmically even, of either sign.
    pub fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        let sign = if self.bits() & 1 == 0 { 1.0 } else { -1.0 };
        let exponent = self.between(low, high).floor();
        let half = (exponent / 2.0).trunc();
        sign * self.between(1.0, 2.0) * half.exp2() * (exponent - half).exp2()
    }

    /// `value` moved by a few units in the last place.
    pub fn near(&mut self, value: f64) -> f64 {
        let shift = (self.bits() % 9) as i64 - 4;
        f64::from_bits((value.to_bits() as i64 + shift) as u64)
    }

    /// `value` plus or minus a small power of two.
    pub fn around(&mut self, value: f64) -> f64 {
        value + self.magnitude(-56.0, -2.0)
    }

    /// An operand from where the table says, or from everywhere.
    pub fn operand(&mut self, sample: Sample) -> f64 {
        if self.bits().is_multiple_of(8) {
            return f64::from_bits(self.bits());
        }
        let choice = self.bits() % 4;
        match (sample, choice) {
            (Sample::Wide | Sample::Shift, 0) => self.between(-10.0, 10.0),
            (Sample::Wide | Sample::Shift, 1) => self.magnitude(-40.0, 40.0),
            (Sample::Wide | Sample::Shift, 2) => {
                let turns = self.magnitude(0.0, 60.0).round();
                self.near(turns * std::f64::consts::FRAC_PI_2)
            }
            (Sample::Wide | Sample::Shift, _) => self.between(-1.0, 1.0),
            (Sample::Moderate, 0) => self.between(-746.0, 711.0),
            (Sample::Moderate, 1) => self.between(-1.5, 1.5),
            (Sample::Moderate, 2) => self.magnitude(-60.0, 9.0),
            (Sample::Moderate, _) => self.between(-45.0, 45.0),
            (Sample::Positive | Sample::Power, 0) => self.between(0.5, 2.0),
            (Sample::Positive | Sample::Power, 1) => self.around(1.0),
            (Sample::Positive | Sample::Power, 2) => self.magnitude(-1074.0, 1023.0).abs(),
            (Sample::Positive | Sample::Power, _) => self.between(0.0, 100.0),
            (Sample::AboveMinusOne, 0) => self.between(-1.0, 3.0),
            (Sample::AboveMinusOne, 1) => self.magnitude(-60.0, 0.0),
            (Sample::AboveMinusOne, 2) => self.magnitude(-1074.0, 1023.0).abs(),
            (Sample::AboveMinusOne, _) => -1.0 + self.magnitude(-53.0, 0.0).abs(),
            (Sample::AboveOne, 0) => self.between(1.0, 3.0),
            (Sample::AboveOne, 1) => 1.0 + self.magnitude(-52.0, 2.0).abs(),
            (Sample::AboveOne, 2) => self.magnitude(0.0, 1023.0).abs(),
            (Sample::AboveOne, _) => self.between(1.0, 100.0),
            (Sample::Unit, 0) => self.between(-1.0, 1.0),
            (Sample::Unit, 1) => self.magnitude(-60.0, -1.0),
            (Sample::Unit, 2) => 1.0 - self.magnitude(-53.0, -1.0).abs(),
            (Sample::Unit, _) => self.between(-0.6, 0.6),
        }
    }
}

/// The doubles nearest to multiples of pi/2, found by continued fractions: the first is the nearest of all.
const NEAR_QUARTER_TURNS: [(f64, i32); 14] = [
    (6_381_956_970_095_103.0, 797),
    (6_411_027_962_775_774.0, -47),
    (7_763_785_107_565_477.0, -29),
    (5_916_243_447_979_695.0, 79),
    (8_444_920_710_073_313.0, 939),
    (5_850_965_514_341_686.0, 525),
    (8_160_885_118_204_141.0, 808),
    (8_360_820_580_228_475.0, 628),
    (8_583_082_635_084_172.0, 145),
    (7_958_046_405_119_485.0, 243),
    (6_617_649_673_795_284.0, 15),
    (6_311_013_172_270_677.0, 38),
    (5_648_695_676_206_402.0, 887),
    (6_221_301_883_130_153.0, 969),
];

/// Operands near which definitions change their path, or results leave the range.
pub fn edges() -> Vec<f64> {
    let values = [
        0.5,
        1.0,
        1.5,
        2.0,
        3.0,
        0.25,
        0.3,
        0.37,
        20.0,
        40.0,
        0.346_573_590_279_972_64,
        0.414_213_562_373_095_03,
        std::f64::consts::FRAC_1_SQRT_2,
        std::f64::consts::SQRT_2,
        std::f64::consts::FRAC_PI_4,
        708.0,
        709.782_712_893_384,
        710.475_860_073_943_9,
        744.440_071_921_381_2,
        745.133_219_101_941_1,
        750.0,
        1021.0,
        1022.0,
        1023.0,
        1024.0,
        1074.0,
        1075.0,
        1080.0,
        268_435_456.0,
        576_460_752_303_423_488.0,
        1.152_921_504_606_847e18,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        1e-320,
        3.273_390_607_896_142e150,
        3.054_936_363_499_605e-151,
        2.0_f64.powi(1023),
        1e22,
    ];
    let hard = NEAR_QUARTER_TURNS.map(|(mantissa, exponent)| mantissa * 2f64.powi(exponent));
    let mut all = Vec::new();
    for value in values.into_iter().chain(hard) {
        for shift in [-2, -1, 0, 1, 2] {
            let moved = f64::from_bits((f64::to_bits(value) as i64 + shift) as u64);
            all.extend([moved, -moved]);
        }
    }
    all
}
