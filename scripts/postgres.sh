#!/usr/bin/env bash
# A private Postgres for this checkout: nothing is installed on the machine and no system cluster is touched.
#
#   scripts/postgres.sh up NAME               start the cluster (made on first use), print its URL
#   scripts/postgres.sh down NAME             stop it
#   scripts/postgres.sh url NAME              print its URL; exit 3 where it does not run
#   scripts/postgres.sh status NAME           one line about it; exit 3 where it does not run
#   scripts/postgres.sh restart NAME MODE     stop it (fast, or immediate: as a crash does) and start it on the same port
#   scripts/postgres.sh run NAME -- COMMAND   run COMMAND with the URL in its environment, then stop what was started
#   scripts/postgres.sh client NAME PROGRAM…  run a program that came with the server, such as pgbench or psql
#   scripts/postgres.sh place NAME            say for a shell where the binaries are, who may run them and where data may go
#
# NAME is `demo`, `bench`, `chaos` (durable defaults; a database `pipeline`; DATABASE_URL), `test` (fast, forgets
# everything in a crash; tests make their own databases; TEST_DATABASE_URL) or `secured` (like `test`, but speaks TLS only,
# with the certificate and key in POSTGRES_CERTIFICATE and POSTGRES_KEY, and asks everybody but postgres for a password).
# `restore` and `failover` only have a place: those who rehearse with several servers start them themselves.
# Only the URL goes to stdout; progress and errors go to stderr.
#
#   POSTGRES_HOME  where clusters live (default: .data/postgres in the checkout)
#   PG_BINDIR      the folder with initdb, pg_ctl and postgres, instead of looking for one
#   POSTGRES_PORT  the first port to try
#
# Binaries: $PG_BINDIR, then the newest found on the machine, then the distribution's package, downloaded by apt and
# unpacked below POSTGRES_HOME. Unpacking runs no maintainer script, so no daemon starts, and it needs no root.
# Run as root, the server itself runs as `postgres` or another unprivileged user.
set -euo pipefail
shopt -s inherit_errexit
umask 022

readonly EXIT_USAGE=2 EXIT_NOT_RUNNING=3
readonly START_ATTEMPTS_MAX=5 START_TIMEOUT_SECONDS=60 STOP_TIMEOUT_SECONDS=30 PORTS_TRIED_MAX=200
readonly SOCKET_DIRECTORY_LENGTH_MAX=85 # the kernel allows 107 bytes for the whole socket name
readonly SERVER_ACCOUNT=pipeline-postgres

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { echo "postgres: $*" >&2; }
fail() { say "$@"; exit 1; }
usage() { sed -n '4,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit "$EXIT_USAGE"; }

# --- Who runs the server, and where its files go ---------------------------------------------------------------------

as_server=()
server_user=$(id -un)

choose_server_user() {
  [ "$(id -u)" = 0 ] || return 0
  command -v runuser >/dev/null || fail "running as root needs runuser (package util-linux), since Postgres refuses root"
  if id postgres >/dev/null 2>&1; then
    server_user=postgres
  else
    server_user=$SERVER_ACCOUNT
    if ! id "$server_user" >/dev/null 2>&1; then
      say "making the system user $server_user (Postgres refuses to run as root)"
      useradd --system --no-create-home --shell /usr/sbin/nologin "$server_user" ||
        fail "cannot make the user $server_user; run make as an ordinary user instead"
    fi
  fi
  as_server=(runuser -u "$server_user" --)
}

# Runs a command as the server's user, from a folder that this user can enter.
served() { (cd / && ${as_server[@]+"${as_server[@]}"} env LD_LIBRARY_PATH="$library_path" "$@"); }

# A checkout below a closed folder (such as root's home) keeps its clusters in a folder of its own under /var/tmp.
choose_home() {
  home=${POSTGRES_HOME:-$checkout/.data/postgres}
  case $home in /*) ;; *) home=$PWD/$home ;; esac
  local existing=$home
  while [ ! -e "$existing" ]; do existing=$(dirname "$existing"); done
  if [ "$(id -u)" = 0 ] && ! served test -x "$existing"; then
    [ -z "${POSTGRES_HOME:-}" ] || fail "the user $server_user cannot enter POSTGRES_HOME=$home"
    home=/var/tmp/order-pipeline-$(printf '%s' "$checkout" | cksum | cut -d' ' -f1)
    say "the user $server_user cannot enter $existing; data goes to $home"
  fi
  mkdir -p "$home" || fail "cannot make $home"
  [ -O "$home" ] || fail "$home belongs to another user; remove it or set POSTGRES_HOME"
}

# --- Binaries --------------------------------------------------------------------------------------------------------

library_path=${LD_LIBRARY_PATH:-}
bin=

is_bindir() { [ -x "$1/initdb" ] && [ -x "$1/pg_ctl" ] && [ -x "$1/postgres" ]; }
major_of() { "$1/postgres" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/'; }

candidate_bindirs() {
  ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
    /Applications/Postgres.app/Contents/Versions/*/bin 2>/dev/null | sort -rV || true
  if command -v postgres >/dev/null; then dirname "$(command -v postgres)"; fi
  ls -d "$home"/packages/usr/lib/postgresql/*/bin 2>/dev/null | sort -rV || true
}

# Leaves `bin` empty where nothing usable is found; prefers the version that made the data.
find_binaries() {
  local wanted= directory
  bin=
  [ -f "$data/PG_VERSION" ] && wanted=$(cat "$data/PG_VERSION")
  if [ -n "${PG_BINDIR:-}" ]; then
    is_bindir "$PG_BINDIR" || fail "PG_BINDIR=$PG_BINDIR holds no initdb, pg_ctl and postgres"
    bin=$PG_BINDIR
    return
  fi
  while read -r directory; do
    is_bindir "$directory" || continue
    use_bindir "$directory"
    [ -n "$wanted" ] && [ "$(major_of "$bin")" != "$wanted" ] || return 0
  done < <(candidate_bindirs)
}

use_bindir() {
  bin=$1
  case $bin in
    "$home"/packages/*)
      library_path=$(find "$home/packages/usr/lib" "$home/packages/lib" -maxdepth 1 -type d -name '*-linux-*' 2>/dev/null |
        paste -sd:) ;;
  esac
}

explain_missing() {
  fail "no Postgres found and none could be fetched${1:+ ($1)}. Install it, then run this again:
  Debian, Ubuntu   apt-get install postgresql
  Fedora           dnf install postgresql-server
  macOS            brew install postgresql@17
or name a folder with initdb, pg_ctl and postgres in PG_BINDIR."
}

# Downloads the distribution's package with what it needs and this machine lacks, and unpacks it below `home`.
fetch_package() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || explain_missing "this machine has no apt"
  local apt=$home/apt unpacked=$home/packages.new archive
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  local options=(-q -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "Dir::Cache::Archives=$apt/cache/archives"
    -o Debug::NoLocking=1 -o APT::Update::Post-Invoke::= -o APT::Sandbox::User=)
  say "no Postgres on this machine; reading the distribution's package lists"
  apt-get "${options[@]}" update >"$apt/log" 2>&1 || { tail -n 5 "$apt/log" >&2; explain_missing "apt-get update failed"; }
  say "downloading the distribution's postgresql package (about 20 to 60 MB)"
  apt-get "${options[@]}" -y --no-install-recommends --download-only install postgresql >>"$apt/log" 2>&1 ||
    { tail -n 5 "$apt/log" >&2; explain_missing "the download failed"; }
  say "unpacking it below $home"
  rm -rf "$unpacked" "$home/packages"
  mkdir -p "$unpacked"
  for archive in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$archive" "$unpacked"; done
  mv "$unpacked" "$home/packages"
  rm -rf "$apt"
}

require_binaries() {
  find_binaries
  if [ -z "$bin" ]; then
    fetch_package
    find_binaries
    [ -n "$bin" ] || explain_missing "the package holds no server"
  fi
  served "$bin/postgres" --version >/dev/null || fail "$bin/postgres does not run as the user $server_user"
  local made_by found
  [ -f "$data/PG_VERSION" ] || return 0
  made_by=$(cat "$data/PG_VERSION") found=$(major_of "$bin")
  [ "$made_by" = "$found" ] && return 0
  [ "$name" = test ] || fail "$data was made by Postgres $made_by, but only $found is here; install $made_by or remove the folder"
  say "the test cluster was made by Postgres $made_by; making it again with $found"
  rm -rf "$data"
}

# --- The cluster -----------------------------------------------------------------------------------------------------

# The process id of this cluster's server, or nothing. A file left by a crash may name a process that is something else.
running_pid() {
  local pid
  pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 0
  [[ $pid =~ ^[0-9]+$ ]] && kill -0 "$pid" 2>/dev/null || return 0
  if [ -e "/proc/$pid/cwd" ] || [ -L "/proc/$pid/cwd" ]; then
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$data" ] || return 0
  else
    ps -p "$pid" -o args= 2>/dev/null | grep -qF -- "$data" || return 0
  fi
  echo "$pid"
}

url() { echo "postgres://postgres@127.0.0.1:$(cat "$cluster/port")/$database"; }

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The remembered port where it is free, else the next free one.
choose_port() {
  local first port
  case $name in demo) first=25431 ;; test) first=25432 ;; bench) first=25433 ;; chaos) first=25434 ;; secured) first=25435 ;; esac
  first=${POSTGRES_PORT:-$(cat "$cluster/port" 2>/dev/null || echo "$first")}
  for ((port = first; port < first + PORTS_TRIED_MAX; port++)); do
    if ! port_is_taken "$port"; then
      [ "$port" = "$first" ] || say "port $first is taken; the $name cluster uses $port"
      echo "$port" >"$cluster/port"
      return
    fi
  done
  fail "ports $first to $((port - 1)) are all taken; name a free one in POSTGRES_PORT"
}

make_cluster() {
  [ -f "$data/PG_VERSION" ] && return
  say "making the $name cluster in $cluster (Postgres $(major_of "$bin"))"
  rm -rf "$data" "$data.new"
  served "$bin/initdb" -D "$data.new" -U postgres -A trust -E UTF8 --no-locale >"$cluster/initdb.log" 2>&1 ||
    { tail -n 20 "$cluster/initdb.log" >&2; fail "initdb failed"; }
  if [ "$database" != postgres ]; then
    served "$bin/postgres" --single -D "$data.new" postgres <<<"CREATE DATABASE $database" >>"$cluster/initdb.log" 2>&1 ||
      { tail -n 20 "$cluster/initdb.log" >&2; fail "the database $database cannot be made"; }
  fi
  echo "include_if_exists = 'pipeline.conf'" >>"$data.new/postgresql.conf"
  mv "$data.new" "$data"
}

write_settings() {
  local socket=$cluster
  [ ${#socket} -le $SOCKET_DIRECTORY_LENGTH_MAX ] || socket=
  {
    echo "listen_addresses = '127.0.0.1'"
    echo "port = $(cat "$cluster/port")"
    echo "unix_socket_directories = '${socket//\'/\'\'}'"
    echo "max_connections = 300"
    if [ "$name" = secured ]; then
      echo "ssl = on"
      echo "ssl_min_protocol_version = 'TLSv1.3'"
    fi
    if [ "$name" = test ] || [ "$name" = secured ]; then
      echo "fsync = off"
      echo "full_page_writes = off"
      echo "synchronous_commit = off"
    fi
  } >"$data/pipeline.conf"
  [ "$name" != secured ] || secure
}

secure() {
  local file
  for file in server.crt="${POSTGRES_CERTIFICATE:?names the certificate of the secured cluster}" \
    server.key="${POSTGRES_KEY:?names the key of the secured cluster}"; do
    cat "${file#*=}" >"$data/${file%%=*}"
    chmod 600 "$data/${file%%=*}"
    [ "$(id -u)" != 0 ] || chown "$server_user" "$data/${file%%=*}"
  done
  printf '%s\n' 'hostssl all postgres 127.0.0.1/32 trust' 'hostssl all all 127.0.0.1/32 scram-sha-256' >"$data/pg_hba.conf"
}

start() {
  local attempt
  mkdir -p "$cluster"
  chmod 700 "$cluster"
  [ "$(id -u)" != 0 ] || chown "$server_user" "$cluster"
  make_cluster
  if [ -f "$data/postmaster.pid" ]; then
    say "the $name cluster was not stopped cleanly; Postgres recovers it"
    rm -f "$data/postmaster.pid"
  fi
  # Another program may take the port between the look and the start, and a killed server's children need a moment to go.
  for ((attempt = 1; attempt <= START_ATTEMPTS_MAX; attempt++)); do
    choose_port
    write_settings
    if served "$bin/pg_ctl" -D "$data" -l "$cluster/server.log" -w -t "$START_TIMEOUT_SECONDS" start \
      >"$cluster/pg_ctl.log" 2>&1 9>&- 8>&-; then
      say "the $name cluster runs on port $(cat "$cluster/port")"
      return
    fi
    sleep 1
  done
  tail -n 20 "$cluster/pg_ctl.log" "$cluster/server.log" >&2
  fail "the $name cluster does not start; its log is $cluster/server.log"
}

up() {
  if [ -z "$(running_pid)" ]; then
    require_binaries
    start
  fi
  url
}

down() {
  if [ -z "$(running_pid)" ]; then
    say "the $name cluster does not run"
    return
  fi
  find_binaries
  [ -n "$bin" ] || fail "no pg_ctl found to stop the $name cluster; set PG_BINDIR"
  served "$bin/pg_ctl" -D "$data" -m fast -w -t "$STOP_TIMEOUT_SECONDS" stop >/dev/null 2>&1 ||
    served "$bin/pg_ctl" -D "$data" -m immediate -w -t "$STOP_TIMEOUT_SECONDS" stop >/dev/null ||
    fail "the $name cluster does not stop (process $(running_pid))"
  say "the $name cluster is stopped"
}

# The same port, whatever happens: those who were connected must find it again by themselves.
restart() {
  require_running
  find_binaries
  [ -n "$bin" ] || fail "no pg_ctl found to restart the $name cluster; set PG_BINDIR"
  served "$bin/pg_ctl" -D "$data" -l "$cluster/server.log" -m "$1" -w -t "$START_TIMEOUT_SECONDS" restart \
    >"$cluster/pg_ctl.log" 2>&1 9>&- 8>&- || {
    tail -n 20 "$cluster/pg_ctl.log" "$cluster/server.log" >&2
    fail "the $name cluster does not restart; its log is $cluster/server.log"
  }
  say "the $name cluster was restarted ($1)"
}

require_running() {
  [ -n "$(running_pid)" ] && return
  say "the $name cluster does not run"
  exit "$EXIT_NOT_RUNNING"
}

# Every `run` shares fd 8's lock while its command runs. The last one stops the server, if a `run` started it and nobody
# asked by `up` to keep it.
run() {
  local status=0 found
  [ -n "$(running_pid)" ] || touch "$home/$name.borrowed"
  found=$(up)
  if [ "$name" = test ]; then export TEST_DATABASE_URL=$found; else export DATABASE_URL=$found; fi
  exec 8>>"$home/$name.users"
  lock_shared 8
  unlock 9
  trap : INT TERM # The command decides what Ctrl-C means; what comes after it still has to be done.
  "$@" 8>&- 9>&- || status=$?
  lock 9
  if [ -e "$home/$name.borrowed" ] && lock_alone 8; then
    rm -f "$home/$name.borrowed"
    down
  fi
  exit "$status"
}

# Runs as the caller, who may not be the server's user.
client() {
  local program=$1
  shift
  find_binaries
  [ -n "$bin" ] || fail "no Postgres found; run scripts/postgres.sh up $name first"
  [ -x "$bin/$program" ] || fail "$program is missing in $bin. Install it, then run this again:
  Debian, Ubuntu   apt-get install postgresql
  Fedora           dnf install postgresql-contrib
  macOS            brew install postgresql@17
or name a folder in PG_BINDIR that holds it beside initdb, pg_ctl and postgres."
  unlock 9
  exec env LD_LIBRARY_PATH="$library_path" "$bin/$program" "$@" 9>&-
}

# For `eval` by a script that starts servers of its own below `cluster`, as `server_user`.
place() {
  require_binaries
  mkdir -p "$cluster"
  chmod 700 "$cluster"
  [ "$(id -u)" != 0 ] || chown "$server_user" "$cluster"
  printf '%s=%q\n' bin "$bin" library_path "$library_path" server_user "$server_user" folder "$cluster"
}

# --- One make at a time ----------------------------------------------------------------------------------------------

# Without flock (macOS) two makes at once are on their own.
have_flock() { command -v flock >/dev/null; }
lock() { ! have_flock || flock "$1"; }
lock_shared() { ! have_flock || flock -s "$1"; }
lock_alone() { ! have_flock || flock -xn "$1"; }
unlock() { ! have_flock || flock -u "$1"; }

command=${1:-} name=${2:-}
case $command in
  up | down | url | status | restart | run | client) case $name in demo | test | bench | chaos | secured) ;; *) usage ;; esac ;;
  place) case $name in restore | failover) ;; *) usage ;; esac ;;
  *) usage ;;
esac
shift 2

choose_server_user
choose_home
cluster=$home/$name data=$home/$name/data
database=pipeline
case $name in test | secured) database=postgres ;; esac
exec 9>>"$home/$name.lock"
lock 9

case $command in
  up)
    rm -f "$home/$name.borrowed"
    up
    ;;
  down)
    rm -f "$home/$name.borrowed"
    down
    ;;
  restart)
    case ${1:-} in fast | immediate) restart "$1" ;; *) usage ;; esac
    ;;
  place) place ;;
  url) require_running && url ;;
  status) require_running && say "the $name cluster runs: process $(running_pid), port $(cat "$cluster/port"), data in $data" ;;
  run)
    [ "${1:-}" = -- ] && shift
    [ $# -gt 0 ] || usage
    run "$@"
    ;;
  client)
    [ $# -gt 0 ] || usage
    client "$@"
    ;;
esac
