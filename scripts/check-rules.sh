#!/usr/bin/env bash
# The rules of the house that neither the compiler nor clippy can state. Prints every breach, then fails once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly FILE_LINES_MAX=500
breaches=0

breach() {
  echo "rule: $1" >&2
  sed 's/^/  /' <<<"$2" >&2
  breaches=$((breaches + 1))
}

# forbid RULE PATTERN PATHSPEC...: no tracked file may match.
forbid() {
  local rule=$1 pattern=$2 found
  shift 2
  found=$(git grep -nIE "$pattern" -- "$@" || true)
  [ -z "$found" ] || breach "$rule" "$found"
}

# The workspace crates that a crate compiles into itself.
directions() {
  cargo tree --package "$1" --locked --depth 1 --edges normal --prefix none --format '{p}' |
    sed -n '2,$s/ v[^ ]* (.*//p' | sort -u
}

# may_use CRATE ALLOWED...: its workspace dependencies are among the allowed.
may_use() {
  local crate=$1 used
  shift
  while read -r used; do
    [[ " $* " == *" $used "* ]] || breach "$crate may not depend on $used (services → domain → schema; see CONTRIBUTING.md)" "$crate/Cargo.toml"
  done < <(directions "$crate")
}

may_use schema
may_use domain schema
may_use gateways domain service-kit
may_use service-kit
may_use sandbox
for service in services/*/; do
  may_use "$(basename "$service")" domain gateways service-kit schema
done

forbid "only crates/schema speaks SQL: no Diesel in services, domain, gateways or service-kit" \
  'diesel(_async|_migrations)?(::|\.workspace|[[:space:]]*=)' \
  services crates/domain crates/gateways crates/service-kit crates/sandbox
forbid "schema's queries are the domain's: services go through use cases" 'schema::(queries|schema)\b' 'services/*.rs'
forbid "HTTP clients live in crates/gateways: the domain knows its port only (its tests play the gateways)" \
  'reqwest(::|\.workspace)' crates/domain/src crates/schema
forbid "no paths of the machine this was written on" '(^|[^A-Za-z0-9_.])/(work|home|Users)/' . ':!Cargo.lock' ':!scripts/check-rules.sh'
forbid "unfinished work is an issue, not a mark in the code" '\b(todo!|unimplemented!|FIXME|XXX|TODO)' '*.rs' '*.sql' '*.sh' ':!scripts/check-rules.sh'
forbid "an ignored test is a promise not kept" '#\[ignore' '*.rs'
forbid "delivery is at least once with one effect; name the key that makes it so" '[Ee]xactly[- ]once' '*.rs' '*.sql' '*.md'

named=$(git ls-files | grep -E '(^|/)(utils?|helpers?|managers?|misc|common)(\.rs|/)' || true)
[ -z "$named" ] || breach "a file is named after what it holds" "$named"

long=$(git ls-files '*.rs' '*.sql' '*.sh' | grep -v '/schema\.rs$' | while read -r file; do
  [ -f "$file" ] || continue
  lines=$(wc -l <"$file")
  [ "$lines" -le "$FILE_LINES_MAX" ] || echo "$file: $lines lines"
done)
[ -z "$long" ] || breach "a file holds one idea, in at most $FILE_LINES_MAX lines" "$long"

long_mains=$(for file in services/*/src/main.rs; do
  lines=$(wc -l <"$file")
  [ "$lines" -le 30 ] || echo "$file: $lines lines"
done)
[ -z "$long_mains" ] || breach "main.rs is settings, telemetry, build, run: at most 30 lines" "$long_mains"

if [ "$breaches" -gt 0 ]; then
  echo "$breaches rules broken" >&2
  exit 1
fi
echo "house rules hold"
