# The front door. Nothing is decided here: the pipeline is in site_gen, the settings of every tool in pyproject.toml.

PROFILE ?= full
SEED ?=
PYTHON ?= python3
UV ?= $(shell command -v uv 2>/dev/null)
VENV := .venv
RUN := $(VENV)/bin/python
CHOICE = --profile $(PROFILE) $(if $(SEED),--seed $(SEED))

# One thread for each process: bits then depend neither on the number of cores nor on how the work was shared out.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
# Python comes from this machine, not from a download.
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help site test serve study figure why bench clean distclean

help:  ## what can be made
	@echo "Batch Norm, Measured. make …"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  %-10s %s\n", $$1, $$2 }'
	@echo "PROFILE=quick (about a minute), full (the default, and what is published) or paper. It is $(PROFILE) now."
	@echo "SEED=7 takes another base seed for everything random, to see which verdicts hang on it."

site: $(VENV)/.ok  ## bring site/ up to date: experiments, figures, pages
	@$(RUN) -m site_gen build $(CHOICE)

# A site that cannot be built is no reason to keep silent about which tests fail, and the other way round.
test: $(VENV)/.ok-dev  ## bring site/ up to date and run all tests, in a real browser too
	@$(RUN) -m tests.browser.install
	@$(MAKE) --no-print-directory site; built=$$?; $(RUN) -m pytest -n auto --dist worksteal || exit; \
	 test $$built -eq 0 || { echo "All tests passed, but the site could not be built: see above."; exit $$built; }

serve: $(VENV)/.ok  ## serve the site, rebuild it when a source changes, reload the browser
	@$(RUN) -m site_gen serve $(CHOICE)

study: $(VENV)/.ok  ## ID=running_statistics: run one study and print its claims
	@$(RUN) -m site_gen study $(or $(ID),$(error say which one: make study ID=…)) $(CHOICE)

figure: $(VENV)/.ok  ## ID=anatomy-epsilon: draw one figure or animation and list its files
	@$(RUN) -m site_gen figure $(or $(ID),$(error say which one: make figure ID=…)) $(CHOICE)

why: $(VENV)/.ok  ## ID=…: what a study, a figure, the pages or the site is made of, and why it would be made again
	@$(RUN) -m site_gen why $(or $(ID),$(error say which one: make why ID=…)) $(CHOICE)

bench: $(VENV)/.ok-dev  ## time a training step against its bare matrix products, and a frame of the simulator
	@$(RUN) -m pytest tests/benchmarks -o python_files='bench_*.py' --benchmark-only

clean:  ## remove what was made: build/ and site/
	rm -rf build site

distclean: clean  ## remove the environment too: .venv/
	rm -rf $(VENV)

# ---- The environment. A stamp is written last, so that an interrupted installation is begun again. -----------------------

WANTED := import sys; sys.exit(sys.version_info < (3, 11))
ifeq ($(UV),)
  INSTALL := $(RUN) -m pip install -qq --disable-pip-version-check
else
  INSTALL := $(UV) pip install --quiet --python $(RUN)
endif

$(VENV)/.packages: requirements.txt
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11 ""; do \
	   "$$python" -c "$(WANTED)" 2>/dev/null && break; done; \
	 test -n "$$python" || { echo "No Python 3.11 or newer was found: install one (on Debian: apt-get install python3" \
	   "python3-venv), or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }; \
	 echo "Setting up $(VENV) with $$($$python --version) and requirements.txt: once, about half a minute"; \
	 if [ -n "$(UV)" ]; then "$(UV)" venv --quiet --clear --python "$$python" $(VENV); \
	 else "$$python" -m venv --clear $(VENV); fi || { \
	   echo "$(VENV) could not be made: see above. It needs uv, or Python's venv (on Debian: apt-get install python3-venv)" >&2; \
	   exit 1; }
	@$(INSTALL) --require-hashes -r requirements.txt
	@touch $@

# The project itself, in place, so that worker processes import it and pytask finds its plugin.
$(VENV)/.ok: $(VENV)/.packages pyproject.toml
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ok-dev: $(VENV)/.packages requirements-dev.txt | $(VENV)/.ok
	@echo "Adding what the tests need: requirements-dev.txt"
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@
