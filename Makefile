# make run      build and serve SIP on port 5060 with etc/siprouter.cfg
# make test     install what the tests need and run all of them, compiled and pure
# make bench    compare with Debian's Kamailio: CPU per call and message, rates, latency, memory (18 minutes; bench-quick: 3)

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check -q
READY  := $(VENV)/.ready
TESTS  := $(VENV)/.ready-test
SHELL  := /bin/bash
CONFIG ?= etc/siprouter.cfg

.PHONY: all setup build run test test-deps peers lint bench bench-quick bench-page docs wheel clean

all: build

setup: $(READY)

# Build isolation is off so that one Cython serves all; the compiling is left to "make build", where it can be seen.
$(READY): pyproject.toml setup.py | $(BIN)/pip
	$(PIP) install 'setuptools>=77' 'cython>=3.1'
	SIPROUTER_PURE=1 $(PIP) install --no-build-isolation -e .
	@touch $@

$(BIN)/pip:
	PYTHON=$(PYTHON) tools/venv.sh $(VENV)

build: setup
	@$(BIN)/python setup.py -q build_ext --inplace

run: build
	$(BIN)/siprouter run -f $(CONFIG) -E

test: test-deps peers
	PATH="$(CURDIR)/$(BIN):$$PATH" tools/test.sh

test-deps: $(TESTS)

$(TESTS): $(READY)
	SIPROUTER_PURE=1 $(PIP) install --no-build-isolation -e '.[test,lint]'
	@$(PIP) install 'atheris>=3' || echo "atheris cannot be installed here: the coverage-guided fuzzer is skipped"
	@touch $@

# python-ldap is compiled where it is installed: its headers are among the packages.
peers: $(READY)
	tools/peers.sh
	@$(PIP) install 'python-ldap>=3.4' || echo "python-ldap cannot be built here: the tests of LDAP are skipped"

lint: test-deps
	PATH="$(CURDIR)/$(BIN):$$PATH" tools/lint.sh

bench: build
	$(BIN)/python -m benchmarks

bench-quick: build
	$(BIN)/python -m benchmarks --quick

bench-page: build
	$(BIN)/python -m benchmarks --page docs

docs: setup
	SIPROUTER_PURE=1 $(PIP) install --no-build-isolation -e '.[docs]'
	$(BIN)/zensical build

wheel: setup
	$(PIP) install 'build>=1.2'
	$(BIN)/python -m build

clean:
	rm -rf build dist site src/*.egg-info
	find src benchmarks \( -name '*.so' -o -name '*.c' -o -name __pycache__ \) -prune -exec rm -rf {} +
