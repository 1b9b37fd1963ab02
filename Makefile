# `make demo`, `make check` and `make test` set up what they need, on a bare machine with Python and make.
PYTHON ?= python3
VENV   ?= .venv
PYTHONS ?= 3.12 3.13
BIN    := $(VENV)/bin
READY  := $(VENV)/ready
PYTEST := $(BIN)/python -m pytest

help: ## show what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: $(READY) ## make .venv with hideseek in it, at the tested versions

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hideseek needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cluster,dev,docs]'
	@touch $(READY)

demo: $(READY) ## hide, sell, clean and verify 1,797 handwritten digits, in about four minutes
	PATH="$(abspath $(BIN)):$$PATH" sh examples/demo.sh

style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

check: style types unit ## check style, types and links, and run the unit tests, within a minute

unit: $(READY)
	$(PYTEST) -n 2 -m "not slow" --hypothesis-profile quick tests/unit tests/test_*.py

test: style types site ## everything that CI runs: all types, all tests, and the site
	$(BIN)/mypy bench examples distributions
	$(BIN)/python docs/reference.py --check
	$(PYTEST) -n 2

test-pythons: ## run the unit tests with each of PYTHONS that is here, pyenv's too
	@for version in $(PYTHONS); do \
	  python=$$(ls "$${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version".*/bin/python 2>/dev/null | tail -n 1); \
	  : "$${python:=python$$version}"; \
	  if "$$python" -c '' 2>/dev/null; then $(MAKE) unit PYTHON="$$python" VENV=".venv-$$version" || exit; \
	  else echo "Python $$version is not here: left out"; fi; \
	done

test-kill: $(READY) ## strike hide, cleaner and seek with SIGKILL 120 times, and let two seeks meet 240 times
	HIDESEEK_KILLS=120 $(PYTEST) tests/robustness/test_kill.py tests/robustness/test_two_writers.py

test-fuzz: $(READY) ## read 20,000 mutated files of every kind
	HIDESEEK_FUZZ=20000 $(PYTEST) tests/robustness/test_fuzz.py tests/robustness/test_hostile.py

format: $(READY) ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

dist: $(READY) ## build the wheels and sdists of hideseek-seek and hideseek
	$(BIN)/python distributions/build.py dist

site: $(READY)
	$(BIN)/sphinx-build -q -W docs docs/_build

docs: $(READY) ## write docs/reference/commands.md from the code and build docs/_build
	$(BIN)/python docs/reference.py
	$(MAKE) site

docs-pictures: $(READY) ## make the README's images anew, from a release of photographs that is made for them
	rm -rf build/docs-pictures
	$(BIN)/python docs/figures.py build/docs-pictures

clean: ## remove what make made
	rm -rf $(VENV) .venv-* demo docs/_build build dist *.egg-info .mypy_cache .ruff_cache .hypothesis

.PHONY: help install demo style types check unit test test-pythons test-kill test-fuzz format dist site docs docs-pictures clean
