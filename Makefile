# `make verify` does the main job, `make test` runs the tests; both set up what is missing first.
.PHONY: verify test nightly lint setup images clean
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
STAMP := $(VENV)/.installed

verify: $(STAMP)
	@$(RUN)/harness verify $(ARGS)

test: $(STAMP)
	@$(RUN)/harness setup
	@$(RUN)/tox $(ARGS)

# Verifies everything, compares with the nights before, and exits with what is red. For cron or any CI.
nightly: $(STAMP)
	@$(RUN)/harness setup
	@$(RUN)/harness nightly $(ARGS)

lint: $(STAMP)
	@$(RUN)/harness lint $(ARGS)

setup: $(STAMP)
	@$(RUN)/harness setup

# Development images of what `setup` built, for a Docker daemon that cannot pull the official ones.
images: $(STAMP)
	@$(RUN)/harness setup
	@$(RUN)/harness images $(ARGS)

# The lock pins every package with its hash; uv installs it in seconds. What draws is compiled and has looked for its fonts
# before the first report, also where Python is told to keep no compiled files.
$(STAMP): requirements.lock pyproject.toml
	@echo "installing the packages of requirements.lock into $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(RUN)/uv || $(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(RUN)/uv pip sync --quiet --require-hashes --python $(RUN)/python requirements-uv.lock requirements.lock
	@$(RUN)/uv pip install --quiet --no-deps --no-build-isolation --python $(RUN)/python -e .
	@PYTHONDONTWRITEBYTECODE= $(RUN)/python -c 'import jinja2, matplotlib.backends.backend_svg, matplotlib.figure, requests'
	@touch $(STAMP)

clean:
	rm -rf $(VENV) .tox build
