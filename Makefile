# Two commands: `make demo` and `make test`. Each sets up what it needs, on a bare machine with Python and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready

help: ## show what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: $(READY) ## make .venv with hideseek in it, at the tested versions

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hideseek needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cluster,dev]'
	@touch $(READY)

demo: $(READY) ## hide, sell, clean and verify 1,797 handwritten digits, in about three minutes
	PATH="$(abspath $(BIN)):$$PATH" sh examples/demo.sh

test: $(READY) ## check style, types and docs, and run the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy bench/*.py examples/*.py
	$(BIN)/python docs/reference.py --check
	$(BIN)/python -m pytest -n 2

test-kill: $(READY) ## strike hide, cleaner and seek with SIGKILL 120 times
	HIDESEEK_KILLS=120 $(BIN)/python -m pytest -p no:cacheprovider tests/robustness/test_kill.py

test-fuzz: $(READY) ## read 20,000 mutated files of every kind
	HIDESEEK_FUZZ=20000 $(BIN)/python -m pytest -p no:cacheprovider tests/robustness/test_fuzz.py

format: $(READY) ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## write docs/reference/commands.md from the code and build docs/_build
	$(BIN)/python docs/reference.py
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	$(BIN)/sphinx-build -q -W docs docs/_build

clean: ## remove what make made
	rm -rf $(VENV) demo docs/_build build *.egg-info .mypy_cache .ruff_cache .hypothesis

.PHONY: help install demo test test-kill test-fuzz format docs clean
