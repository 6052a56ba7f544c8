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

/**
 * ESLint with the project's own configuration, on texts that stand in for those files: prints the rules that each breaks. It reads no types,
 * which this rule does not need and which take a second for each file.
 */
const LINT = `
  import { ESLint } from "eslint";
  const eslint = new ESLint({
    ruleFilter: ({ ruleId }) => ruleId === "import-x/no-restricted-paths",
    overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: false } } },
  });
  const broken = [];
  for (const [filePath, path] of JSON.parse(process.argv[1])) {
    const [{ messages }] = await eslint.lintText(\`import \${JSON.stringify(path)};\`, { filePath });
    broken.push(messages.map(({ ruleId }) => ruleId));
  }
  console.log(JSON.stringify(broken));
`;

async function lint(imports: readonly (readonly [string, string])[]): Promise<(string | null)[][]> {
  const args = ["--input-type=module", "--eval", LINT, JSON.stringify(imports)];
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
    const broken = await lint([...ACROSS, ...allowed]);
    expect(broken).toEqual([...ACROSS.map(() => ["import-x/no-restricted-paths"]), ...allowed.map(() => [])]);
  }, 120_000);

  it("are those of files that exist", () =>
    expect(ACROSS.map(([file]) => file).filter((file) => !existsSync(join(PROJECT_ROOT, file)))).toEqual([]));
});
