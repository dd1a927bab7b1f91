# `make demo` and `make test` set up what they need in .venv; nothing else is touched.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test check format bench build clean

setup: $(READY)

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(READY)

demo: $(READY)
	rm -rf runs/demo
	$(BIN)/bsnc train specs/digits.bsn --output runs/demo
	$(BIN)/bsnc verify runs/demo/model.onnx specs/digits.bsn

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --dist loadfile

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/steps.py
	$(BIN)/python benchmarks/whole_search.py
	$(BIN)/python benchmarks/throughput.py --device cpu --size small
	$(BIN)/python benchmarks/costs.py
	$(BIN)/python benchmarks/inference.py
	$(BIN)/python benchmarks/upsampling.py
	$(BIN)/python benchmarks/upsampling_in_training.py
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/search.py
	$(BIN)/python benchmarks/kill.py
	$(BIN)/python benchmarks/loading.py specs/digits.bsn
	$(BIN)/python benchmarks/digits.py --channels 4 --budgets 10% 20% --randoms 4 --json build/benchmarks/digits4.json \
	  --set train.epochs=30 --set train.fine_tune=60 --set train.clean=20 \
	  --set 'train.optimizer=sgd(lr=0.2, nesterov=true)'
	$(BIN)/python benchmarks/digits.py --channels 16 --randoms 1 --json build/benchmarks/digits16.json

build: $(READY)
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf build dist runs .pytest_cache .ruff_cache .hypothesis
