PYTHON ?= python3
TORCH_INDEX ?=

PY := .venv/bin/python
READY := .venv/.ready
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
TORCH_FROM := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile
	@echo "Settings: PYTHON=python3.12 chooses the interpreter, TORCH_INDEX=URL a package index with another build of torch."

setup: $(READY)  ## build .venv with the tested versions; free when nothing changed

demo: $(READY)  ## make a small synthetic cohort, prepare it, pretrain on it, show reconstructions
	$(PY) -m cmr_ssl phantom --out demo/cohort --subjects 64 --seed 7 --preset small --workers 2
	$(PY) -m cmr_ssl prepare --source demo/cohort --out demo/cache --workers 2 --preparation configs/preparation/small.yaml
	$(PY) -m cmr_ssl fit --config configs/demo.yaml $(if $(wildcard demo/run/checkpoints/last.ckpt),--ckpt_path last)

test: $(READY)  ## run the tests, two at a time
	$(PY) -m pytest -n 2 --dist loadfile

check: $(READY)  ## lint, formatting and types
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

bench: $(READY)  ## measure speed and memory beside the published design
	$(PY) -m benchmarks

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
