# make lab opens the course, make test proves it. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Exact versions by default; CONSTRAINTS= takes the newest that pyproject allows.
CONSTRAINTS ?= -c constraints.txt
# On Linux without a GPU, this saves gigabytes:
# make lab TORCH_INDEX="--index-url https://download.pytorch.org/whl/cpu"
TORCH_INDEX ?=
ARGS ?=
MODE ?= quick
ROOT_FLAG := $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)

.DEFAULT_GOAL := help
.PHONY: help setup lab test test-long lessons notebooks stamp kaggle book bench demo check clean

help:  ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON=..."; exit 1; }
	@echo "Setting up $(VENV), once: it takes some minutes, and pip says little."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps $(CONSTRAINTS) $(TORCH_INDEX) \
	  torch torchvision
	$(BIN)/python -m pip install --quiet $(CONSTRAINTS) -e ".[lab,test]"
	@touch $(READY)

setup: $(READY)  ## make .venv; quick when it is there

lab: $(READY)  ## open your copy of the course (ARGS="--no-browser --port 8899")
	$(BIN)/python -m xraylab lessons --copy my-lessons
	$(BIN)/jupyter lab --ip=127.0.0.1 $(ROOT_FLAG) \
	  --config=docs/jupyterlab/server.py \
	  --LabApp.default_url=/lab/tree/my-lessons/00_the_claim.ipynb $(ARGS)

test: $(READY)  ## prove it: unit tests, then every lesson against its outputs
	$(BIN)/python -m pytest --nbval --durations=5

test-long: $(READY)  ## the proofs that take minutes
	$(BIN)/python -m pytest -m long tests

lessons: $(READY)  ## run all lessons headless (MODE=smoke: seconds; ARGS="00 05": some)
	$(BIN)/python -m xraylab lessons --mode $(MODE) --run $(ARGS)

notebooks: $(READY)  ## build the notebooks from notebooks/source (ARGS="00 05": some)
	$(BIN)/python -m xraylab lessons --build $(ARGS)

stamp: $(READY)  ## write address and version of xraylab/__init__.py everywhere
	$(BIN)/python -m release.stamp

kaggle: $(READY)  ## pack wheels and lessons for Kaggle without internet (NAME=yours)
	$(BIN)/python -m release.kaggle --user "$(NAME)"

book: $(READY)  ## build the lessons as web pages: open build/book/index.html
	$(BIN)/python docs/book/build.py build/book

bench: $(READY)  ## the built-in images against their bar, and the four splits
	$(BIN)/python benchmarks/phantom.py
	$(BIN)/python benchmarks/protocols.py

demo: $(READY)  ## the panel as a page (ARGS="RUN --no-browser --port 8899")
	$(BIN)/python -m xraylab demo $(ARGS)

check: $(READY)  ## ruff, sizes and links
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -q tests/test_layout.py tests/notebooks

clean:  ## remove .venv
	rm -rf $(VENV)
