# The two commands that matter: `make demo` and `make test`. Each sets up what it needs.
PY ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
PYTHON := $(VENV)/bin/python
# Changes with what is installed, not with the settings of tools further down in pyproject.toml.
STAMP := $(VENV)/.ready-$(shell (cat requirements-dev.lock; sed '/^\[tool.ruff/,$$d' pyproject.toml) | cksum | cut -d' ' -f1)
WORKERS ?= 3
COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP)  ## a whole Discord and a whole Plex on this machine, in your browser
	@$(PYTHON) -m bot demo

test: $(STAMP)  ## every test but the browser's
	@$(PYTHON) -m pytest -q -n $(WORKERS) --dist worksteal $(PYTEST)

coverage:  ## the same tests, and how much of the code they reach
	@$(MAKE) --no-print-directory test PYTEST="--cov --cov-report=term:skip-covered"

e2e: $(STAMP)  ## the whole story in a real browser (needs chromium)
	@$(PYTHON) -m pytest -q -n 2 --dist worksteal tests/e2e

lint: $(STAMP)  ## style, types, import contracts, catalogues
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@$(VENV)/bin/lint-imports --no-logo
	@$(PYTHON) -m bot.i18n.check

resilience: $(STAMP)  ## killed at every point of every flow: a quarter of an hour
	@HELPR_TEST_THOROUGH=1 HELPR_TEST_LONG=1 $(PYTHON) -m pytest -q -n $(WORKERS) --dist worksteal tests/resilience tests/integration/test_plex_doubt.py

bench: $(STAMP)  ## ratios against a baseline of the same run
	@$(PYTHON) -m bench

# The screenshots need a font for Japanese (Debian: apt-get install fonts-noto-cjk).
docs: $(STAMP)  ## the generated tables and the README's screenshots anew, taken in the sandbox
	@$(PYTHON) -m bot.i18n.check --update
	@$(PYTHON) tests/reliability.py --update
	@$(PYTHON) tests/rights.py --update
	@HELPR_E2E_SCREENSHOTS=build/pictures $(PYTHON) -m pytest -q tests/e2e
	@for old in docs/images/*.png; do cp "build/pictures/$${old##*/}" "$$old"; done

lock:  ## the lock files anew (needs uv)
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --all-extras --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	echo hatchling | $(COMPILE) -c requirements-dev.lock - -o requirements-build.lock

setup: $(STAMP)  ## only what the others begin with

$(STAMP):
	@test -n "$(PY)" || { echo "Python 3.11 or newer is needed. Name one with: make PY=/path/to/python3.13 ..." >&2; exit 1; }
	@$(PY) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed. Name one with: make PY=/path/to/python3.13 ...")'
	@echo "Setting up $(VENV) (about a minute, once) ..."
	@if uv --version >/dev/null 2>&1; then \
	  uv venv -q --allow-existing --python "$$($(PY) -c 'import sys; print(sys.executable)')" $(VENV) && \
	  uv pip sync -q --compile-bytecode --python $(PYTHON) --require-hashes requirements-dev.lock && \
	  uv pip install -q --python $(PYTHON) --no-deps --no-build-isolation -e . ; \
	else \
	  { $(PY) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "$(PY) cannot make virtual environments: install its venv package (Debian: apt-get install python3-venv) or uv." >&2; exit 1; }; } && \
	  $(PY) -m venv $(VENV) && \
	  $(PYTHON) -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock && \
	  $(PYTHON) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@rm -f $(VENV)/.ready-*; touch $@

.PHONY: help demo test coverage e2e resilience lint bench docs lock setup
.DEFAULT_GOAL := help
