//! What has to stay as it is over a million steps.

use crate::model::{Control, Quadrotor, State, vector};
use crate::tests::{STATE, states};
use rotrace::{Error, Tensor, fori, trace};
use std::time::Instant;

/// How far bodies without forces and torques get off in so many steps, at most: the norm of the attitude from 1, and the
/// kinetic energy and the angular momentum from what they were, relative to that.
fn drifts(steps: usize, time_step: f64) -> Result<[Vec<f64>; 3], Error> {
    let drone = Quadrotor { drag: 0.0, gravity: 0.0, time_step, ..Quadrotor::default() };
    let farthest = trace(move |start: State<Tensor>| {
        let zero = start.rate.component(0) * 0.0;
        let control = Control { thrust: zero, torque: start.rate * 0.0 };
        let (energy, momentum) = conserved(&drone, start);
        let (_, off) = fori(steps, (start, [zero; 3]), |_, (state, off)| {
            let state = drone.step(state, control);
            let (energy_now, momentum_now) = conserved(&drone, state);
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
    let begin = Instant::now();
    let [norm, energy, momentum] = handle.call(&given)?;
    println!("{steps} steps in {:?}", begin.elapsed());
    Ok([norm.to_vec()?, energy.to_vec()?, momentum.to_vec()?])
}

#[test]
fn a_million_steps_keep_what_has_to_stay() -> Result<(), Error> {
    let coarse = drifts(500_000, 0.002)?;
    let fine = drifts(1_000_000, 0.001)?;
    println!("{coarse:?}\n{fine:?}");
    Ok(())
}

/// Kinetic energies `[n]` and angular momenta `[n, 3]`, these in the world's coordinates.
fn conserved(drone: &Quadrotor, state: State<Tensor>) -> (Tensor, Tensor) {
    let momentum = state.rate * vector(state.rate, drone.inertia);
    ((state.rate * momentum).sum(-1) * 0.5, state.attitude.apply(momentum))
}
