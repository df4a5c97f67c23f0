PYTHON ?= python3
TORCH_INDEX ?=

PY := .venv/bin/python
READY := .venv/.ready
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
TORCH_FROM := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all check docs dist bench gpu evidence evidence-quick robustness

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile
	@echo "Settings: PYTHON=python3.12 chooses the interpreter, TORCH_INDEX=URL a package index with another build of torch."

setup: $(READY)  ## build .venv with the tested versions; free when nothing changed

demo: $(READY)  ## everything once on synthetic hearts, from a cohort to label maps; QUICK=1 for a minute's version
	$(PY) -m cmr_ssl demo $(if $(QUICK),--quick true --out demo/quick)

test: $(READY)  ## run the tests, two at a time
	$(PY) -m pytest -n 2 --dist loadfile

test-all: $(READY)  ## ... and those that show at length what others show in short, as the CI does
	CMR_SSL_DISTURBANCES=$(or $(CMR_SSL_DISTURBANCES),12) $(PY) -m pytest -n 2 --dist loadfile -m ''

check: $(READY)  ## lint, formatting and types
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

docs: $(READY)  ## build the site into build/site; a broken link is an error
	@$(PY) -c 'import mkdocstrings' 2>/dev/null || $(PY) -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	PYTHONPATH=. $(PY) -m mkdocs build --strict --quiet

dist: $(READY)  ## build sdist and wheel into dist
	$(PY) -m build --no-isolation

bench: $(READY)  ## measure speed and memory beside the published design, ten minutes; writes docs/bench.md
	$(PY) -m benchmarks.speed --out docs/bench.md

gpu: $(READY)  ## what a GPU makes of this: speed beside the published design, then the longest pretraining; nine minutes
	$(PY) -m benchmarks.speed.gpu

evidence: $(READY)  ## what pretraining is worth, beside all controls: a night on two cores; goes on where it was cut
	$(PY) -m experiments.evidence

evidence-quick: $(READY)  ## its shortest honest version: half an hour
	$(PY) -m experiments.evidence quick

robustness: $(READY)  ## compare models when planes are missing or flawed; goes on where it was cut
	$(PY) -m experiments.evidence.robustness

# A .venv that works is kept. torch goes first and alone, so that TORCH_INDEX is asked for nothing else.
$(READY): pyproject.toml constraints.txt
	@$(PY) -c 'import pip; $(NEW_ENOUGH)' 2>/dev/null || { \
	  $(PYTHON) -c '$(NEW_ENOUGH)' || { \
	    echo "cmr_ssl needs Python 3.11 or newer, but '$(PYTHON)' is not: name another, as in 'make setup PYTHON=python3.12'." >&2; \
	    exit 1; }; \
	  $(PYTHON) -m venv --clear .venv; }
	@echo "Installing torch and the other packages into .venv; this takes a few minutes."
	@$(PY) -m pip install --quiet --constraint constraints.txt $(TORCH_FROM) torch
	@$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@
