#!/bin/sh
# Copies the first table of each demo guard's scores from demo/README.md, where the build writes them, into README.md.
set -eu
cd "$(dirname "$0")/.."
table=$(mktemp)
trap 'rm -f "$table" "$table.new"' EXIT

copy() {
    begin="<!-- $1: written by make/build.py -->"
    end="<!-- end of $1 -->"
    # How well it knows its topics in each language; the other tables stay there.
    awk -v begin="$begin" -v end="$end" \
        '$0 == begin { inside = 1; next } $0 == end || ($0 == "" && inside) { exit } inside' demo/README.md >"$table"
    awk -v begin="$begin" -v end="$end" -v table="$table" '
        $0 == end { inside = 0 }
        !inside { print }
        $0 == begin { inside = 1; while ((getline line < table) > 0) print line }' README.md >"$table.new"
    cat "$table.new" >README.md
}

copy scores
copy 'picture scores'
