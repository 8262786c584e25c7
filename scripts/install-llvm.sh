#!/usr/bin/env bash
# Installs what the feature `mlir` is built with: LLVM and MLIR 22 from the distribution's own packages, under
# /usr/lib/llvm-22, where `.cargo/config.toml` looks for them. Nothing that is installed is upgraded or removed, and a
# second run does nothing. The packages are as trustworthy as the system's: apt checks them against signed indices.
#
# Debian 12 has them in bookworm-security, Debian 13 and later in main. Where a release has none, such as an older Ubuntu,
# the packages of https://apt.llvm.org have the same names.
set -euo pipefail

# The variable is one of those in `.cargo/config.toml`: who sets it has LLVM.
readonly own=${LLVM_SYS_221_PREFIX:-}
readonly prefix=${own:-/usr/lib/llvm-22}

# libclang with its headers is for bindgen; the rest is linked.
readonly packages=(
  llvm-22-dev libmlir-22-dev libpolly-22-dev
  libclang1-22 libclang-common-22-dev
  g++ libffi-dev libxml2-dev libz3-dev libzstd-dev zlib1g-dev
)

installed() {
  local package
  for package in "${packages[@]}"; do
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || return 1
  done
}

# Without a terminal nobody can be asked for a password.
as_root() {
  if ((EUID == 0)); then "$@"; elif [[ -t 0 ]]; then sudo "$@"; else sudo --non-interactive "$@"; fi
}

available() {
  [[ -n $(apt-cache --quiet=0 madison libmlir-22-dev 2>/dev/null) ]]
}

if [[ -z $own ]] && ! command -v apt-get >/dev/null; then
  echo "$0: this is for Debian and its kin; elsewhere install LLVM and MLIR 22, and set the variables of .cargo/config.toml" >&2
  exit 1
fi

if [[ -z $own ]] && ! installed; then
  as_root apt-get update --quiet
  if ! available; then
    echo "$0: no configured source has libmlir-22-dev; add https://apt.llvm.org (suite llvm-toolchain-CODENAME-22) and run this again" >&2
    exit 1
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends --no-upgrade "${packages[@]}"
fi

version=$("$prefix/bin/llvm-config" --version 2>/dev/null) || version=none
[[ $version == 22.1.* ]] || { echo "$0: $prefix has LLVM $version, not 22.1" >&2; exit 1; }
echo "LLVM and MLIR $version are in $prefix"
