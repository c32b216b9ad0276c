#!/usr/bin/env bash
# Takes a base backup and proves that it is readable: what restore.sh starts from.
#
#   take.sh FOLDER [KEEP]     makes FOLDER/base-<UTC time>; keeps the newest KEEP (14) of them and the WAL they need
#
# Connects as PGHOST, PGPORT, PGUSER and PGPASSWORD (or PGPASSFILE) say, as a role with REPLICATION.
#
#   WAL_ARCHIVE    where archive-wal.sh puts segments; those that no kept backup needs are removed
set -euo pipefail

folder=${1:?usage: take.sh FOLDER [KEEP]} keep=${2:-14}
new=$folder/base-$(date -u +%Y%m%dT%H%M%SZ)

rm -rf "$folder"/*.part
pg_basebackup --pgdata="$new.part" --format=plain --wal-method=stream --checkpoint=fast --no-password
pg_verifybackup --quiet "$new.part"
mv "$new.part" "$new"
echo "took $new"

# Names ascend with time.
mapfile -t backups < <(find "$folder" -maxdepth 1 -name 'base-*Z' | sort)
for ((index = 0; index < ${#backups[@]} - keep; index++)); do
  rm -rf "${backups[index]}"
  echo "removed ${backups[index]}"
done
[ -n "${WAL_ARCHIVE:-}" ] || exit 0
mapfile -t backups < <(find "$folder" -maxdepth 1 -name 'base-*Z' | sort)
first_needed=$(sed -n 's/^START WAL LOCATION: .* (file \([0-9A-F]*\))$/\1/p' "${backups[0]}/backup_label")
pg_archivecleanup "$WAL_ARCHIVE" "${first_needed:?${backups[0]}/backup_label names no WAL segment}"
