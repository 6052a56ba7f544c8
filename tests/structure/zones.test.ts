import { existsSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";

/** A file, and what it must not import. */
const ACROSS = [
  ["planning/tiers.ts", "../services/common/clock.ts"],
  ["settings/schema.ts", "../services/common/errors.ts"],
  ["components/backupVault.ts", "../recovery/vault/manifest.ts"],
  ["policies/pack.ts", "../components/backupVault.ts"],
  ["services/common/clock.ts", "../http/http.ts"],
  ["services/dns/cloudflare.ts", "../appHost/vercel.ts"],
  ["services/vault/vault.ts", "../services.ts"],
  ["services/services.ts", "../recovery/vault/manifest.ts"],
  ["services/vault/vault.ts", "../../recovery/vault/manifest.ts"],
  ["recovery/postgres/rows/rows.ts", "../../vault/manifest.ts"],
  ["recovery/vault/manifest.ts", "../backup/backup.ts"],
  ["recovery/gate/writeGate.ts", "../restore/run/journal.ts"],
  ["recovery/project/storageRows.ts", "../restore/run/journal.ts"],
  ["recovery/restore/run/journal.ts", "../../backup/backup.ts"],
  ["recovery/backup/backup.ts", "../restore/run/journal.ts"],
  ["recovery/verify/verify.ts", "../backup/backup.ts"],
  ["recovery/configuration/configuration.ts", "../../services/services.ts"],
  ["provider/host/definition.ts", "../../recovery/vault/manifest.ts"],
  ["runner/main.ts", "../cli/terminal/confirm.ts"],
  ["cli/main.ts", "../lab/drills/run.ts"],
  ["cli/commands/backup.ts", "../../lab/drills/run.ts"],
  ["cli/terminal/confirm.ts", "../../provider/recovery/definition.ts"],
] as const;

const ZONE_RULES = ["import-x/no-restricted-paths", "no-console", "no-restricted-imports", "no-restricted-properties"];

/**
 * ESLint with the project's own configuration, on texts that stand in for files: prints which of those rules each breaks. It reads no
 * types, which they do not need and which take a second for each file.
 */
const LINT = `
  import { ESLint } from "eslint";
  const eslint = new ESLint({
    ruleFilter: ({ ruleId }) => ${JSON.stringify(ZONE_RULES)}.includes(ruleId),
    overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: false } } },
  });
  const broken = [];
  for (const [filePath, text] of JSON.parse(process.argv[1])) {
    const [{ messages }] = await eslint.lintText(text, { filePath });
    broken.push(messages.map(({ ruleId }) => ruleId));
  }
  console.log(JSON.stringify(broken));
`;

async function lint(texts: readonly (readonly [file: string, text: string])[]): Promise<(string | null)[][]> {
  const args = ["--input-type=module", "--eval", LINT, JSON.stringify(texts)];
  const { stdout } = await execa(process.execPath, args, { cwd: PROJECT_ROOT });
  return JSON.parse(stdout) as (string | null)[][];
}

describe("ESLint's zones", () => {
  it("refuse an import across each of them, and no other", async () => {
    const allowed = [
      ["cli/commands/drill.ts", "../../lab/drills/run.ts"],
      ["services/services.ts", "./vault/vault.ts"],
      ["runner/main.ts", "../services/services.ts"],
      ["policies/check.ts", "../recovery/pulumi/previewWorkspace.ts"],
      ["recovery/restore/run/journal.ts", "../../vault/manifest.ts"],
    ] as const;
    const broken = await lint([...ACROSS, ...allowed].map(([file, path]) => [file, `import "${path}";`]));
    expect(broken).toEqual([...ACROSS.map(() => ["import-x/no-restricted-paths"]), ...allowed.map(() => [])]);
  }, 120_000);

  it("let only cli/terminal/ and the entries of programs write to a standard stream", async () => {
    const writes: [text: string, rule: string][] = [
      ["process.stdout.write(name);", "no-restricted-properties"],
      ["process.stderr.write(name);", "no-restricted-properties"],
      ['process["stderr"].write(name);', "no-restricted-properties"],
      ["const { stdout } = process;", "no-restricted-properties"],
      ['import { stderr } from "node:process";', "no-restricted-imports"],
      ['import process from "process";', "no-restricted-imports"],
      ["console.error(name);", "no-console"],
    ];
    const elsewhere = [
      "cli/commands/backup.ts",
      "recovery/backup/backup.ts",
      "services/common/terminal.ts",
      "index.ts",
    ];
    const refused = elsewhere.flatMap((file) => writes.map(([text]) => [file, text] as const));
    const permitted = ["cli/terminal/progress.ts", "runner/main.ts", "provider/host/serve.ts", "lab/drills/run.ts"];
    const [[text]] = writes as [[string, string]];
    const broken = await lint([...refused, ...permitted.map((file) => [file, text] as const)]);
    const rules = writes.map(([, rule]) => [rule]);
    expect(broken).toEqual([...elsewhere.flatMap(() => rules), ...permitted.map(() => [])]);
  }, 120_000);

  it("are those of files that exist", async () => {
    const { WRITERS } = (await import(join(PROJECT_ROOT, "tools", "zones.js"))) as { WRITERS: string[] };
    const files = [...ACROSS.map(([file]) => file), ...WRITERS.map((file) => file.replace("/**/*.ts", ""))];
    expect(files.filter((file) => !existsSync(join(PROJECT_ROOT, file)))).toEqual([]);
  });
});
