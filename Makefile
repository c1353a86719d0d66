# Every target sets up what it needs: python3 (3.11+), make and a package index are enough.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench docs clean

BOOTSTRAP := .bootstrap
UV := $(BOOTSTRAP)/bin/uv
UV_VERSION := 0.13.9
PYTHON ?= python3
# Compiled at install: commands start fast from the first call on.
export UV_COMPILE_BYTECODE := 1
SYNC_STAMP := .venv/.synced

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "onnxport needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "installing uv $(UV_VERSION) into $(BOOTSTRAP)"
	@$(PYTHON) -m venv $(BOOTSTRAP)
	@$(BOOTSTRAP)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(SYNC_STAMP): $(UV) uv.lock pyproject.toml $(wildcard packages/*/pyproject.toml)
	@$(UV) sync --locked --quiet --python $(PYTHON)
	@touch $@

setup: $(SYNC_STAMP) ## make .venv with onnxport and the developer tools
