#!/usr/bin/env bash
# A Postgres that fails over: two nodes under Patroni in synchronous mode, with etcd, all on loopback.
#
#   scripts/patroni.sh run -- COMMAND    bring it up empty, run COMMAND with the URL in DATABASE_URL, stop it
#   scripts/patroni.sh leader            print the node that leads, once one does
#   scripts/patroni.sh kill NODE         SIGKILL everything of a node at once, as the death of its machine would
#   scripts/patroni.sh start NODE        start a node that does not run
#   scripts/patroni.sh standby           wait until there is a synchronous standby, print its node
#
# Everything is below .data/postgres/failover. Patroni and etcd are those of the machine or, where it has none, the
# distribution's packages, unpacked there: no maintainer script runs and no daemon starts.
set -euo pipefail
shopt -s inherit_errexit
umask 022

readonly EXIT_USAGE=2 WAIT_SECONDS=90 NODES=(a b) FIRST_PORT=25461 SCOPE=failover
# Patroni's own smallest lease of a leader; its death is noticed when that has run out.
readonly LEADER_LEASE_SECONDS=20 LOOP_SECONDS=2 RETRY_SECONDS=9

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "patroni: $*" >&2; }
fail() { say "$@"; exit 1; }
usage() { sed -n '4,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit "$EXIT_USAGE"; }

bin='' library_path='' server_user='' folder=''
eval "$(scripts/postgres.sh place failover)"
packages=$folder/packages

# --- Patroni and etcd ------------------------------------------------------------------------------------------------

explain_missing() {
  fail "no Patroni with etcd found and none could be fetched${1:+ ($1)}. Install them, then run this again:
  Debian, Ubuntu   apt-get install patroni etcd-server"
}

fetch() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || explain_missing "this machine has no apt"
  local apt=$folder/apt unpacked=$packages.new archive
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  local options=(-q -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "Dir::Cache::Archives=$apt/cache/archives"
    -o Debug::NoLocking=1 -o APT::Update::Post-Invoke::= -o APT::Sandbox::User=)
  say "reading the distribution's package lists"
  apt-get "${options[@]}" update >"$apt/log" 2>&1 || { tail -n 5 "$apt/log" >&2; explain_missing "apt-get update failed"; }
  say "downloading patroni and etcd (about 12 MB)"
  apt-get "${options[@]}" -y --no-install-recommends --download-only install patroni etcd-server python3 >>"$apt/log" 2>&1 ||
    { tail -n 5 "$apt/log" >&2; explain_missing "the download failed"; }
  rm -rf "$unpacked" "$packages"
  mkdir -p "$unpacked"
  for archive in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$archive" "$unpacked"; done
  mv "$unpacked" "$packages"
  rm -rf "$apt"
}

# Debian's modules are made for Debian's Python, whatever other one comes first on the path.
find_programs() {
  local root
  for root in "" "$packages"; do
    [ -x "$root/usr/bin/patroni" ] && [ -x "$root/usr/bin/etcd" ] || continue
    patroni=$root/usr/bin/patroni etcd=$root/usr/bin/etcd python_path=
    [ -z "$root" ] || python_path=$root/usr/lib/python3/dist-packages
    [ -z "$root" ] || library_path=$library_path${library_path:+:}$(find "$root/usr/lib" -maxdepth 1 -name '*-linux-*' | paste -sd:)
    return
  done
  return 1
}

require_programs() {
  find_programs || { fetch; find_programs || explain_missing "the packages hold neither"; }
  [ -x /usr/bin/python3 ] || fail "Patroni needs Debian's Python: apt-get install python3, then run this again"
  served /usr/bin/python3 "$patroni" --version >/dev/null || fail "$patroni does not run here; remove $packages, or install patroni"
}

served() {
  local as_server=()
  [ "$(id -u)" != 0 ] || as_server=(runuser -u "$server_user" --)
  (cd / && ${as_server[@]+"${as_server[@]}"} env LD_LIBRARY_PATH="$library_path" PYTHONPATH="${python_path:-}" \
    PYTHONDONTWRITEBYTECODE=1 "$@")
}

# --- Nodes -----------------------------------------------------------------------------------------------------------

port_of() { cat "$folder/$1.port"; }

choose_ports() {
  local port=$FIRST_PORT use
  for use in etcd peers a a.rest b b.rest; do
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    echo "$port" >"$folder/$use.port"
    port=$((port + 1))
  done
}

configure() {
  local node=$1
  cat >"$folder/$node.yaml" <<CONFIGURATION
scope: $SCOPE
name: $node
restapi: {listen: '127.0.0.1:$(port_of "$node.rest")', connect_address: '127.0.0.1:$(port_of "$node.rest")'}
etcd3: {hosts: '127.0.0.1:$(port_of etcd)'}
bootstrap:
  dcs:
    ttl: $LEADER_LEASE_SECONDS
    loop_wait: $LOOP_SECONDS
    retry_timeout: $RETRY_SECONDS
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {max_connections: 200, wal_log_hints: 'on'}
  initdb: [{encoding: UTF8}, no-locale, {auth: trust}]
  pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']
postgresql:
  listen: 127.0.0.1:$(port_of "$node")
  connect_address: 127.0.0.1:$(port_of "$node")
  data_dir: $folder/$node
  bin_dir: $bin
  authentication: {superuser: {username: postgres}, replication: {username: postgres}, rewind: {username: postgres}}
  parameters: {unix_socket_directories: ''}
CONFIGURATION
}

start_etcd() {
  local client=http://127.0.0.1:$(port_of etcd) peers=http://127.0.0.1:$(port_of peers)
  served setsid "$etcd" --name etcd --data-dir "$folder/etcd" --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peers" --initial-advertise-peer-urls "$peers" --initial-cluster "etcd=$peers" \
    >>"$folder/etcd.log" 2>&1 8>&- 9>&- &
}

start_node() { served setsid /usr/bin/python3 "$patroni" "$folder/$1.yaml" >>"$folder/$1.log" 2>&1 8>&- 9>&- & }

# Every process of a node, by what only its processes have: the data folder as working folder, or its configuration.
# Without a command of its own for each process there is, since the death of a machine is sudden.
pids_of() {
  local process words
  for process in /proc/[0-9]*; do
    if [ "$process/cwd" -ef "$folder/$1" ]; then
      echo "${process#/proc/}"
    elif { mapfile -d '' -t words <"$process/cmdline"; } 2>/dev/null; then
      [[ "${words[*]}" != "/usr/bin/python3 $patroni $folder/$1.yaml" ]] || echo "${process#/proc/}"
    fi
  done
}

etcd_pid() {
  local process words
  for process in /proc/[0-9]*; do
    { mapfile -d '' -t words <"$process/cmdline"; } 2>/dev/null || continue
    [[ "${words[*]}" != "$etcd --name etcd --data-dir $folder/etcd "* ]] || echo "${process#/proc/}"
  done
}

# A dead machine does not go process by process: all are stopped first, so that none of them sees another one die.
kill_node() {
  local pids
  mapfile -t pids < <(pids_of "$1")
  [ "${#pids[@]}" -gt 0 ] || fail "node $1 does not run"
  kill -STOP "${pids[@]}"
  mapfile -t pids < <(pids_of "$1")
  kill -KILL "${pids[@]}"
}

# --- What the nodes say ----------------------------------------------------------------------------------------------

# get PORT PATH: the status that a node's REST interface answers, 000 where it does not.
get() {
  local status=000 line
  if exec 7<>"/dev/tcp/127.0.0.1/$1"; then
    printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&7
    read -r -t 5 line <&7 && [[ $line =~ ^HTTP/[0-9.]+\ ([0-9]{3}) ]] && status=${BASH_REMATCH[1]}
    exec 7>&-
  fi 2>/dev/null
  echo "$status"
}

# The first node that answers 200 at a path, such as /primary.
node_at() {
  local path=$1 node deadline=$((SECONDS + WAIT_SECONDS))
  while [ "$SECONDS" -lt "$deadline" ]; do
    for node in "${NODES[@]}"; do
      if [ "$(get "$(port_of "$node.rest")" "$path")" = 200 ]; then echo "$node"; return; fi
    done
    sleep 0.2
  done
  tail -n 5 "$folder"/{a,b}.log >&2
  fail "no node answers at $path within $WAIT_SECONDS s; logs are in $folder"
}

stop_all() {
  local pids node
  pids=$(for node in "${NODES[@]}"; do pids_of "$node"; done; etcd_pid)
  # shellcheck disable=SC2086 # a list of numbers
  [ -z "$pids" ] || kill -KILL $pids 2>/dev/null || true
}

run() {
  local node leader status=0
  require_programs
  stop_all
  rm -rf "$folder"/{a,b,etcd} "$folder"/*.{log,yaml,port}
  choose_ports
  for node in "${NODES[@]}"; do configure "$node"; done
  [ "$(id -u)" != 0 ] || chown "$server_user" "$folder" "$folder"/*.yaml
  trap stop_all EXIT
  trap : INT TERM # The command decides what Ctrl-C means; what comes after it still has to be done.
  say "starting etcd and two nodes"
  start_etcd
  start_node a
  leader=$(node_at /primary)
  start_node b
  node_at /sync >/dev/null
  say "node $leader leads, the other one is its synchronous standby"
  served "$bin/psql" -Xqd "postgres://postgres@127.0.0.1:$(port_of "$leader")/postgres" -c 'CREATE DATABASE pipeline'
  export DATABASE_URL="postgres://postgres@127.0.0.1:$(port_of a),127.0.0.1:$(port_of b)/pipeline?target_session_attrs=read-write"
  "$@" || status=$?
  exit "$status"
}

command=${1:-}
shift || usage
case $command in
  run)
    [ "${1:-}" = -- ] && shift
    [ $# -gt 0 ] || usage
    run "$@"
    ;;
  leader) node_at /primary ;;
  standby) node_at /sync ;;
  kill | start)
    case ${1:-} in a | b) ;; *) usage ;; esac
    require_programs
    if [ "$command" = kill ]; then kill_node "$1"; else start_node "$1"; fi
    ;;
  *) usage ;;
esac
