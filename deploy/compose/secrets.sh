#!/usr/bin/env bash
# Makes what deploy/compose.yaml reads as secrets: passwords at random, the sandbox's keys for the gateways, and the SQL
# that gives each service a login. A file that is there is kept, so put real keys into it before or after.
#
#   deploy/compose/secrets.sh [FOLDER]     default: deploy/secrets
set -euo pipefail

folder=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/secrets}
readonly SERVICES=(checkout_api payment_callback admin_console order_worker stale_job_reaper)

mkdir -p "$folder"
chmod 700 "$folder"

# The services run as another user than the one who calls this: the folder keeps others out, the files are readable.
umask 022
put() { [ -s "$folder/$1" ] || printf '%s' "$2" >"$folder/$1"; }
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
password_in() { sed -E 's|^[^:]*://[^:]*:([^@]*)@.*|\1|' "$folder/$1"; }

put postgres_password "$(random)"
put grafana_password "$(random)"
put esewa_secret_key '8gBm/:&EnhH.1/q'
put khalti_secret_key 'sandbox-khalti-secret-key'
put migrate_database_url "postgres://postgres:$(cat "$folder/postgres_password")@postgres/pipeline"
for service in "${SERVICES[@]}"; do
  put "${service}_database_url" "postgres://${service}_login:$(random)@postgres/pipeline"
done

# libpq takes no password file that others can read.
printf 'postgres:5432:*:postgres:%s\n' "$(cat "$folder/postgres_password")" >"$folder/pgpass"
chmod 600 "$folder/pgpass"

# Written anew each time: what the logins' passwords are is said by the services' files.
{
  echo '-- Logins of the services: each is a member of one role and may do nothing by itself.'
  for service in "${SERVICES[@]}"; do
    login=${service}_login
    echo "DO \$\$ BEGIN CREATE ROLE $login; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$;"
    echo "ALTER ROLE $login LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '$(password_in "${service}_database_url")';"
    echo "GRANT $service TO $login;"
  done
} >"$folder/logins.sql"
echo "secrets: $folder holds what deploy/compose.yaml reads" >&2
