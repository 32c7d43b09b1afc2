# kb: `make demo` shows it working, `make test` proves it. Both make .venv first.
#
# GPU: `make demo CMAKE_ARGS=-DGGML_CUDA=on` (or -DGGML_METAL=on, -DGGML_VULKAN=on, -DGGML_HIP=on).

PYTHON ?= python3
BIN := .venv/bin
DATA ?=
SEED ?=

BENCHES := faces engine watching sweep busy growth idle indexing search

.PHONY: demo test check format bench bench-retrieval $(BENCHES:%=bench-%) bench-gpu model-matrix fault-run \
  test-gpu lock clean

demo: .venv/.ready
	@$(BIN)/python examples/demo.py

test: .venv/.ready
	@$(BIN)/python -m pytest -q

check: .venv/.ready
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: .venv/.ready
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(BENCHES:%=bench-%) bench-retrieval

$(BENCHES:%=bench-%): bench-%: .venv/.ready
	@$(BIN)/python -m benchmarks.bench_$*

bench-retrieval: .venv/.ready
	@$(BIN)/python -m benchmarks.bench_retrieval $(if $(DATA),--data $(DATA))

# 200 kills at random moments, about half an hour; SEED repeats one.
fault-run: .venv/.ready
	@$(BIN)/python -m benchmarks.fault_run $(if $(SEED),--seed $(SEED))

test-gpu: .venv/.ready
	@$(BIN)/python -m pytest -q -m gpu

# Against the bandwidth of the card's memory, with an 8B model of random weights; some minutes.
bench-gpu: .venv/.ready
	@$(BIN)/python -m benchmarks.bench_gpu

# Every architecture in a real engine, printed as the table of docs/models.md.
model-matrix: .venv/.ready
	@$(BIN)/python -m benchmarks.model_matrix $(if $(DATA),--data $(DATA))

# The environment is complete when .ready is newer than the lock and the project file.
.venv/.ready: requirements.lock pyproject.toml
	@test -x $(BIN)/python && echo "kb: updating .venv" >&2 \
	  || echo "kb: making .venv (once; llama.cpp is compiled, which takes about 4 minutes)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kb: Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@sh -c 'start=$$(date +%s); $(BIN)/python -m pip install -q --no-deps -r requirements.lock & job=$$!; \
	  while kill -0 $$job 2>/dev/null; do printf "\rkb: installing, %d s " $$(( $$(date +%s) - start )) >&2; sleep 5; done; \
	  printf "\r" >&2; wait $$job'
	@$(BIN)/python -m pip install -q --no-deps -e .
	@touch $@
	@echo "kb: .venv is ready" >&2

# Pins exactly what this .venv holds. A local build of torch is pinned by its public version.
lock:
	@$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//; s/+cu[0-9]*$$//' > requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
