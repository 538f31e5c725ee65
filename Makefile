# Every target makes what it needs: a virtual environment in .venv, filled from the hashed lock.
# Needs git, make and Python 3.11 or newer (`make demo PYTHON=python3.12` to choose one).

PYTHON ?= python3
# Where `make run` serves: make run PORT=8001
PORT ?= 8000
BIN := .venv/bin
LOCK := $(shell $(PYTHON) -c 'import hashlib; print(hashlib.sha256(open("requirements-dev.txt", "rb").read()).hexdigest()[:16])')
STAMP := .venv/lock-$(LOCK)
RESOLVE := $(BIN)/uv pip compile --no-config --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet

export UV_PYTHON_DOWNLOADS := never
# Trust whom the machine trusts: a company's proxy often signs with a certificate of its own.
export UV_SYSTEM_CERTS ?= true

.PHONY: demo run worker test check audit bench captures chaos fuzz load mutants lock maintenance-parser clean install
.DEFAULT_GOAL := test

install: $(STAMP)

# One stamp for each content of the lock: a changed lock installs again, an unchanged one costs nothing.
$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Recourse needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt > .venv/installer.txt
	@echo "Installing the locked requirements into .venv (once)"
	@if $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/installer.txt \
		&& $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.txt; then :; \
	else echo "uv could not install them; trying pip"; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt; fi
	@rm -f .venv/lock-*
	@touch $@

demo: export RECOURSE_DEBUG := true
demo: $(STAMP)
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo

# The web server, and beside it the loop that does what is due; with a broker the worker does that.
run: export RECOURSE_DEBUG := true
run: $(STAMP)
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py first_login --port $(PORT)
	@if [ -n "$$CELERY_BROKER_URL" ]; then echo "CELERY_BROKER_URL is set: start 'make worker' beside this."; \
	else $(BIN)/python manage.py run_due --every 5 & loop=$$!; trap 'kill $$loop 2>/dev/null' EXIT INT TERM; fi; \
	$(BIN)/python manage.py runserver $(PORT)

worker: export RECOURSE_DEBUG := true
worker: $(STAMP)
	@$(BIN)/celery -A config worker --beat --queues sweep,mail --loglevel info

# PYTEST holds options for pytest: make test PYTEST="-k overlap -x"
test: $(STAMP)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	RECOURSE_DEBUG=true $(BIN)/mypy
	$(BIN)/lint-imports
	RECOURSE_DEBUG=true $(BIN)/python manage.py makemigrations --check --dry-run
	RECOURSE_DEBUG=true $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	RECOURSE_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
		RECOURSE_HOSTS=recourse.example RECOURSE_ORIGINS=https://recourse.example \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml config vendors incidents sla manage.py \
		2>.venv/bandit.log || { cat .venv/bandit.log; exit 1; }
	$(BIN)/python -m tests.locks
	$(BIN)/python -m tests.advisories

# Known weaknesses of what is installed; unlike `make check` it fails where nobody can be asked.
audit: $(STAMP)
	@$(BIN)/python -m tests.advisories --strict

bench: $(STAMP)
	@$(BIN)/python -m pytest tests/benchmarks -m benchmark --benchmark-enable --benchmark-columns=min,median,max $(PYTEST)

# Asks the API 50,000 things that its description allows or forbids: none may fail, each answer is as described.
# CI asks 2,000 on PostgreSQL; TEST_DATABASE_URL names a server here too, otherwise it is SQLite.
fuzz: CASES ?= 50000
fuzz: $(STAMP)
	@API_CASES=$(CASES) $(BIN)/python -m pytest tests/config/test_api_schema.py -m long -s -n0 $(PYTEST)

# Kills, stops, doubles and cuts off a whole installation, on PostgreSQL and Redis servers that it starts on free ports.
# SEEDS says how often each of the five places to kill a worker is tried; CI tries each once.
chaos: SEEDS ?= 20
chaos: $(STAMP)
	@CHAOS_SEEDS=$(SEEDS) $(BIN)/python -m pytest tests/chaos -m chaos $(PYTEST)

# Many people at once on a whole installation, while a month is closed: nothing fails, nothing is lost, and a table says
# how long each kind of request took. Fills a portfolio first, in some minutes; starts its servers as `make chaos` does.
load: SECONDS ?= 60
load: PEOPLE ?= 8
load: CONTRACTS ?= 60
load: $(STAMP)
	@LOAD_SECONDS=$(SECONDS) LOAD_PEOPLE=$(PEOPLE) LOAD_CONTRACTS=$(CONTRACTS) \
		$(BIN)/python -m pytest tests/load -m load $(PYTEST)

# Reads a folder of captured feeds into a database that is thrown away, and prints what came of each.
captures: export RECOURSE_DEBUG := true
captures: export DJANGO_SETTINGS_MODULE := config.settings
captures: $(STAMP)
	@RECOURSE_DATA=$$(mktemp -d); export RECOURSE_DATA; trap 'rm -rf "$$RECOURSE_DATA"' EXIT; \
	$(BIN)/python manage.py migrate --verbosity 0 && $(BIN)/python -m tests.captures "$(DIR)"

# Changes one operator, name or number at a time and sees that a test fails; ends with a row a module and the survivors.
# By default money, intervals, periods and claims with the tests about them: 2,300 mutants, under 4 minutes on one core.
# Any part of the engine, with all its tests: make mutants MUTANTS="sla.engine.ledger* sla.engine.credits.caps*".
# All 15,000 ("sla.engine.*") take hours; `python -m tests.mutants --help` narrows tests and time.
mutants: $(STAMP)
	@set -f; $(BIN)/python -m tests.mutants $(MUTANTS)

lock: $(STAMP)
	@$(RESOLVE) pyproject.toml --output-file requirements.txt $(UPGRADE)
	@$(RESOLVE) pyproject.toml --group dev --constraint requirements.txt --output-file requirements-dev.txt $(UPGRADE)
	@$(RESOLVE) --group pyproject.toml:parser --output-file requirements-parser.txt $(UPGRADE)

# Optional: reads vendors' own mails about maintenance (160 MB, of which 65 MB a map of time zones).
# Name .venv-parser/bin/python in the settings afterwards.
maintenance-parser: $(STAMP)
	@test -x .venv-parser/bin/python || $(PYTHON) -m venv --without-pip .venv-parser
	@$(BIN)/uv pip sync --quiet --python .venv-parser/bin/python --require-hashes requirements-parser.txt

clean:
	rm -rf .venv .venv-parser .data .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks mutants staticfiles
