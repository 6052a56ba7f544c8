# A thin list of commands. Every target sets up what it needs first; a second run skips the set-up.
SHELL := /bin/bash
RUN := . .tools/env &&
DRILL ?=
BENCH ?=
ONLY ?=
.PHONY: help setup drill fidelity bench bench-plan test test-times soak known-faults types lint prose format policy check shell clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

setup: ## install Node, packages, the Pulumi engine and the sandbox's services
	@tools/setup.sh

drill: setup ## corrupt the database, ship a bad release, lose everything, and recover from each, on this machine (DRILL="--rows 1000 --verbose")
	@bin/castchat-recovery drill $(DRILL)

fidelity: setup ## run the drill with Pulumi's official plugins, behind a proxy that lets nothing out; exit code 2 if none is installed
	@bin/castchat-recovery drill --plugins official $(DRILL)

bench: setup ## measure backup and restore against pg_dump and pg_restore (BENCH="--megabytes 100 --rounds 1"; lab/bench/README.md)
	@$(RUN) node --no-warnings lab/bench/main.ts $(BENCH)

test: setup ## run every test, or some (TEST=tests/planning)
	@$(RUN) NODE_OPTIONS="--experimental-vm-modules --no-warnings" npx --no-install jest --colors=false $(TEST)

test-times: setup ## compare the time of each suite in the last run with tests/times.json, and keep it there
	@$(RUN) node tests/support/times.js

soak: setup ## kill and interrupt runs at many more instants than `make test` does, as each night (FAULTS_SEED=N repeats a failure)
	@CASTCHAT_SOAK=1 $(MAKE) --no-print-directory test TEST="tests/faults/runnerKills tests/e2e/company -w 1"

known-faults: setup ## put faults of the past back one by one, and see a test fail for each, as each night (ONLY=restore picks some)
	@$(RUN) node --no-warnings tests/knownFaults/run.ts "$(ONLY)"

types: setup ## check types
	@$(RUN) npx --no-install tsc --noEmit -p .

lint: setup ## run ESLint, the formatter, the check of the prose, and that for exports that nothing uses, or only tests
	@$(RUN) npx --no-install eslint . && npx --no-install prettier --check --log-level warn .
	@$(RUN) node tools/prose.js
	@$(RUN) npx --no-install knip --no-progress && npx --no-install knip --production --no-progress

prose: setup ## list words that read better in plain English
	@$(RUN) node tools/prose.js

format: setup ## format every file
	@$(RUN) npx --no-install prettier --write --log-level warn .

policy: setup ## preview both shipped stacks under the policies, on the real engine
	@$(RUN) node policies/check.ts

check: types lint policy test ## run types, lint, policy and test

bench-plan: setup ## measure how the plan's simulation grows with years and runs (JSON, and a plot in reports/)
	@mkdir -p reports
	@$(RUN) node lab/bench/retention.ts reports/bench-retention.svg

shell: setup ## open a shell in which plain pulumi commands reach the sandbox
	@bin/castchat-recovery sandbox shell

clean: setup ## stop the sandbox and remove its state
	@bin/castchat-recovery sandbox reset --yes
