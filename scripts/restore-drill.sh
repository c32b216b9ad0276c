#!/usr/bin/env bash
# Rehearses the worst morning with the very scripts of deploy/backup, on a private server with a WAL archive:
#
#   purchases; a base backup; more purchases; a dump; a wrong statement. Then the backup and the archive become a server as
#   of just before that statement, and the dump becomes a database of its own. Both must hold row for row what the shop
#   held, with no invariant violated, and the restored shop must sell.
#
# Prints the seconds that the restore took. Everything is below .data/postgres/restore and is made anew every time.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly FIRST_PORT=25441 START_TIMEOUT_SECONDS=60

say() { echo "restore-drill: $*" >&2; }
fail() { say "$@"; exit 1; }

bin='' library_path='' server_user='' folder=''
eval "$(scripts/postgres.sh place restore)"
backup=$folder/backup archive=$folder/archive backups=$folder/backups

served() {
  local as_server=()
  [ "$(id -u)" != 0 ] || as_server=(runuser -u "$server_user" --)
  (cd / && ${as_server[@]+"${as_server[@]}"} env LD_LIBRARY_PATH="$library_path" PATH="$bin:$PATH" PGHOST=127.0.0.1 \
    PGPORT="${port:-}" PGUSER=postgres WAL_ARCHIVE="$archive" "$@")
}

free_port() {
  port=$FIRST_PORT
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
}

start() { served pg_ctl -D "$1" -o "-p $port" -l "$folder/server.log" -w -t "$START_TIMEOUT_SECONDS" start >/dev/null ||
  { tail -n 20 "$folder/server.log" >&2; fail "the server does not start on $1"; }; }
stop_all() {
  local data
  for data in "$folder"/data "$folder"/restored; do
    [ ! -f "$data/postmaster.pid" ] || served pg_ctl -D "$data" -m immediate stop >/dev/null || say "$data does not stop"
  done
}
trap stop_all EXIT

ask() { served psql -XAtq --set ON_ERROR_STOP=1 -d "$1" -c "$2"; }
buy() { DATABASE_URL=postgres://postgres@127.0.0.1:$port/pipeline cargo run --quiet --locked --bin demo -- --once >&2; }

# Every row of every table. Sequences may have run ahead of what is stored, and a dump marks itself with a random word.
rows() { served pg_dump --data-only -d "$1" | grep -vE '^(\\(un)?restrict |SELECT pg_catalog.setval)'; }
# The same whatever the order in which the rows are stored, as it is after a dump was loaded.
sorted_rows() { rows "$1" | LC_ALL=C sort; }

nothing_is_violated() {
  local found
  found=$(ask "$1" "SELECT * FROM invariant_violations")
  [ -z "$found" ] || fail "$1 violates its invariants: $found"
}

prepare() {
  stop_all
  rm -rf "${folder:?}"/*
  mkdir "$backup" "$archive" "$backups"
  cp deploy/backup/*.sh "$backup/"
  [ "$(id -u)" != 0 ] || chown -R "$server_user" "$folder"
  free_port
  served initdb -D "$folder/data" -U postgres -A trust -E UTF8 --no-locale >"$folder/initdb.log"
  served tee -a "$folder/data/postgresql.conf" >/dev/null <<CONFIGURATION
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
archive_mode = on
archive_command = '$backup/archive-wal.sh %p $archive/%f'
CONFIGURATION
  start "$folder/data"
  ask postgres 'CREATE DATABASE pipeline'
}

break_and_restore() {
  local before wrong started
  before=$(ask pipeline 'SELECT clock_timestamp()')
  rows pipeline >"$folder/rows.before"
  sorted_rows pipeline >"$folder/sorted.before"
  ask pipeline 'ALTER TABLE inventory DISABLE TRIGGER USER; UPDATE inventory SET available = available + 7'
  wrong=$(ask pipeline 'SELECT count(*) FROM invariant_violations')
  [ "$wrong" -gt 0 ] || fail "the wrong statement did no harm, so undoing it proves nothing"
  say "a wrong statement was committed: $wrong invariants are violated"
  ask pipeline 'SELECT pg_switch_wal()' >/dev/null
  # A fast stop archives what is left; an archive that lacked a segment would show at the replay.
  served pg_ctl -D "$folder/data" -m fast stop >/dev/null

  started=$EPOCHREALTIME
  served "$backup/restore.sh" "$(ls -d "$backups"/base-*)" "$archive" "$folder/restored" "$before" >&2
  start "$folder/restored"
  until [ "$(ask pipeline 'SELECT pg_is_in_recovery()')" = f ]; do
    [ "${EPOCHREALTIME%.*}" -lt $((${started%.*} + START_TIMEOUT_SECONDS)) ] || fail "the restored server does not end its recovery"
  done
  awk -v from="$started" -v to="$EPOCHREALTIME" 'BEGIN { printf "restored and open after %.1f s\n", to - from }'
}

oldest_segment() { find "$archive" -type f -name '0*' | sort | sed -n 1p; }

an_archive_keeps_what_it_has() {
  local kept
  kept=$(oldest_segment)
  served "$backup/archive-wal.sh" "$kept" "$kept" || fail "the same segment cannot be archived twice"
  ! served "$backup/archive-wal.sh" "$backup/take.sh" "$kept" 2>/dev/null || fail "another segment was archived over $kept"
}

# What a restored server is to do at once; with one kept, the first backup and its WAL go.
a_new_backup_outlives_the_old_one() {
  local oldest
  oldest=$(oldest_segment)
  served "$backup/take.sh" "$backups" 1 >&2
  [ "$(find "$backups" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ] || fail "more than one backup is kept"
  [ ! -e "$oldest" ] || fail "$oldest is kept, and no backup needs it"
}

say "building the services"
cargo build --workspace --locked
prepare
say "purchases before the backup"
buy
served "$backup/take.sh" "$backups" 2 >&2
say "purchases after the backup"
buy
served pg_dump --format=custom --file="$folder/pipeline.dump" pipeline
break_and_restore

rows pipeline | cmp - "$folder/rows.before" || fail "the restored rows are not those of before"
nothing_is_violated pipeline
ask postgres 'CREATE DATABASE from_dump'
served pg_restore --exit-on-error --dbname=from_dump "$folder/pipeline.dump"
sorted_rows from_dump | cmp - "$folder/sorted.before" || fail "the rows of the loaded dump are not those of before"
nothing_is_violated from_dump
say "both hold what the shop held; now the restored one sells"
buy
nothing_is_violated pipeline
an_archive_keeps_what_it_has
a_new_backup_outlives_the_old_one
echo "restore-drill: $(ask pipeline 'SELECT count(*) FROM orders') orders, $(wc -l <"$folder/rows.before") lines of rows compared, nothing violated"
