# The one entrance. `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# A private server each, started and stopped around the command, unless the environment names another.
DEMO_POSTGRES := $(if $(DATABASE_URL),,scripts/postgres.sh run demo --)
TEST_POSTGRES := $(if $(TEST_DATABASE_URL),,scripts/postgres.sh run test --)

# Tests with a browser each that run side by side.
BROWSERS ?= 2

.PHONY: help
help: ## List the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-16s %s\n", $$1, $$2 }'

.PHONY: build
build: ## Build every crate, test and binary
	@cargo build --workspace --locked --all-targets

.PHONY: demo
demo: ## Run the pipeline here, buy once through each gateway, stay up until Ctrl-C (ONCE=1: exit with a status)
	@echo "demo: building the services" >&2
	@cargo build --workspace --locked
	@$(DEMO_POSTGRES) cargo run --quiet --locked --bin demo -- $(if $(ONCE),--once)

.PHONY: test
test: ## Run every test against a private Postgres
	@echo "test: building the services and their tests" >&2
	@cargo build --workspace --locked --all-targets
	@$(TEST_POSTGRES) cargo test --workspace --locked

.PHONY: test-browser
test-browser: ## Run the tests in a real browser, brought here where it is missing (ONLY=shop: tests of that name)
	@echo "test-browser: building the services and the tests" >&2
	@cargo build --workspace --locked --all-targets
	@scripts/browser.sh run -- $(TEST_POSTGRES) cargo test --workspace --locked --test browser -- --test-threads=$(BROWSERS) $(ONLY)

.PHONY: test-operations
test-operations: ## Roles, TLS, traces, rolling restarts, readiness, alerts: what operators rely on (ONLY=roles: tests of that name)
	@echo "test-operations: building the services and the tests" >&2
	@cargo build --workspace --locked --all-targets
	@$(TEST_POSTGRES) cargo test --workspace --locked --test operations -- --nocapture $(ONLY)
	@$(if $(ONLY),,scripts/prometheus.sh run -- $(TEST_POSTGRES) cargo test --workspace --locked --test operations_alerts)

.PHONY: test-alerts
test-alerts: ## Hold rules, dashboard and runbook against running services and a real Prometheus
	@echo "test-alerts: building the services and the tests" >&2
	@cargo build --workspace --locked --all-targets
	@scripts/prometheus.sh run -- $(TEST_POSTGRES) cargo test --workspace --locked --test operations_alerts

.PHONY: screenshots
screenshots: ## Take the pictures of docs/screenshots anew
	@cargo build --workspace --locked
	@scripts/browser.sh run -- $(TEST_POSTGRES) cargo run --quiet --locked --bin screenshots

.PHONY: bench
bench: ## Measure against a private, durable Postgres (ONLY=queue,finalize: those scenarios; ROUNDS=n)
	@echo "bench: building for release" >&2
	@cargo build --workspace --release --locked
	@ulimit -Sn "$$(ulimit -Hn)"; scripts/postgres.sh run bench -- cargo run --quiet --release --locked --bin bench -- $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: chaos
chaos: ## Break everything that can break under shoppers, then compare the books (SEED=n INTENTS=n)
	@echo "chaos: building the services" >&2
	@cargo build --workspace --locked
	@scripts/postgres.sh run chaos -- cargo run --quiet --locked --bin chaos -- $(if $(SEED),--seed $(SEED)) $(if $(INTENTS),--intents $(INTENTS))
	@echo "chaos: cutting every flow's connection at every message" >&2
	@CRASH_POINTS=all $(TEST_POSTGRES) cargo test --workspace --locked --test crash_points

.PHONY: fill
fill: ## Fill a database as a month of business would (JOBS=n, ORDERS=n; the demo's, unless DATABASE_URL names one)
	@$(DEMO_POSTGRES) cargo run --quiet --locked --package pipeline-tests --bin fill -- $(if $(JOBS),--jobs $(JOBS)) $(if $(ORDERS),--orders $(ORDERS))

.PHONY: image
image: ## Build the images that are deployed (IMAGE_PREFIX=, IMAGE_VERSION=, BUILDER_IMAGE=, BASE_IMAGE=)
	@scripts/image.sh build

.PHONY: check-image
check-image: ## Build the images from this machine's release binaries, measure them, run each (Debian, root)
	@scripts/check-image.sh

.PHONY: smoke-gateways
smoke-gateways: ## One small payment attempt at the gateways' own sandboxes, with your keys (AUTOMATIC=1: nobody pays; REAL_MONEY=1)
	@cargo run --quiet --locked --package pipeline-tests --bin smoke_gateways -- $(if $(AUTOMATIC),--automatic) $(if $(REAL_MONEY),--real-money)

.PHONY: failover
failover: ## Kill the leader of a replicated Postgres under callbacks; print the write outage (CALLBACKS=n)
	@echo "failover: building the services" >&2
	@cargo build --workspace --locked
	@scripts/patroni.sh run -- cargo run --quiet --locked --bin failover -- $(if $(CALLBACKS),--callbacks $(CALLBACKS))

.PHONY: restore-drill
restore-drill: ## Rehearse a restore: backup, WAL archive, a wrong statement, back to just before it
	@scripts/restore-drill.sh

.PHONY: guards
guards: ## Take each constraint and each fence out in turn, and see which test notices (KIND=constraints|fences, ONLY=text)
	@cargo build --workspace --locked --bin guards
	@$(TEST_POSTGRES) cargo run --quiet --locked --bin guards -- $(KIND) $(if $(ONLY),--only "$(ONLY)")

.PHONY: check
check: check-format check-rules check-alerts check-licences check-manifests check-lints check-docs check-schema check-sql ## Run every check that needs no running service

.PHONY: check-format
check-format: ## Sources are formatted
	@cargo fmt --all --check

.PHONY: check-lints
check-lints: ## Clippy is silent
	@cargo clippy --workspace --all-targets --locked -- -D warnings
	@cargo clippy --workspace --locked --test browser --test operations --test operations_alerts -- -D warnings

.PHONY: check-docs
check-docs: ## Documentation builds without a warning
	@RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

.PHONY: check-licences
check-licences: ## Every dependency has a licence we allow
	@scripts/check-licences.sh

.PHONY: check-schema
check-schema: ## Migrations run up, down, up, and schema.rs is what they make
	@$(TEST_POSTGRES) cargo test --workspace --locked --test migrations

.PHONY: check-sql
check-sql: ## Every SQL block of the documents works as written
	@cargo build --workspace --locked --all-targets
	@$(TEST_POSTGRES) scripts/check-sql.py

.PHONY: check-rules
check-rules: ## The rules of the house that clippy cannot state
	@scripts/check-rules.sh

.PHONY: check-manifests
check-manifests: ## Manifests render, fit Kubernetes, pass a policy scan and are what the code needs
	@scripts/check-manifests.sh

.PHONY: check-alerts
check-alerts: ## Alerts are quiet, pending and firing when they should be, and rules, runbook, dashboard and compose agree
	@scripts/prometheus.sh run -- scripts/check-alerts.py

.PHONY: postgres-down
postgres-down: ## Stop this checkout's private Postgres clusters
	@for name in demo test bench chaos secured; do scripts/postgres.sh down $$name; done
