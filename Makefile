# `make` with no target explains itself.
VENV   := .venv
# The system's own Python where it is new enough and can make environments: distributions build theirs with
# every optimisation, which is worth a fifth of a request; one built at home mostly is not.
PYTHON ?= $(shell /usr/bin/python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo /usr/bin/python3 || echo python3)
PY     := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
DEV    := $(VENV)/.installed-dev
NODE   := node_modules/.installed
# Bytecode is what makes the start quick; some images switch it off.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev run test soak bench bench-peers lint lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(STAMP) ## a virtual environment with the locked dependencies and the command .venv/bin/baton

$(VENV)/bin/uv: requirements-build.lock
	$(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.lock
	@touch $@

$(STAMP): requirements.lock pyproject.toml $(VENV)/bin/uv
	$(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes --compile-bytecode -r requirements.lock
	$(VENV)/bin/uv pip install --quiet --python $(PY) --no-deps --no-build-isolation -e .
	@touch $@

setup-dev: $(DEV) $(NODE) ## what the tests need besides

$(DEV): requirements-dev.lock $(STAMP)
	$(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes --compile-bytecode -r requirements-dev.lock
	@touch $@

$(NODE): package.json package-lock.json
	npm ci --silent --no-audit --no-fund
	@touch $@

run: setup ## start Baton and print a first request
	$(VENV)/bin/baton serve

test: lint ## everything that must hold, in parallel
	$(PY) -m pytest -n auto --dist worksteal -m "not soak"

lint: setup-dev ## style, types, layers
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	npx --no-install pyright --pythonpath $(PY)
	$(VENV)/bin/lint-imports

soak: setup-dev ## the long proofs: some 45 minutes on two cores with nothing else to do
	$(PY) -m pytest -m soak -n auto --dist worksteal --timeout 0
	$(PY) -m benchmarks.ledger
	$(PY) -m benchmarks.memory --requests 200000 --database PostgreSQL
	$(PY) -m benchmarks.memory --database PostgreSQL --workers 2
	$(PY) -m benchmarks.memory

bench: setup-dev ## speed beside nginx in the same run
	$(PY) -m benchmarks.run

bench-peers: setup-dev ## the same beside other gateways, where they install
	$(PY) -m benchmarks.run --peers

lock: $(VENV)/bin/uv ## renew the lock files after a change to pyproject.toml
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header requirements-build.in -o requirements-build.lock
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml -o requirements.lock
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock

clean: ## remove what can be made again
	rm -rf $(VENV) node_modules .ruff_cache .hypothesis dist build
