# The whole set-up: `make demo` and `make test`. Everything else is a step of one of them.
BUILD ?= build
JOBS ?= $(shell nproc)
# Without a card the CUDA plugins are of no use to a demo; the tests compile them wherever there is nvcc.
CUDA := $(if $(wildcard /dev/nvidiactl),AUTO,OFF)

.PHONY: demo test build check asan tsan fuzz bench format clean
.DEFAULT_GOAL := build

build:                 ## installs what is missing, builds the executables and plugins
	@scripts/setup.sh build
	@cmake -S . -B $(BUILD) -G Ninja -DFK_TESTS=OFF -DFK_BENCHMARKS=OFF -DFK_CUDA=$(CUDA) $(CMAKE_ARGS) > .configure.log 2>&1 || (cat .configure.log; exit 1)
	@cmake --build $(BUILD) -j $(JOBS)

demo: build            ## a real model answers, then the plan, the speed, and a candidate dropped in
	@scripts/demo.sh $(BUILD)

test:                  ## builds everything and runs all tests
	@scripts/setup.sh test
	@cmake -S . -B $(BUILD) -G Ninja -DFK_TESTS=ON -DFK_BENCHMARKS=ON -DFK_CUDA=AUTO $(CMAKE_ARGS) > .configure.log 2>&1 || (cat .configure.log; exit 1)
	@cmake --build $(BUILD) -j $(JOBS)
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) $(CTEST_ARGS)

check:                 ## what CI does before the tests (format, lint, fuzzing), and the tests under sanitizers
	@scripts/setup.sh test
	@scripts/lint.sh full
	@$(MAKE) --no-print-directory asan tsan fuzz

asan:                  ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/sanitize.sh address,undefined
tsan:                  ## the engine's and the runtime's tests under ThreadSanitizer
	@scripts/sanitize.sh thread
fuzz:                  ## every libFuzzer target for FUZZ_SECONDS (60)
	@scripts/fuzz.sh

format:
	@git ls-files '*.cpp' '*.hpp' '*.inl' '*.h' '*.c' '*.cu' '*.cuh' | xargs clang-format -i
clean:
	rm -rf $(BUILD) build-*
