PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint bench lock clean

demo: $(VENV)/.runtime  ## the whole way of the data on real flights
	$(BIN)/featuresql demo

test: $(VENV)/.dev  ## the whole test suite
	$(BIN)/pytest -n auto --dist loadscope

lint: $(VENV)/.dev  ## formatting, lint rules, types, layering
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev  ## ratios against a baseline in the same run
	for script in benchmarks/bench_*.py benchmarks/online.py; do $(BIN)/python $$script; done

lock:  ## pin what development installs; needs uv
	uv pip compile --universal --python-version 3.11 -q pyproject.toml -o requirements/runtime.txt
	uv pip compile --universal --python-version 3.11 -q pyproject.toml --group dev -o requirements/dev.txt

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements/runtime.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/runtime.txt hatchling editables
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	touch $@

clean:
	rm -rf $(VENV) target dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
