# make run    sets up .venv and runs three sample events: one OK, one WARN, one FAIL
# make test   sets up .venv and runs the tests
# make packages  installs what some tests need of Debian, as root: a browser, PostgreSQL, MariaDB, zsh
# make lint   ruff and mypy
# make package  the folder that is deployed, and a zip of it: POLICY=policy.yaml, LIGHT=1 without SDK, DEST=build/function;
#             SERVICE=1 the one of the self-managed service: build/service
# make bench  what a cold start and reading SQL cost, as ratios within one run; BENCH="--write" keeps the figures
# make contract  the light client held against the newest release of the official SDK
# make load   20,000 events through two instances while calls fail, and the service killed in the middle: what is lost
# make hooks  the hooks of .pre-commit-hooks.yaml run by the newest pre-commit, on the example of a policy repository
# make fuzz   looks for ten minutes (SECONDS=600) for input that breaks something
# make docs   makes docs/checks.md, docs/checks.zh-CN.md and docs/policy.schema.json anew from the code
# make lock   pins requirements.txt and requirements-dev.txt anew from pyproject.toml

PYTHON ?= python3
VENV ?= .venv
COVERAGE ?= --cov
PARALLEL ?= -n auto
SECONDS ?= 600
BENCH ?=
DEST :=
PACKAGES := chromium fonts-noto-cjk mariadb-server postgresql zsh
POLICY ?= policy.yaml
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --no-annotate \
    --custom-compile-command "make lock"

.PHONY: run setup test packages lint format package bench contract load hooks fuzz docs lock clean

run: $(READY)
	@$(BIN)/python -m extension invoke events/download-resources.small.json
	@echo
	@$(BIN)/python -m extension invoke events/upload-data-to-table.json
	@echo
	@$(BIN)/python -m extension invoke events/download-resources.json; test $$? -eq 1

setup: $(READY)

test: $(READY)
	$(BIN)/python -m pytest $(PARALLEL) $(COVERAGE)

# Browser, databases and zsh of the tests, from Debian; where they are not there, the tests that need them are skipped.
packages:
	DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND; exec </dev/null; \
	install="apt-get install --yes --quiet=2 --no-install-recommends $(PACKAGES)"; $$install || { apt-get update --quiet=2; $$install; }

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# SERVICE, LIGHT and PACKAGE_PYTHON are read from the environment, where make puts what stands behind it, and `s` what
# .env says.
package: $(READY)
	@$(BIN)/python -m extension.packing $(if $(DEST),--dest "$(DEST)") --policy "$(POLICY)"

bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	$(BIN)/python -m benchmarks.cold $(BENCH)
	$(BIN)/python -m benchmarks.sql

contract: $(READY)
	@rm -rf build/newest
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --target build/newest --only-binary :all: alibabacloud-dataworks-public20200518 alibabacloud-tea-openapi
	@echo "alibabacloud" $$(ls build/newest | sed -n 's/^alibabacloud_\(dataworks_public20200518\|tea_openapi\)-\(.*\)\.dist-info/\1 \2/p')
	PYTHONPATH=build/newest $(BIN)/python -m pytest $(PARALLEL) tests/test_contract.py tests/test_transports.py

load: $(READY)
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.service

# On a copy, since pre-commit asks git what there is. It takes minutes, for it installs the package anew.
hooks: $(READY)
	@rm -rf build/hooks
	@$(BIN)/python -m venv build/hooks
	@build/hooks/bin/python -m pip install --quiet --disable-pip-version-check pre-commit
	build/hooks/bin/pre-commit validate-manifest .pre-commit-hooks.yaml
	@cp -r examples/policy-repository build/hooks/repository
	@git -C build/hooks/repository init --quiet && git -C build/hooks/repository add --all
	cd build/hooks/repository && PRE_COMMIT_HOME="$$PWD/../home" ../bin/pre-commit try-repo "$(CURDIR)" --all-files --verbose

fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

docs: $(READY)
	$(BIN)/python -m extension.reference en >docs/checks.md
	$(BIN)/python -m extension.reference zh >docs/checks.zh-CN.md
	$(BIN)/python -m extension policy schema >docs/policy.schema.json

# requirements.txt is for the function's platform alone, wheels only and without markers: pip would judge those by the
# machine that deploys. Left out of it is the command line of common-expression-language, which the function never
# imports. requirements-dev.txt is for every machine that the project is worked on.
lock: $(READY)
	@printf "%s; python_version < '3'\n" typer rich prompt-toolkit pygments >$(VENV)/left-out.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.8
	$(LOCK) pyproject.toml --override $(VENV)/left-out.txt --only-binary :all: --python-version 3.12 --python-platform x86_64-manylinux_2_28 -o requirements.txt
	$(LOCK) pyproject.toml --override $(VENV)/left-out.txt --extra service --only-binary :all: --python-version 3.12 --python-platform x86_64-manylinux_2_28 -c requirements.txt -o requirements-service.txt
	$(LOCK) pyproject.toml --universal --python-version 3.11 --extra cli --extra service --group dev -c requirements.txt -o requirements-dev.txt
	$(LOCK) --universal --python-version 3.11 --group fuzz -o requirements-fuzz.txt
	$(LOCK) --universal --python-version 3.11 --group bench -c requirements-dev.txt -o requirements-bench.txt

# Debian's python3 comes without what makes a virtual environment: that is the package python3-venv.
$(READY): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	    { echo "Python 3.11 to 3.13 is needed; say which: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	    command -v apt-get >/dev/null || { echo "Python's venv and ensurepip modules are needed" >&2; exit 1; }; \
	    sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    echo "installing the Debian package python3-venv"; \
	    $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq python3-venv >/dev/null; }
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv* .coverage .mypy_cache .pytest_cache .ruff_cache build
