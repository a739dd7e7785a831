# Short names for the checks. `make check` does all of them.
#
# The first call makes .venv with an editable install; another environment: make check PYTHON=path/to/python

.DEFAULT_GOAL := check
PYTHON ?= .venv/bin/python
VENV := $(filter .venv/bin/python,$(PYTHON))
BENCHMARKS := $(wildcard benchmarks/bench_*.py)

.PHONY: check test slow lint format types contract demo documents chains damages validation bench

check: $(VENV)  ## everything: tests, doctests and, as tests, lint, types and contract
	$(PYTHON) -m pytest -n auto

test: $(VENV)  ## tests and doctests alone
	$(PYTHON) -m pytest -n auto --ignore=tests/test_house.py

slow: $(VENV)  ## the tests left out of every-day runs
	$(PYTHON) -m pytest -n auto -m slow

lint: $(VENV)  ## style and form
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

format: $(VENV)  ## mend what can be mended
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

types: $(VENV)  ## mypy, strict
	$(PYTHON) -m mypy

contract: $(VENV)  ## arrows between modules point down
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command as run; run()'

demo: $(VENV)  ## the first thing a user sees
	$(PYTHON) -m supplychain demo

documents: $(VENV)  ## what README and notebooks show, written again from real output
	PYTHONPATH=. $(PYTHON) docs/_examples.py
	PYTHONPATH=. $(PYTHON) docs/_controls.py
	PYTHONPATH=. $(PYTHON) docs/_engine.py
	PYTHONPATH=. $(PYTHON) docs/_chokepoints.py

chains: $(VENV)  ## every mineral restricted in turn, for docs/ranking.md and docs/evidence.md (minutes)
	PYTHONPATH=. $(PYTHON) docs/_chains.py

validation: $(VENV)  ## docs/validation.md: every claim of others and of the past beside our answer (a minute)
	PYTHONPATH=. $(PYTHON) docs/_validation.py

damages: $(VENV)  ## docs/damages.md: what the loader makes of damaged packs
	PYTHONPATH=.:tests $(PYTHON) docs/_damages.py

bench: $(VENV)  ## every benchmarks/bench_*.py in turn
	@for script in $(BENCHMARKS); do echo "== $$script"; $(PYTHON) "$$script" || exit 1; done

.venv/bin/python:
	python3 -m venv .venv
	$@ -m pip install -e '.[dev]'
