#!/usr/bin/env bash
# Puts NVIDIA's assembler for PTX under target/ptxas, where tests look for it, and prints where it is. It needs no GPU and
# no CUDA: it comes from the PyPI wheel of NVIDIA's own, of which pip checks the hash. Its licence is NVIDIA's; nothing
# of it is part of Rotrace. A second run does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly requirement="nvidia-cuda-nvcc==13.0.88"
# Of the wheel for x86-64.
readonly hash=sha256:56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03
readonly folder=target/ptxas
readonly assembler=$folder/nvidia/cu13/bin/ptxas

fail() {
  echo "$0: $1; another ptxas can be named in ROTRACE_PTXAS" >&2
  exit 1
}

works() {
  "$assembler" --version >/dev/null 2>&1
}

if ! works; then
  [[ $(uname -sm) == "Linux x86_64" ]] || fail "the wheel is for Linux on x86-64"
  python3 -m pip --version >/dev/null 2>&1 || fail "there is no pip to download $requirement with"
  rm -rf "$folder"
  mkdir -p target
  # Under another name until it is whole.
  partial=$(mktemp -d target/ptxas.XXXXXX)
  trap 'rm -rf "$partial"' EXIT
  echo "$requirement --hash=$hash" >"$partial/requirements.txt"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --requirement "$partial/requirements.txt" --target "$partial/installed" || fail "pip could not download $requirement"
  mv "$partial/installed" "$folder"
  works || fail "$assembler does not run"
fi
echo "$PWD/$assembler"
