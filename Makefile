# One task runner for both halves. Every target works from a clean clone, installs what it needs,
# and does only what is out of date: stamps in the virtual environment say what is installed.
#
#   PORT=8000 make demo      another port
#   PYTHON=python3.13 make   another interpreter (>= 3.11)
#   PYTEST_ARGS="-k name"    passed to pytest by make test
#   TORTURE_SECONDS=60       how long make torture goes on
#   BENCH_ARGS="--rounds 1"  passed to the benchmarks by make bench and its like

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PORT ?= 5006
PYTHON ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=
TORTURE_SECONDS ?= 600
TORTURE_ARGS ?=

VENV := .venv
NEWEST := .venv-newest
CHECK := .venv-check
PY := $(VENV)/bin/python
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

GALLERY := .gallery/gallery.js
NODE_MODULES := ts/node_modules/.package-lock.json
BUNDLE := panel_chunked/dist/panel_chunked.bundle.js
# Folders are among them, since deleting a file touches only its folder.
TS_SOURCES := $(shell find ts/src) ts/build.mjs ts/tsconfig.json panel_chunked/languages/en.json
PY_SOURCES := $(shell find panel_chunked -name '*.py' -o -path '*/languages/*.json') panel_chunked/py.typed
PEERS := $(patsubst %,.bench/%/.stamp,streamlit gradio nicegui tus)
PACKAGING := pyproject.toml ts/hatch_build.py
# What the sdist carries besides.
SDIST := README.md CHANGELOG.md LICENSE $(shell find tests docs examples -type f -not -path '*/__pycache__/*')

.PHONY: help
help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.PHONY: demo
demo: $(VENV)/.stamp-install $(BUNDLE) ## Install, build, and serve the example app (PORT=5006)
	@exec $(VENV)/bin/panel serve examples/app.py --port $(PORT)

.PHONY: test
test: $(VENV)/.stamp-test $(VENV)/.stamp-browser $(BUNDLE) $(GALLERY) ## Run all tests, in a real browser too
	@npm --prefix ts test
	$(PY) -m pytest $(PYTEST_ARGS)
	$(MAKE) torture TORTURE_SECONDS=60
	$(MAKE) test-newest

.PHONY: torture
torture: $(VENV)/.stamp-test $(VENV)/.stamp-browser $(BUNDLE) ## Break everything at once for a while (TORTURE_SECONDS=600, TORTURE_ARGS="--seed 1")
	@$(PY) -m tests.faults.torture --seconds $(TORTURE_SECONDS) $(TORTURE_ARGS)

.PHONY: screenshots
screenshots: $(VENV)/.stamp-test $(VENV)/.stamp-browser $(GALLERY) ## Take a picture of every state, light and dark, in three widths
	@$(PY) -m tests.browser.screenshots .gallery

.PHONY: pictures
pictures: $(VENV)/.stamp-test $(VENV)/.stamp-browser $(BUNDLE) ## Take the pictures of README.md anew, into docs/
	@$(PY) -m tests.browser.pictures docs

.PHONY: lint
lint: $(VENV)/.stamp-lint $(NODE_MODULES) ## Check style and types of both halves
	@$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy --strict panel_chunked
	npm --prefix ts run --silent lint
	npm --prefix ts run --silent check

.PHONY: bench
bench: $(VENV)/.stamp-bench $(VENV)/.stamp-browser $(BUNDLE) ## Measure what a 1 GiB file costs, beside Panel's others
	@$(PY) -m tests.bench.throughput $(BENCH_ARGS)

.PHONY: bench-all
bench-all: $(VENV)/.stamp-bench $(VENV)/.stamp-browser $(BUNDLE) $(PEERS) ## The same, beside Streamlit, Gradio, NiceGUI and tus, too
	@$(PY) -m tests.bench.throughput --all $(BENCH_ARGS)

.PHONY: bench-notebook
bench-notebook: $(VENV)/.stamp-bench $(VENV)/.stamp-browser $(BUNDLE) ## The same in JupyterLab, beside a bare anywidget
	@$(PY) -m tests.bench.throughput --notebook $(BENCH_ARGS)

.PHONY: bench-durable
bench-durable: $(VENV)/.stamp-bench $(VENV)/.stamp-browser $(BUNDLE) ## The same with a directory, durable and not: the cost of fsync
	@$(PY) -m tests.bench.throughput --durable $(BENCH_ARGS)

.PHONY: bench-streams
bench-streams: $(VENV)/.stamp-bench $(VENV)/.stamp-browser $(BUNDLE) ## Measure functions that use a file as it arrives, a slow one among them
	@$(PY) -m tests.bench.streams $(BENCH_ARGS)

.PHONY: bench-many
bench-many: $(VENV)/.stamp-bench $(VENV)/.stamp-browser $(BUNDLE) ## Measure how quick the page stays with 200 to 5,000 small files
	@$(PY) -m tests.bench.many $(BENCH_ARGS)

.PHONY: bench-latency
bench-latency: $(VENV)/.stamp-bench $(VENV)/.stamp-browser $(BUNDLE) ## Measure how long a click takes during an upload over slow links
	@$(PY) -m tests.bench.latency $(BENCH_ARGS)

.PHONY: bench-load
bench-load: $(VENV)/.stamp-bench $(BUNDLE) ## Measure 100 uploads at once: memory, the event loop, the slowest
	@$(PY) -m tests.bench.load $(BENCH_ARGS)

.PHONY: bench-leaks
bench-leaks: $(VENV)/.stamp-test $(BUNDLE) ## Count what 1,000 uploads leave behind: tasks, handles, threads, memory
	@$(PY) -m tests.bench.leaks $(BENCH_ARGS)

.PHONY: bench-checksum
bench-checksum: $(VENV)/.stamp-test $(VENV)/.stamp-browser $(BUNDLE) .bench/checksum/.stamp ## Measure checksums: ours and others, in Python and in the page
	@$(PY) -m tests.bench.checksum

.PHONY: build
build: dist/.stamp ## Build the wheel and the sdist into dist/

.PHONY: check-build
check-build: dist/.stamp ## Install the wheel, and the sdist, without Node, and load the widget
	@for package in dist/*.whl dist/*.tar.gz; do
	  echo "$$package"
	  rm -rf $(CHECK) && $(PY) -m venv $(CHECK)
	  python=$$(realpath $(CHECK))/bin/python
	  env PATH="$$(dirname "$$python")" "$$python" $(PIP_INSTALL) "$$package"  # no Node on it
	  (cd $(CHECK) && "$$python" -c 'from panel_chunked import ChunkedFileInput as C
	assert "site-packages" in str(C._bundle), C._bundle
	assert C().get_root().esm.startswith("var "), "no bundle"
	assert C._bundle_css[0].stat().st_size > 1000')
	done
	rm -rf $(CHECK)

.PHONY: clean
clean: ## Remove everything that the other targets made
	rm -rf $(VENV) $(NEWEST) $(CHECK) .bench .gallery bench-results dist panel_chunked/dist ts/node_modules
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find panel_chunked tests examples ts -name __pycache__ -prune -exec rm -rf {} +


# --- The browser half ---

$(NODE_MODULES): ts/package.json ts/package-lock.json
	@if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	  echo "Node.js 20 or newer and npm are needed. On Debian or Ubuntu: sudo apt-get install nodejs npm" >&2
	  exit 1
	fi
	if ! node -e 'process.exit(Number.parseInt(process.versions.node) < 20 ? 1 : 0)'; then
	  echo "Node.js 20 or newer is needed; $$(command -v node) is $$(node --version)." >&2
	  exit 1
	fi
	echo "Installing the npm packages"
	(cd ts && npm ci --loglevel=error)
	touch $@

$(BUNDLE): $(TS_SOURCES) $(NODE_MODULES)
	@npm --prefix ts run --silent build

$(GALLERY): $(TS_SOURCES) $(shell find ts/gallery ts/tests panel_chunked/languages) $(NODE_MODULES)
	@ts/node_modules/.bin/esbuild ts/gallery/gallery.tsx --bundle --format=esm --log-level=warning \
	  --jsx=automatic --jsx-import-source=preact --outfile=$@


# --- Python environments ---

# Prints the first of the given interpreters that really runs and satisfies a condition on `v`, its
# version. (A pyenv shim is on PATH for versions that are not switched on, and fails.)
define first_python
first_python() {
  local condition=$$1 candidate; shift
  for candidate in "$$@"; do
    if "$$candidate" -c "import sys; v = sys.version_info[:2]; sys.exit(not ($$condition))" 2>/dev/null; then
      echo "$$candidate"
      return
    fi
  done
}
endef

$(VENV)/.stamp-venv:
	@$(first_python)
	python=$$(first_python 'v >= (3, 11)' $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11))
	if [ -z "$$python" ]; then
	  echo "Python 3.11 or newer is needed ($(or $(PYTHON),python3) is $$($(or $(PYTHON),python3) --version 2>&1 || true))." >&2
	  echo "On Debian 12, Ubuntu 24.04 or newer: sudo apt-get install python3 python3-venv" >&2
	  exit 1
	fi
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then
	  package=$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
	  sudo=$$([ "$$(id -u)" -eq 0 ] || echo "sudo -n")
	  if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then
	    $$sudo apt-get update -q
	    $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$$package"
	  else
	    echo "$$python cannot make virtual environments. Run: sudo apt-get install $$package" >&2
	    exit 1
	  fi
	fi
	echo "Making $(VENV) with $$python ($$("$$python" --version))"
	"$$python" -m venv --clear $(VENV)
	touch $@

$(VENV)/.stamp-install: $(PACKAGING) $(VENV)/.stamp-venv | $(BUNDLE)
	@echo "Installing panel_chunked into $(VENV)"
	$(PY) $(PIP_INSTALL) --editable .
	touch $@

$(VENV)/.stamp-test: $(PACKAGING) $(VENV)/.stamp-venv | $(BUNDLE)
	@echo "Installing panel_chunked and what its tests need into $(VENV)"
	$(PY) $(PIP_INSTALL) --editable '.[test]'
	touch $@ $(VENV)/.stamp-install

$(VENV)/.stamp-bench: $(PACKAGING) $(VENV)/.stamp-venv | $(BUNDLE)
	@echo "Installing panel_chunked and what its benchmarks need into $(VENV)"
	$(PY) $(PIP_INSTALL) --editable '.[bench]'
	touch $@ $(VENV)/.stamp-test $(VENV)/.stamp-install

$(VENV)/.stamp-lint: $(PACKAGING) $(VENV)/.stamp-venv | $(BUNDLE)
	@echo "Installing panel_chunked and the linters into $(VENV)"
	$(PY) $(PIP_INSTALL) --editable '.[lint]'
	touch $@ $(VENV)/.stamp-install

$(VENV)/.stamp-browser: tests/install_browser.sh $(VENV)/.stamp-test
	@tests/install_browser.sh $(PY)
	touch $@

# Each peer has an environment of its own. These are the versions that the README's figures are of.
.bench/streamlit/.stamp: PACKAGES := streamlit==1.67.0
.bench/gradio/.stamp: PACKAGES := gradio==6.31.0
.bench/nicegui/.stamp: PACKAGES := nicegui==3.18.0
.bench/tus/.stamp: PACKAGES := tuspyserver==4.4.3 fastapi uvicorn
.bench/tus/.stamp: NPM_PACKAGES := tus-js-client@4.3.1

.bench/checksum/.stamp: PACKAGES := xxhash==4.1.0 blake3==1.0.11 google-crc32c==1.9.0
.bench/checksum/.stamp: NPM_PACKAGES := crc-32@1.2.2 hash-wasm@4.13.0 xxhash-wasm@1.1.0 @noble/hashes@2.4.0

$(PEERS) .bench/checksum/.stamp: Makefile $(VENV)/.stamp-venv
	@echo "Installing $(PACKAGES) into $(@D)"
	$(PY) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) $(PACKAGES)
	if [ -n "$(NPM_PACKAGES)" ]; then npm install --silent --no-save --prefix $(@D) $(NPM_PACKAGES); fi
	touch $@

dist/.stamp: $(PACKAGING) $(PY_SOURCES) $(BUNDLE) $(SDIST) $(VENV)/.stamp-venv
	@rm -rf dist
	$(PY) $(PIP_INSTALL) 'build>=1.2'
	$(PY) -m build
	touch $@


# --- What depends on the versions, once more on a newer Python with the newest Panel ---

.PHONY: test-newest
test-newest: $(BUNDLE) $(VENV)/.stamp-venv
	@$(first_python)
	own=$$($(PY) -c 'import sys; print(tuple(sys.version_info[:2]))')
	versions=$$(pyenv root 2>/dev/null || true)/versions
	python=$$(first_python "v >= (3, 12) and v != $$own and __import__('ensurepip')" \
	  python3.12 "$$versions"/3.12*/bin/python \
	  python3.13 "$$versions"/3.13*/bin/python \
	  python3.14 "$$versions"/3.14*/bin/python)
	if [ -z "$$python" ]; then
	  echo "Not run: tests on a newer Python; no other Python 3.12 or newer is here."
	  exit
	fi
	$(MAKE) --silent $(NEWEST)/.stamp-test NEWEST_PYTHON="$$python"
	echo "Once more: $$($(NEWEST)/bin/python --version), $$($(NEWEST)/bin/panel --version 2>&1 | tail -n 1)"
	$(NEWEST)/bin/python -m pytest tests/core tests/panel tests/browser/test_servers.py

$(NEWEST)/.stamp-test: $(PACKAGING)
	@echo "Installing panel_chunked and the newest Panel into $(NEWEST)"
	"$(NEWEST_PYTHON)" -m venv --clear $(NEWEST)
	$(NEWEST)/bin/python $(PIP_INSTALL) --upgrade --editable '.[test]' panel
	touch $@
