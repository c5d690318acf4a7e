# `make run` and `make test` do all the set-up on a fresh checkout; a second call of any target is fast.
# .venv is set up in three sizes, each with all of the one before: `setup` for what runs the bot, `setup-dev` for what
# tests it, `setup-train` for torch and what exports other encoders and fits the decision.
PYTHON ?= python3
BIN := .venv/bin
# Where it is set, each test process, and each process that a test starts, compiles our code again.
unexport PYTHONDONTWRITEBYTECODE
# In no lock, because there are several builds of it: where PyPI's brings GPU libraries that you do not need, name the
# index of another, as in TORCH='torch==2.13.0 --index-url …'.
TORCH ?= torch==2.13.0
UV := UV_PYTHON=$(BIN)/python UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never $(BIN)/uv
UV_VERSION := $(shell sed -n '/^name = "uv"$$/{n;s/version = "\(.*\)"/\1/p}' uv.lock)
EXPORT := echo "\# Made by: make lock"; $(UV) export -q --frozen --offline --extra postgres --no-emit-project --no-annotate --no-header
CONTENT := $(shell find knowledge -name '*.md' -o -name '*.yaml') index/decision/calibration.json
ENCODER_CODE := $(wildcard index/export/*.py index/encoder/*.py)

.PHONY: run test test-lowest test-torch test-wheel check check-types check-rest coverage wheel setup setup-dev setup-train audit licences lock vectors sbom bench \
	bench-scale bench-pgvector chaos chaos-postgres load load-workers eval helpfulness size format screenshots pictures-intro
run: setup
	@$(BIN)/gwbot run

# More processes than two cores, because many tests wait for one another's processes, servers and browsers.
# SKIP names marks: .ci/run leaves out what `make coverage` runs.
SKIP ?= wheel
test: check
	@$(BIN)/pytest -n 4 --dist worksteal -m "not ($(SKIP))"

# With the lowest versions that pyproject.toml allows, in an environment of its own. TESTS="tests/index -x" runs a part.
LOWEST := $(CURDIR)/.venv-lowest
test-lowest: $(BIN)/uv
	@$(UV) venv -q --clear $(LOWEST)
	@$(UV) pip install -q --python $(LOWEST)/bin/python --resolution lowest-direct -e '.[postgres,dev]'
	@GW_DATA_DIR=$(LOWEST)/data $(LOWEST)/bin/gwbot model prepare
	@GW_DATA_DIR=$(LOWEST)/data $(LOWEST)/bin/gwbot index build
	@PREPARED=$(LOWEST)/data $(LOWEST)/bin/python -m pytest -n 2 --dist worksteal -m "not wheel" $(TESTS)

# On a fresh checkout mypy alone takes twice as long as all the rest, so both run at once.
check: setup-dev
	@$(MAKE) -s --no-print-directory -j2 -O check-types check-rest

check-types:
	@$(BIN)/mypy

check-rest:
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(UV) lock -q --check --offline || { echo "uv.lock does not fit pyproject.toml. Run: make lock"; exit 1; }
	@{ $(EXPORT); } | cmp -s - requirements.txt || { echo "requirements.txt does not fit uv.lock. Run: make lock"; exit 1; }
	@$(BIN)/lint-imports --no-logo >.venv/imports.log || { cat .venv/imports.log; exit 1; }
	@$(BIN)/gwbot knowledge check --strict
	@$(BIN)/python -m tools.licences
	@$(BIN)/python -m tools.audit

# Every branch of what promises that nothing is lost: in, out, store, and what goes between person and advisers.
coverage: setup-dev
	@$(BIN)/pytest -n 4 --dist worksteal -m durability $$(grep -rl mark.durability tests --include='*.py') --cov-branch --cov=bot.pipeline.inbox --cov=bot.pipeline.outbox --cov=bot.pipeline.rate_limiter --cov=bot.store \
		--cov=bot.flows.relay.requester --cov=bot.flows.relay.adviser --cov=bot.flows.relay.notices --cov=bot.flows.relay.signature \
		--cov=bot.pipeline.mail_handler --cov=bot.flows.relay.mail_answers \
		--cov-report=term-missing:skip-covered --cov-fail-under=100

# What `make test` skips where torch is not installed.
test-torch: setup-train
	@$(BIN)/python -m tools.licences
	@$(BIN)/pytest -n 2 $$(grep -rl needs_torch tests --include='test_*.py')

# The wheel in an environment of its own, with its dependencies from the package registry.
test-wheel: setup-dev
	@$(BIN)/pytest -m wheel tests/installation

wheel: setup-dev
	@rm -rf build dist
	@$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@ls dist/*.whl

audit: setup-dev
	@$(BIN)/python -m tools.audit

licences: setup-dev
	@$(BIN)/python -m tools.licences --write

vectors: setup
	@$(BIN)/python -m tools.ship_vectors

sbom: setup-dev
	@tools/sbom

# UPGRADE=--upgrade takes the newest versions that pyproject.toml allows.
lock: $(BIN)/uv
	@$(UV) lock -q $(UPGRADE)
	@{ $(EXPORT); } >requirements.txt

eval: setup-dev
	@$(BIN)/gwbot eval

bench: setup-train
	@$(BIN)/python -m tests.performance.bench

bench-scale: setup-dev
	@$(BIN)/python -m tests.performance.bench scale

bench-pgvector: setup-dev
	@$(BIN)/python -m tests.performance.bench.pgvector $(AGAIN)

chaos: setup-dev
	@KILLS=$(KILLS) $(BIN)/python -m tests.reliability.chaos

chaos-postgres: setup-dev
	@KILLS=$(KILLS) $(BIN)/python -m tests.reliability.chaos --database postgresql $(CHAOS)

load: setup-dev
	@$(BIN)/python -m tests.performance.load --soak $(or $(SOAK),0) $(LOAD)

load-workers: setup-dev
	@$(BIN)/python -m tests.performance.load.workers $(LOAD)

screenshots: setup-dev
	@$(BIN)/python -m tools.screenshots

pictures-intro: setup-dev
	@$(BIN)/python -m tools.intro_pictures

helpfulness: setup-dev
	@$(BIN)/python -m tools.helpfulness

size: setup
	@tools/installed-size

format: setup-dev
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

setup: .venv/.run data/.index

setup-dev: .venv/.dev data/.index

setup-train: .venv/.train data/.index

$(BIN)/uv:
	@echo "Set-up 1 of 4: a virtual environment in .venv (about 10 seconds) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)

.venv/.run: pyproject.toml uv.lock | $(BIN)/uv
	@echo "Set-up 2 of 4: the packages that the bot needs, 220 MB to download (about 20 seconds) …"
	@$(UV) sync -q --frozen --inexact $(if $(wildcard .venv/lib/*/site-packages/psycopg),--extra postgres)
	@touch $@

.venv/.dev: pyproject.toml uv.lock | $(BIN)/uv
	@echo "Set-up 2 of 4: the packages that bot and tests need, 360 MB to download (about 40 seconds) …"
	@$(UV) sync -q --frozen --inexact --extra postgres --extra dev
	@touch .venv/.run $@

.venv/.train: pyproject.toml uv.lock | $(BIN)/uv
	@echo "Set-up 2 of 4: all packages and $(firstword $(TORCH)) (about 2 minutes; several GB if it brings GPU libraries) …"
	@$(UV) sync -q --frozen --inexact --all-extras
	@$(BIN)/python -m pip install -q --disable-pip-version-check $(TORCH)
	@touch .venv/.run .venv/.dev $@

data/.encoder: uv.lock $(ENCODER_CODE) | .venv/.run
	@echo "Set-up 3 of 4: the encoder (about 15 seconds) …"
	@mkdir -p data && GW_DATA_DIR=data $(BIN)/gwbot model prepare
	@touch $@

data/.index: data/.encoder $(CONTENT)
	@echo "Set-up 4 of 4: the index (about 5 seconds) …"
	@GW_DATA_DIR=data $(BIN)/gwbot index build
	@touch $@
