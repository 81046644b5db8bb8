# Everything a person or a machine does with this tree: `make help`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

BUN := node_modules/.bin/bun
PREFIX ?= /usr/local
SOURCES := $(shell find src -name '*.ts' ! -name '*.test.ts') package.json tsconfig.json
SHIM_SOURCES := $(wildcard shim/*.c shim/*.h)

BUILD_PACKAGES := musl-tools linux-libc-dev busybox-static
TEST_PACKAGES := $(BUILD_PACKAGES) clang libclang-rt-14-dev gcc libc6-dev libseccomp-dev nftables iproute2 procps \
  erofs-utils skopeo buildah umoci docker-registry docker.io containerd apache2-utils debootstrap runc crun podman tmux xz-utils bzip2 zstd jq curl openssl python3-minimal qemu-system-x86 cpio kmod util-linux uidmap criu systemd dbus fish zsh
CLIENT_PACKAGES := python3-venv docker-compose postgresql-client redis-tools debootstrap
BENCH_PACKAGES := $(TEST_PACKAGES) conmon

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

.PHONY: build
build: dist/tiffin ## Build dist/tiffin

.PHONY: demo
demo: dist/tiffin ## Build, start the engine, run a container and look into it
	@tools/demo.sh

.PHONY: test
test: check dist/tiffin build/.deps-test ## All checks and all tests
	@$(BUN) tools/test.ts

.PHONY: test-clients
test-clients: dist/tiffin build/.deps-test build/clients/.installed ## Other people's clients, each from its registry, on a built Tiffin
	@$(BUN) tools/test.ts clients

.PHONY: conformance
conformance: dist/tiffin build/.deps-test ## The specification's requirements and real callers: one table
	@$(BUN) tools/conformance.ts

.PHONY: check
check: node_modules build/.deps-build dist/shim dist/starter.tar ## Formatter, linter, types, C warnings
	@node_modules/.bin/biome ci --error-on-warnings
	@node_modules/.bin/tsc -p .

.PHONY: format
format: node_modules ## Format the sources
	@node_modules/.bin/biome check --write

.PHONY: bench
bench: dist/tiffin build/.deps-bench ## Tiffin beside runc, crun, podman and docker: one table
	@$(BUN) bench/main.ts

.PHONY: soak
soak: dist/tiffin ## 2,000 containers from 8 clients, and what they leave (about four minutes)
	@$(BUN) test/api/soak.ts

.PHONY: install
install: dist/tiffin ## Install the binary, the systemd unit and the shell completions
	@tools/install.sh '$(DESTDIR)' '$(PREFIX)'

.PHONY: uninstall
uninstall: ## Remove what install put in place
	@tools/install.sh --remove '$(DESTDIR)' '$(PREFIX)'

.PHONY: clean
clean: ## Remove what was built
	rm -rf dist build

# What `tiffin version` tells of the build. Both come from the commit, so that the same sources give the same binary.
BUILD_COMMIT = $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
BUILD_TIME = $(shell git show -s --format=%cI HEAD 2>/dev/null || date -u -d @$${SOURCE_DATE_EPOCH:-0} +%FT%TZ)

# The binary: TypeScript, its bytecode, the shim and the starter image in one file. A .env or bunfig.toml
# in the working directory must not change what a root process does, hence the two switches. Splitting lets a
# command load its own modules only: without it every start evaluates the wrappers of the whole engine. The policy
# keeps code that runs once in the interpreter: compiling it costs more than running it.
dist/tiffin: node_modules $(SOURCES) dist/shim dist/starter.tar
	@$(BUN) build --compile --minify --bytecode --format=esm --splitting --min-chunk-size=16384 --compile-jit-policy=1000 \
	  --define process.env.TIFFIN_BUILD_COMMIT="'$(BUILD_COMMIT)'" --define process.env.TIFFIN_BUILD_TIME="'$(BUILD_TIME)'" \
	  --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
	  src/main.ts --outfile $@ > build/compile.log || { cat build/compile.log; exit 1; }

dist/shim: build/.deps-build $(SHIM_SOURCES) build/ops.gen.h
	@mkdir -p dist
	@$(MAKE) --no-print-directory -C shim ../dist/shim
	@echo "$$(sha256sum < dist/shim | cut -c 1-64) $$(stat -c %s dist/shim)" > dist/shim.identity
	@touch $@

build/ops.gen.h: node_modules tools/generate-ops.ts src/plan/ops.ts src/plan/ops-root.ts src/plan/ops-tree.ts src/host/frames.ts
	@mkdir -p build
	@$(BUN) tools/generate-ops.ts $@

dist/starter.tar: node_modules build/.deps-build tools/build-starter.ts
	@mkdir -p dist
	@$(BUN) tools/build-starter.ts $@

node_modules: package.json package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

build/.deps-build: Makefile
	@mkdir -p build
	@tools/install-packages.sh $(BUILD_PACKAGES)
	@touch $@

build/.deps-test: Makefile
	@mkdir -p build
	@tools/install-packages.sh $(TEST_PACKAGES)
	@touch $@

build/clients/.installed: tools/install-clients.sh $(wildcard test/clients/npm/* test/clients/go/go.* test/clients/go/reaper/*) test/clients/requirements.txt test/clients/go/requirements.txt
	@tools/install-packages.sh $(CLIENT_PACKAGES)
	@tools/install-clients.sh build/clients
	@touch $@

build/.deps-bench: Makefile
	@mkdir -p build
	@tools/install-packages.sh $(BENCH_PACKAGES)
	@touch $@
