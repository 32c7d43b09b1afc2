# kb: `make demo` shows it working, `make test` proves it. Both make .venv first.
#
# GPU: `make demo CMAKE_ARGS=-DGGML_CUDA=on` (or -DGGML_METAL=on, -DGGML_VULKAN=on, -DGGML_HIP=on).

PYTHON ?= python3
BIN := .venv/bin
DATA ?=
SEED ?=

# What llama.cpp is built with is remembered: other options build it anew, none leave it as it is.
BUILT := $(shell cat .venv/.cmake-args 2>/dev/null)
CMAKE_ARGS ?= $(BUILT)
export CMAKE_ARGS
ifneq ($(strip $(CMAKE_ARGS)),$(strip $(BUILT)))
.PHONY: .venv/.ready
# pip keeps what it has built and takes it again whatever the options, hence the cache is left out for llama.cpp.
INSTALL = grep -vi "^llama.cpp.python=" requirements.lock > .venv/others.txt \
  && $(BIN)/python -m pip install -q --no-deps -r .venv/others.txt \
  && $(BIN)/python -m pip install -q --no-deps --force-reinstall --no-cache-dir --no-binary llama-cpp-python \
  `grep -i "^llama.cpp.python=" requirements.lock`
else
INSTALL = $(BIN)/python -m pip install -q --no-deps -r requirements.lock
endif

BENCHES := start streaming faces engine watching sweep busy growth idle indexing search filters typing
DATA_BENCHES := retrieval refusal citations extractive answering followups

.PHONY: demo test check format bench $(DATA_BENCHES:%=bench-%) $(BENCHES:%=bench-%) bench-gpu model-matrix fault-run \
  soak screenshot test-gpu lock clean

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

bench: $(BENCHES:%=bench-%) $(DATA_BENCHES:%=bench-%)

$(BENCHES:%=bench-%): bench-%: .venv/.ready
	@$(BIN)/python -m benchmarks.bench_$*

$(DATA_BENCHES:%=bench-%): bench-%: .venv/.ready
	@$(BIN)/python -m benchmarks.bench_$* $(if $(DATA),--data $(DATA))

# 200 kills at random moments, about half an hour; SEED repeats one.
fault-run: .venv/.ready
	@$(BIN)/python -m benchmarks.fault_run $(if $(SEED),--seed $(SEED))

test-gpu: .venv/.ready
	@$(BIN)/python -m pytest -q -m gpu

# 200 questions in the app: its memory, and how soon a typed letter is seen while answers stream; some minutes.
soak: .venv/.ready
	@$(BIN)/python -m benchmarks.soak_app

# The picture of the README.
screenshot: .venv/.ready
	@$(BIN)/python examples/screenshot.py

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
	@sh -c 'start=$$(date +%s); { $(INSTALL); } & job=$$!; \
	  while kill -0 $$job 2>/dev/null; do printf "\rkb: installing, %d s " $$(( $$(date +%s) - start )) >&2; sleep 5; done; \
	  printf "\r" >&2; wait $$job'
	@# what torch needs of CUDA differs from system to system, and torch itself pins it; often it is nothing.
	@$(BIN)/python -c 'import importlib.metadata as m; print(*(each for each in m.requires("torch") \
	  if each.startswith(("nvidia-", "cuda-", "triton"))), sep="\n")' > .venv/cuda.txt
	@! grep -q . .venv/cuda.txt || $(BIN)/python -m pip install -q -r .venv/cuda.txt
	@$(BIN)/python -m pip install -q --no-deps -e .
	@echo "$(CMAKE_ARGS)" > .venv/.cmake-args
	@touch $@
	@echo "kb: .venv is ready" >&2

# Pins exactly what this .venv holds. A local build of torch is pinned by its public version, which itself pins
# what it needs of CUDA.
lock:
	@$(BIN)/python -m pip freeze --exclude-editable \
	  | sed 's/+cpu$$//; s/+cu[0-9]*$$//; /^nvidia-/d; /^cuda-/d; /^triton==/d' > requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
