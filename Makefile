# Vigil's commands. `make help` lists them.
PYTHON ?= python3.11
VENV ?= .venv
PORT ?= 8000
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-quick check format proto bench report kafka timescale recordings web-check clean

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	$(BIN)/python -m ecg.warm
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(PIP) --editable '.[dev]'
	@touch $@

setup: $(VENV)/.base  ## Install Vigil into .venv and compile its kernels

demo: $(VENV)/.base  ## Install and run the whole system on this machine: 8 live beds on one page (PORT=8000)
	$(BIN)/vigil up --port $(PORT)

test: $(VENV)/.dev timescale kafka recordings  ## Install and run every test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-quick: $(VENV)/.dev  ## Unit and contract tests only
	$(BIN)/python -m pytest tests/unit tests/contract

check: $(VENV)/.dev web-check  ## Style, types, imports, messages, page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=.:proto $(BIN)/lint-imports
	cd proto && ../$(BIN)/buf lint
	$(BIN)/python -m deploy.checks

proto: $(VENV)/.dev  ## Regenerate the checked-in stubs of proto/
	cd proto && ../$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. vigil/v1/*.proto
	cd proto && ../$(BIN)/python -m grpc_tools.protoc -I. --grpc_python_out=. vigil/v1/reasoner.proto

format: $(VENV)/.dev  ## Format the code
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: $(VENV)/.dev  ## Measure: beds in real time, latency, CPU by part, stages beside their peers
	$(BIN)/python -m tests.benchmarks

report: $(VENV)/.dev  ## Regenerate docs/performance.md from the recordings in data/
	$(BIN)/python -m training.report --data data --out docs/performance.md

kafka:  ## Fetch Apache Kafka's jars (where Java and Maven are)
	@if command -v java >/dev/null && command -v mvn >/dev/null; then $(BIN)/python -m deploy.kafka.run fetch; \
	else echo "no Java or Maven: tests on Apache Kafka will be skipped"; fi

timescale:  ## Fetch TimescaleDB for tests (where Node.js is)
	@if command -v npm >/dev/null; then cd deploy/timescale && { [ -d node_modules ] || npm ci --silent --no-audit --no-fund; }; \
	else echo "no Node.js: tests on TimescaleDB will be skipped"; fi

web-check:  ## Check the page's types (where Node.js is)
	@if command -v npm >/dev/null; then cd cloud/console/web && { [ -d node_modules ] || npm ci --silent --no-audit --no-fund; } && npx --no-install tsc --project .; \
	else echo "no Node.js: the page's types are not checked"; fi

recordings:  ## Unpack recordings into data/ where an archive folder stands beside the checkout
	@if [ -x ../shared/data/unpack ]; then ../shared/data/unpack data; else echo "no archive of recordings: their tests will be skipped"; fi

clean:  ## Remove what the commands made here
	rm -rf $(VENV) .vigil .pytest_cache .mypy_cache .ruff_cache deploy/kafka/libs deploy/timescale/node_modules cloud/console/web/node_modules
