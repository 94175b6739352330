# Everything starts here: `make demo` and `make test` set up what they need by themselves.
# All paths are relative, so the folder's name may have spaces.

.DEFAULT_GOAL := help
.PHONY: help setup runtime demo up test check lint static fmt bench chaos image env clean

ARGS ?=
DOCKER_BUILD_ARGS ?=
WORKERS ?= 2
PY := .venv/bin/python

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo "  (ARGS=... is passed on, e.g. make demo ARGS=--exit)"

demo: runtime ## run everything, load a believable company, show its plans against its money
	@$(PY) -m trueup demo $(ARGS)

up: runtime ## run everything on the data that are there
	@$(PY) -m trueup up $(ARGS)

test: lint ## lint, types, import contracts and all tests (what CI runs)
	@mkdir -p var; echo "$(PY) -m mypy (beside the tests; it says at the end what it found)"; \
	$(PY) -m mypy >var/types.log 2>&1 & types=$$!; \
	$(PY) -m pytest -n $(WORKERS) $(ARGS); tests=$$?; \
	wait $$types; types=$$?; cat var/types.log; [ $$tests = 0 ] && [ $$types = 0 ]

check: static ## the quick part: lint, types, import contracts, unit tests
	$(PY) -m pytest -q tests/unit $(ARGS)

fmt: setup ## format the code and repair what ruff can
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

bench: runtime ## measure speed and size beside the machine's own limits (ARGS=--full: with much history; ARGS="--only webhooks"; ARGS=--markdown: print the last table)
	@$(PY) -m trueup bench $(ARGS)

image: ## build the container image trueup:local (DOCKER_BUILD_ARGS=... is passed on)
	docker build $(DOCKER_BUILD_ARGS) -f deploy/Dockerfile -t trueup:local .

env: ## write .env with random passwords for docker-compose.yml; what is in it already is kept
	@sh scripts/env.sh .env

chaos: runtime ## kill and disturb everything under load, then count (ARGS="--seconds 40 --seed 7")
	@$(PY) -m trueup chaos $(ARGS)

setup: ## make the development environment (.venv) from requirements-dev.lock
	@sh scripts/bootstrap.sh dev

runtime:
	@sh scripts/bootstrap.sh runtime

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports --no-cache

static: lint
	$(PY) -m mypy

clean: ## remove the environment, its data and all caches
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis
