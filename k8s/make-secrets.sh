#!/usr/bin/env bash
# Prints the Secrets of an installation with new random passwords; nothing is stored here and nothing applied.
#
#   k8s/make-secrets.sh development | kubectl apply -f -
#   ESEWA__SECRET_KEY=… KHALTI__SECRET_KEY=… ACCESS_KEY_ID=… SECRET_ACCESS_KEY=… \
#     k8s/make-secrets.sh production | kubectl apply -f -
#
# ACCESS_KEY_ID and SECRET_ACCESS_KEY open the object store that backups go to. Printed again, every password is another
# one: to change one thing later, change that Secret.
set -euo pipefail

readonly EXIT_USAGE=2 NAMESPACE=order-pipeline
# The sandbox's own keys, as its README publishes them: development only.
readonly SANDBOX_ESEWA_KEY='8gBm/:&EnhH.1/q' SANDBOX_KHALTI_KEY=sandbox-khalti-secret-key

fail() { echo "make-secrets: $*" >&2; exit "$EXIT_USAGE"; }
password() { openssl rand -hex 24; }
require() { [ -n "${!1:-}" ] || fail "$1 is not set: $2"; }

# secret NAME [TYPE] -- KEY VALUE KEY VALUE …
secret() {
  local name=$1 type=Opaque
  shift
  if [ "$1" != -- ]; then type=$1; shift; fi
  shift
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  namespace: %s\n' "$name" "$NAMESPACE"
  # The operator gives a role its new password when the Secret changes.
  [ "$type" = Opaque ] || printf '  labels:\n    cnpg.io/reload: "true"\n'
  printf 'type: %s\ndata:\n' "$type"
  while [ $# -gt 0 ]; do
    printf '  %s: %s\n' "$1" "$(printf %s "$2" | base64 | tr -d '\n')"
    shift 2
  done
}

# services URL-OF-LOGIN-FUNCTION: one Secret a service, with what it reads and nothing else.
services() {
  local url_of=$1 service
  for service in checkout-api payment-callback order-worker; do
    secret "$service" -- DATABASE_URL "$("$url_of" "$service")" \
      ESEWA__SECRET_KEY "$esewa_key" KHALTI__SECRET_KEY "$khalti_key"
  done
  for service in stale-job-reaper admin-console migrate catalogue; do
    secret "$service" -- DATABASE_URL "$("$url_of" "$service")"
  done
}

development() {
  local owner_password
  owner_password=$(password)
  esewa_key=$SANDBOX_ESEWA_KEY khalti_key=$SANDBOX_KHALTI_KEY
  secret postgres-pipeline kubernetes.io/basic-auth -- username pipeline password "$owner_password"
  url_of() { echo "postgres://pipeline:$owner_password@postgres:5432/pipeline?sslmode=disable"; }
  services url_of
}

production() {
  local login
  require ESEWA__SECRET_KEY "the key eSewa gave; any text where eSewa is off"
  require KHALTI__SECRET_KEY "the live secret key of Khalti; any text where Khalti is off"
  require ACCESS_KEY_ID "the object store that backups go to"
  require SECRET_ACCESS_KEY "the object store that backups go to"
  esewa_key=$ESEWA__SECRET_KEY khalti_key=$KHALTI__SECRET_KEY
  declare -A login_of=(
    [checkout-api]=checkout_api_login [payment-callback]=payment_callback_login [order-worker]=order_worker_login
    [stale-job-reaper]=stale_job_reaper_login [admin-console]=admin_console_login [migrate]=pipeline
    [catalogue]=catalogue_keeper_login
  )
  declare -A password_of
  for login in "${login_of[@]}"; do
    password_of[$login]=$(password)
    secret "postgres-${login//_/-}" kubernetes.io/basic-auth -- username "$login" password "${password_of[$login]}"
  done
  secret postgres-backups -- ACCESS_KEY_ID "$ACCESS_KEY_ID" SECRET_ACCESS_KEY "$SECRET_ACCESS_KEY"
  url_of() {
    local login=${login_of[$1]}
    echo "postgres://$login:${password_of[$login]}@postgres-rw.$NAMESPACE.svc:5432/pipeline?sslmode=verify-full&sslrootcert=/run/secrets/postgres-ca/ca.crt"
  }
  services url_of
}

command -v openssl >/dev/null || fail "openssl is needed for passwords; install it"
case ${1:-} in
  development) development ;;
  production) production ;;
  *) fail "usage: k8s/make-secrets.sh development|production" ;;
esac
