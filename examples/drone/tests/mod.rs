//! Tests of the drone: its physics, its controller and the path; and in modules, plans, the MPC, the program and pictures.

mod long;
mod pictures;
mod planning;
mod program;

use crate::controller::{Gains, Reference};
use crate::course::Course;
use crate::flight::{Pilot, at_rest};
use crate::model::{Control, Quadrotor, State};
use rotrace::spatial::Rotation;
use rotrace::{Array, Compiled, Options, Tensor, Tree, trace};

/// Numbers without order in `[-1, 1]`.
fn numbers(count: usize, seed: f64) -> Vec<f64> {
    (0..count).map(|index| ((index as f64 + seed) * 78.233).sin() * 43_758.545_3 % 1.0).collect()
}

/// States that move and turn in any way, tilted by at most an angle.
fn states(count: usize, most_tilt: f64) -> State<Array> {
    let part =
        |size: usize, seed: f64| Array::from_vec(&[count, size], numbers(count * size, seed)).expect("all of it");
    let to_attitude = trace(move |(axis, part): (Tensor, Tensor)| {
        let axis = axis / axis.vector_norm_keepdims(-1);
        Rotation::from_rotvec(axis * (part * most_tilt))
    });
    let to_attitude = to_attitude.compile("f64[n, 3], f64[n, 1]").expect("a rotation");
    State {
        position: part(3, 1.0),
        velocity: part(3, 300.0),
        attitude: to_attitude.call(&(part(3, 700.0), part(1, 900.0))).expect("rotations"),
        rate: part(3, 1100.0),
    }
}

type Step = Compiled<(State<Tensor>, Control<Tensor>), State<Tensor>>;

const STATE: &str = "f64[n, 3], f64[n, 3], f64[n, 4], f64[n, 3]";

fn step(drone: Quadrotor) -> Step {
    let step = trace(move |(state, control)| drone.step(state, control));
    step.compile(&format!("{STATE}, f64[n], f64[n, 3]")).expect("a step")
}

fn unpowered(count: usize) -> Control<Array> {
    Control { thrust: Array::zeros(&[count]).expect("small"), torque: Array::zeros(&[count, 3]).expect("small") }
}

/// Energies `[n]` and angular momenta `[n, 3]` in the world's coordinates.
fn conserved(drone: Quadrotor) -> Compiled<State<Tensor>, (Tensor, Tensor)> {
    let both = trace(move |state: State<Tensor>| {
        let (turning, momentum) = long::turning(&drone, state);
        let moving = state.velocity.square().sum(-1) * (drone.mass / 2.0);
        (turning + moving + state.position.component(2) * (drone.mass * drone.gravity), momentum)
    });
    both.compile(STATE).expect("energy and momentum")
}

/// The largest difference.
fn difference(left: &Array, right: &Array) -> f64 {
    let both = left.as_slice::<f64>().expect("doubles").iter().zip(right.as_slice::<f64>().expect("doubles"));
    both.map(|(left, right)| (left - right).abs()).fold(0.0, f64::max)
}

#[test]
fn without_forces_energy_and_momentum_stay_to_the_order_of_the_method() {
    let errors = |time_step: f64| {
        let drone = Quadrotor { drag: 0.0, time_step, ..Quadrotor::default() };
        let (step, conserved) = (step(drone), conserved(drone));
        let mut state = states(20, 3.0);
        // Turning fast.
        state.rate.as_mut_slice::<f64>().expect("doubles").iter_mut().for_each(|rate| *rate *= 10.0);
        let (energy, momentum) = conserved.call(&state).expect("energy");
        for _ in 0..(1.0 / time_step).round() as usize {
            state = step.call(&(state, unpowered(20))).expect("a step");
        }
        let (energy_after, momentum_after) = conserved.call(&state).expect("energy");
        [difference(&energy, &energy_after), difference(&momentum, &momentum_after)]
    };
    let (coarse, fine) = (errors(0.004), errors(0.001));
    assert!(fine[0] < 1e-4 && fine[1] < 1e-5, "{fine:?}");
    // Of second order: a quarter of the step has a sixteenth of the error.
    assert!(fine[0] < coarse[0] / 12.0 && fine[1] < coarse[1] / 12.0, "{coarse:?} {fine:?}");
}

#[test]
fn falling_is_exact() {
    let drone = Quadrotor { drag: 0.0, ..Quadrotor::default() };
    let (step, conserved) = (step(drone), conserved(drone));
    let mut state = states(20, 3.0);
    state.rate = Array::zeros(&[20, 3]).expect("small");
    let (energy, _) = conserved.call(&state).expect("energy");
    for _ in 0..500 {
        state = step.call(&(state, unpowered(20))).expect("a step");
    }
    assert!(difference(&energy, &conserved.call(&state).expect("energy").0) < 1e-10);
}

#[test]
fn attitudes_stay_rotations() {
    let drone = Quadrotor { drag: 0.0, ..Quadrotor::default() };
    let step = step(drone);
    let mut state = states(5, 3.0);
    for _ in 0..10_000 {
        state = step.call(&(state, unpowered(5))).expect("a step");
    }
    let quats = state.attitude.into_parts();
    for quat in quats.as_slice::<f64>().expect("doubles").chunks(4) {
        assert!((quat.iter().map(|component| component * component).sum::<f64>() - 1.0).abs() < 1e-14, "{quat:?}");
    }
}

#[test]
fn hovering_is_an_equilibrium() {
    let drone = Quadrotor::default();
    let single = trace(move |(state, control)| drone.step(state, control));
    let single = single.compile("f64[3], f64[3], f64[4], f64[3], f64, f64[3]").expect("a step");
    let hover = || Control { thrust: Array::from(drone.mass * drone.gravity), torque: Array::from([0.0; 3]) };
    let mut state = at_rest([1.0, -2.0, 3.0]);
    for _ in 0..1000 {
        state = single.call(&(state, hover())).expect("a step");
    }
    assert!(difference(&state.position, &Array::from([1.0, -2.0, 3.0])) < 1e-12);
    assert_eq!(state.attitude.into_parts(), Array::from([0.0, 0.0, 0.0, 1.0]));
    // The controller asks for just that.
    let control = trace(move |(state, reference): (State<Tensor>, Reference<Tensor>)| {
        drone.control(Gains::of_frequencies(3.0, 14.0).traced(state.position), state, reference)
    });
    let control = control.compile("f64[3], f64[3], f64[4], f64[3], f64[3], f64[3], f64[3], f64").expect("control");
    let wanted = control.call(&(at_rest([0.0; 3]), Reference::at([0.0; 3]))).expect("control");
    assert!(difference(&wanted.thrust, &hover().thrust) < 1e-5 && difference(&wanted.torque, &hover().torque) < 1e-15);
}

/// A step of a fleet, each drone with a reference of its own.
type Fleet = Compiled<(State<Tensor>, Reference<Tensor>), State<Tensor>>;

fn fleet(types: &str) -> Fleet {
    let drone = Quadrotor::default();
    let closed = trace(move |(state, reference): (State<Tensor>, Reference<Tensor>)| {
        let gains = Gains::of_frequencies(3.0, 14.0).traced(state.position);
        drone.step(state, drone.control(gains, state, reference))
    });
    closed.compile(types).expect("a step of the closed loop")
}

#[test]
fn the_controller_recovers_from_any_attitude_and_rows_are_single_drones() {
    let types = format!("{STATE}, f64[n, 3], f64[n, 3], f64[n, 3], f64[n]");
    let (fleet, single) = (fleet(&types), fleet(&types.replace("n, ", "").replace("[n]", "")));
    let count = 50;
    let mut state = states(count, 2.8);
    let targets = numbers(3 * count, 40.0);
    let yaws = numbers(count, 60.0);
    let zero = || Array::zeros(&[count, 3]).expect("small");
    let reference = || Reference {
        position: Array::from_slice(&[count, 3], &targets).expect("all of them"),
        velocity: zero(),
        acceleration: zero(),
        yaw: Array::from(yaws.clone()),
    };
    let row = 7;
    let part = |array: &Array, size: usize| {
        Array::from(array.as_slice::<f64>().expect("doubles")[size * row..][..size].to_vec())
    };
    let mut alone = State {
        position: part(&state.position, 3),
        velocity: part(&state.velocity, 3),
        attitude: Rotation::from_parts(part(&state.attitude.clone().into_parts(), 4)),
        rate: part(&state.rate, 3),
    };
    let target = || Reference {
        yaw: Array::from(yaws[row]),
        ..Reference::at(std::array::from_fn(|axis| targets[3 * row + axis]))
    };
    for _ in 0..1000 {
        state = fleet.call(&(state, reference())).expect("a step");
        alone = single.call(&(alone, target())).expect("a step");
    }
    assert!(difference(&state.position, &reference().position) < 1e-4, "{:?}", state.position);
    assert!(difference(&state.velocity, &zero()) < 1e-4 && difference(&state.rate, &zero()) < 1e-4);
    let yaw = |place: usize, quat: &[f64]| (quat[2].atan2(quat[3]) * 2.0 - yaws[place]).sin();
    let quats = state.attitude.clone().into_parts();
    let quats = quats.as_slice::<f64>().expect("doubles").chunks(4).enumerate();
    assert!(quats.map(|(place, quat)| yaw(place, quat).abs()).fold(0.0, f64::max) < 1e-4);
    assert_eq!(part(&state.position, 3), alone.position);
    assert_eq!(part(&state.attitude.into_parts(), 4), alone.attitude.into_parts());
}

#[test]
fn derivatives_of_the_closed_loop_are_finite_everywhere() {
    let drone = Quadrotor::default();
    let sum = trace(move |(state, reference): (State<Tensor>, Reference<Tensor>)| {
        let gains = Gains::of_frequencies(3.0, 14.0).traced(state.position);
        let State { position, velocity, attitude, rate } = drone.step(state, drone.control(gains, state, reference));
        (position + velocity + rate).sum(()) + attitude.as_rotvec().sum(())
    });
    let gradient = sum.tangent().grad().compile("f64[3], f64[3], f64[4], f64[3], f64[3], f64[3], f64[3], f64");
    let gradient = gradient.expect("a gradient");
    // At rest; falling, where no force is wanted; and upside down.
    let falling = Reference { acceleration: Array::from([0.0, 0.0, -drone.gravity]), ..Reference::at([0.0; 3]) };
    let overturned = State { attitude: Rotation::from_parts(Array::from([1.0, 0.0, 0.0, 0.0])), ..at_rest([0.0; 3]) };
    for given in [
        (at_rest([0.0; 3]), Reference::at([0.0; 3])),
        (at_rest([0.0; 3]), falling),
        (overturned, Reference::at([0.0; 3])),
    ] {
        gradient.call(&given).expect("a call").visit(&mut |array: &Array| {
            assert!(array.as_slice::<f64>().expect("doubles").iter().all(|slope| slope.is_finite()), "{array:?}");
        });
    }
}

#[test]
fn the_path_goes_through_its_waypoints() {
    let course = Course::default();
    let (time_step, waypoints) = (0.001, course.waypoints());
    let paths = course.path(time_step).map(|matrix| {
        let place = |row: &Vec<f64>, axis: usize| row.iter().zip(&waypoints).map(|(w, point)| w * point[axis]).sum();
        matrix.iter().map(|row| std::array::from_fn(|axis| place(row, axis))).collect::<Vec<[f64; 3]>>()
    });
    let [positions, velocities, accelerations] = &paths;
    assert_eq!(positions.len(), course.steps(time_step));
    let near = |a: [f64; 3], b: [f64; 3], tolerance: f64| a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance);
    for (step, gate) in course.passing_steps(time_step).into_iter().zip(&course.gates) {
        assert!(near(positions[step - 1], gate.centre, 1e-9));
    }
    assert!(near(positions[positions.len() - 1], course.goal, 1e-9));
    assert!(near(velocities[velocities.len() - 1], [0.0; 3], 1e-9));
    for step in (100..positions.len() - 1).step_by(250) {
        let slope = |path: &[[f64; 3]]| -> [f64; 3] {
            std::array::from_fn(|axis| (path[step + 1][axis] - path[step - 1][axis]) / (2.0 * time_step))
        };
        assert!(near(slope(positions), velocities[step], 1e-4), "{step}");
        assert!(near(slope(velocities), accelerations[step], 1e-4), "{step}");
    }
}

#[test]
fn a_flight_goes_through_the_gates() {
    let (drone, course) = (Quadrotor::default(), Course::default());
    let pilot = Pilot::compile(drone, Gains::of_frequencies(6.0, 28.0), &Options::default()).expect("a pilot");
    let flight = pilot.fly(&course, &course.waypoints()).expect("a flight");
    assert!(crate::modes::largest_miss(&course, &drone, &flight) < 0.1);
    assert!(flight.cost.is_finite() && flight.cost > 0.0 && flight.efforts.len() == course.steps(drone.time_step));
}
