PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python
SPARK := .venv-spark
LOWEST := .venv-lowest
TYPESCRIPT := 5.9.3
LOWEST_TESTS := tests/test_first_ledgers.py tests/views/test_tables.py

# Compiled modules are kept, also where the environment says that none are: each command, worker and notebook that
# starts would compile pandas, Ibis and the rest again, which is three times as long as it then takes to import them.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo firefox test test-spark test-lowest lint types script-types all clean neo4j

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet uv
	$(INSTALL) --editable .
	touch $@

$(VENV)/installed-tests: $(VENV)/installed
	$(INSTALL) --editable '.[test]'
	touch $@

# Apart from the tests' others: a library that it needs is compiled here.
$(VENV)/installed-exchange: $(VENV)/installed
	$(INSTALL) --requirements pyproject.toml --extra exchange
	touch $@

$(VENV)/installed-lint: $(VENV)/installed
	$(INSTALL) --editable '.[lint]'
	touch $@

demo: $(VENV)/installed          ## sample data → ledger → graph → scan → views and report in demo/
	$(BIN)/mulegraph demo --output demo

firefox: $(VENV)/installed-tests ## PAGES (20) pages of WORKSPACE in Firefox (needs firefox-esr): errors, and nodes that are lost
	$(INSTALL) 'websockets>=13,<18'
	$(BIN)/python -m benchmarks.firefox $(WORKSPACE) $(PAGES)

neo4j:                           ## a real Neo4j to try --graph on, in the foreground (needs java 17 and mvn)
	$(PYTHON) tools/neo4j/server.py $(NEO4J)

# The same versions as `make demo` installs: Spark, which needs an older pandas, has an environment of its own.
test: $(VENV)/installed-tests $(VENV)/installed-exchange    ## every test but Spark's
	$(BIN)/python -m pytest -n 2

$(SPARK)/installed: pyproject.toml
	$(PYTHON) -m venv $(SPARK)
	$(SPARK)/bin/pip install --quiet uv
	$(SPARK)/bin/uv pip install --quiet --python $(SPARK)/bin/python --editable '.[test,exchange,spark]'
	touch $@

test-spark: $(SPARK)/installed   ## the same findings on Spark as on DuckDB (needs java 17)
	$(SPARK)/bin/python -m pytest -m spark -n 0 tests/signs tests/workspace

# Without the exchange formats: their library is compiled for a minute, and none of these tests writes them.
$(LOWEST)/installed: pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/pip install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --editable '.[test]'
	touch $@

# Its kernels are kept apart: another Numba throws away those that it finds beside the sources.
test-lowest: $(LOWEST)/installed ## loading, scanning, masking and views on the lowest versions that pyproject.toml allows
	NUMBA_CACHE_DIR=$(CURDIR)/$(LOWEST)/kernels $(LOWEST)/bin/python -m pytest $(LOWEST_TESTS)

lint: $(VENV)/installed-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-lint    ## of the package; and of the pages' scripts, where npm is
	$(BIN)/mypy
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory script-types; \
	else echo "npm is not installed: the pages' scripts are not checked"; fi

script-types: $(VENV)/installed-lint
	mkdir -p build/scripts
	$(BIN)/python tools/script_types.py build/scripts
	for page in network serve; do \
	    npx --yes --package typescript@$(TYPESCRIPT) tsc --checkJs --allowJs --noEmit --target es2022 \
	        --lib es2022,dom,dom.iterable build/scripts/given.d.ts build/scripts/$$page.js || exit 1; \
	done

all: export MULEGRAPH_THOROUGH = 1
all: lint types test-spark test-lowest test   ## everything, property tests at their full length

clean:
	rm -rf $(VENV) $(SPARK) $(LOWEST) demo build dist
