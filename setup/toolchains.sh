#!/bin/sh
# Checks for Rust and Node and says how to get them; installs neither, since both have installers of their own.
# A C compiler and the window's libraries are another matter: see system.sh. `toolchains.sh test` wants rustfmt and clippy too.
set -eu

rust_needed=1.95
node_needed=20.19
failed=0

# `at_least FOUND NEEDED`: compares dotted versions.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# rustup installs here and asks for a new shell, which is easily forgotten.
PATH="$PATH:$HOME/.cargo/bin"

if rust=$(rustc --version 2>/dev/null) && command -v cargo >/dev/null; then
    rust=$(echo "$rust" | cut -d ' ' -f 2)
    if ! at_least "$rust" "$rust_needed"; then
        echo "Rust $rust_needed or newer is needed; this is $rust." >&2
        echo "  Get it with: rustup update stable     (no rustup? see https://rustup.rs)" >&2
        failed=1
    fi
else
    echo "Rust $rust_needed or newer is needed and there is none." >&2
    echo "  Get it with: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" >&2
    echo "  then open a new terminal." >&2
    failed=1
fi

if node=$(node --version 2>/dev/null) && command -v npm >/dev/null; then
    node=${node#v}
    if ! at_least "$node" "$node_needed"; then
        echo "Node $node_needed or newer is needed; this is $node." >&2
        failed=1
    fi
else
    echo "Node $node_needed or newer, with npm, is needed and there is none." >&2
    failed=1
    node=missing
fi
if [ "$node" = missing ] || ! at_least "$node" "$node_needed"; then
    echo "  Get it from https://nodejs.org/en/download, or with nvm: nvm install 22" >&2
    echo "  (on Debian 13, Ubuntu 25.04 and newer: apt-get install nodejs npm)" >&2
fi
[ $failed -eq 0 ] || exit 1

# A minimal installation of Rust lacks what `make check` and `make test` run.
if [ "${1:-build}" = test ] && ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
    echo "Installing rustfmt and clippy"
    rustup component add rustfmt clippy
fi
