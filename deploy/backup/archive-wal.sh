#!/usr/bin/env bash
# Postgres' archive_command: keeps one finished WAL segment for good.
#
#   archive_command = '/backup/archive-wal.sh %p /archive/%f'
#
# A segment is there whole or not at all, whatever happens in between; the same segment twice is fine, as after a crash;
# another one under a name that is taken is refused, since two servers would be writing into one archive.
set -euo pipefail

segment=$1 kept=$2
if [ -e "$kept" ]; then
  cmp -s "$segment" "$kept" && exit 0
  echo "archive-wal: $kept holds something else; is another server archiving there?" >&2
  exit 1
fi
cp "$segment" "$kept.part"
sync "$kept.part"
mv "$kept.part" "$kept"
sync "$(dirname "$kept")"
