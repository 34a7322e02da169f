PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types all clean neo4j

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/installed-tests: $(VENV)/installed
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/installed-lint: $(VENV)/installed
	$(BIN)/pip install --quiet --editable '.[lint]'
	touch $@

demo: $(VENV)/installed          ## sample data → ledger → graph → scan → views and report in demo/
	$(BIN)/mulegraph demo --output demo

neo4j:                           ## a real Neo4j to try --graph on, in the foreground (needs java 17 and mvn)
	$(PYTHON) tools/neo4j/server.py $(NEO4J)

test: $(VENV)/installed-tests    ## every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(VENV)/installed-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-lint
	$(BIN)/mypy

all: lint types test

clean:
	rm -rf $(VENV) demo build dist
