# Every command here works on a bare machine with Python 3.11+, make and a package registry.
PYTHON ?= python3
RUN := .venv/bin/python
# Three workers with stacks of their own, since most of a journey is waiting; files by name, so that the longest start first.
PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder $(patsubst %,--ignore integration_tests/%,page parity origins upgrade)
# AWS provider of test-engine: official, stand-in, or auto for the official one where it can be downloaded.
PROVIDER ?= auto
# Tests of test-languages, and of test-engine: with the stand-in, test-e2e deploys the other kinds of stacks from the same
# inputs, and test-languages the examples.
LANGUAGE_TESTS := $(patsubst %,integration_tests/engine/test_%.py,examples other_programs)
ENGINE_TESTS := $(if $(filter stand-in,$(PROVIDER)),integration_tests/engine $(patsubst %,--ignore %,$(LANGUAGE_TESTS)),integration_tests --ignore integration_tests/local)
# Folders or files of test-unit.
TESTS ?= tests admin/tests client/tests
# Examples that random tests and sweeps of test-unit draw: few, or all (docs/testing.md).
EXAMPLES ?= few
PULUMI_VERSION := v3.255.0
# Builds Pulumi's CLI where it is not installed; `+` passes the job server of make -j on.
FIND_PULUMI = +@command -v pulumi >/dev/null || $(MAKE) --no-print-directory pulumi-cli
# Go programs, all of them for tests, are compiled without debugging information, and without inlining except in what
# takes their time: half of the CPU time. One set of options, so that the Go example uses the cache of Pulumi's CLI.
export GOFLAGS := -trimpath '-gcflags=all=-dwarf=false -l' $(foreach P,std github.com/pulumi/... google.golang.org/...,-gcflags=$(P)=-dwarf=false)
export CGO_ENABLED := 0
# Variables of the shell that would make Python, pip, uv or pytest run something else than these commands say.
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH PYTHONSTARTUP PYTHONWARNINGS PYTHONOPTIMIZE PYTHONINSPECT PYTEST_ADDOPTS PYTEST_PLUGINS
unexport PIP_PREFIX PIP_TARGET PIP_USER UV_PROJECT UV_PROJECT_ENVIRONMENT UV_WORKING_DIRECTORY UV_NO_DEV UV_NO_GROUP UV_LOCKED VIRTUAL_ENV
export UV_SYSTEM_CERTS := 1
export UV_PYTHON_DOWNLOADS := never
# Where the machine keeps Python from storing bytecode, each of the many processes would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: $(shell awk -F: '/^[a-z-]+:.*\#\# / {print $$1}' Makefile)

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## Create .venv with everything that the lock file names
	@:

.tools/bin/uv: tools/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .tools || { echo "The venv module is needed (Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/uv.txt

# The emulator and its functions store no bytecode, hence this: they start in a fraction of the time.
.venv/.ready: .tools/bin/uv pyproject.toml admin/pyproject.toml client/pyproject.toml uv.lock
	@.tools/bin/uv sync --quiet --frozen --group dev --python "$$(command -v $(PYTHON))"
	@$(RUN) -c 'import boto3, botocore, hypercorn, ministack, urllib3; print(*boto3.__path__, *botocore.__path__, *hypercorn.__path__, *ministack.__path__, *urllib3.__path__, sep="\n")' | $(RUN) -m compileall -q -i -
	@touch $@

.venv/.page: .venv/.ready
	@.tools/bin/uv sync --quiet --frozen --group dev --group page --python "$$(command -v $(PYTHON))"
	@touch $@

demo: setup ## The whole journey on this machine: deploy, request, wait, download, verify, clean up
	@$(RUN) -m localcloud demo

local: setup ## Keep the stack running here (ORIGIN=http://127.0.0.1:9000/ for an origin of yours)
	@exec $(RUN) -m localcloud serve $(if $(ORIGIN),--origin "$$ORIGIN")

invoke: setup ## Run one handler on an event: make invoke HANDLER=deliver EVENT=events/deliver.json [DEBUG=5678]
	@$(RUN) -m localcloud invoke $(HANDLER) $(EVENT) $(if $(DEBUG),--debug $(DEBUG))

test: test-unit test-e2e ## Every test

test-unit: setup ## Unit and component tests, no network (EXAMPLES=all draws every random example and each setting alone)
	@$(RUN) -m pytest $(TESTS) -n auto --dist worksteal --examples $(EXAMPLES) -p no:logging

test-e2e: setup ## The end-to-end suite on the emulator, with IAM enforced
	@$(RUN) -m pytest benchmarks integration_tests --ignore integration_tests/engine $(PARALLEL)

test-mutation: setup ## The end-to-end tests without one permission at a time: each has to make one fail (minutes; WRITE=1 writes docs/mutation.md)
	@$(RUN) -m integration_tests.mutation $(if $(WRITE),--write)

test-engine: setup ## The program on Pulumi's own engine: preview, up, drift, destroy, and one journey for each kind of stack
	$(FIND_PULUMI)
	@$(RUN) -m pytest $(ENGINE_TESTS) $(PARALLEL) --engine pulumi --provider $(PROVIDER) -m engine

test-languages: setup ## Programs with the component on Pulumi's own engine: each example, from its folder and from its wheel
	$(FIND_PULUMI)
	@$(RUN) -m pytest $(LANGUAGE_TESTS) $(PARALLEL) --engine pulumi --provider $(PROVIDER) -m engine

test-engine-all: setup ## As test-engine, with the whole end-to-end suite on stacks that Pulumi's own engine deployed
	$(FIND_PULUMI)
	@$(RUN) -m pytest integration_tests --ignore integration_tests/local $(PARALLEL) --engine pulumi --provider $(PROVIDER)

parity-tools: setup ## Build the implementations of AWS that test-parity needs
	@$(RUN) -m tools.parity.build

test-parity: parity-tools ## The product on implementations of AWS that others wrote: see docs/parity.md (PYTHON313=/path/to/python3.13)
	@$(RUN) -m pytest integration_tests/parity -n 2 --dist loadfile --no-loadscope-reorder

test-origins: setup ## What origins send, copied by a stack and fetched by curl and wget: see docs/origins.md
	@$(RUN) -m pytest integration_tests/origins tests/runtime/origin/test_framing.py -q

test-operate: setup ## Every command of async-download-admin on a running stack, with the permissions of its policy only
	@$(RUN) -m pytest integration_tests/operate

test-upgrade: setup ## An upgrade and a rollback while 200 downloads run: each ends on the release that it began with (minutes)
	@$(RUN) -m pytest integration_tests/upgrade

test-page: setup .venv/.page ## The web page in Chromium (apt-get install chromium), against the emulator
	@$(RUN) -m pytest integration_tests/page -n 2 $(if $(SCREENSHOTS),--write-screenshots)

test-leaks: setup ## No ticket, signature or secret header in any log, history, item or setting; the scanner finds planted ones
	@$(RUN) -m pytest integration_tests/test_leaks.py integration_tests/local/test_commands.py::test_the_stack_stays_up_until_it_is_told_to_stop

test-security: setup ## Attacks that were tried, from a forged page request on; `make test` runs them, too
	@$(RUN) -m pytest tests admin/tests client/tests integration_tests --ignore integration_tests/engine -m security

test-abuse: setup ## Floods, giant frames, slow messages, 10,000 random ids, path tricks, header injection, JSON bombs
	@$(RUN) -m pytest integration_tests/test_abuse.py integration_tests/test_limits.py --random-ids 10000 --flood 1000

test-downloader: setup ## The downloader: targets, streams, secrets, proxies, faults, and random arguments, files and responses
	@$(RUN) -m pytest client/tests -n auto --dist worksteal

test-surroundings: setup ## `make demo` and sensitive tests with other variables, locales, users and Pythons (ONLY="dumb-terminal ...")
	@$(RUN) -m tools.surroundings $(ONLY)

bench-delivery: setup ## Request -> URL, stored -> URL, what a download costs, and 500 clients at once, beside the sample
	@$(RUN) -m benchmarks.delivery
	@$(RUN) -m benchmarks.many_clients

bench-latency: setup ## request -> URL and stored -> URL beside an earlier commit, in turn: fails above it by more than 2 ms
	@$(RUN) -m benchmarks.latency

bench-transfer: setup ## Throughput, memory, imports and cost of copying, each beside a rival in the same run
	@$(RUN) -m benchmarks.transfer

bench-cold: setup ## Start and first call of each function, beside an earlier commit: fails above a third of it
	@$(RUN) -m benchmarks.cold

bench-client: setup ## The downloader beside curl and aria2c, and resumed after kill -9
	@$(RUN) -m benchmarks.client

bench-load: setup ## 2,000 downloads in 10 minutes while functions, DynamoDB, S3 and sockets fail: none lost, nothing left over
	@$(RUN) -m benchmarks.load

dist: setup ## Build what a release publishes from the last commit: packages, SBOMs, licences, checksums (docs/releasing.md)
	@$(RUN) -m tools.release.build

# The packages are installed in place of the sources; the next `make setup` installs the sources again.
test-dist: setup ## Tests of the packages in dist/packages: their files, and Pulumi's engine with the component's wheel
	@ls dist/packages/*.whl >/dev/null || { echo "There are no packages: run make dist." >&2; exit 1; }
	$(FIND_PULUMI)
	@rm .venv/.ready && .tools/bin/uv pip install --quiet --python $(RUN) --no-deps --reinstall dist/packages/*.whl
	@$(RUN) -m pytest integration_tests/test_downloader_wheel.py integration_tests/engine $(PARALLEL) --engine pulumi --provider $(PROVIDER) --wheels dist/packages

release-check: setup ## What is not ready for a release: make release-check TAG=v0.1.0
	@$(RUN) -m tools.release.checks "$$TAG" $(if $(REPOSITORY),"$$REPOSITORY")

release-notes: setup ## The section of a version in CHANGELOG.md: make release-notes VERSION=0.1.0
	@$(RUN) -m tools.release.changelog "$$VERSION"

lint: setup ## ruff, mypy --strict, zizmor on the workflows, and advisories for the packages in uv.lock
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@.venv/bin/zizmor --offline --quiet --persona auditor .github
	@$(RUN) -m tools.advisories

actionlint: .tools/actionlint ## actionlint on the workflows, built from the Go module proxy (needs Go)
	@$< -shellcheck= -pyflakes=

.tools/actionlint: tools/actionlint/go.sum
	@command -v go >/dev/null || { echo "Go 1.25 or newer is needed to build actionlint: https://go.dev/dl/" >&2; exit 1; }
	@go build -C tools/actionlint -o $(CURDIR)/$@ github.com/rhysd/actionlint/cmd/actionlint

docs: setup ## Write tables, schema, OpenAPI document, diagrams, deploying policy, permissions boundary and resource snapshot from the code
	@$(RUN) -m tools.component_args
	@$(RUN) -m tools.settings_pages
	@$(RUN) -m tools.readme_tables
	@$(RUN) -m tools.admin_page
	@$(RUN) -m tools.state_diagram
	@$(RUN) -m tools.architecture_diagram
	@$(RUN) -m tools.dashboard_image
	@$(RUN) -m tools.component_schema
	@$(RUN) -m tools.registry_pages
	@$(RUN) -m tools.release.licences
	@$(RUN) -m tools.openapi
	@$(RUN) -m benchmarks.scaling
	@$(RUN) -m tools.deploy_permissions --write
	@$(RUN) -m tools.permissions_boundary --write
	@$(RUN) -m tests.components.support.snapshot --write

format: setup ## Let ruff mend what it can
	@$(RUN) -m ruff check --fix-only --quiet .
	@$(RUN) -m ruff format .

pulumi-cli: .tools/pulumi/bin/pulumi ## Build the Pulumi CLI from the Go module proxy, checked by go.sum (minutes, once; needs Go)

# The CLI, its YAML host, and a generator of SDKs in place of the other languages' hosts.
.tools/pulumi/bin/pulumi: tools/pulumi/go.sum tools/pulumi/gensdk/main.go
	@command -v go >/dev/null || { echo "Go 1.25.11 or newer is needed to build the CLI; or install Pulumi: https://www.pulumi.com/docs/install/" >&2; exit 1; }
	@rm -rf .tools/pulumi && mkdir -p .tools/pulumi/bin
	cd tools/pulumi && go build -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$(PULUMI_VERSION)" -o $(CURDIR)/.tools/pulumi/bin/ github.com/pulumi/pulumi/pkg/v3/cmd/pulumi github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml ./gensdk
	@$@ version

clean: ## Remove what these commands made
	rm -rf .venv .tools .localcloud dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
