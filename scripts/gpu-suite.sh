#!/usr/bin/env bash
# The GPU suite: on the first NVIDIA GPU, the corpus, random programs and golden vectors, bit for bit against the processor, and
# the benchmark beside JAX, PyTorch and CuPy as far as `python3` has them. Everything goes to the terminal and to the file of the
# first argument (target/gpu-suite.txt by default), from which docs/records/gpu.md is written.
set -euo pipefail
cd "$(dirname "$0")/.."
record=${1:-target/gpu-suite.txt}
mkdir -p "$(dirname "$record")"
exec > >(tee "$record") 2>&1

echo "commit $(git rev-parse --short HEAD)"
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
cargo test --release -p rotrace-tests --features cuda --test suite --test golden
cargo run --release -p rotrace-bench --features cuda --bin gpu
python3 benches/gpu/peers.py
