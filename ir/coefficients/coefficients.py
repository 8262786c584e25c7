"""Prints the polynomial coefficients of `ir/src/elementary`, with the bounds their comments state.

    pip install mpmath && python3 ir/coefficients/coefficients.py

Each polynomial interpolates its function at the Chebyshev nodes of the interval, which is within a small factor of the
minimax polynomial. Coefficients are rounded to doubles; the bound is the largest relative error of the *rounded*
polynomial (evaluated exactly) on a dense grid.
"""

from mpmath import mp, mpf, asin, asinh, atan, atanh, cos, exp, log1p, pi, sin, sqrt

mp.prec = 400


def interpolate(function, low, high, degree):
    nodes = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * k + 1) / (2 * degree + 2)) for k in range(degree + 1)]
    divided = [function(node) for node in nodes]
    for order in range(1, degree + 1):
        for k in range(degree, order - 1, -1):
            divided[k] = (divided[k] - divided[k - 1]) / (nodes[k] - nodes[k - order])
    polynomial = [mpf(0)]
    for k in range(degree, -1, -1):  # Horner on Newton's form: p * (x - node) + divided difference.
        shifted = [mpf(0)] + polynomial
        for index, coefficient in enumerate(polynomial):
            shifted[index] -= nodes[k] * coefficient
        shifted[0] += divided[k]
        polynomial = shifted
    return [mpf(float(coefficient)) for coefficient in polynomial[: degree + 1]]


def odd(function):
    """`(f(x) - x) / x^3` as a function of `x^2`."""
    return lambda z: (function(sqrt(z)) - sqrt(z)) / sqrt(z) ** 3


CASES = {
    # The interval is not symmetric, so that no node is 0.
    "EXP: (e^r - 1 - r - r^2/2) / r^3": (
        lambda r: (exp(r) - 1 - r - r**2 / 2) / r**3,
        mpf("-0.3469"),
        mpf("0.34691"),
        9,
    ),
    "LOG: (log((1+s)/(1-s)) - 2s) / s^3, z = s^2": (lambda z: 2 * odd(atanh)(z), mpf(0), mpf("0.02945"), 6),
    "SIN: (sin r - r) / r^3, z = r^2": (odd(sin), mpf(0), mpf("0.6172"), 6),
    "COS: (cos r - 1 + r^2/2) / r^4, z = r^2": (lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(0), mpf("0.6172"), 5),
    "ATAN: (atan t - t) / t^3, z = t^2": (odd(atan), mpf(0), mpf("0.1716"), 10),
    "ASIN: (asin x - x) / x^3, z = x^2": (odd(asin), mpf(0), mpf("0.25"), 12),
    "ASINH: (asinh x - x) / x^3, z = x^2": (odd(asinh), mpf(0), mpf("0.1369"), 9),
    "ATANH: (atanh x - x) / x^3, z = x^2": (odd(atanh), mpf(0), mpf("0.0901"), 9),
    "POW_LOG: (atanh(s)/s - 1 - z/3 - z^2/5) / z^3, z = s^2": (
        lambda z: (atanh(sqrt(z)) / sqrt(z) - 1 - z / 3 - z**2 / 5) / z**3,
        mpf(0),
        mpf("0.02945"),
        6,
    ),
    # For singles, whose results need 2^-38.
    "SINGLE_EXP: (e^r - 1 - r) / r^2": (lambda r: (exp(r) - 1 - r) / r**2, mpf("-0.3466"), mpf("0.34661"), 7),
    "SINGLE_LOG: (log(1 + f) - f + f^2/2) / f^3": (
        lambda f: (log1p(f) - f + f**2 / 2) / f**3,
        sqrt(mpf(1) / 2) - 1,
        sqrt(mpf(2)) - 1,
        12,
    ),
    "SINGLE_SIN: (sin r - r) / r^3, z = r^2": (odd(sin), mpf(0), mpf("0.6169"), 4),
    "SINGLE_COS: (cos r - 1) / r^2, z = r^2": (lambda z: (cos(sqrt(z)) - 1) / z, mpf(0), mpf("0.6169"), 4),
    "SINGLE_ATAN: (atan t - t) / t^3, z = t^2": (odd(atan), mpf(0), mpf(1), 13),
    "SINGLE_ASIN: (asin x - x) / x^3, z = x^2": (odd(asin), mpf(0), mpf("0.25"), 7),
}

for name, (function, low, high, degree) in CASES.items():
    polynomial = interpolate(function, low, high, degree)
    grid = [low + (high - low) * mpf(k) / 2001 for k in range(1, 2001)]
    error = max(abs(sum(c * x**k for k, c in enumerate(polynomial)) / function(x) - 1) for x in grid)
    bound = f"relative error below 2^{float(mp.log(error, 2)):.1f}"
    print(f"// {name} on [{float(low)}, {float(high)}], degree {degree}: {bound}.")
    for coefficient in polynomial:
        print(f"    {float(coefficient)!r},")

print("// 2/pi after 64 zero bits, in words of 64 bits.")
mp.prec = 1700
bits = int(mp.floor(2 / pi * mpf(2) ** (64 * 20)))
words = [0] + [(bits >> (64 * (19 - k))) & (2**64 - 1) for k in range(20)]
for word in words:
    print(f"    0x{word:016x},")


def parts(name, value, widths):
    """A constant as a sum of doubles, each cut to a number of bits (None: all 53)."""
    for index, width in enumerate(widths):
        unit = mpf(2) ** (mp.floor(mp.log(abs(value), 2)) + 1 - (width or 53))
        part = float(mp.nint(value / unit) * unit)
        print(f"{name}_{index} = {part!r}")
        value -= mpf(part)


parts("pi/2", pi / 2, [None, None, None])
parts("ln2", mp.log(2), [None, None])
parts("ln2 short", mp.log(2), [42, None])
parts("log10(2) short", mp.log10(2), [42, None])
parts("1/ln2", 1 / mp.log(2), [None, None])
parts("1/ln10", 1 / mp.log(10), [None, None])
parts("1/3", mpf(1) / 3, [None, None])
parts("1/5", mpf(1) / 5, [None, None])
parts("2/pi", 2 / pi, [None])
