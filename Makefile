# The two commands that matter: `make demo` and `make test`. Each sets up what it needs.
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready-$(shell cat requirements-dev.lock pyproject.toml | cksum | cut -d' ' -f1)
WORKERS ?= 2

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PY) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; name one with: make PY=python3.12 ...")'
	@echo "Setting up $(VENV) (about a minute, once) ..."
	@if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then \
	  uv venv -q --seed --allow-existing --python $(PY) $(VENV) && \
	  uv pip sync -q --python $(BIN)/python --require-hashes requirements-dev.lock && \
	  uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
	  $(PY) -m venv $(VENV) && \
	  $(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock && \
	  $(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@rm -f $(VENV)/.ready-*; touch $@

demo: $(STAMP)  ## a whole Discord and a whole Plex on this machine, in your browser
	@$(BIN)/helpr demo

test: $(STAMP)  ## every test but the browser's
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

lint: $(STAMP)  ## style, types, import contracts, catalogues
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m bot.i18n.check

bench: $(STAMP)  ## ratios against a baseline of the same run
	@$(BIN)/python -m bench

e2e: $(STAMP)  ## the whole story in a real browser (needs chromium)
	@$(BIN)/python -m pytest -q tests/e2e

docs: $(STAMP)  ## screenshots of the README, made from the sandbox
	@HELPR_E2E_SCREENSHOTS=docs/images $(BIN)/python -m pytest -q tests/e2e

lock:  ## both lock files anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --all-extras --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

.PHONY: demo test lint bench e2e docs lock
