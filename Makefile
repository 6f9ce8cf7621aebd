# Needs Python 3.11 or later and make, nothing else.
#   PYTHON=python3.13   which Python builds .venv (else the first on PATH that will do)
#   ARGS="..."          handed on to the program that a target starts

VENV := .venv
RUN := $(VENV)/bin/python
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r
LOCK := $(RUN) -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s%s\n", $$1, $$2}' Makefile

serve: $(VENV)/.runtime ## Serve with gunicorn, on http://127.0.0.1:8000 unless HOST, PORT or BIND say otherwise
	@exec $(RUN) gunicorn.conf.py $(ARGS)

run: $(VENV)/.runtime ## Serve in one process, without gunicorn
	@exec $(RUN) -m app $(ARGS)

# with gallery:
gallery: $(VENV)/.gallery ## Serve in another way: ARGS="snow --port 8001"; without ARGS, list the ways
	@exec $(RUN) -m app.gallery $(ARGS)

.PHONY: gallery
# end gallery

test: $(VENV)/.dev ## Run the tests
	@$(RUN) -m pytest $(ARGS)

test-stack: $(VENV)/.dev ## Run the tests of the containers, on the Docker engine that answers
	@$(RUN) -m pytest -m stack $(ARGS)

doctor: $(VENV)/.dev ## Check that nginx, gunicorn, Compose and the Procfile fit one another
	@$(RUN) -m ops.doctor $(ARGS)

up: ## Start the containers (docker compose up), or say what is in the way
	@$(find_python); exec "$$python" -m ops.up $(ARGS)

deploy: ## Replace the running containers by new ones, and lose no request
	@$(find_python); exec "$$python" -m ops.deploy $(ARGS)

check: $(VENV)/.dev ## Look for faults without running anything: lint, layout, types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy app ops gunicorn.conf.py $(wildcard bench loadtest)

locust: $(VENV)/.loadtest ## Load-test what runs, with locust's web page on port 8089; ARGS: its options
	@exec $(RUN) -m locust -f loadtest/locustfile.py $(ARGS)

# with bench:
bench: $(VENV)/.gallery ## Measure against other servers
	@$(RUN) -m bench $(ARGS)

# ROUNDS, REQUESTS: how often, and how many each time
COMPARISON := $(RUN) -m loadtest.comparison
ASKED = $(if $(ROUNDS),--rounds '$(ROUNDS)') $(if $(REQUESTS),--requests '$(REQUESTS)')

loadtest: $(VENV)/.loadtest ## Load-test beside aiohttp and FastAPI; TARGET=http://HOST:PORT: what runs there
	@exec $(COMPARISON) $(if $(TARGET),--target '$(TARGET)') $(ASKED) $(ARGS)

loadtest-all: $(VENV)/.loadtest ## Load-test every way of the gallery too: up to half an hour
	@exec $(COMPARISON) --all $(ASKED) $(ARGS)

loadtest-smoke: $(VENV)/.loadtest ## Load-test for less than a minute, judged by CPU time
	@exec $(COMPARISON) --smoke $(ASKED) $(ARGS)

.PHONY: bench loadtest loadtest-all loadtest-smoke
# end bench

# with template:
# Only what is said on the command line counts: NAME, or PORT, may be anything in an environment.
said = $(if $(filter command,$(origin $(1))),$($(1)))
PORTS := PORT HTTP_PORT ALT_HTTP_PORT

new: ## Make a service of its own: NAME=my-service DIR=../my-service [WITHOUT="gallery bench"]
	@$(find_python); exec "$$python" -m ops.new --name='$(call said,NAME)' --dir='$(call said,DIR)' \
	$(foreach each,$(call said,WITHOUT),--without '$(each)') \
	$(foreach each,$(PORTS),$(if $(call said,$(each)),--port '$(each)=$(call said,$(each))'))

update: ## Give a service what is new here, on its branch `template`: DIR=../my-service
	@$(find_python); exec "$$python" -m ops.new.update '$(call said,DIR)'

.PHONY: new update
# end template

lock: $(VENV)/.dev ## Derive requirements*.txt from pyproject.toml (ARGS=--upgrade: newest versions)
	$(LOCK) $(ARGS) pyproject.toml --output-file requirements.txt
	$(LOCK) $(ARGS) --group dev --constraints requirements.txt --output-file requirements-dev.txt
# with gallery:
	$(LOCK) $(ARGS) --group gallery --constraints requirements.txt --output-file requirements-gallery.txt
# end gallery
	$(LOCK) $(ARGS) --group loadtest --constraints requirements-dev.txt --output-file requirements-loadtest.txt

clean: ## Remove .venv and every cache
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help serve run test test-stack doctor up deploy check locust lock clean anew

# Each stamp is written last: a build that was interrupted has none, and is done again.

$(VENV)/.runtime: requirements.txt $(VENV)/.python
$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
$(VENV)/.loadtest: requirements-loadtest.txt $(VENV)/.runtime
$(VENV)/.loadtest: $(VENV)/.gallery # with bench
$(VENV)/.gallery: requirements-gallery.txt $(VENV)/.runtime # with gallery
STAMPS := .runtime .dev .loadtest
STAMPS += .gallery # with gallery
$(STAMPS:%=$(VENV)/%):
	@echo "Installing $< into $(VENV)"
	@$(INSTALL) $<
	@touch $@

# Built anew when its interpreter has gone, or when PYTHON names another one.
$(VENV)/.python: $(shell test -x $(RUN) && test "$(PYTHON)" = "" -o "$(PYTHON)" = "$$(cat $(VENV)/.python)" || echo anew)
	@$(find_python); \
	echo "Building $(VENV) with $$("$$python" --version), $$python"; \
	rm -rf $(VENV) && "$$python" -m venv $(VENV) && echo "$(PYTHON)" > $@

# The last two are for pyenv: its shims stand first on PATH, and all of them fail where
# .python-version names a version that pyenv lacks.
CANDIDATES := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 \
	/usr/bin/python3 /usr/local/bin/python3)

define find_python
for python in $(CANDIDATES) ""; do \
  "$$python" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2> /dev/null && break; \
done; \
if [ -z "$$python" ]; then \
  echo "Python 3.11 or later is needed; looked for $(strip $(CANDIDATES))." >&2; \
  echo "Install it (Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv)," >&2; \
  echo "or say where it is: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
  exit 1; \
fi; \
if ! "$$python" -c "import ensurepip, venv" 2> /dev/null; then \
  echo "$$python cannot build virtual environments: its module venv or ensurepip is missing." >&2; \
  echo "Debian, Ubuntu: apt-get install python3-venv" >&2; \
  exit 1; \
fi
endef
