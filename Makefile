# A thin list of commands. Every target that runs something sets up what it needs first; a second run does no set-up again.
SHELL := /bin/bash
RUN := . .tools/env &&
DRILL ?=
BENCH ?=
.PHONY: help setup drill bench bench-plan test test-times soak types lint prose format policy check shell clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

setup: ## bring Node, packages, the Pulumi engine and the sandbox's services
	@tools/setup.sh

drill: setup ## corrupt the database and repair it, lose everything and recover it, on this one machine (DRILL="--rows 1000 --verbose")
	@bin/castchat-recovery drill $(DRILL)

bench: setup ## backup and restore against pg_dump and pg_restore (BENCH="--megabytes 100 --rounds 1"; lab/lab/bench/README.md)
	@$(RUN) node --no-warnings lab/bench/main.ts $(BENCH)

test: setup ## every test
	@$(RUN) NODE_OPTIONS="--experimental-vm-modules --no-warnings" npx --no-install jest --colors=false $(TEST)

test-times: setup ## what each suite took in the last run of the tests, beside what tests/times.json keeps; keeps it
	@$(RUN) node tests/support/times.js

soak: setup ## kills and interruptions at more instants than `make test` has; the nightly workflow runs it (FAULTS_SEED=N plays a failure again)
	@CASTCHAT_SOAK=1 $(MAKE) --no-print-directory test TEST="tests/faults/runnerKills tests/e2e/company -w 1"

types: setup ## TypeScript's type check
	@$(RUN) npx --no-install tsc --noEmit -p .

lint: setup ## ESLint, the formatter, and exports that nothing uses, or only tests
	@$(RUN) npx --no-install eslint . && npx --no-install prettier --check --log-level warn .
	@$(RUN) npx --no-install knip --no-progress && npx --no-install knip --production --no-progress

prose: setup ## places whose words read better in plain English
	@$(RUN) node tools/prose.js

format: setup ## write the formatter's layout
	@$(RUN) npx --no-install prettier --write --log-level warn .

policy: setup ## previews of both shipped stacks under the policies, on the real engine
	@$(RUN) node policies/check.ts

check: types lint policy test ## everything that proves the project without an account

bench-plan: setup ## how the plan's simulation grows with years and runs, against its budget (JSON, and a plot in reports/)
	@mkdir -p reports
	@$(RUN) node lab/bench/retention.ts reports/bench-retention.svg

shell: setup ## a shell in which plain pulumi commands reach the sandbox
	@bin/castchat-recovery sandbox shell

clean: setup ## stop the sandbox and remove what it keeps
	@bin/castchat-recovery sandbox reset --yes
