#!/bin/sh
# What a GPU computes, and how fast. Runs the guard's tests on the card, judges the demo queue there and on the processor,
# measures both, and writes a table in Markdown. Without a card it builds, says that the rest is skipped, and succeeds.
#
#   gpu.sh                builds, then measures
#   gpu.sh build          builds into target/gpu; that folder can be copied to a machine that has a card and no compiler
#   gpu.sh measure        measures with what is in target/gpu
#
# CUDA_FLASH            1: with flash attention, see setup/cuda.sh; the report then says what a layer takes with it and without
# SARING_GPU_GUARD      the folder of a checkpoint to measure with; the demo guard if not set
# SARING_GPU_SECONDS    how long each measurement takes; 10 if not set
# SARING_GPU_REPORT     where the table goes; target/gpu-report.md if not set
set -eu
cd "$(dirname "$0")/.."
built=${CARGO_TARGET_DIR:-target}/gpu
guard=${SARING_GPU_GUARD:-saring-demo}
seconds=${SARING_GPU_SECONDS:-10}
report=${SARING_GPU_REPORT:-${CARGO_TARGET_DIR:-target}/gpu-report.md}
# The first is what the others are compared with.
runs="cpu-f32 cuda-f32 cuda-bf16 cuda-int8 cuda-int4"

build() {
    setup/cuda.sh build "$built"
    # Both packages are named: with the guard alone its dependencies have other features, and the kernels, which take
    # longest, are compiled a second time.
    features=$(setup/cuda.sh features)
    setup/cuda.sh with cargo test --locked --no-run --package saring --package saring-guard --features "saring/$features" \
        --target-dir "${CARGO_TARGET_DIR:-target}/cuda" --lib >"$built/tests.log" 2>&1 || {
        cat "$built/tests.log" >&2
        exit 1
    }
    echo "$features" >"$built/features"
    cp "$(sed -n 's/.*Executable unittests.*(\(.*saring_guard.*\))$/\1/p' "$built/tests.log")" "$built/guard-tests"
}

# `memory_peak FILE`: keeps the most memory that was in use on the fullest card, in MiB, until it is ended.
memory_peak() {
    peak=0
    while :; do
        used=$(nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits | sort -n | tail -n 1)
        if [ "$used" -gt "$peak" ] 2>/dev/null; then
            peak=$used
            echo "$peak" >"$1"
        fi
        sleep 0.2
    done
}

# `saring_on DEVICE-PRECISION COMMAND...`: one of our commands there, in a workspace of its own.
saring_on() {
    device=${1%-*}
    precision=${1#*-}
    shift
    setup/cuda.sh with "$built/saring-cuda" --json --workspace "$results/workspace" "$@" \
        --guard "$guard" --device "$device" --precision "$precision"
}

measure() {
    results=$(mktemp -d)
    trap 'rm -rf "$results"' EXIT
    failed=

    echo "== the guard's tests on the card"
    SARING_TEST_DEVICE=cuda setup/cuda.sh with "$built/guard-tests" --show-output >"$results/tests.log" 2>&1 ||
        failed="$failed tests"
    cat "$results/tests.log"
    if grep -qx flash-attn "$built/features"; then
        SARING_TEST_DEVICE=cuda setup/cuda.sh with "$built/guard-tests" --ignored --show-output is_timed_in_both_ways \
            >"$results/attention.log" 2>&1 || failed="$failed attention"
        cat "$results/attention.log"
    fi

    for run in $runs; do
        echo "== $run"
        memory_peak "$results/$run.memory" &
        watcher=$!
        # The queue first: what a driver prepares at the first use would count as the speed of the card.
        saring_on "$run" score --input demo/queue.jsonl --output "$results/$run.jsonl" --task all >"$results/$run.score" ||
            failed="$failed score-$run"
        saring_on "$run" bench --seconds "$seconds" >"$results/$run.bench" || failed="$failed bench-$run"
        kill "$watcher"
        wait "$watcher" 2>/dev/null || true
    done

    nvidia-smi --query-gpu=name,compute_cap,driver_version --format=csv,noheader >"$results/cards"
    mkdir -p "$(dirname "$report")"
    # shellcheck disable=SC2086 # a list of words is meant
    python3 tests/gpu_table.py "$results" $runs >"$report"
    cat "$report"
    echo "Written to $report"
    if [ -n "$failed" ]; then
        echo "Failed:$failed" >&2
        exit 1
    fi
}

step=${1:-all}
case $step in
all | build) build ;;
measure) ;;
*)
    echo "gpu.sh [build|measure]" >&2
    exit 2
    ;;
esac
[ "$step" != build ] || exit 0
if nvidia-smi -L 2>/dev/null | grep -q '^GPU'; then
    measure
else
    echo "skipped: parity and bench on a GPU: nvidia-smi shows no card here"
fi
