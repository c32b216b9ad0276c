#!/usr/bin/env bash
# Prometheus with promtool, and PyYAML, for the checks of what deploy/ ships.
#
#   scripts/prometheus.sh up                  find or fetch what is missing, print where everything is
#   scripts/prometheus.sh run -- COMMAND      run COMMAND with the same in its environment
#
# It sets PROMETHEUS and PROMTOOL (files), and puts PyYAML where python3 finds it. Both that are set already, and those
# of the machine, are used as they are; otherwise the distribution's packages are unpacked below .data/tools, which pins
# their version, runs no maintainer script and needs no root.
set -euo pipefail
shopt -s inherit_errexit
umask 022

readonly EXIT_USAGE=2

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
home=$checkout/.data/tools/prometheus
packages=$home/packages

say() { echo "prometheus: $*" >&2; }
fail() { say "$@"; exit 1; }
usage() { sed -n '4,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit "$EXIT_USAGE"; }

explain_missing() {
  fail "$1. Install what is missing, then run this again:
  Debian, Ubuntu   apt-get install prometheus python3-yaml
  Fedora           dnf install golang-github-prometheus python3-pyyaml
or name both programs in PROMETHEUS and PROMTOOL."
}

has_yaml() { python3 -c 'import yaml' 2>/dev/null; }

find_programs() {
  PROMETHEUS=${PROMETHEUS:-$(command -v prometheus || echo "$packages/usr/bin/prometheus")}
  PROMTOOL=${PROMTOOL:-$(command -v promtool || echo "$packages/usr/bin/promtool")}
  [ -x "$PROMETHEUS" ] && [ -x "$PROMTOOL" ]
}

use_unpacked_yaml() {
  local modules=$packages/usr/lib/python3/dist-packages
  [ ! -d "$modules/yaml" ] || export PYTHONPATH=$modules${PYTHONPATH:+:$PYTHONPATH}
}

# Downloads these packages alone: the programs are linked statically, and PyYAML needs nothing but Python.
unpack_packages() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || explain_missing "this machine has no apt"
  local apt=$home/apt unpacked=$home/packages.new archive log=$home/apt.log
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  local options=(-q -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "Dir::Cache::Archives=$apt/cache/archives"
    -o Debug::NoLocking=1 -o APT::Update::Post-Invoke::= -o APT::Sandbox::User=)
  say "reading the distribution's package lists"
  apt-get "${options[@]}" update >"$log" 2>&1 || { tail -n 5 "$log" >&2; explain_missing "apt-get update failed"; }
  say "downloading $* (20 MB)"
  (cd "$apt" && apt-get "${options[@]}" download "$@" >>"$log" 2>&1) ||
    { tail -n 5 "$log" >&2; explain_missing "the download failed"; }
  say "unpacking them below $home"
  rm -rf "$unpacked" "$packages"
  mkdir -p "$unpacked"
  for archive in "$apt"/*.deb; do dpkg-deb -x "$archive" "$unpacked"; done
  mv "$unpacked" "$packages"
  rm -rf "$apt"
}

# What the caller named is used or refused, never replaced.
check_named() {
  local program
  for program in "${PROMETHEUS:-}" "${PROMTOOL:-}"; do
    [ -z "$program" ] || [ -x "$program" ] || fail "$program, named in PROMETHEUS or PROMTOOL, is no program"
  done
}

require_all() {
  check_named
  command -v python3 >/dev/null || explain_missing "python3 is not here"
  use_unpacked_yaml
  find_programs && has_yaml && return
  unset PROMETHEUS PROMTOOL
  unpack_packages prometheus python3-yaml
  use_unpacked_yaml
  find_programs || explain_missing "the packages hold no prometheus and promtool"
  has_yaml || explain_missing "PyYAML of the distribution does not load in $(command -v python3)"
}

command=${1:-}
case $command in up | run) ;; *) usage ;; esac
shift
if [ "$command" = run ]; then
  [ "${1:-}" = -- ] && shift
  [ $# -gt 0 ] || usage
fi

mkdir -p "$home"
exec 9>>"$home/lock"
! command -v flock >/dev/null || flock 9
require_all
exec 9>&-
export PROMETHEUS PROMTOOL

case $command in
  up) printf '%s\n' "PROMETHEUS=$PROMETHEUS" "PROMTOOL=$PROMTOOL" ${PYTHONPATH:+"PYTHONPATH=$PYTHONPATH"} ;;
  run) exec "$@" ;;
esac
