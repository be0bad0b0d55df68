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
# What needs services of its own keeps them for a whole file: to start one costs two seconds of a processor. More
# processes than processors, since much is waited for.
BY_FILE = -n 4 --dist loadfile

# Operators' targets: which environment, which fleet, and what else they are told (make deploy ENV=dev AMI=ami-…).
ENV ?=
FLEET ?=
AMI ?=
OPERATIONS = $(RUN) files_api.operations
env = --env '$(or $(ENV),$(error Say which environment: ENV=dev or ENV=prod))'
fleet = $(if $(FLEET),--fleet '$(FLEET)')

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
	@$(PYTEST) -n 2 --disable-socket --allow-unix-socket -m 'not thorough' tests/unit

.PHONY: test-contract
test-contract: $(READY) ## The OpenAPI document, and every answer held to it
	@$(PYTEST) -n 2 tests/contract

.PHONY: test-integration
test-integration: $(READY) ## The real server over real sockets, faults included
	@$(PYTEST) $(BY_FILE) -m 'not thorough' tests/integration

.PHONY: test-thorough
test-thorough: $(READY) ## What that leaves out: the same by another way, or an end that takes its time
	@$(PYTEST) $(BY_FILE) -m thorough tests/unit tests/integration

.PHONY: test-load
test-load: $(READY) ## A short run of the load test: no request may fail
	@$(PYTEST) tests/load

.PHONY: test-browser
test-browser: $(READY) ## The documentation page in headless Chromium
	@command -v chromium >/dev/null || \
		{ echo 'The browser tests need Chromium: `apt-get install chromium`, or your system'"'"'s package of that name.' >&2; exit 1; }
	@$(PYTEST) tests/browser

.PHONY: test-terraform
test-terraform: $(READY) ## What each Terraform module promises, and what it refuses; nothing is applied
	@$(RUN) tests.infra.static_terraform test

.PHONY: test-policy
test-policy: $(READY) $(TOOLS)/.made ## Plans of dev and prod, held to rules: what is open, encrypted, kept, allowed
	@$(PYTEST) tests/infra/test_policy*.py tests/infra/test_static*.py tests/infra/test_diagram.py

# The two environments and the role beside each other, each with an AWS of its own: twelve minutes on two cores, most of
# them waits of Terraform's.
.PHONY: test-infra
test-infra: $(READY) ## The whole stack applied, changed, rolled back and destroyed, on an emulated AWS; its role tried
	@$(MAKE) -j 3 --output-sync=target test-infra-dev test-infra-prod test-role

.PHONY: test-infra-dev test-infra-prod
test-infra-dev test-infra-prod: test-infra-%: $(READY)
	@$(PYTEST) -m 'not thorough' --environment $* tests/infra --ignore-glob='*/test_policy*.py' \
		--ignore-glob='*/test_static*.py' --ignore-glob='*/test_role*.py' --ignore=tests/infra/test_diagram.py

.PHONY: test-role
test-role: $(READY) ## The service's own tests with the rights of its role, and every right beyond them refused
	@$(PYTEST) -m 'not thorough' tests/infra/test_role*.py

.PHONY: test-thorough-infra
test-thorough-infra: $(READY) ## What that leaves out: the same in the other environment, or by another way
	@$(PYTEST) -m thorough tests/infra

.PHONY: test-image
test-image: $(READY) $(TOOLS)/.made ## The machine image on machines that boot, replaced under load, built by Packer (needs root)
	@$(PYTEST) tests/image

.PHONY: test-docker
test-docker: $(READY) ## The container image and compose.yaml under a dockerd of the test's own (needs root)
	@$(PYTEST) tests/docker

.PHONY: test-pipeline
test-pipeline: $(READY) $(TOOLS)/.made ## The workflows read as data, the hooks, and a release
	@$(PYTEST) tests/pipeline

##@ Check

.PHONY: lint
lint: $(READY) lint-ansible lint-pipeline ## Style, types, import contract, playbook, workflows, freshness of what is generated
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo 'Some files are not formatted: run `make format`.' >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(MAKE) lock-check openapi-check observability-check

.PHONY: lint-ansible
lint-ansible: $(TOOLS)/.made ## The playbook, by ansible-lint's strictest profile
	@cd ansible && PATH="$(abspath $(TOOLS))/bin:$$PATH" ANSIBLE_HOME="$(abspath .cache)/ansible" \
		$(abspath $(TOOLS))/bin/ansible-lint --offline --profile production --strict -q image.yml

.PHONY: lint-pipeline
lint-pipeline: $(TOOLS)/.made ## The workflows and the Dockerfile: actionlint, zizmor, hadolint
	@sh .github/actionlint/lint.sh .github/workflows/*.yml
	@$(TOOLS)/bin/zizmor --offline --no-progress --quiet .github
	@$(TOOLS)/bin/hadolint Dockerfile

.PHONY: hooks
hooks: $(TOOLS)/.made ## Have git run `make lint` before each commit
	@$(TOOLS)/bin/pre-commit install

.PHONY: lint-terraform
lint-terraform: $(READY) $(TOOLS)/.made ## Form and sense of every Terraform file, and checkov's rules
	@$(RUN) tests.infra.static_terraform lint
	@$(RUN) tests.infra.static_checkov terraform

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

##@ Release

# Without the network: what builds it is locked and installed with everything else.
.PHONY: wheel
wheel: $(READY) ## Build the wheel, into dist/
	@rm -rf dist
	@$(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python --out-dir dist .

.PHONY: release
release: $(READY) $(TOOLS)/.made ## Number, changelog, contract, commit and tag (VERSION=1.2.0)
	@$(RUN) files_api.devtools.release preflight '$(or $(VERSION),$(error Say which: VERSION=1.2.0))'
	@$(TOOLS)/bin/cz bump --yes '$(VERSION)'

.PHONY: release-check
release-check: $(READY) ## Is this commit the release VERSION=?
	@$(RUN) files_api.devtools.release check '$(or $(VERSION),$(error Say which: VERSION=1.2.0))'

.PHONY: release-notes
release-notes: $(READY) ## What the changelog says of VERSION=
	@$(RUN) files_api.devtools.release notes '$(or $(VERSION),$(error Say which: VERSION=1.2.0))'

##@ Operate (ENV=dev or ENV=prod)

.PHONY: tf-bootstrap
tf-bootstrap: $(READY) ## Once for an account: bucket of states, roles of the pipeline, rules of sessions
	@$(OPERATIONS) bootstrap $(if $(YES),--yes)

# KEEP=1: the other way round.
.PHONY: tf-variables
tf-variables: $(READY) ## Fetch terraform.tfvars, kept beside the state (KEEP=1: keep the one that is here)
	@$(OPERATIONS) variables $(env) $(if $(KEEP),--keep)

.PHONY: tf-init
tf-init: $(READY) ## Prepare Terraform for an environment
	@$(OPERATIONS) init $(env)

# PLAN: where the plan is kept, and which one is applied. NO_LOCK=1, NO_REFRESH=1: for roles that may only read.
.PHONY: tf-plan
tf-plan: $(READY) ## Show what would be changed (PLAN=file: keep it)
	@$(OPERATIONS) plan $(env) $(if $(PLAN),--out '$(PLAN)') $(if $(NO_LOCK),--no-lock) $(if $(NO_REFRESH),--no-refresh)

.PHONY: tf-apply
tf-apply: $(READY) ## Make an environment what the configuration says (PLAN=file: this very plan; YES=1: do not ask)
	@$(OPERATIONS) apply $(env) $(if $(PLAN),--plan '$(PLAN)') $(if $(YES),--yes)

.PHONY: tf-destroy
tf-destroy: $(READY) ## Destroy an environment with all files in it (prod: CONFIRM=prod, or typed)
	@$(OPERATIONS) destroy $(env) $(if $(CONFIRM),--confirm '$(CONFIRM)') $(if $(YES),--yes)

.PHONY: drift
drift: $(READY) ## Is AWS what the configuration says?
	@$(OPERATIONS) drift $(env)

.PHONY: ami
ami: $(READY) $(TOOLS)/.made ## Build an image, and write its id where Terraform reads it (without ENV: nowhere; IDS=file)
	@$(OPERATIONS) ami $(if $(BUILD_ONLY),,$(if $(ENV),--env '$(ENV)')) $(if $(IDS),--ids '$(IDS)')

.PHONY: amis-prune
amis-prune: $(READY) ## Remove old images that nothing uses (KEEP=5; DRY_RUN=1: only say which)
	@$(OPERATIONS) amis-prune $(if $(KEEP),--keep '$(KEEP)') $(if $(DRY_RUN),--dry-run)

.PHONY: deploy
deploy: $(READY) ## Bring an image to all instances, and follow that to its end (AMI='ami-…', FLEET=blue)
	@$(OPERATIONS) deploy $(env) $(fleet) $(or $(AMI),$(error Say which image: AMI=ami-…))

.PHONY: rollback
rollback: $(READY) ## Bring back the image that ran before
	@$(OPERATIONS) rollback $(env) $(fleet)

.PHONY: promote
promote: $(READY) ## Bring the image that FROM=dev runs to TO=prod
	@$(OPERATIONS) promote --from '$(or $(FROM),dev)' --to '$(or $(TO),prod)'

.PHONY: secret
secret: $(READY) ## Put the key for OpenAI where the service reads it
	@$(OPERATIONS) secret $(env)

.PHONY: session
session: $(READY) ## A shell on an instance, by SSM and without SSH (INSTANCE=i-…)
	@exec $(OPERATIONS) session $(env) $(fleet) $(if $(INSTANCE),--instance '$(INSTANCE)')

.PHONY: logs
logs: $(READY) ## What the service has logged (SINCE=15m, KIND=audit, FILTER='{ $$.status = 500 }', FOLLOW=1)
	@exec $(OPERATIONS) logs $(env) $(if $(SINCE),--since '$(SINCE)') $(if $(KIND),--kind '$(KIND)') \
		$(if $(FILTER),--filter '$(FILTER)') $(if $(FOLLOW),--follow)

.PHONY: smoke
smoke: $(READY) ## Does the service at URL=https://… work? (FILES_API_KEY: write and read a file, too)
	@$(OPERATIONS) smoke --url '$(or $(URL),$(error Say where the service is: URL=https://…))'

##@ Measure

# Less than all of the bench: make bench BENCH_ARGS='--quick --only small'
BENCH_ARGS ?=
# How long `make soak` takes.
MINUTES ?= 10

.PHONY: load
load: $(READY) ## Press a service on PORT, or at URL=, with Locust (USERS=20 DURATION=30s), and sum up
	@$(RUN) locust --locustfile tests/load/locustfile.py --host '$(or $(URL),http://127.0.0.1:$(PORT))' --headless \
		--only-summary --users $(USERS) --spawn-rate $(USERS) --run-time $(DURATION) --stop-timeout 20 \
		$(if $(EXCLUDE_TAGS),--exclude-tags $(EXCLUDE_TAGS))

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
