# `make` runs the embedded profile; `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/snakemake --cores all
READY := $(VENV)/.ready
PROFILE ?= embedded
MINUTES ?= 7
PART ?=

.DEFAULT_GOAL := embedded
.PHONY: embedded quick public public-cpu smoke publish site test lint bench report clean help

embedded: $(READY)  ## regenerate every result of the embedded profile (no download of data)
	$(SNAKEMAKE)

quick: $(READY)  ## the experiments that fit into 7 minutes (MINUTES=n), the shortest first: 10 with the set-up
	names=$$($(BIN)/python -m benchmark quick --minutes $(MINUTES)) && $(SNAKEMAKE) $$names

public: $(READY)  ## download the public data sets and run the sources' sizes, on a GPU
	$(SNAKEMAKE) --config profile=public

public-cpu: $(READY)  ## the same data where there is no GPU, at sizes that two cores can do
	$(SNAKEMAKE) --config profile=public-cpu

smoke: $(READY)  ## every rule and every method on tiny data
	$(SNAKEMAKE) --config profile=smoke

report: $(READY)  ## put the embedded profile's results into one file, report.html
	$(SNAKEMAKE) --report report.html

publish: $(READY)  ## keep a profile's tables and figures in git, and renew README.md (PROFILE=public-cpu for that one, PART=--part for a part of it)
	$(BIN)/python -m benchmark.report.publish $(PROFILE) $(PART)

site: $(READY)  ## make the pages of the published results, in site/
	$(BIN)/python -m benchmark.report.site site

test: $(READY)  ## run the tests
	@echo "Running all tests: about 15 minutes on 2 cores."
	$(BIN)/pytest --numprocesses auto --dist worksteal

lint: $(READY)  ## check style, formatting and the workflow
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/actionlint .github/workflows/*.yml

bench: $(READY)  ## time the library beside a plain implementation, about 5 minutes on 2 idle cores
	$(BIN)/python -m bench.run
	@echo "The table is in results/bench/table.md; 'python -m bench.run --help' lists what else it compares."

$(READY): pyproject.toml constraints.txt
	@echo "Setting up $(VENV): about 3 minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[benchmark,bm3d,dev]'
	@touch $@

clean:  ## remove the environment; results, logs and downloads stay
	rm -rf $(VENV)

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12
