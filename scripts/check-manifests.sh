#!/usr/bin/env bash
# The manifests of k8s/ render, fit every supported Kubernetes, pass a policy scan, and are what the code needs; and each of
# these checks is seen to complain. Tools are fetched once, pinned, into .data/tools; afterwards nothing needs a network.
#
#   KUBECTL  a kubectl (1.31 or newer) to render with, where the fetched one does not run
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly TOOLS=.data/tools WORK=.data/manifests CHECKS=k8s/checks LOCK_TIMEOUT_SECONDS=300

say() { echo "manifests: $*" >&2; }
fail() { say "$@"; exit 1; }

# --- Tools -----------------------------------------------------------------------------------------------------------

python=

is_python() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null && is_python "$name"; then
      python=$name
      return
    fi
  done
  return 1
}

require_python() {
  find_python && return
  local hint="Python 3.11 or newer with venv is needed. Install it (Debian: apt-get install python3 python3-venv)"
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "$hint"
  say "installing python3 and python3-venv"
  {
    apt-get -q update
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o "DPkg::Lock::Timeout=$LOCK_TIMEOUT_SECONDS" \
      install python3 python3-venv
  } >"$TOOLS/apt.log" 2>&1 || { tail -n 5 "$TOOLS/apt.log" >&2; fail "$hint"; }
  find_python || fail "$hint"
}

# environment FOLDER REQUIREMENTS…: a virtual environment that holds exactly these; made anew when one of them changes.
environment() {
  local folder=$1 file pins
  shift
  pins=$(cat "$@")
  [ ! -f "$folder/pins" ] || [ "$(cat "$folder/pins")" != "$pins" ] || return 0
  require_python
  say "fetching the tools of $* into $folder"
  rm -rf "$folder"
  "$python" -m venv "$folder"
  for file in "$@"; do
    # Everything is named in the file: what is not pinned does not come. Python compiles what it uses when it uses it.
    PIP_DISABLE_PIP_VERSION_CHECK=1 "$folder/bin/pip" install --quiet --no-deps --no-compile -r "$file" ||
      fail "pip cannot fetch what $file names"
  done
  printf '%s\n' "$pins" >"$folder/pins"
}

mkdir -p "$TOOLS" "$WORK"
# Compiled once, outside the sources.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX=$PWD/$TOOLS/pycache
exec 9>>"$TOOLS/lock"
! command -v flock >/dev/null || flock 9
if [ -n "${KUBECTL:-}" ]; then
  environment "$TOOLS/manifests" "$CHECKS/requirements.txt"
  kubectl=$KUBECTL
else
  environment "$TOOLS/manifests" "$CHECKS/requirements.txt" "$CHECKS/requirements-kubectl.txt"
  kubectl=$PWD/$TOOLS/manifests/bin/kubectl
fi
environment "$TOOLS/scan" "$CHECKS/requirements-scan.txt"
"$kubectl" version --client >/dev/null 2>&1 || fail "$kubectl does not run here; name one that does in KUBECTL"

# --- Checks ----------------------------------------------------------------------------------------------------------

# It would ask for a newer version of itself.
export CKV_SKIP_PACKAGE_UPDATE_CHECK=true
scan() { "$TOOLS/scan/bin/checkov" --config-file "$CHECKS/checkov.yaml" "$@"; }

rm -rf "$WORK/rendered" "$WORK/broken"
PYTHONPATH=k8s "$TOOLS/manifests/bin/python" -m checks "$kubectl" "$PWD/$WORK"

say "each check complains about what it is for"
PYTHONPATH=k8s "$TOOLS/manifests/bin/python" -m unittest -q checks.test_checks

say "policies (checkov)"
scan -d "$WORK/rendered"
mkdir -p "$WORK/broken"
sed 's/readOnlyRootFilesystem: true/readOnlyRootFilesystem: false/' "$WORK/rendered/production-catalogue-import.yaml" \
  >"$WORK/broken/catalogue-import.yaml"
! scan -f "$WORK/broken/catalogue-import.yaml" >"$WORK/broken/report" 2>&1 ||
  fail "the policy scan lets a writable root file system pass; its report is $WORK/broken/report"
grep -q CKV_K8S_22 "$WORK/broken/report" || fail "the policy scan failed for another reason: see $WORK/broken/report"
say "all is well"
