#!/usr/bin/env bash
# Builds and runs all tests that this machine allows: what they need beside Rust is installed if nobody has to be asked for
# a password, and what was not run is said at the end. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."

features=()
not_run=()

if scripts/install-llvm.sh </dev/null; then
  features=(--features mlir,cuda)
  scripts/install-ptxas.sh || not_run+=("PTX was not assembled: there is no ptxas (scripts/install-ptxas.sh)")
else
  not_run+=("nothing was compiled by the optimising compiler, which needs LLVM 22 (scripts/install-llvm.sh)")
fi

cargo test --release --workspace "${features[@]}" "$@"

for reason in "${not_run[@]}"; do
  echo "not run: $reason"
done
