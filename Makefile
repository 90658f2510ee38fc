# The whole project in one command on a machine with git, make and Python 3.11 or newer: `make`.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Bytecode is kept, even where the environment forbids it: without it each of a run's and a test's
# many processes would compile torch, Snakemake and MLflow anew, for ten seconds.
export PYTHONDONTWRITEBYTECODE :=

# Caches of tools, where the home cannot be written.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)
ifneq ($(shell mkdir -p '$(CACHE)' 2>/dev/null && test -w '$(CACHE)' && echo yes),yes)
  export XDG_CACHE_HOME := $(CURDIR)/.cache
endif

# Markdown that people write; the other pages are generated.
PAGES = $(shell git ls-files '*.md' | grep -v -x -F -e docs/settings.md -e docs/records.md | grep -v ^.github)

.PHONY: all quick test check format site wheel lock clean

all: .venv/ready
	snakemake --cores all all
	wespe record
	wespe results

# Tests of half a second at most, without processes, browsers and videos: 90 s on two cores at most.
quick: .venv/ready
	pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

test: .venv/ready
	pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/ready
	ruff check
	ruff format --check
	mypy
	snakefmt --check Snakefile workflow
	snakemake --lint
	mdformat --check $(PAGES)
	NO_MKDOCS_2_WARNING=1 mkdocs build --quiet

format: .venv/ready
	ruff check --fix
	ruff format
	snakefmt Snakefile workflow
	mdformat $(PAGES)

# The documentation, to be read at build/site/index.html.
site: .venv/ready
	NO_MKDOCS_2_WARNING=1 mkdocs build

# Builds the wheel and tries it in an environment of its own.
wheel: .venv/ready
	tools/try_wheel.sh

# Pins stay as they are where they still fit; `make lock UPGRADE=--upgrade` takes the newest. Of the
# package brisque only the weights are used: libsvm, which would be compiled, is left out.
lock: .venv/ready
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-annotate \
	  --no-emit-index-url --no-emit-find-links --no-emit-package libsvm-official \
	  --custom-compile-command "make lock" \
	  --all-extras $(UPGRADE) --output-file requirements.txt pyproject.toml

clean:
	rm -rf .venv

# uv comes first, from the same lock: it installs the rest many times faster than pip.
.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, but $(PYTHON) is $$($(PYTHON) -V 2>&1);" \
	    "name another with make PYTHON=…"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > .venv/uv.txt
	.venv/bin/pip install --quiet --require-hashes -r .venv/uv.txt
	.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.txt
	.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
	touch $@
