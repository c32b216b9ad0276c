#!/usr/bin/env bash
# Every dependency must be usable under a licence of the list below. Reads what cargo has resolved; downloads nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly ALLOWED='MIT MIT-0 Apache-2.0 BSD-2-Clause BSD-3-Clause ISC Zlib Unicode-3.0 CC0-1.0'

# A licence expression holds when every part joined by AND offers, among its parts joined by OR, one that is allowed.
cargo tree --workspace --locked --edges normal,build,dev --prefix none --format '{p}|{l}' | sed 's, (\*)$,,' | sort -u |
  awk -F'|' -v allowed="$ALLOWED" '
    BEGIN { split(allowed, names, " "); for (i in names) ok[names[i]] = 1 }
    NF {
      crates++
      expression = $2
      gsub(/[()]/, "", expression)
      gsub(/ *\/ */, " OR ", expression)
      parts = split(expression, conjuncts, " AND ")
      holds = parts > 0
      for (i = 1; i <= parts; i++) {
        offered = 0
        choices = split(conjuncts[i], alternatives, " OR ")
        for (j = 1; j <= choices; j++) if (alternatives[j] in ok) offered = 1
        if (!offered) holds = 0
      }
      if (!holds) { print "licence not allowed: " $1 ": " ($2 == "" ? "none named" : $2) > "/dev/stderr"; refused = 1 }
    }
    END { if (!refused) print crates " crates, every licence allowed"; exit refused }'
