#!/usr/bin/env bash
# A PgBouncer that keeps prepared statements in transaction mode (1.21 or newer), without installing one.
#
#   scripts/pgbouncer.sh path   print the program to run, fetched on first use; progress and errors go to stderr
#
#   PGBOUNCER  a program to use instead of looking for one
#
# Debian 12 carries 1.18. So the package of Debian 13 is downloaded by apt with the libraries it needs, unpacked below
# .data/pgbouncer, and run with those libraries and their own loader: nothing of this machine is replaced.
set -euo pipefail
shopt -s inherit_errexit

readonly SUITE=trixie MINOR_LEAST=21
readonly PACKAGES='pgbouncer libc6 libgcc-s1 libcares2 libevent-2.1-7t64 libpam0g libaudit1 libcap-ng0 libssl3t64 libsystemd0 libcap2 libzstd1 zlib1g'
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
home=$checkout/.data/pgbouncer
program=$home/pgbouncer

say() { echo "pgbouncer: $*" >&2; }
fail() { say "$@"; exit 1; }

is_new_enough() {
  local version
  version=$("$1" --version 2>/dev/null | sed -nE '1s/^PgBouncer ([0-9]+\.[0-9]+).*/\1/p') || return 1
  [ -n "$version" ] && { [ "${version%%.*}" -gt 1 ] || [ "${version#*.}" -ge "$MINOR_LEAST" ]; }
}

fetch() {
  local apt=$home/apt unpacked=$home/unpacked archive loader libraries options package packages=() repository
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && [ -f "$KEYRING" ] ||
    fail "none of version 1.$MINOR_LEAST or newer is here, and only Debian's can be fetched. Install one, or name it in PGBOUNCER."
  rm -rf "$home"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$unpacked"
  repository=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 -E '/debian/?$') ||
    fail "this machine's apt names no Debian repository. Install a PgBouncer, or name one in PGBOUNCER."
  echo "deb [signed-by=$KEYRING] $repository $SUITE main" >"$apt/sources.list"
  options=(-q -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$apt/lists"
    -o "Dir::Cache=$apt/cache" -o Debug::NoLocking=1 -o APT::Update::Post-Invoke::= -o APT::Sandbox::User= -o Acquire::Languages=none)
  say "reading the package lists of Debian's $SUITE (about 10 MB)"
  apt-get "${options[@]}" update >"$apt/log" 2>&1 || { tail -n 5 "$apt/log" >&2; fail "apt-get update failed"; }
  for package in $PACKAGES; do packages+=("$package/$SUITE"); done
  say "downloading pgbouncer and its libraries (about 7 MB)"
  (cd "$apt" && apt-get "${options[@]}" download "${packages[@]}" >>"$apt/log" 2>&1) ||
    { tail -n 5 "$apt/log" >&2; fail "the download failed"; }
  for archive in "$apt"/*.deb; do dpkg-deb -x "$archive" "$unpacked"; done
  loader=$(find "$unpacked/usr" -name 'ld-linux-*.so.*' | sort | head -n 1)
  libraries=$(dirname "$(find "$unpacked/usr/lib" -name 'libc.so.6' | head -n 1)")
  printf '#!/bin/sh\nexec %q --library-path %q %q "$@"\n' "$loader" "$libraries" "$unpacked/usr/sbin/pgbouncer" >"$program.new"
  chmod 755 "$program.new"
  is_new_enough "$program.new" || fail "what was unpacked in $unpacked does not run"
  mv "$program.new" "$program"
  rm -rf "$apt"
}

[ "${1:-}" = path ] || { sed -n '4,6p' "${BASH_SOURCE[0]}" >&2; exit 2; }
if [ -n "${PGBOUNCER:-}" ]; then
  is_new_enough "$PGBOUNCER" || fail "PGBOUNCER=$PGBOUNCER is not version 1.$MINOR_LEAST or newer"
  echo "$PGBOUNCER"
elif found=$(command -v pgbouncer) && is_new_enough "$found"; then
  echo "$found"
else
  is_new_enough "$program" || fetch
  echo "$program"
fi
