# Everything that one does with a checkout. Needs make and Python 3.11 or newer; the rest is installed into .venv.

PYTHON ?= python3
PORT   ?= 3000
TESTS  ?=
BIN    := .venv/bin
STAMP  := .venv/.installed
PIP    := PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK   := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help install demo serve test faults faults-short faults-database fuzz upgrade-test sizing bench replica runbook lint format lock clean

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(STAMP) ## install into .venv what the project needs

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Bookroom needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing into .venv (the first time takes about half a minute)..."
	@$(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## try Bookroom in a browser, without Slack [PORT=3000] [FRESH=1 forgets earlier tries]
	@exec $(BIN)/bookroom demo --port $(PORT) $(if $(FRESH),--fresh)

serve: install ## run the bot with the settings of the environment or .env
	@exec $(BIN)/bookroom serve

test: install ## run the tests [PG=system takes the system's PostgreSQL] [TESTS="tests/core -k race"]
	@PG="$(PG)" exec $(BIN)/python -m pytest -n auto $(TESTS)

faults: install ## kill replicas 200 times, crash PostgreSQL, let Slack fail; then reconcile (10 minutes) [SEED=1]
	@exec $(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED))

faults-short: install ## the same within a minute, with 10 kills [SEED=1]
	@exec $(BIN)/python -m tests.faults --short $(if $(SEED),--seed $(SEED))

faults-database: install ## break the database in every way while people book, and print the table (3 minutes) [SEED=1] [ONLY="cut skew"]
	@exec $(BIN)/python -m tests.faults.database $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

fuzz: install ## ask the API thousands of things that schemathesis makes up of its document (10 minutes) [SEED=1] [SECONDS=600]
	@exec $(BIN)/python -m tests.fuzz --seconds $(if $(SECONDS),$(SECONDS),600) $(if $(SEED),--seed $(SEED))

upgrade-test: install ## an earlier version and this one side by side on one database, while people book [OLD=v1.0]
	@exec $(BIN)/python -m tests.upgrade $(if $(OLD),--old $(OLD))

sizing: install ## measure memory, CPU, connections and disk of a bot and its bookings, for docs/operating.md
	@exec $(BIN)/python -m tests.sizing

bench: install ## measure what is to hold, both sides in one run [WHAT="booking search"] [QUICK=1 within a minute]
	@exec $(BIN)/python -m benchmarks $(WHAT) $(if $(QUICK),--quick)

replica: install ## where reading goes while a replica is well, stands still, dies and comes back (a minute) [QUICK=1]
	@exec $(BIN)/python -m benchmarks.replica $(if $(QUICK),--quick)

runbook: install ## try each page of the runbook: cause its fault, see its alert fire, ask its queries, mend it
	@LONG=1 exec $(BIN)/python -m pytest -n 0 -v tests/operating

lint: install ## check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: install ## put the code into its form
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

lock: install ## pin what requirements*.in ask for, with hashes
	@$(PIP) install uv
	@$(LOCK) -o requirements.txt requirements.in
	@$(LOCK) -c requirements.txt -o requirements-dev.txt requirements-dev.in

clean: ## remove what was installed, built or tried
	rm -rf .venv .bookroom .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
