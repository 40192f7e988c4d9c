# Every goal does its own set-up, and does it once: `make run` on a fresh clone is enough.
#
#   make run         the window on a demo workspace; without a display, the demo on the command line
#   make test        everything: formatting, lints, Rust, TypeScript and the window under a virtual display
#   make check       formatting and lints only
#   make build       the command line and the window
#   make build-cuda  the command line for NVIDIA cards, beside the other one; see docs/gpu.md
#   make gpu-report  what a card computes, and how fast, as a table
#   make durability  kill -9, 200 times on 20,000 items
#   make hostile     1,000 images and 10,000 texts that want to break a guard, through every family
#   make engine-deaths  kill -9 of the guard's process, 50 times, under runs that the window has started
#   make responsiveness  how soon the window paints after a key, with and without a run that uses all cores
#   make endurance   300 items by keys, one a second: lost keys, what moved, memory
#   make scale       a million items: import, next item, filters, orders and searches, in the window too, as a table in docs/performance.md
#   make reference   golden files anew, from the reference implementation (needs Python; downloads it)
#   make compare-engines  the same items through Saring, llama.cpp and transformers, as tables in docs/performance.md
#   make demo-guard  the demo guard anew, trained from scratch
#   make clean       what was built
#
# One profile and one set of packages for all of it: `--workspace`, because another set has other features and rebuilds
# half of the tree, and `dev`, whose dependencies are optimised (see Cargo.toml), because `release` would build all of it
# a second time to gain little.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# rustup installs here and asks for a new shell, which is easily forgotten.
export PATH := $(PATH):$(HOME)/.cargo/bin
export CARGO_TERM_PROGRESS_WHEN ?= auto

TARGET := $(or $(CARGO_TARGET_DIR),target)
CARGO_BUILD := cargo build --locked --workspace
UI_SOURCES := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print 2>/dev/null)

.PHONY: help run test check build ui durability hostile engine-deaths responsiveness endurance scale reference compare-engines demo-guard clean toolchains system-build system-test build-cuda gpu-report

help:
	@sed -n '/^#   make/s/^#   //p' Makefile

run: build
	@setup/run.sh "$(TARGET)/debug"

build: toolchains system-build ui
	$(CARGO_BUILD)

test: toolchains system-test ui
	@setup/toolchains.sh test
	@tests/run.sh

check: toolchains system-build ui
	@setup/toolchains.sh test
	@tests/run.sh check

build-cuda: toolchains
	@setup/cuda.sh build "$(TARGET)/debug"

gpu-report: toolchains
	@tests/gpu.sh

durability: build
	SARING_DURABILITY_ROUNDS=$${SARING_DURABILITY_ROUNDS:-200} SARING_DURABILITY_ITEMS=$${SARING_DURABILITY_ITEMS:-20000} \
		cargo test --locked --workspace --test integration durability:: -- --nocapture

hostile: build
	SARING_HOSTILE=all cargo test --locked --workspace --test parity hostile:: -- --nocapture

engine-deaths: build system-test
	SARING_ENGINE_DEATHS=$${SARING_ENGINE_DEATHS:-50} xvfb-run -a -s '-screen 0 1280x800x24' dbus-run-session -- \
		cargo test --locked --workspace --test integration window::engine_deaths:: -- --nocapture

responsiveness: build system-test
	xvfb-run -a -s '-screen 0 1280x800x24' dbus-run-session -- \
		cargo test --locked --workspace --test integration window::responsiveness:: -- --ignored --nocapture

endurance: build system-test
	xvfb-run -a -s '-screen 0 1280x800x24' dbus-run-session -- \
		cargo test --locked --workspace --test integration window::endurance:: -- --ignored --nocapture

scale: build system-test
	cargo build --locked --workspace --all-targets
	python3 tests/scale/measure.py --items $${SARING_SCALE_ITEMS:-1000000} --programs "$(TARGET)/debug" \
		--folder "$${SARING_SCALE_FOLDER:-$(TARGET)/scale}"

ui: ui/dist/index.html

ui/dist/index.html: .setup/npm $(UI_SOURCES)
	cd ui && npm run build
	@touch $@

.setup/npm: ui/package-lock.json | toolchains
	cd ui && npm ci --no-audit --no-fund
	@mkdir -p .setup && touch $@

toolchains:
	@setup/toolchains.sh

system-build: | toolchains
	@setup/system.sh build

system-test: | toolchains
	@setup/system.sh test

reference: .setup/python-reference/ready
	.setup/python-reference/bin/python tests/reference/make_reference.py

# COMPARE holds switches; see tests/peers/README.md.
compare-engines: build .setup/python-peers/ready
	tests/peers/build_llama.sh .setup/peers .setup/python-peers/bin/python
	.setup/python-peers/bin/python tests/peers/compare.py --saring "$(TARGET)/debug/saring" $(COMPARE)

demo-guard: .setup/python-demo/ready
	.setup/python-demo/bin/python demo/make/build.py
	.setup/python-demo/bin/python demo/make/reference.py
	setup/readme_scores.sh

.setup/python-reference/ready: tests/reference/requirements.txt
.setup/python-demo/ready: demo/make/requirements.txt
.setup/python-peers/ready: tests/peers/requirements.txt
.setup/python-%/ready:
	python3 -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --requirement $<
	@touch $@

clean:
	cargo clean
	rm -rf ui/dist .setup demo-workspace
