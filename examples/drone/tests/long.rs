//! What has to stay as it is over a million steps.

use crate::model::{Control, Quadrotor, State, vector};
use crate::tests::{STATE, states};
use rotrace::{Error, Tensor, fori, trace};

/// How far bodies without forces and torques get off in so many steps, at most: the norm of the attitude from 1, and the
/// kinetic energy and the angular momentum from what they were, relative to that.
fn drifts(steps: usize, time_step: f64) -> Result<[Vec<f64>; 3], Error> {
    let drone = Quadrotor { drag: 0.0, gravity: 0.0, time_step, ..Quadrotor::default() };
    let farthest = trace(move |start: State<Tensor>| {
        let zero = start.rate.component(0) * 0.0;
        let control = Control { thrust: zero, torque: start.rate * 0.0 };
        let (energy, momentum) = turning(&drone, start);
        let (_, off) = fori(steps, (start, [zero; 3]), |_, (state, off)| {
            let state = drone.step(state, control);
            let (energy_now, momentum_now) = turning(&drone, state);
            let norm = state.attitude.as_quat(false).square().sum(-1).sqrt();
            let now = [
                (norm - 1).abs(),
                (energy_now / energy - 1).abs(),
                ((momentum_now - momentum).square().sum(-1) / momentum.square().sum(-1)).sqrt(),
            ];
            (state, [0, 1, 2].map(|place| off[place].maximum(now[place])))
        });
        off
    });
    let mut given = states(4, 3.0);
    given.rate.as_mut_slice::<f64>()?.iter_mut().for_each(|rate| *rate *= 5.0);
    let handle = farthest.compile(STATE)?;
    let [norm, energy, momentum] = handle.call(&given)?;
    Ok([norm.to_vec()?, energy.to_vec()?, momentum.to_vec()?])
}

/// The midpoint rule turns a body by an error of second order, and changes the length of what oscillates by one of third
/// order in the long run: over the same time, half the step leaves at most a quarter and an eighth, about. Measured in 1000 s
/// at up to 5 rad/s: momenta 1.8e-6 off (4.2 to 4.7 times less than with steps twice as long), energies 1.7e-6 (6 to 8 times).
#[test]
fn a_million_steps_keep_what_has_to_stay() -> Result<(), Error> {
    let ([_, coarse_energy, coarse_momentum], [norm, energy, momentum]) =
        (drifts(500_000, 0.002)?, drifts(1_000_000, 0.001)?);
    assert!(norm.iter().all(|&off| off <= 2.0 * f64::EPSILON), "{norm:?}");
    assert!(energy.iter().chain(&momentum).all(|&off| off < 3e-6), "{energy:?} {momentum:?}");
    for (fine, coarse, least) in [(energy, coarse_energy, 5.5), (momentum, coarse_momentum, 4.0)] {
        let ratios: Vec<f64> = coarse.iter().zip(&fine).map(|(coarse, fine)| coarse / fine).collect();
        assert!(ratios.iter().all(|&ratio| ratio > least), "{ratios:?}");
    }
    Ok(())
}

/// The kinetic energies `[n]` of turning and the angular momenta `[n, 3]`, these in the world's coordinates.
pub fn turning(drone: &Quadrotor, state: State<Tensor>) -> (Tensor, Tensor) {
    let momentum = state.rate * vector(state.rate, drone.inertia);
    ((state.rate * momentum).sum(-1) * 0.5, state.attitude.apply(momentum))
}
