//! What really happens: a drone that is not as its model, in wind.

use super::HELD;
use crate::model::{Control, Quadrotor, State};
use rotrace::{Compiled, Error, Options, Tensor, fori, trace};
use std::f64::consts::TAU;

/// Numbers of a seed (SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct Random(u64);

impl Random {
    /// The next number in `[-1, 1)`.
    fn number(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 * 2.0_f64.powi(-52) - 1.0
    }

    fn vector(&mut self) -> [f64; 3] {
        std::array::from_fn(|_| self.number())
    }
}

/// A wind: steady, with turbulence, and with gusts that come and go.
#[derive(Clone, Debug)]
struct Wind {
    steady: [f64; 3],
    /// Amplitude, frequency in radians a second, and phase.
    waves: Vec<([f64; 3], f64, f64)>,
    /// The wind at its height, and when it begins.
    gusts: Vec<([f64; 3], f64)>,
}

/// Seconds of a gust, and between the begins of two.
const GUST: (f64, f64) = (1.5, 4.0);

impl Wind {
    /// The wind of a seed, for so many seconds: 3 m/s, and up to 7 more in gusts, mostly along the ground.
    fn new(random: &mut Random, seconds: f64) -> Self {
        let mut along_ground = |speed: f64| {
            let (sine, cosine) = (random.number() * TAU / 2.0).sin_cos();
            [speed * cosine, speed * sine, 0.15 * speed * random.number()]
        };
        let steady = along_ground(3.0);
        let gusts =
            (0..(seconds / GUST.1).ceil() as usize).map(|place| (along_ground(7.0), GUST.1 * (place as f64 + 0.5)));
        let gusts = gusts.collect();
        let waves = (0..8).map(|wave| {
            let amplitude = random.vector().map(|component| component * 0.5);
            (amplitude, TAU * (0.2 + 0.35 * f64::from(wave)), random.number() * TAU / 2.0)
        });
        Self { steady, waves: waves.collect(), gusts }
    }

    fn at(&self, time: f64) -> [f64; 3] {
        let mut wind = self.steady;
        let mut add = |part: &[f64; 3], weight: f64| wind.iter_mut().zip(part).for_each(|(sum, x)| *sum += x * weight);
        for (amplitude, frequency, phase) in &self.waves {
            add(amplitude, (frequency * time + phase).sin());
        }
        for (gust, begin) in &self.gusts {
            let part = (time - begin) / GUST.0;
            if (0.0..1.0).contains(&part) {
                add(gust, (1.0 - (part * TAU).cos()) / 2.0);
            }
        }
        wind
    }
}

/// The drone that flies, and the wind.
#[derive(Clone, Debug)]
pub struct World {
    /// It is not as its model, and moves in shorter steps.
    pub drone: Quadrotor,
    wind: Wind,
}

/// The states after the steps under one control, in a wind `[3]`.
pub type Moved = Compiled<(State<Tensor>, Control<Tensor>, Tensor), State<Tensor>>;

/// How many steps of the world one of the model has.
const FINER: usize = 10;

impl World {
    /// The world of a seed: the drone is heavier than its model by 10 to 20 %, turns more sluggishly by up to 15 %, and
    /// feels the air more by up to 50 %.
    pub fn new(model: &Quadrotor, seed: u64, seconds: f64) -> Self {
        let mut random = Random(seed);
        let mut more = |least: f64, most: f64| 1.0 + least + (most - least) * (random.number() + 1.0) / 2.0;
        let drone = Quadrotor {
            mass: model.mass * more(0.1, 0.2),
            inertia: model.inertia.map(|moment| moment * more(0.0, 0.15)),
            drag: model.drag * more(0.0, 0.5),
            time_step: model.time_step / FINER as f64,
            ..*model
        };
        Self { drone, wind: Wind::new(&mut random, seconds) }
    }

    /// The push of the wind at a time in seconds: an acceleration.
    pub fn push(&self, time: f64) -> [f64; 3] {
        self.wind.at(time).map(|wind| wind * self.drone.drag / self.drone.mass)
    }

    /// Its speed at most, within so many seconds.
    pub fn strongest_wind(&self, seconds: f64) -> f64 {
        let speed = |wind: [f64; 3]| wind.iter().map(|component| component * component).sum::<f64>().sqrt();
        (0..(seconds * 100.0) as usize).map(|place| speed(self.wind.at(place as f64 / 100.0))).fold(0.0, f64::max)
    }

    /// Compiles what happens under a control that is held for a step of the model.
    pub fn compile(&self, options: &Options) -> Result<Moved, Error> {
        let drone = self.drone;
        let moved = trace(move |(state, control, push): (State<Tensor>, Control<Tensor>, Tensor)| {
            fori(FINER, state, |_, state| drone.step_pushed(state, control, push))
        });
        moved.compile_with(HELD, options)
    }
}
