# Everything a developer or operator does with this checkout. `make` alone lists the targets.
# Needs Python 3.11 or newer, make and a package index; nothing else. Say PYTHON=python3.12 to choose an interpreter.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt
PYTEST := $(BIN)/python -m pytest
CODE   := harvester alerts catalog config tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve test check lint types contracts fix bench docs accept lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.runtime ## prepare .venv with the pinned versions that running needs

setup-dev: $(VENV)/.dev ## the same, and what tests and checks need

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "make: no $(PYTHON) found. Install Python 3.11 or newer, or name one: make setup PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is $$($(PYTHON) --version 2>&1); Datapeil needs Python 3.11 or newer. Name one: make setup PYTHON=/path/to/python3" >&2; exit 2; }
	@echo "preparing $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "make: $(PYTHON) can't make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/.runtime: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing what running needs"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@echo "installing what tests and checks need"
	@$(PIP) --editable '.[dev]'
	@touch $@

demo: setup ## live through the simulated years, then serve the dashboard on port 8000
	@$(BIN)/python -m harvester demo

serve: setup ## dashboard, API, /metrics and the schedule
	@$(BIN)/python -m harvester serve

test: setup-dev ## all tests, on two cores, with branch coverage
	@$(PYTEST) --numprocesses=2 --cov --cov-report=term $(ARGS)

check: lint types contracts test ## lint, types, contracts, tests: what CI runs

lint: setup-dev ## style and format
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .

types: setup-dev ## mypy, strict, on packages and tests
	@$(BIN)/python -m mypy

contracts: setup-dev ## who may import whom
	@$(BIN)/lint-imports --no-logo

fix: setup-dev ## let ruff mend and format what it can
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .

bench: setup-dev ## the figures of the README, as medians and ratios of one run
	@$(BIN)/python -m benchmarks $(ARGS)

docs: setup-dev ## write the generated parts of docs/, then prove that nothing is undocumented
	@$(PYTEST) --accept -p no:randomly -p no:cacheprovider --quiet tests/config/test_reference.py tests/test_docs.py

accept: setup-dev ## rewrite the expectation files beside the payloads; read the diff before you commit it
	@$(PYTEST) --accept --numprocesses=2 --quiet $(ARGS)

lock: setup-dev ## write constraints.txt anew with the newest versions that work on every Python we support
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@{ head -n 1 constraints.txt; $(BIN)/uv pip compile --quiet --no-header --no-annotate --universal --upgrade \
		--python-version 3.11 --extra dev pyproject.toml; } > constraints.new
	@mv constraints.new constraints.txt

clean: ## remove what was built, caches and the demo; keeps var/datapeil.db
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache htmlcov .coverage .coverage.* var/demo
	@find harvester alerts catalog config tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
