# Every target does all of its own set-up: it needs Python >= 3.11 with its headers, a C compiler and make.

PYTHON3 ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

# durable-rules comes as source. Its own build drops optimisation, and on Python >= 3.13 it
# calls a function that has gone by another name.
BUILD_FLAGS := CPPFLAGS="-O2 -DPyEval_CallObject=PyObject_CallObject"

export PIP_DISABLE_PIP_VERSION_CHECK := 1
PYTEST := $(BIN)/python -m pytest --numprocesses=auto --dist=worksteal
SHARED ?= ../shared

.DEFAULT_GOAL := help
.PHONY: help demo test test-shared check format bench nightly schemas record lock clean
.DELETE_ON_ERROR:

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(READY) ## write a sample book and plan it with the standard policy
	@rm -rf demo/book
	$(BIN)/duly demo demo/book --as-of 2026-03-31
	$(BIN)/duly plan policies/standard.yaml demo/book --as-of 2026-03-31

test: check ## everything that needs only the checkout
	$(PYTEST) --ignore=tests/shared

test-shared: $(READY) ## real ledgers and hostile input, where ../shared is there
	@if [ -d $(SHARED) ]; then $(PYTEST) tests/shared; else echo "$(SHARED) is not there: nothing to test"; fi

check: $(READY) ## format, lint, types, layers
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## format, and put right what the linter can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(READY) ## time a large plan, the rendering of messages, and an apply against the disk
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench_messages
	$(BIN)/python -m tests.bench_apply

nightly: check ## the same laws with far more examples, and what takes minutes
	DULY_NIGHTLY=1 $(PYTEST)

schemas: $(READY) ## write schemas/ again
	$(BIN)/python -m duly.language.schema
	$(BIN)/python -m duly.plan.document
	$(BIN)/python -m duly.journal.approvers
	$(BIN)/python -m duly.execution.channels.schema
	$(BIN)/python -m duly.review.cases.schema

record: $(READY) ## write the recorded sessions, the story of a quarter and the README's output again
	$(BIN)/python -m pytest --record tests/test_sessions.py tests/test_readme.py tests/story

lock: $(READY) ## pin the newest releases that pyproject.toml allows
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --upgrade --all-extras --strip-extras --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file=requirements.lock pyproject.toml

clean: ## remove what the targets have made
	rm -rf $(VENV) demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find engine cli tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The lock names a hash for every file, so what is installed is what was tested.
$(READY): requirements.lock pyproject.toml Makefile
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "duly needs Python 3.11 or newer; name it: make PYTHON3=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON3) -c 'import ensurepip, os, sys, sysconfig; \
	  sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' \
	  || { echo "duly needs Python's headers and its venv module (on Debian: python3-dev python3-venv)"; exit 1; }
	rm -rf $(VENV)
	$(PYTHON3) -m venv $(VENV)
	$(BUILD_FLAGS) $(BIN)/python -m pip install --quiet --use-pep517 --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
