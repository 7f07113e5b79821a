# Two commands set everything up: `make serve` and `make test`. `make help` lists the rest.
PYTHON ?= python3.11
PROFILE ?= cpu
ARGS ?=
JOBS ?= 2
BIN := .venv/bin
DATA ?= ../shared/data
HOST ?= http://127.0.0.1:8000
PAPERS ?=
TARGETS ?= cpu worker loadtest

# A machine may have Python 3.11 under its plain name only.
ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif

.DEFAULT_GOAL := help
.PHONY: help serve test check audit format setup setup-dev lock train-classifier train-extractor evaluate-classifier \
	evaluate-extractor bench load plan scale autoscaling manifests images docs clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

serve: setup ## Install, get the models, start the service on port 8000, show one answer (PROFILE=gpu for GPUs)
	@exec $(BIN)/pubserve-serve --profile $(PROFILE) $(ARGS)

test: setup-dev ## Install and run every test, in two processes (ARGS="-k name" for some, JOBS=0 for a single process)
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: setup-dev ## Lint, format check and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy client/pubserve serve bulk streams training loadtest tools tests docs/conf.py

audit: setup-dev ## Known vulnerabilities of what is locked, and licences (3: the service that knows them is out of reach)
	@$(BIN)/python -m tools.audit

format: setup-dev ## Format and fix what can be fixed
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

setup:
	@$(PYTHON) tools/bootstrap.py $(PROFILE)

setup-dev:
	@$(PYTHON) tools/bootstrap.py dev

lock: setup-dev ## Resolve pyproject.toml into requirements/*.lock
	@$(BIN)/python tools/lock.py

train-classifier: setup-dev ## Train the classifier's adapter (DATA=folder of the labelled sets)
	@$(BIN)/python -m training classifier $(DATA)/abstracts
	@$(BIN)/python -m training calibrate $(DATA)/abstracts

train-extractor: setup-dev ## Train the extractor's adapter (DATA=folder of the annotated corpora and of abstracts/)
	@$(BIN)/python -m training extraction mark $(DATA)/abstracts runs/marked.jsonl
	@$(BIN)/python -m training extraction train $(DATA) --marked runs/marked.jsonl

evaluate-extractor: setup-dev ## Measure it as it is served (reports/extraction/report.html)
	@$(BIN)/python -m training extraction evaluate $(DATA)

evaluate-classifier: setup-dev ## Measure it as it is served, and where it breaks (reports/*/report.html)
	@$(BIN)/python -m training evaluate $(DATA)/abstracts
	@$(BIN)/python -m training robustness $(DATA)/abstracts

bench: setup-dev ## This service beside its peers, on the same papers (reports/bench/report.html; resumable, over an hour)
	@$(BIN)/python -m loadtest.bench run $(DATA)/abstracts $(ARGS)

load: setup-dev ## Five minutes of load on a running service, and whether its levels held (HOST=, PAPERS=, ARGS=)
	@$(BIN)/python -m loadtest.load --host $(HOST) $(if $(PAPERS),--papers $(PAPERS)) $(ARGS)

plan: setup-dev ## Replicas, hours and money for a corpus (ARGS="corpus --help")
	@$(BIN)/python -m loadtest.plan $(ARGS)

scale: setup-dev ## Throughput against replicas on several Ray nodes of this host (reports/scale)
	@$(BIN)/python -m loadtest.scale throughput $(ARGS)

autoscaling: setup-dev ## Simulate rules of autoscaling, then count every paper of a real square wave
	@$(BIN)/python -m loadtest.scale choose && $(BIN)/python -m loadtest.scale wave

manifests: setup-dev ## Write what is generated in k8s/, and check all overlays
	@$(BIN)/python -m tools.k8s generate
	@$(BIN)/python -m tools.k8s check

images: setup-dev ## Build the images with buildah and try each of them out (TARGETS="cpu worker" for some; root, 15 GB of disk)
	@$(BIN)/python -m tools.images build $(TARGETS)
	@$(BIN)/python -m tools.images check $(TARGETS)

docs: setup-dev ## Build the documentation into docs/_build/html; any warning is an error
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs docs/_build/html

clean: ## Remove the virtual environment and caches of tools (models stay)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
