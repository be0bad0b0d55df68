# Everything that one does with this project. `make` alone lists it; `make run` and `make test` need nothing but
# Python 3.11+ and make.

PORT ?= 8000
TRACE ?=
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
# Programs that check infrastructure, image and pipeline live apart from the service (pyproject.toml tells why).
TOOLS := .venv-tools

# Each kind of test is a target of its own, so that its arguments can be changed: make test-unit PYTEST_ARGS='-k range'
PYTEST_ARGS ?=
PYTEST = $(RUN) pytest -q $(PYTEST_ARGS)

# How hard `make load` presses.
USERS ?= 20
DURATION ?= 30s

# A virtual environment that is there is good for any target. Only where PYTHON is given (make venv PYTHON=python3.12)
# must it have been made with that very Python.
ifdef PYTHON
READY := $(VENV)/.made-with-$(subst /,-,$(PYTHON))
else
READY := $(VENV)/.made
endif

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

##@ Use

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'Variables: PORT=$(PORT)  PYTHON=python3.12  PYTEST_ARGS="-k name"  USERS=$(USERS)  DURATION=$(DURATION)  MINUTES=10  UPGRADE=1'

# `exec`: Ctrl-C and SIGTERM reach the program itself, and make has nothing to complain of when it ends well.
.PHONY: run
run: $(READY) ## Run the service with a local S3 and a stand-in for OpenAI (PORT=8000, TRACE=1: spans as trees)
	@$(if $(TRACE),FILES_API_TRACE=$(TRACE)) exec $(RUN) files_api.devtools.run --port $(PORT)

.PHONY: serve
serve: $(READY) ## Run the service alone, against what the environment names: real AWS, real OpenAI
	@PORT=$(PORT) exec $(RUN) gunicorn --config service/files_api/gunicorn.conf.py

.PHONY: venv
venv: $(READY) ## Make the virtual environment from the locked dependencies

.PHONY: tools
tools: $(TOOLS)/.made ## Make the environment of the programs that check infrastructure, image and pipeline

##@ Test

.PHONY: test
test: test-unit test-contract test-integration test-load ## Unit, contract, integration, a short load: everything that takes minutes

.PHONY: test-unit
test-unit: $(READY) ## The parts by themselves; no socket is opened
	@$(PYTEST) -n 2 --disable-socket --allow-unix-socket tests/unit

.PHONY: test-contract
test-contract: $(READY) ## The OpenAPI document, and every answer held to it
	@$(PYTEST) tests/contract

.PHONY: test-integration
test-integration: $(READY) ## The real server over real sockets, faults included
	@$(PYTEST) -n 3 --dist loadgroup -m 'not thorough' tests/integration

.PHONY: test-thorough
test-thorough: $(READY) ## What that leaves out: the same by another way, or an end that takes its time
	@$(PYTEST) -n 3 --dist loadgroup -m thorough tests/integration

.PHONY: test-load
test-load: $(READY) ## A short run of the load test: no request may fail
	@$(PYTEST) tests/load

.PHONY: test-browser
test-browser: $(READY) ## The documentation page in headless Chromium
	@command -v chromium >/dev/null || \
		{ echo 'The browser tests need Chromium: `apt-get install chromium`, or your system'"'"'s package of that name.' >&2; exit 1; }
	@$(PYTEST) tests/browser

##@ Check

.PHONY: lint
lint: $(READY) ## Style, types, import contract, freshness of what is generated
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo 'Some files are not formatted: run `make format`.' >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(MAKE) lock-check openapi-check observability-check

.PHONY: format
format: $(READY) ## Format the code, and mend what can be mended by itself
	@$(BIN)/ruff check --fix --quiet --exit-zero
	@$(BIN)/ruff format

.PHONY: openapi
openapi: $(READY) ## Write openapi.json
	@$(RUN) files_api.devtools.openapi --write openapi.json

.PHONY: openapi-check
openapi-check: $(READY) ## Is openapi.json what the service says of itself, and no break with what was released?
	@$(RUN) files_api.devtools.openapi --check openapi.json
	@$(RUN) files_api.devtools.openapi_changes openapi.json --against docs/openapi-released/v1.json

.PHONY: observability
observability: $(READY) ## Write the dashboards, their pictures, the saved queries and the alarms
	@$(RUN) files_api.devtools.dashboards --write observability --pictures docs/pictures
	@$(RUN) files_api.devtools.alarms --write observability

.PHONY: observability-check
observability-check: $(READY) ## Are they what their sources say?
	@$(RUN) files_api.devtools.dashboards --check observability --pictures docs/pictures
	@$(RUN) files_api.devtools.alarms --check observability

# uv keeps the versions that it finds in its output, so a lock only changes when pyproject.toml asks for it, or when
# upgrading is asked for. Where the packages come from is each machine's own affair and never written down.
compile = env -u UV_FIND_LINKS $(abspath $(BIN)/uv) pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
compile-all = $(compile) pyproject.toml --output-file requirements/service.txt && \
	$(compile) pyproject.toml --group dev --constraints requirements/service.txt --output-file requirements/dev.txt && \
	$(compile) --group tools --output-file requirements/tools.txt

# Not $(READY): what is being locked need not be installed for that.
.PHONY: lock
lock: $(BIN)/uv ## Lock what pyproject.toml asks for (UPGRADE=1: in its newest versions)
	@$(compile-all) >/dev/null

.PHONY: lock-check
lock-check: $(BIN)/uv ## Do the locks still hold what pyproject.toml asks for?
	@rm -rf .run/lock && mkdir -p .run/lock && cp -R pyproject.toml requirements .run/lock
	@cd .run/lock && $(compile-all) >/dev/null
	@diff -ru requirements .run/lock/requirements || \
		{ echo 'The locks do not hold what pyproject.toml asks for: run `make lock`.' >&2; exit 1; }

$(BIN)/uv:
	@$(MAKE) venv

##@ Measure

# Less than all of the bench: make bench BENCH_ARGS='--quick --only small'
BENCH_ARGS ?=
# How long `make soak` takes.
MINUTES ?= 10

.PHONY: load
load: $(READY) ## Press a service that runs on PORT with Locust (USERS=20 DURATION=30s), and sum up
	@$(RUN) locust --locustfile tests/load/locustfile.py --host http://127.0.0.1:$(PORT) --headless --only-summary \
		--users $(USERS) --spawn-rate $(USERS) --run-time $(DURATION) --stop-timeout 20

.PHONY: load-ui
load-ui: $(READY) ## The same from Locust's own page
	@exec $(RUN) locust --locustfile tests/load/locustfile.py --host http://127.0.0.1:$(PORT) --web-host 127.0.0.1

.PHONY: bench
bench: $(READY) ## Requests a second, latency, MB/s, memory and CPU, beside S3 and nginx; which goals are met
	@$(RUN) tests.benchmarks.run $(BENCH_ARGS)

.PHONY: bench-check
bench-check: $(READY) ## The same; fails when a goal is missed or was not measured
	@$(RUN) tests.benchmarks.run --check $(BENCH_ARGS)

.PHONY: bench-report
bench-report: $(READY) ## Put what `make bench` measured last into docs/performance.md, with pictures
	@$(RUN) tests.benchmarks.publish

.PHONY: soak
soak: $(READY) ## Does a worker leak? Mixed load for so long (MINUTES=10), with a picture
	@$(RUN) tests.benchmarks.soak --minutes $(MINUTES)

##@ Tidy

.PHONY: clean
clean: ## Remove the virtual environment, caches and what was built
	@rm -rf $(VENV) $(TOOLS) .run .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
	@find service tests -name __pycache__ -type d -prune -exec rm -rf {} +

# What `venv` stands for. The mark is set last: an environment that was cut off in the making is made anew.
$(READY): requirements/dev.txt pyproject.toml
	@PYTHON='$(PYTHON)' VENV='$(VENV)' LOCK=requirements/dev.txt PROJECT=. sh requirements/install.sh
	@touch $(VENV)/.made $(READY)

$(TOOLS)/.made: requirements/tools.txt
	@PYTHON='$(PYTHON)' VENV='$(TOOLS)' LOCK=requirements/tools.txt sh requirements/install.sh
	@touch $@
