#!/bin/sh
# Copies the demo guard's table of scores from demo/README.md, where the build writes it, into README.md.
set -eu
cd "$(dirname "$0")/.."
begin='<!-- scores: written by make/build.py -->'
end='<!-- end of scores -->'
table=$(mktemp)
trap 'rm -f "$table" "$table.new"' EXIT
# The first table only: how well it knows its topics in each language.
awk -v begin="$begin" -v end="$end" '$0 == begin { inside = 1; next } $0 == end || ($0 == "" && inside) { exit } inside' \
    demo/README.md >"$table"
awk -v begin="$begin" -v end="$end" -v table="$table" '
    $0 == end { inside = 0 }
    !inside { print }
    $0 == begin { inside = 1; while ((getline line < table) > 0) print line }' README.md >"$table.new"
cat "$table.new" >README.md
