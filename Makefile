# Every target sets up what it needs: python3 (3.11+), make and a package index are enough.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-heavy test-converters mutants check format bench bench-converters docs reference clean

PYTHON ?= python3
BOOTSTRAP := .bootstrap
UV := $(BOOTSTRAP)/bin/uv
UV_VERSION := 0.13.9
# Compiled at install: commands start fast from the first call on.
export UV_COMPILE_BYTECODE := 1
PROJECT_FILES := uv.lock pyproject.toml $(wildcard packages/*/pyproject.toml)
ARGS ?=

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: .venv/.stamp-dev ## make .venv with onnxport and the developer tools

demo: .venv/.stamp-runtime ## train, convert, prove, deploy and score a real model; leaves a live endpoint
	@.venv/bin/python demo/demo.py $(ARGS)

test: .venv/.stamp-dev ## run the tests (some five minutes on two cores when set up)
	@.venv/bin/python -m pytest -n 2 --dist loadgroup -m "not heavy and not converters" $(ARGS)

test-heavy: .venv/.stamp-heavy ## run the long suites: fuzzing, load during redeployments, contract fuzzing, a browser
	@.venv/bin/python -m pytest -m heavy $(ARGS)

test-converters: .venv/.stamp-dev ## convert models of every framework, each in its own environment (gigabytes at the first run)
	@.venv/bin/python -m pytest -n 2 --dist loadgroup -m converters $(ARGS)

mutants: .venv/.stamp-heavy ## change codecs, traffic and registry in small ways and see whether a test notices (hours; ARGS="--most 100")
	@.venv/bin/python -m mutation $(ARGS)

check: .venv/.stamp-docs ## format, lint, types, import contracts, generated pages, documentation
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/python docs/generate_reference.py --check
	@$(MAKE) --no-print-directory docs

docs: .venv/.stamp-docs ## build the documentation into build/docs; a broken link fails
	@.venv/bin/python -m sphinx -W --keep-going -q -b html docs build/docs
	@echo "documentation: build/docs/index.html"

reference: .venv/.stamp-docs ## write the reference pages that are generated from the code
	@.venv/bin/python docs/generate_reference.py

format: .venv/.stamp-dev ## format the code and mend what the linter can
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

bench: .venv/.stamp-bench ## measure speed, start-up and memory against named references, in one run
	@.venv/bin/python -m bench $(ARGS)

bench-converters: .venv/.stamp-dev ## measure every converter: size and time of its environment, time and errors of conversions
	@.venv/bin/python -m bench.converters $(ARGS)

clean: ## remove what the other targets made (not workspaces)
	@rm -rf .venv $(BOOTSTRAP) build site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# What each kind of work needs. A later sync adds to .venv and removes nothing.
GROUPS_runtime := --no-default-groups
GROUPS_dev := --group dev
GROUPS_docs := --group dev --group docs
GROUPS_bench := --group dev --group bench
GROUPS_heavy := --group dev --group heavy --group bench

.venv/.stamp-%: $(UV) $(PROJECT_FILES)
	@echo "installing onnxport into .venv ($*)"
	@$(UV) sync --locked --inexact --quiet --python $(PYTHON) $(GROUPS_$*)
	@touch $@

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "onnxport needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@echo "installing uv $(UV_VERSION) into $(BOOTSTRAP)"
	@$(PYTHON) -m venv $(BOOTSTRAP)
	@$(BOOTSTRAP)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
