# `make run` and `make test` do all the set-up on a fresh checkout; a second call of any target is fast.
PYTHON ?= python3
BIN := .venv/bin
CONTENT := $(shell find knowledge -name '*.md' -o -name '*.yaml') index/decision/calibration.json
ENCODER_CODE := $(wildcard index/export/*.py index/encoder/*.py)

.PHONY: run test check coverage setup audit licences lock vectors sbom bench bench-scale bench-pgvector chaos chaos-postgres load load-workers eval size format screenshots pictures-intro
run: setup
	@$(BIN)/gwbot run

test: check coverage
	@$(BIN)/pytest -n 2 --dist worksteal -m "not durability"

check: setup
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo >.venv/imports.log || { cat .venv/imports.log; exit 1; }
	@$(BIN)/gwbot knowledge check
	@$(BIN)/python -m tools.licences
	@$(BIN)/python -m tools.audit

# Every branch of what promises that nothing is lost: in, out, store, and what goes between person and advisers.
coverage: setup
	@$(BIN)/pytest -n 2 -m durability --cov-branch --cov=bot.pipeline.inbox --cov=bot.pipeline.outbox --cov=bot.pipeline.rate_limiter --cov=bot.store \
		--cov=bot.flows.relay.requester --cov=bot.flows.relay.adviser --cov=bot.flows.relay.notices \
		--cov-report=term-missing:skip-covered --cov-fail-under=100

audit: setup
	@$(BIN)/python -m tools.audit

licences: setup
	@$(BIN)/python -m tools.licences --write

vectors: setup
	@$(BIN)/python -m tools.ship_vectors

sbom: setup
	@tools/sbom

lock:
	@tools/lock

eval: setup
	@$(BIN)/gwbot eval

bench: setup
	@$(BIN)/python -m tests.performance.bench

bench-scale: setup
	@$(BIN)/python -m tests.performance.bench scale

bench-pgvector: setup
	@$(BIN)/python -m tests.performance.bench.pgvector $(AGAIN)

chaos: setup
	@KILLS=$(KILLS) $(BIN)/python -m tests.reliability.chaos

chaos-postgres: setup
	@KILLS=$(KILLS) $(BIN)/python -m tests.reliability.chaos --database postgresql $(CHAOS)

load: setup
	@$(BIN)/python -m tests.performance.load --soak $(or $(SOAK),0) $(LOAD)

load-workers: setup
	@$(BIN)/python -m tests.performance.load.workers $(LOAD)

screenshots: setup
	@$(BIN)/python -m tools.screenshots

pictures-intro: setup
	@$(BIN)/python -m tools.intro_pictures

size:
	@tools/installed-size

format: setup
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

setup: data/.index

.venv/.installed: pyproject.toml constraints.txt dev.lock
	@echo "Installing into .venv (some minutes, once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r dev.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt torch
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

data/.encoder: .venv/.installed $(ENCODER_CODE)
	@echo "Preparing the encoder (a minute, once) …"
	@mkdir -p data && GW_DATA_DIR=data $(BIN)/gwbot model prepare
	@touch $@

data/.index: data/.encoder $(CONTENT)
	@GW_DATA_DIR=data $(BIN)/gwbot index build
	@touch $@
