# Crossover: every job is one verb. `make help` lists them. macOS ships make 3.81, so nothing newer is used.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SAM_CLI_TELEMETRY := 0
# Tests start hundreds of processes, which would compile every module again where the environment forbids to keep it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements/dev.txt requirements/uv.txt pyproject.toml local/setup/environment.sh
	@bash local/setup/environment.sh $(VENV)
	@touch $@

.PHONY: setup
setup: $(READY) ## Make the environment in .venv, once

.PHONY: run
run: $(READY) ## Serve the bundle with its page, after a self-check on both platforms
	@exec $(BIN)/crossover run

.PHONY: serve
serve: $(READY) ## Serve the container shim in the foreground (settings: HOST, PORT, WORKERS, PROXY=1, ...)
	@exec $(BIN)/crossover serve

.PHONY: monitor
monitor: $(READY) ## Run Prometheus beside make serve, with the chart's alert rules loaded (settings: SERVER=URL)
	@$(BIN)/crossover monitor $(SERVER) || [ $$? = 130 ]

.PHONY: mysql
mysql: $(READY) ## Run a private MariaDB in the foreground and print its store URL
	@$(BIN)/crossover mysql || [ $$? = 130 ]

.PHONY: proxy
proxy: $(READY) ## Run an emulated RDS Proxy in front of make mysql and print its store URL (settings: DATABASE)
	@$(BIN)/crossover rds-proxy $(DATABASE) || [ $$? = 130 ]

.PHONY: dynamodb
dynamodb: $(READY) ## Run a server of DynamoDB's interface in the foreground and print its store URL (settings: ENGINE=moto)
	@$(BIN)/crossover dynamodb $(if $(ENGINE),--engine $(ENGINE)) || [ $$? = 130 ]

.PHONY: redis
redis: $(READY) ## Run a private Redis or Valkey in the foreground as a cache, and print what cache= of a store's URL takes
	@$(BIN)/crossover redis || [ $$? = 130 ]

.PHONY: spark
spark: $(READY) ## Install PySpark for crossover etl --engine spark (500 MB; runs on Java 17 or newer)
	@command -v java >/dev/null || { echo "crossover: Spark runs on Java 17 or newer, and there is no java: apt-get install openjdk-17-jre-headless, or brew install openjdk@17" >&2; exit 2; }
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes --no-deps -r requirements/spark.txt

.PHONY: test-spark
test-spark: spark ## Test the ETL on Spark, on this machine and on a cluster of its own (minutes)
	@$(BIN)/pytest -v --fail-not-run tests/integration/etl/test_spark.py

.PHONY: profile
profile: $(READY) ## Show the hottest functions of a service under load (SERVICE=qrcode)
	@$(BIN)/crossover profile $(or $(SERVICE),qrcode)

.PHONY: lambda
lambda: $(READY) ## Serve the Lambda artifacts, emulated (settings: HOST, PORT, TEAM_NAME, TEAM_AWS_ACCOUNT, TWITTER_STORE, PROXY=1)
	@exec $(BIN)/crossover lambda

# The tests that cover the services and their layers, which are held to 100 %.
CORE_TESTS := $(addprefix tests/unit/,twitter qrcode blockchain shared stores mysql dynamodb cache container emulator) \
	tests/unit/workloads/test_explain.py tests/contract/blockchain tests/contract/test_twitter_serving.py \
	tests/contract/test_store_suite_sqlite.py tests/integration/mysql tests/integration/cache tests/parity
CORE := functions crossover crossover_mysql crossover_dynamodb crossover_cache
PYTEST := $(BIN)/pytest -q -n 2

.PHONY: test
test: $(READY) ## Check, then run all the tests but the slow and the heavy ones (NO_APT=1: root installs nothing for them)
	@bash local/setup/for_tests.sh $(BIN)
	@$(MAKE) --no-print-directory check
ifdef SLOW
	@$(BIN)/pytest -n 2 -m "not heavy" --durations=20 --durations-min=1 --cov --cov-report=
	@$(BIN)/python -m tests.support.coverage_floors
else
	@$(PYTEST) -m "not heavy and not slow" $(CORE_TESTS) $(addprefix --cov=,$(CORE)) --cov-report=
	@$(BIN)/python -m tests.support.coverage_floors functions layers
	@$(PYTEST) -m "not heavy and not slow" $(addprefix --ignore=,$(CORE_TESTS))
endif

.PHONY: test-fast
test-fast: check ## Check, then run the unit and contract tests: a minute
	@$(PYTEST) -m "not heavy and not slow" tests/unit tests/contract

.PHONY: test-slow
test-slow: ## Check, run all the tests but the heavy ones, and hold the coverage of every part to its floor: minutes
	@$(MAKE) --no-print-directory test SLOW=1

.PHONY: test-all
test-all: test-slow ## The heavy tests too: load, soak, container engine, SAM, cluster
	@$(BIN)/pytest -m heavy

.PHONY: test-sam
test-sam: $(READY) ## Test the template through SAM CLI and a private container engine (Debian, as root)
	@$(BIN)/pytest -v --fail-not-run tests/integration/sam

.PHONY: image
image: $(READY) ## Build the image that pods run (settings: BASE)
	@$(BIN)/crossover image

.PHONY: wheel
wheel: $(READY) ## Build dist/crossover-VERSION-py3-none-any.whl, to install the command without a clone
	@$(BIN)/python -m hatchling build -t wheel -d dist

.PHONY: test-container
test-container: $(READY) ## Test and measure the image, run as restricted as a pod (settings: BASE; Debian as root brings its engine)
	@$(BIN)/pytest -v --fail-not-run tests/integration/image

.PHONY: test-cluster
test-cluster: $(READY) ## Test the chart in a real Kubernetes: KUBECONFIG's, or one of its own (Debian as root, with Go; minutes)
	@$(BIN)/pytest -v --fail-not-run tests/integration/cluster

.PHONY: check
check: $(READY) ## Lint, types, spelling, architecture, templates, the Dockerfile, the chart
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/codespell
	@$(BIN)/lint-imports
	@$(BIN)/cfn-lint template.yaml container/stacks/*.yaml
	@$(BIN)/hadolint container/Dockerfile
	@$(BIN)/python -m local.deploy.chart.check
	@$(BIN)/python -m local.deploy.stacks.check

.PHONY: bench-etl
bench-etl: $(READY) ## Time the ETL over 10,000 to 1,000,000 tweets (minutes; settings: ENGINE=spark after make spark)
	@exec $(BIN)/python -m local.measure.etl $(if $(ENGINE),--engine $(ENGINE))

.PHONY: bench
bench: $(READY) ## Measure the services, in CPU time and in units of one SHA-256
	@$(BIN)/crossover bench

.PHONY: compare
compare: $(READY) ## Measure the services on both platforms, price it and write report/index.html (QUICK=1: in a minute)
	@exec $(BIN)/crossover compare $(if $(QUICK),--quick)

.PHONY: docs
docs: $(READY) ## Renew the tables of the documents that are made from the code
	@$(BIN)/python -m local.docs

.PHONY: lock
lock: $(READY) ## Renew the lock files from pyproject.toml
	@bash local/setup/lock.sh $(BIN)

.PHONY: clean
clean: ## Remove everything that was made here
	rm -rf $(VENV) .build .data report dist layers/store/*.db* .coverage* .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -r {} +
