#!/usr/bin/env bash
# Builds every image from this machine's release binaries and looks at what came out: size, user, labels, contents; and
# runs each binary inside, as its user on a read-only root.
#
# Needs root and Debian, no registry of images and no engine that runs: the base comes from debootstrap, the images from
# buildah, and a step or a binary is run by chroot. Missing packages are installed.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly SIZE_MIB_MAX=60 START_TIMEOUT_SECONDS=10
readonly TARGETS=(checkout-api payment-callback order-worker stale-job-reaper admin-console migrate catalogue sandbox)
readonly PACKAGES=(buildah debootstrap)
readonly EXIT_SETTINGS=2 DATABASE=image_check

say() { echo "check-image: $*" >&2; }
fail() { say "$@"; exit 1; }

[ "$(id -u)" = 0 ] || fail "needs root, to make a Debian base and to enter the images; use \`make image\` with an engine otherwise"
command -v apt-get >/dev/null || fail "needs Debian's apt; use \`make image\` with an engine otherwise"

folder=$PWD/.data/image
mkdir -p "$folder"
# Storage of its own, so that no other image is touched; by copies, since not every machine has an overlay file system.
export CONTAINERS_STORAGE_CONF=$folder/storage.conf
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$folder" "$folder" >"$CONTAINERS_STORAGE_CONF"

install_missing() {
  if command -v buildah >/dev/null && command -v debootstrap >/dev/null; then return; fi
  say "installing ${PACKAGES[*]}"
  apt-get -q update >"$folder/apt.log" 2>&1 &&
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${PACKAGES[@]}" >>"$folder/apt.log" 2>&1 ||
    { tail -n 5 "$folder/apt.log" >&2; fail "apt-get cannot install ${PACKAGES[*]}"; }
}

# The machine's own Debian release, from the machine's own mirror, so that the C library is that of the binaries.
make_base() {
  local codename mirror container
  ! buildah inspect --type image localhost/order-pipeline-base >/dev/null 2>&1 || return 0
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null || true; } |
    sed -nE 's/^deb (\[[^]]*\] )?(https?:[^ ]*debian) .*/\2/p; s/^URIs: *(https?:[^ ]*debian)\/? *$/\1/p' | sed -n 1p)
  say "making a Debian base ($codename)"
  rm -rf --one-file-system "$folder/base"
  # Whatever it mounts below the base is gone with it.
  unshare --mount debootstrap --variant=minbase --include=ca-certificates "$codename" "$folder/base" ${mirror:+"$mirror"} \
    >"$folder/debootstrap.log" 2>&1 || { tail -n 5 "$folder/debootstrap.log" "$folder/base/debootstrap/debootstrap.log" >&2; fail "debootstrap failed"; }
  tar -C "$folder/base" -cf "$folder/base.tar" .
  container=$(buildah from scratch)
  buildah add -q "$container" "$folder/base.tar" / >/dev/null
  buildah commit -q "$container" localhost/order-pipeline-base >/dev/null
  buildah rm "$container" >/dev/null
  rm -rf --one-file-system "$folder/base" "$folder/base.tar"
}

copy_binaries() {
  local target
  say "building for release"
  cargo build --workspace --release --locked --bins
  mkdir -p "$folder/binaries"
  for target in "${TARGETS[@]}"; do cp "${CARGO_TARGET_DIR:-target}/release/$target" "$folder/binaries/"; done
}

# Runs a binary in an image's file system, mounted read-only, as the image's user: with the variables given and no others.
inside() {
  local root=$1 variables=() words
  shift
  while [[ $1 == *=* ]]; do variables+=("$1"); shift; done
  # shellcheck disable=SC2016 # the words are for the inner shell
  words='mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec timeout "$0" chroot --userspec=65532:65532 "$@"'
  env -i PATH="$PATH" ${variables[@]+"${variables[@]}"} unshare --mount bash -c "$words" "$START_TIMEOUT_SECONDS" "$root" "$@"
}

# What a person reads who starts it with nothing set: services refuse with the variable's name, commands have their help.
check_starts() {
  local target=$1 root=$2 output status=0
  case $target in
    migrate | catalogue | sandbox)
      inside "$root" "/usr/local/bin/$target" --help >/dev/null || fail "$target --help does not run in its image" ;;
    *)
      output=$(inside "$root" "/usr/local/bin/$target" 2>&1) || status=$?
      [ "$status" = "$EXIT_SETTINGS" ] && tail -n 1 <<<"$output" | grep -qE '^[A-Z_]+: .*required' ||
        fail "$target without settings: status $status, and it says: $output" ;;
  esac
}

check_configuration() {
  local target=$1 image=$2 found name
  found=$(buildah inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}}' "$image")
  [ "$found" = "65532:65532 [/usr/local/bin/$target]" ] || fail "$image runs as $found"
  found=$(buildah inspect --type image --format '{{range $name, $text := .OCIv1.Config.Labels}}{{$name}} {{end}}' "$image")
  for name in title description licenses version revision; do
    [[ " $found " == *" org.opencontainers.image.$name "* ]] || fail "$image lacks the label $name"
  done
}

check_contents() {
  local target=$1 root=$2 executables
  [ -s "$root/etc/ssl/certs/ca-certificates.crt" ] || fail "$target: no certificate authorities"
  executables=$(find "$root" -type f -executable -not -name '*.so*' -printf '/%P ')
  [ "$executables" = "/usr/local/bin/$target " ] || fail "$target: something besides it can be run: $executables"
}

# Migrates a database and sweeps it once, each by its image.
check_works() {
  local roots=$1 url=${TEST_DATABASE_URL%/*}/$DATABASE
  scripts/postgres.sh client test psql -qd "$TEST_DATABASE_URL" -c "SET client_min_messages = warning" \
    -c "DROP DATABASE IF EXISTS $DATABASE" -c "CREATE DATABASE $DATABASE"
  inside "$(readlink "$roots/migrate")" DATABASE_URL="$url" /usr/local/bin/migrate up >/dev/null || fail "migrate does not work in its image"
  inside "$(readlink "$roots/stale-job-reaper")" DATABASE_URL="$url" /usr/local/bin/stale-job-reaper --once >/dev/null ||
    fail "stale-job-reaper --once does not work in its image"
  scripts/postgres.sh client test psql -qd "$TEST_DATABASE_URL" -c "DROP DATABASE $DATABASE"
}

check_all() {
  local target image container root size roots=$folder/roots containers=()
  rm -rf "$roots"
  mkdir -p "$roots"
  for target in "${TARGETS[@]}"; do
    image=localhost/order-pipeline/$target:check
    container=$(buildah from "$image")
    containers+=("$container")
    root=$(buildah mount "$container")
    ln -s "$root" "$roots/$target"
    check_configuration "$target" "$image"
    check_contents "$target" "$root"
    check_starts "$target" "$root"
    size=$(du -sb "$root" | awk '{ printf "%.1f", $1 / 1048576 }')
    printf '%-18s %6s MiB\n' "$target" "$size"
    awk -v size="$size" -v max="$SIZE_MIB_MAX" 'BEGIN { exit !(size < max) }' || fail "$target: $size MiB; $SIZE_MIB_MAX at most"
  done
  check_works "$roots"
  buildah rm "${containers[@]}" >/dev/null
  rm -rf "$roots"
}

if [ "${1:-}" = built ]; then check_all; exit; fi
install_missing
make_base
copy_binaries
say "building the images"
IMAGE_ENGINE=buildah IMAGE_VERSION=check BASE_IMAGE=localhost/order-pipeline-base BINARIES=prebuilt \
  scripts/image.sh build "${TARGETS[@]}" >"$folder/build.log" 2>&1 ||
  { tail -n 20 "$folder/build.log" >&2; fail "the images do not build; the whole log is $folder/build.log"; }
scripts/postgres.sh run test -- "$0" built
