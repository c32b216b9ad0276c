#!/usr/bin/env bash
# A Chromium with its WebDriver, fonts for Nepali and the accessibility checker, for the tests in a browser.
#
#   scripts/browser.sh up                  find or fetch what is missing, print where everything is
#   scripts/browser.sh run -- COMMAND      run COMMAND with the same in its environment
#
# It sets CHROMIUM, CHROMEDRIVER and AXE_SCRIPT (files) and, for what was unpacked, FONTCONFIG_FILE (file) and
# CHROMIUM_LIBRARY_PATH (folders): those libraries are for the browser and its driver only.
# CHROMIUM and CHROMEDRIVER that are set already are used as they are.
#
#   BROWSER_HOME     where things are unpacked (default: .data/browser in the checkout)
#   BROWSER_PACKAGES install: install the distribution's packages (default for root); unpack: only below BROWSER_HOME
#
# Chromium and its driver must be of one version, so both come from one place: the machine, or the distribution's
# packages. Unpacking runs no maintainer script and needs no root.
set -euo pipefail
shopt -s inherit_errexit
umask 022

readonly EXIT_USAGE=2 LOCK_TIMEOUT_SECONDS=300
readonly FONTS=fonts-noto-core
# Checked against the registry's own digest: another file under this version is refused.
readonly AXE=axe-core AXE_VERSION=4.14.1
readonly AXE_SHA512=FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
home=${BROWSER_HOME:-$checkout/.data/browser}
case $home in /*) ;; *) home=$PWD/$home ;; esac
packages=$home/packages

say() { echo "browser: $*" >&2; }
fail() { say "$@"; exit 1; }
usage() { sed -n '4,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit "$EXIT_USAGE"; }

# --- Chromium and its driver -----------------------------------------------------------------------------------------

chromium=${CHROMIUM:-} chromedriver=${CHROMEDRIVER:-}

with_libraries() { LD_LIBRARY_PATH=${CHROMIUM_LIBRARY_PATH:-}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$@"; }
major_of() { with_libraries "$1" --version 2>/dev/null | sed -nE 's/^[^0-9]*([0-9]+)\..*/\1/p' | head -n 1; }

# A browser that some snap or wrapper only promises does not say its version.
fit_together() {
  local browser_major driver_major
  browser_major=$(major_of "$1") driver_major=$(major_of "$2")
  [ -n "$browser_major" ] && [ "$browser_major" = "$driver_major" ]
}

find_named() {
  local name
  for name in "$@"; do command -v "$name" 2>/dev/null && return; done
  return 1
}

# Tells whether both are there, and of one version.
find_browser() {
  local browser driver
  if [ -n "${CHROMIUM:-}${CHROMEDRIVER:-}" ]; then
    fit_together "${CHROMIUM:-none}" "${CHROMEDRIVER:-none}" ||
      fail "CHROMIUM=${CHROMIUM:-} and CHROMEDRIVER=${CHROMEDRIVER:-} are not a browser and its driver of one version"
    return
  fi
  if browser=$(find_named chromium chromium-browser google-chrome) && driver=$(find_named chromedriver) &&
    fit_together "$browser" "$driver"; then
    chromium=$browser chromedriver=$driver
    return
  fi
  browser=$packages/usr/lib/chromium/chromium driver=$packages/usr/bin/chromedriver
  [ -x "$browser" ] && [ -x "$driver" ] || return 1
  use_unpacked
  chromium=$browser chromedriver=$driver
  fit_together "$browser" "$driver" || fail "what was unpacked in $packages does not run here; remove the folder"
}

use_unpacked() {
  # Libraries of the packages, and those that libraries load by name from folders of their own.
  CHROMIUM_LIBRARY_PATH=$(find "$packages/usr/lib" "$packages/lib" -name '*.so*' -printf '%h\n' 2>/dev/null |
    grep -E '/lib/[^/]*-linux-[^/]*(/(nss|pulseaudio))?$' | sort -u | paste -sd:)
  export CHROMIUM_LIBRARY_PATH
}

explain_missing() {
  fail "no Chromium with its driver found and none could be fetched${1:+ ($1)}. Install them, then run this again:
  Debian           apt-get install chromium chromium-driver $FONTS
  Fedora           dnf install chromium chromedriver google-noto-sans-devanagari-fonts
or name both files in CHROMIUM and CHROMEDRIVER."
}

require_apt() { command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || explain_missing "this machine has no apt"; }

install_packages() {
  require_apt
  local log=$home/apt.log options=(-q -y --no-install-recommends -o "DPkg::Lock::Timeout=$LOCK_TIMEOUT_SECONDS")
  export DEBIAN_FRONTEND=noninteractive
  say "installing $*"
  apt-get -q update >"$log" 2>&1 || { tail -n 5 "$log" >&2; explain_missing "apt-get update failed"; }
  apt-get "${options[@]}" install "$@" >>"$log" 2>&1 || { tail -n 5 "$log" >&2; explain_missing "apt-get install failed"; }
}

# Downloads the packages with what they need and this machine lacks, and unpacks them below `home`.
unpack_packages() {
  require_apt
  local apt=$home/apt unpacked=$home/packages.new archive log=$home/apt.log
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  local options=(-q -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "Dir::Cache::Archives=$apt/cache/archives"
    -o Debug::NoLocking=1 -o APT::Update::Post-Invoke::= -o APT::Sandbox::User=)
  say "reading the distribution's package lists"
  apt-get "${options[@]}" update >"$log" 2>&1 || { tail -n 5 "$log" >&2; explain_missing "apt-get update failed"; }
  say "downloading $* (10 to 200 MB)"
  # What is installed comes once more: a browser and its driver have to come from one place.
  apt-get "${options[@]}" -y --no-install-recommends --reinstall --download-only install "$@" >>"$log" 2>&1 ||
    { tail -n 5 "$log" >&2; explain_missing "the download failed"; }
  say "unpacking them below $home"
  rm -rf "$unpacked" "$packages"
  mkdir -p "$unpacked"
  for archive in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$archive" "$unpacked"; done
  mv "$unpacked" "$packages"
  rm -rf "$apt"
}

fetch() {
  local way=unpack
  [ "$(id -u)" != 0 ] || way=install
  case ${BROWSER_PACKAGES:-$way} in
    install) install_packages "$@" ;;
    unpack) unpack_packages "$@" ;;
    *) fail "BROWSER_PACKAGES is install or unpack" ;;
  esac
}

require_browser() {
  find_browser && return
  fetch chromium chromium-common chromium-driver "$FONTS"
  find_browser || explain_missing "the packages hold no browser that runs here"
}

# --- Fonts -----------------------------------------------------------------------------------------------------------

has_unpacked_fonts() { [ -d "$packages/usr/share/fonts" ]; }

has_fonts() {
  if command -v fc-list >/dev/null; then
    [ -n "$(fc-list :lang=ne family)" ]
  else
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts -iname '*devanagari*' -print -quit 2>/dev/null)" ]
  fi
}

# A machine's own fonts where they know Nepali; else those of the package.
require_fonts() {
  has_fonts && return
  has_unpacked_fonts || fetch "$FONTS"
  has_unpacked_fonts || { has_fonts && return; } || fail "no font for Nepali: install one, such as $FONTS"
  local configuration=$home/fonts.conf machine=/etc/fonts/fonts.conf
  [ -f "$machine" ] || machine=$packages/etc/fonts/fonts.conf
  cat >"$configuration" <<XML
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">$machine</include>
  <dir>$packages/usr/share/fonts</dir>
  <cachedir>$home/font-cache</cachedir>
</fontconfig>
XML
  export FONTCONFIG_FILE=$configuration
}

# --- The accessibility checker ---------------------------------------------------------------------------------------

digest_of() { openssl dgst -sha512 -binary "$1" | base64 -w 0; }

require_axe() {
  local folder=$home/$AXE-$AXE_VERSION
  local archive=$folder/$AXE-$AXE_VERSION.tgz
  AXE_SCRIPT=$folder/package/axe.min.js
  export AXE_SCRIPT
  if ! { [ -f "$archive" ] && [ "$(digest_of "$archive")" = "$AXE_SHA512" ] && [ -f "$AXE_SCRIPT" ]; }; then
    command -v npm >/dev/null || fail "npm is needed to fetch $AXE $AXE_VERSION. Install it (Debian: apt-get install npm), or
put the package's archive at $archive"
    say "downloading $AXE $AXE_VERSION"
    mkdir -p "$folder"
    [ -f "$archive" ] || (cd "$folder" && npm pack --silent --ignore-scripts "$AXE@$AXE_VERSION" >/dev/null) ||
      fail "npm cannot fetch $AXE $AXE_VERSION"
    if [ "$(digest_of "$archive")" != "$AXE_SHA512" ]; then
      rm -f "$archive"
      fail "$AXE $AXE_VERSION is not the file it was: its digest differs, and it was removed"
    fi
    tar -xzf "$archive" -C "$folder" package/axe.min.js package/LICENSE
  fi
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
require_browser
require_fonts
require_axe
exec 9>&-
export CHROMIUM=$chromium CHROMEDRIVER=$chromedriver

case $command in
  up) printf '%s\n' "CHROMIUM=$CHROMIUM" "CHROMEDRIVER=$CHROMEDRIVER" "AXE_SCRIPT=$AXE_SCRIPT" \
    ${FONTCONFIG_FILE:+"FONTCONFIG_FILE=$FONTCONFIG_FILE"} ${CHROMIUM_LIBRARY_PATH:+"CHROMIUM_LIBRARY_PATH=$CHROMIUM_LIBRARY_PATH"} ;;
  run) exec "$@" ;;
esac
