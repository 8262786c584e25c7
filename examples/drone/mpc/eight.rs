//! What is to be followed: a figure of eight, flown fast.

/// A figure of eight that rises and falls, begun at rest.
#[derive(Clone, Copy, Debug)]
pub struct Eight {
    /// Half of its extent along each axis.
    pub size: [f64; 3],
    /// The height of its middle.
    pub height: f64,
    /// Seconds of a lap.
    pub lap: f64,
    /// Seconds from rest to full speed.
    pub start: f64,
}

impl Default for Eight {
    /// At up to 7 m/s and 1.3 times the acceleration of gravity.
    fn default() -> Self {
        Self { size: [4.0, 1.5, 0.5], height: 1.5, lap: 4.5, start: 3.0 }
    }
}

impl Eight {
    /// Position, velocity and acceleration at a time in seconds.
    pub fn at(&self, time: f64) -> [[f64; 3]; 3] {
        let full = std::f64::consts::TAU / self.lap;
        let part = (time / self.start).clamp(0.0, 1.0);
        // The phase, with its first and second derivative: the speed rises by a cubic.
        let phase = full * (self.start * (part - part * part / 2.0) * part * part + (time - self.start).max(0.0));
        let speed = full * (3.0 - 2.0 * part) * part * part;
        let rise = full / self.start * 6.0 * (1.0 - part) * part;
        let ((sine, cosine), (double_sine, double_cosine)) = (phase.sin_cos(), (2.0 * phase).sin_cos());
        let [x, y, z] = self.size;
        let by_phase = [
            [x * sine, y * double_sine, self.height - z * cosine],
            [x * cosine, 2.0 * y * double_cosine, z * sine],
            [-x * sine, -4.0 * y * double_sine, z * cosine],
        ];
        let [place, slope, bend] = by_phase;
        let velocity = slope.map(|slope| slope * speed);
        let acceleration = std::array::from_fn(|axis| bend[axis] * speed * speed + slope[axis] * rise);
        [place, velocity, acceleration]
    }
}
