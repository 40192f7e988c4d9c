#!/bin/sh
# Runs every check and every test, goes on after a failure, and ends with the counts. `run.sh check`: formatting and lints only.
# Called by make, which has done the set-up.
set -u
cd "$(dirname "$0")/.." || exit 1
only=${1:-all}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
failed_steps=

# `step NAME COMMAND...`: runs it, shows what it prints, keeps that for the counts.
step() {
    name=$1
    shift
    printf '\n== %s\n' "$name"
    { "$@" 2>&1; echo $? >"$logs/status"; } | tee "$logs/$name.log"
    if [ "$(cat "$logs/status")" -ne 0 ]; then
        failed_steps="$failed_steps $name"
    fi
}

# `beside NAME COMMAND...`: starts it; `joined NAME` waits for it and shows what it printed.
beside() {
    name=$1
    shift
    { "$@" >"$logs/$name.log" 2>&1; echo $? >"$logs/$name.status"; } &
}

joined() {
    printf '\n== %s\n' "$1"
    wait
    cat "$logs/$1.log"
    if [ "$(cat "$logs/$1.status")" -ne 0 ]; then
        failed_steps="$failed_steps $1"
    fi
}

in_ui() {
    (cd ui && "$@")
}

# The window's tests need a display and a session bus; on Linux both are made for them.
with_display() {
    if [ "$(uname -s)" = Linux ]; then
        xvfb-run -a -s '-screen 0 1280x800x24' dbus-run-session -- "$@"
    else
        "$@"
    fi
}

# `sum PATTERN FILE...`: adds up the number that stands before PATTERN.
sum() {
    pattern=$1
    shift
    cat "$@" 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g' | grep -Eo "[0-9]+ $pattern" | awk '{ n += $1 } END { print n + 0 }'
}

step format cargo fmt --all --check
step clippy cargo clippy --locked --workspace --all-targets --quiet
step svelte-check in_ui npm run --silent check
step lint in_ui npm run --silent lint
if [ "$only" = all ]; then
    # Programs first: the tests start them, the window's tests start both. Tests' features with them, so that nothing is built twice.
    step build cargo build --locked --workspace --all-targets --quiet
    # The window's tests wait more than they compute.
    beside typescript in_ui npm run --silent test
    step rust with_display cargo test --locked --workspace --no-fail-fast
    joined typescript
    # The kernels are built without the checks of pointers and sums, except here.
    step kernels cargo test --locked --package saring-kernels --lib \
        --config 'profile.dev.package.saring-kernels.debug-assertions=true' \
        --config 'profile.dev.package.saring-kernels.overflow-checks=true' --target-dir "${CARGO_TARGET_DIR:-target}/checked"
fi

if [ "$only" = all ]; then
    # vitest colours its line even where nobody looks.
    sed 's/\x1b\[[0-9;]*m//g' "$logs/typescript.log" | grep -E '^ *Tests ' >"$logs/vitest"
    passed=$(($(sum 'passed;' "$logs/rust.log" "$logs/kernels.log") + $(sum 'passed' "$logs/vitest")))
    failed=$(($(sum 'failed;' "$logs/rust.log" "$logs/kernels.log") + $(sum 'failed' "$logs/vitest")))
    ignored=$(sum 'ignored;' "$logs/rust.log")
    skipped=$(grep -Eci 'skipped: ' "$logs/rust.log")
    printf '\n%s passed, %s failed (%s ignored; %s said why they were skipped)\n' "$passed" "$failed" "$ignored" "$skipped"
fi
if [ -n "$failed_steps" ]; then
    echo "Failed:$failed_steps" >&2
    exit 1
fi
echo "All of it passed."
