#!/usr/bin/env bash
# Builds the images of deploy/Dockerfile, with whichever of docker, podman and buildah is here.
#
#   scripts/image.sh engine          print which one that is
#   scripts/image.sh build [TARGET…] build the named targets, or all that are deployed
#
#   IMAGE_PREFIX   what comes before the target's name (default: order-pipeline)
#   IMAGE_VERSION  the tag (default: the workspace's version)
#   IMAGE_ENGINE   docker, podman or buildah, instead of the first of them that works
#   BUILDER_IMAGE, BASE_IMAGE, BINARIES   as deploy/Dockerfile says; not set: its own defaults
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly DEPLOYED=(checkout-api payment-callback order-worker stale-job-reaper admin-console migrate catalogue)

say() { echo "image: $*" >&2; }
fail() { say "$@"; exit 1; }
usage() { sed -n '4,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

# A docker without its daemon is only a client.
engine() {
  if [ -n "${IMAGE_ENGINE:-}" ]; then echo "$IMAGE_ENGINE"
  elif docker info >/dev/null 2>&1; then echo docker
  elif command -v podman >/dev/null; then echo podman
  elif command -v buildah >/dev/null; then echo buildah
  else fail "neither docker, podman nor buildah is here; install one (Debian: apt-get install buildah), then run this again"
  fi
}

workspace_version() { sed -nE '/^\[workspace.package\]/,/^\[/s/^version = "(.*)"$/\1/p' Cargo.toml; }

build() {
  local engine target prefix=${IMAGE_PREFIX:-order-pipeline} version=${IMAGE_VERSION:-$(workspace_version)} name
  local arguments=(--file deploy/Dockerfile --build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD)")
  # Said also where it is the default: buildah 1.28 leaves out a stage that only a default names.
  arguments+=(--build-arg "BINARIES=${BINARIES:-compiled}")
  engine=$(engine)
  for name in BUILDER_IMAGE BASE_IMAGE; do
    [ -z "${!name:-}" ] || arguments+=(--build-arg "$name=${!name}")
  done
  # Layers are kept, so that the targets share the compiled binaries. In a container of its own buildah has no other way to
  # run a step than chroot.
  [ "$engine" != buildah ] || arguments=(--layers --isolation "${BUILDAH_ISOLATION:-chroot}" "${arguments[@]}")
  for target in "$@"; do
    say "building $prefix/$target:$version with $engine"
    "$engine" build "${arguments[@]}" --target "$target" --tag "$prefix/$target:$version" . >&2
    echo "$prefix/$target:$version"
  done
}

command=${1:-}
shift || true
case $command in
  engine) engine ;;
  build) build "${@:-${DEPLOYED[@]}}" ;;
  *) usage ;;
esac
