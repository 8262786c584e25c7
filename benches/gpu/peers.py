"""The workloads of `gpu` in JAX, PyTorch and CuPy on the same GPU; a line of JSON for each.

    python3 peers.py [ROWS] [PEER]...

Every system gets its fastest usual form: `jax.jit`, `torch.compile`, and in CuPy one kernel of `cupy.fuse` over components where
it takes the operations. Formulas are the plain ones of quaternions that have unit length. Times are the median of 15
samples of 20 calls, by events on the device; JAX, which has no events, by the host's clock around 20 calls.
"""

import json
import sys
import time

ROWS = 10_000_000
CALLS, ROUNDS = 20, 15


def report(peer, workload, dtype, seconds, moved, compiling):
    print(json.dumps({
        "peer": peer, "workload": workload, "dtype": dtype, "us": seconds * 1e6,
        "gb_s": moved / seconds * 1e-9, "first_ms": compiling * 1e3,
    }), flush=True)


# name -> (shapes of the arguments, numbers read and written per row)
WORKLOADS = {
    "add": (((), ()), 3),
    "chain": (((),), 2),
    "sum": (((),), 1),
    "rot_mul": (((4,), (4,)), 12),
    "rot_apply": (((4,), (3,)), 10),
    "tf_apply": (((4, 4), (3,)), 22),
    "as_euler": (((4,),), 7),
    "rotvec_apply_grad": (((3,), (3,), (3,)), 12),
}


def product(a, b):
    """Of quaternions, by components, scalar-last."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def apply(q, p):
    x, y, z, w = q
    px, py, pz = p
    tx, ty, tz = 2 * (y * pz - z * py), 2 * (z * px - x * pz), 2 * (x * py - y * px)
    return px + w * tx + y * tz - z * ty, py + w * ty + z * tx - x * tz, pz + w * tz + x * ty - y * tx


def zyx(q, xp):
    x, y, z, w = q
    return (
        xp.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)),
        xp.arcsin(xp.clip(2 * (w * y - z * x), -1.0, 1.0)),
        xp.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)),
    )


def functions(xp, parts, join, sum_of):
    """The workloads over a system's arrays: `parts` gives the columns of rows, `join` makes rows of columns."""

    def tf_apply(m, p):
        px, py, pz = parts(p)
        row = lambda i: m[:, i, 0] * px + m[:, i, 1] * py + m[:, i, 2] * pz + m[:, i, 3]
        return join([row(0), row(1), row(2)])

    return {
        "add": lambda x, y: x + y,
        "chain": lambda x: xp.sin(x) * xp.exp(-x * x) + xp.sqrt(xp.abs(x)),
        "sum": sum_of,
        "rot_mul": lambda a, b: join(product(parts(a), parts(b))),
        "rot_apply": lambda q, p: join(apply(parts(q), parts(p))),
        "tf_apply": tf_apply,
        "as_euler": lambda q: join(zyx(parts(q), xp)),
    }


def rotated(x, p, xp, parts, join):
    """Points rotated by rotation vectors, with a series near zero that keeps gradients finite."""
    a, b, c = parts(x)
    square = a * a + b * b + c * c
    small = square < 1e-6
    safe = xp.where(small, xp.ones_like(square), square)
    angle = xp.sqrt(safe)
    k = xp.where(small, 0.5 - square / 48, xp.sin(angle / 2) / angle)
    w = xp.where(small, 1 - square / 8, xp.cos(angle / 2))
    return join(apply((a * k, b * k, c * k, w), parts(p)))


def median(samples):
    return sorted(samples)[len(samples) // 2]


def with_jax(rows):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    parts = lambda a: [a[:, i] for i in range(a.shape[1])]
    join = lambda columns: jnp.stack(columns, axis=1)
    table = functions(jnp, parts, join, jnp.sum)
    loss = lambda x, p, w: jnp.sum(rotated(x, p, jnp, parts, join) * w)
    table["rotvec_apply_grad"] = jax.value_and_grad(loss)
    for name, (shapes, numbers) in WORKLOADS.items():
        for dtype in (jnp.float32, jnp.float64):
            keys = jax.random.split(jax.random.PRNGKey(0), len(shapes))
            arrays = [jax.random.uniform(k, (rows, *s), dtype, -0.5, 0.5) for k, s in zip(keys, shapes)]
            jax.block_until_ready(arrays)
            function = jax.jit(table[name])
            start = time.perf_counter()
            jax.block_until_ready(function(*arrays))
            first = time.perf_counter() - start
            samples = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                results = [function(*arrays) for _ in range(CALLS)]
                jax.block_until_ready(results)
                samples.append((time.perf_counter() - start) / CALLS)
                del results
            size = jnp.dtype(dtype).itemsize
            report("jax", name, f"f{size * 8}", median(samples), numbers * rows * size, first)


def with_torch(rows):
    import torch

    parts = lambda a: [a[:, i] for i in range(a.shape[1])]
    join = lambda columns: torch.stack(columns, dim=1)
    table = functions(torch, parts, join, torch.sum)

    for name, (shapes, numbers) in WORKLOADS.items():
        for dtype in (torch.float32, torch.float64):
            arrays = [torch.rand((rows, *s), dtype=dtype, device="cuda") - 0.5 for s in shapes]
            # The gradient is compiled through its forward pass.
            if name == "rotvec_apply_grad":
                forward = torch.compile(lambda x, p, w: (rotated(x, p, torch, parts, join) * w).sum())

                def function(x, p, w):
                    x = x.detach().requires_grad_()
                    value = forward(x, p, w)
                    return value, torch.autograd.grad(value, x)[0]
            else:
                function = torch.compile(table[name])
            start = time.perf_counter()
            function(*arrays)
            torch.cuda.synchronize()
            first = time.perf_counter() - start
            samples = []
            for _ in range(ROUNDS):
                begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
                begin.record()
                for _ in range(CALLS):
                    function(*arrays)
                end.record()
                end.synchronize()
                samples.append(begin.elapsed_time(end) * 1e-3 / CALLS)
            size = arrays[0].element_size()
            report("torch", name, f"f{size * 8}", median(samples), numbers * rows * size, first)


def with_cupy(rows):
    import cupy

    def chain(x):
        return cupy.sin(x) * cupy.exp(-x * x) + cupy.sqrt(cupy.abs(x))

    def mul_columns(a, b, c, d, e, f, g, h):
        return product((a, b, c, d), (e, f, g, h))

    def apply_columns(a, b, c, d, e, f, g):
        return apply((a, b, c, d), (e, f, g))

    def zyx_columns(a, b, c, d):
        return zyx((a, b, c, d), cupy)

    def fused(function):
        """A function of columns as one kernel, whose results are rows again."""
        kernel = cupy.fuse(function)

        def run(*arrays):
            out = kernel(*[array[:, i] for array in arrays for i in range(array.shape[1])])
            return cupy.stack(out, axis=1)

        return run

    table = {
        "add": lambda x, y: x + y,
        "chain": cupy.fuse(chain),
        "sum": cupy.sum,
        "rot_mul": fused(mul_columns),
        "rot_apply": fused(apply_columns),
        "tf_apply": lambda m, p: cupy.matmul(m[:, :3, :3], p[:, :, None])[:, :, 0] + m[:, :3, 3],
        "as_euler": fused(zyx_columns),
    }
    for name, function in table.items():
        shapes, numbers = WORKLOADS[name]
        for dtype in (cupy.float32, cupy.float64):
            arrays = [(cupy.random.rand(rows, *s) - 0.5).astype(dtype) for s in shapes]
            start = time.perf_counter()
            function(*arrays)
            cupy.cuda.Device().synchronize()
            first = time.perf_counter() - start
            samples = []
            for _ in range(ROUNDS):
                begin, end = cupy.cuda.Event(), cupy.cuda.Event()
                begin.record()
                for _ in range(CALLS):
                    function(*arrays)
                end.record()
                end.synchronize()
                samples.append(cupy.cuda.get_elapsed_time(begin, end) * 1e-3 / CALLS)
            size = arrays[0].itemsize
            report("cupy", name, f"f{size * 8}", median(samples), numbers * rows * size, first)


def main():
    words = sys.argv[1:]
    rows = int(words.pop(0)) if words and words[0].isdigit() else ROWS
    peers = {"jax": with_jax, "torch": with_torch, "cupy": with_cupy}
    for name in words or peers:
        try:
            peers[name](rows)
        except Exception as error:  # One system's failure does not hide the others' figures.
            print(json.dumps({"peer": name, "error": f"{type(error).__name__}: {error}"[:300]}), flush=True)


if __name__ == "__main__":
    main()
