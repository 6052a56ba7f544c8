/**
 * Who may import whom: each folder, and the folders whose files it may import beside its own. Everything else is refused by ESLint.
 * The table is in order: no folder names one below it. The composition root is a row of its own, which a folder has to name.
 */
const ZONES = {
  planning: [],
  settings: ["planning"],
  components: ["settings", "planning"],
  "services/common": [],
  "services/http": ["services/common"],
  "services/aws": ["services/common"],
  "services/vault": ["services/aws", "services/common"],
  "services/signer": ["services/aws", "services/common"],
  "services/scheduler": ["services/aws", "services/common"],
  "services/databaseHost": ["services/http", "services/common"],
  "services/appHost": ["services/http", "services/common"],
  "services/codeHost": ["services/http", "services/common"],
  "services/dns": ["services/http", "services/common"],
  "services/services.ts": ["services", "settings"],
  "recovery/postgres": ["planning", "services/common"],
  "recovery/pulumi": ["settings", "planning", "services/common"],
  "recovery/vault": ["recovery/postgres", "recovery/pulumi", "services", "planning"],
  "recovery/gate": ["recovery/postgres", "services/common"],
  "recovery/adopt": ["recovery/pulumi", "services", "settings"],
  "recovery/plan": ["recovery/pulumi", "services/common", "settings", "planning"],
  policies: ["recovery/plan", "recovery/pulumi", "planning", "services/common"],
  "recovery/mirror": ["services"],
  "recovery/site": ["recovery/postgres", "recovery/pulumi", "recovery/vault", "services", "planning"],
  "recovery/rollback": ["recovery/site", "recovery/postgres", "services", "planning"],
  "recovery/project": ["recovery/vault", "recovery/postgres", "services", "planning"],
  "recovery/configuration": ["recovery/vault", "recovery/postgres", "services", "settings"],
  "recovery/restore": [
    ...["recovery/project", "recovery/gate", "recovery/vault", "recovery/postgres", "services", "planning"],
  ],
  "recovery/backup": [
    ...["recovery/project", "recovery/configuration", "recovery/gate", "recovery/vault", "recovery/postgres"],
    ...["services", "planning"],
  ],
  "recovery/environment": ["recovery/backup", "recovery/vault", "recovery/postgres", "services", "planning"],
  "recovery/verify": ["recovery/restore", "recovery/vault", "recovery/postgres", "services"],
  "recovery/assess": [
    ...["recovery/restore", "recovery/backup", "recovery/project", "recovery/gate", "recovery/vault"],
    ...["recovery/postgres", "services", "planning"],
  ],
  "recovery/firstDay": ["recovery/pulumi", "components", "services", "settings", "planning"],
  "recovery/doctor": [
    ...["recovery/site", "recovery/environment", "recovery/vault", "recovery/postgres"],
    ...["services", "settings", "planning"],
  ],
  "provider/host": ["services/common"],
  "provider/recovery": ["provider/host", "recovery", "services", "services/services.ts", "settings", "planning"],
  runner: ["recovery", "services", "services/services.ts", "components", "settings", "planning"],
  cli: ["runner", "recovery", "services", "services/services.ts", "settings", "planning"],
  lab: ["cli", "runner", "provider", "recovery", "services", "settings", "planning"],
};

/** The only files outside of `lab/` and `tests/` that know the sandbox. */
export const LAB_COMMANDS = ["cli/commands/drill.ts", "cli/commands/sandbox.ts"];

/**
 * The only files that write to a standard stream. What a person reads there passes `visible` or `visibleText` on its way, so that no name of a
 * database can forge or erase lines. Those beside `cli/terminal/` are entries of programs of their own.
 */
export const WRITERS = [
  "cli/terminal/**/*.ts",
  "policies/check.ts",
  // The engine reads the port, and keeps what the provider writes to its log.
  "provider/host/serve.ts",
  "provider/recovery/appDeployment.ts",
  // The parent reads the last line.
  "recovery/pulumi/previewChild.ts",
  "recovery/pulumi/recordChild.ts",
  "runner/main.ts",
  "runner/mirrorRun.ts",
  "runner/functions/mirrorPoller.ts",
  "lab/**/*.ts",
  "tests/**/*.ts",
];

/** The zones of import-x/no-restricted-paths. `also` is a folder that every one of them may import. */
export function restrictedPaths(also) {
  const names = Object.keys(ZONES);
  const covers = (folder, name) => name === folder || (name.startsWith(`${folder}/`) && !name.endsWith(".ts"));
  return names.map((target) => ({
    target: `./${target}`,
    from: names
      .filter((name) => name !== target && name !== also && !ZONES[target].some((allowed) => covers(allowed, name)))
      .map((name) => `./${name}`),
    message: `${target} may import ${ZONES[target].join(", ") || "nothing of the project"} (tools/zones.js).`,
  }));
}
