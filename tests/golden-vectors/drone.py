"""Writes drone.json: the summed cost of simulated quadrotors and its gradient with respect to all controls.

    python drone.py > drone.json        (needs mpmath)

A step, for controls u = (thrust, torque), in arithmetic of 60 digits:

    w <- w + dt Jinv (torque - w x J w)
    q <- q * exp(dt w)
    v <- v + dt (R(q) e_z thrust / mass - gravity e_z)
    p <- p + dt v
    cost <- cost + |p - ref|^2 + effort |u|^2

The gradient is an adjoint written by hand, with attitudes perturbed in the body's frame, and is checked here against
central differences of the cost. Inputs are rounded to their type first: results are those of the numbers in the file.
"""

import json
import struct
import sys

from mpmath import cos, mp, mpf, sin, sqrt

mp.dps = 60

DT, MASS, GRAVITY, EFFORT = 0.01, 1.0, 9.81, 1e-3
INERTIA = [[0.0100, 0.0004, 0.0002], [0.0004, 0.0120, 0.0003], [0.0002, 0.0003, 0.0200]]


# ------------------------------------------------------------ vectors of three
def add(a, b):
    return [x + y for x, y in zip(a, b)]


def scaled(a, by):
    return [x * by for x in a]


def dot(a, b):
    return sum((x * y for x, y in zip(a, b)), mpf(0))


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def times(matrix, a):
    return [dot(row, a) for row in matrix]


def transposed(matrix):
    return [list(column) for column in zip(*matrix)]


def inverse(matrix):
    a, b, c = matrix
    columns = [cross(b, c), cross(c, a), cross(a, b)]
    return transposed([scaled(column, 1 / dot(a, columns[0])) for column in columns])


# ------------------------------------------------------------------- rotations
def product(a, b):
    vector = add(add(cross(a[:3], b[:3]), scaled(b[:3], a[3])), scaled(a[:3], b[3]))
    return vector + [a[3] * b[3] - dot(a[:3], b[:3])]


def exponential(r):
    angle = sqrt(dot(r, r))
    return scaled(r, sin(angle / 2) / angle) + [cos(angle / 2)]


def matrix(q):
    x, y, z, w = q
    return [
        [w * w + x * x - y * y - z * z, 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), w * w - x * x + y * y - z * z, 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), w * w - x * x - y * y + z * z],
    ]


def right_jacobian_transposed(r, a):
    """J_r(r)^T a, where exp(r + d) = exp(r) exp(J_r(r) d) to first order in d."""
    squared = dot(r, r)
    angle = sqrt(squared)
    once, twice = cross(r, a), cross(r, cross(r, a))
    first, second = (1 - cos(angle)) / squared, (angle - sin(angle)) / (squared * angle)
    return [x + first * y + second * z for x, y, z in zip(a, once, twice)]


# ------------------------------------------------------------------ the flight
class Flight:
    """One drone; numbers as they are in the file."""

    def __init__(self, start, reference, inertia, inverse_inertia):
        self.start, self.reference = start, reference
        self.inertia, self.inverse = inertia, inverse_inertia
        self.dt, self.mass, self.gravity, self.effort = map(mpf, (DT, MASS, GRAVITY, EFFORT))

    def run(self, controls):
        """-> cost, [(w before, dt * w after, q after, p after)]"""
        p, v, q, w = self.start
        cost, states = mpf(0), []
        for u, reference in zip(controls, self.reference):
            torque = add(u[1:], scaled(cross(w, times(self.inertia, w)), -1))
            before, w = w, add(w, scaled(times(self.inverse, torque), self.dt))
            turn = scaled(w, self.dt)
            q = product(q, exponential(turn))
            force = scaled([row[2] for row in matrix(q)], u[0] / self.mass)
            v = add(v, scaled(add(force, [mpf(0), mpf(0), -self.gravity]), self.dt))
            p = add(p, scaled(v, self.dt))
            miss = add(p, scaled(reference, -1))
            cost += dot(miss, miss) + self.effort * dot(u, u)
            states.append((before, turn, q, p))
        return cost, states

    def gradient(self, controls):
        """-> cost, gradient"""
        cost, states = self.run(controls)
        zero = [mpf(0)] * 3
        to_p, to_v, to_q, to_w = zero, zero, zero, zero
        gradient = []
        for u, reference, (w, turn, q, p) in reversed(list(zip(controls, self.reference, states))):
            to_p = add(to_p, scaled(add(p, scaled(reference, -1)), mpf(2)))
            to_v = add(to_v, scaled(to_p, self.dt))
            rotation = matrix(q)
            to_thrust = dot(to_v, [row[2] for row in rotation]) * self.dt / self.mass
            force = scaled(times(transposed(rotation), to_v), self.dt * u[0] / self.mass)
            to_q = add(to_q, cross([mpf(0), mpf(0), mpf(1)], force))
            to_w = add(to_w, scaled(right_jacobian_transposed(turn, to_q), self.dt))
            to_q = times(matrix(exponential(turn)), to_q)
            to_torque = scaled(times(transposed(self.inverse), to_w), self.dt)
            gyroscopic = add(
                cross(times(self.inertia, w), to_torque),
                times(transposed(self.inertia), cross(to_torque, w)),
            )
            to_w = add(to_w, scaled(gyroscopic, -1))
            gradient.append(add([to_thrust] + to_torque, scaled(u, 2 * self.effort)))
        return cost, gradient[::-1]

    def check(self, controls, gradient):
        """The gradient at some places, against central differences. -> the largest error, relative to the largest slope"""
        step, worst = mpf(10) ** -20, mpf(0)
        largest = max(abs(x) for row in gradient for x in row)
        for place in (0, 1, 6, len(controls) * 2 + 3, len(controls) * 4 - 2):
            row, column = divmod(place, 4)

            def cost(by):
                moved = [list(u) for u in controls]
                moved[row][column] += by
                return self.run(moved)[0]

            difference = (cost(step) - cost(-step)) / (2 * step)
            worst = max(worst, abs(difference - gradient[row][column]) / largest)
        return worst


# ------------------------------------------------------------------- the cases
def rounder(dtype):
    if dtype == "float64":
        return float
    return lambda x: struct.unpack("f", struct.pack("f", float(x)))[0]


def number(*place):
    """Numbers without order in [-1, 1]."""
    seed = sum((1 + index) * (7 * axis + 1.3) for axis, index in enumerate(place))
    return sin(mpf(seed) * mpf(seed))


def case(serial, dtype, count, steps, tolerance):
    rounded = rounder(dtype)

    def exact(tree):
        return [exact(part) for part in tree] if isinstance(tree, list) else mpf(rounded(tree))

    def array(tree):
        flat = tree
        while isinstance(flat[0], list):
            flat = [x for part in flat for x in part]
        return {"dtype": dtype, "shape": shape_of(tree), "data": [rounded(x) for x in flat]}

    def vectors(size, scale, seed):
        return [[scale * number(seed, flight, axis) for axis in range(size)] for flight in range(count)]

    controls = exact([
        [
            [GRAVITY * (1 + mpf("0.05") * number(1, step, flight))]
            + [mpf("0.002") * number(2, step, flight, axis) for axis in range(3)]
            for flight in range(count)
        ]
        for step in range(steps)
    ])
    times_ = [mpf(DT) * step for step in range(1, steps + 1)]
    reference = exact([[[sin(t), 1 - cos(t), mpf("0.3") * t]] for t in times_])
    inertia = exact(INERTIA)
    inverse_inertia = exact(inverse([[mpf(x) for x in row] for row in INERTIA]))
    quats = [add([mpf(0)] * 3 + [mpf(1)], vector) for vector in vectors(4, mpf("0.1"), 3)]
    starts = {
        "p0": exact(vectors(3, mpf("0.1"), 4)),
        "v0": exact(vectors(3, mpf("0.1"), 5)),
        "q0": exact([scaled(q, 1 / sqrt(dot(q, q))) for q in quats]),
        "w0": exact(vectors(3, mpf("0.3"), 6)),
    }
    cost, gradients, worst = mpf(0), [], mpf(0)
    for index in range(count):
        start = [starts[name][index] for name in ("p0", "v0", "q0", "w0")]
        flight = Flight(start, [row[0] for row in reference], inertia, inverse_inertia)
        own = [row[index] for row in controls]
        value, gradient = flight.gradient(own)
        worst = max(worst, flight.check(own, gradient))
        cost += value
        gradients.append(gradient)
    assert worst < mpf(10) ** -35, worst
    print(f"{dtype}, {count} x {steps}: differences agree to {mp.nstr(worst, 2)}", file=sys.stderr)
    gradient = [[gradients[index][step] for index in range(count)] for step in range(steps)]
    largest = max(abs(x) for rows in gradient for row in rows for x in row)

    def leaf(value, scale):
        return {"kind": "array", "value": value, "cmp": "close", "rtol": 0.0, "atol": float(f"{float(tolerance * scale):.3g}")}

    parameters = {name: array(tree) for name, tree in starts.items()}
    parameters |= {"ref": array(reference), "J": array(inertia), "Jinv": array(inverse_inertia)}
    parameters |= {"dt": DT, "mass": MASS, "gravity": GRAVITY, "effort": EFFORT}
    return {
        "id": f"drone/drone_cost/{serial:04}-{count}x{steps}",
        "program": "drone_cost",
        "dtype": dtype,
        "tags": [],
        "inputs": {"u": array(controls)},
        "params": parameters,
        "value": leaf({"dtype": dtype, "shape": [], "data": [rounded(cost)]}, abs(cost)),
        "jac": {"u": leaf(array(gradient), largest)},
    }


def shape_of(tree):
    return [len(tree)] + shape_of(tree[0]) if isinstance(tree, list) else []


# Tolerances are relative to the value, and to the largest component of the gradient.
CASES = [("float64", 2, 10, 1e-14), ("float64", 1, 100, 1e-14), ("float32", 2, 10, 1e-6), ("float32", 1, 100, 1e-6)]

if __name__ == "__main__":
    cases = [case(serial, *given) for serial, given in enumerate(CASES)]
    head = {"format": "so3-golden/1", "area": "drone", "split": "open", "count": len(cases)}
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    print(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}")
