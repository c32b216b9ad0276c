#!/usr/bin/env bash
# Makes a data folder that comes up as the shop was at a moment of the past. Touches nothing but the new folder.
#
#   restore.sh BACKUP ARCHIVE DATA [TIME]
#
#   BACKUP   a folder that take.sh made, older than TIME
#   ARCHIVE  where archive-wal.sh put segments, as the restored server sees it
#   DATA     the new data folder: must not exist
#   TIME     such as '2026-11-28 14:03:00+05:45'; without it, the latest that the archive holds
#
# Start Postgres on DATA, as the same major version: it replays, opens for writing and goes on under a new timeline. Unless
# its command line says otherwise it does not archive: set archive_command once you have decided to keep it. Take a backup
# at once.
set -euo pipefail

backup=${1:?usage: restore.sh BACKUP ARCHIVE DATA [TIME]} archive=${2:?ARCHIVE} data=${3:?DATA} time=${4:-}

[ -f "$backup/backup_manifest" ] || { echo "restore: $backup is no backup that take.sh made" >&2; exit 1; }
[ -d "$archive" ] || { echo "restore: there is no archive $archive" >&2; exit 1; }
[ ! -e "$data" ] || { echo "restore: $data is there already; name a new folder" >&2; exit 1; }

mkdir -p "$(dirname "$data")"
cp -a "$backup" "$data.part"
chmod 700 "$data.part"
{
  echo "restore_command = 'cp \"$archive/%f\" \"%p\"'"
  echo "recovery_target_action = promote"
  [ -z "$time" ] || echo "recovery_target_time = '$time'"
  echo "archive_command = ''"
} >>"$data.part/postgresql.auto.conf"
touch "$data.part/recovery.signal"
mv "$data.part" "$data"
echo "restored $backup into $data; start Postgres on it${time:+, and it opens as of $time}"
