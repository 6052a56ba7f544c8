import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { z } from "zod";

import { commandsIn, textOf, withValues } from "../../support/documentCommands.ts";
import { castchatRecovery, type Ended } from "../support/commands.ts";
import type { PreparedCompany } from "../support/preparedCompany.ts";

const PAGES = ["README.md", "docs/accounts.md", "docs/runbook.md"];

/** The documents' commands that are not run here, with the reason. tests/structure/commands.test.ts parses these, too. */
const ELSEWHERE: readonly (readonly [command: RegExp, reason: string])[] = [
  [/^pulumi (up|preview|destroy|import)\b/, "each suite of this folder updates and previews"],
  [/^castchat-recovery resume -s/, "interruption.ts"],
  [/^castchat-recovery env (import|pull|diff)/, "tests/e2e/existing.test.ts; they need a file and sealed variables"],
  [/^castchat-recovery adopt\b/, "tests/e2e/existing.test.ts; it needs a managed part"],
  [/^castchat-recovery generation (release|delete)/, "secondRecovery.ts"],
  [/^castchat-recovery rollback/, "the scenario application deployment failure"],
  [/^castchat-recovery restore in-place/, "the scenario database corruption"],
  [/^castchat-recovery restore(-platform| abandon| -s)/, "suites of recovery/restore; they need another target"],
  [/^castchat-recovery (plan|verify --restore|vault retire|schedule run)/, "suites of their own, which take long"],
];

/** What is added to a command: an answer to a question that needs a terminal, and one of the company's two apps. */
const ADDED: readonly (readonly [command: RegExp, words: string])[] = [
  [/restore tables/, '--confirm "$(cut -d@ -f2 <<<"${TARGET_DATABASE_URL%%\\?*}")"'],
  [/config restore --part (variables|settings)/, "--app castchat"],
  [/traffic (prepare|settle)/, "--yes"],
];

/** What a command says before it acts, of what users will notice. */
const WARNINGS: readonly (readonly [command: RegExp, warning: RegExp])[] = [
  [
    /^castchat-recovery writes stop/,
    /^Stopping writes\. Logins, the API and uploads fail until `castchat-recovery writes allow`\./m,
  ],
];

/** Runs the documents' commands about one stack as they are written, in the documents' order. Each has to end with 0. */
export function documents(company: () => PreparedCompany, stack: "prod" | "dr"): void {
  describe(`a command about ${stack} in README.md, accounts.md and runbook.md`, () => {
    const lines = PAGES.flatMap((page) => commandsIn(textOf(page)))
      .map(({ line }) => line)
      .filter((line) => stackOf(line) === stack)
      .filter((line) => !ELSEWHERE.some(([command]) => command.test(line)));
    const engine = () => company().context.engine;
    const settingsFiles = () => ["prod", "dr"].map((name) => join(engine().workspace, `Pulumi.${name}.yaml`));
    const exported: Record<string, string> = {};
    let settings: string[];
    let id: string;

    beforeAll(async () => {
      settings = await Promise.all(settingsFiles().map((file) => readFile(file, "utf8")));
      const taken = await castchatRecovery(["backup", "-s", stack], engine());
      expect(faultOf(taken)).toBe("");
      const listed = await castchatRecovery(["list", "-s", stack, "--json"], engine());
      id = z.array(z.object({ backupId: z.string() })).parse(JSON.parse(listed.output))[0]!.backupId;
    }, 60_000);
    // A page gives settings to choose from, and not all at once.
    afterEach(() => Promise.all(settingsFiles().map((file, index) => writeFile(file, settings[index]!))));

    it.each([...new Set(lines)])(
      "%s",
      async (line) => {
        const command = withValues(line, { ID: id, OLDER: id });
        const [, name] = /^export (\w+)=/.exec(command) ?? [];
        const answer = ADDED.find(([wanted]) => wanted.test(command))?.[1] ?? "";
        const script = name === undefined ? `${command} ${answer}` : `${command}; printf %s "$${name}"`;
        const { workspace, environment } = engine();
        const options = {
          cwd: workspace,
          env: { ...environment, ...exported },
          stdin: "ignore",
          reject: false,
          all: true,
        } as const;
        const { exitCode = -1, all: output, stdout } = await execa("bash", ["-euc", script], options);
        expect(faultOf({ exitCode, output })).toBe("");
        for (const [warned, warning] of WARNINGS) if (warned.test(line)) expect(output).toMatch(warning);
        if (name !== undefined) exported[name] = stdout;
      },
      60_000,
    );
  });
}

/** What a command that failed has printed; empty if it did what it should. A lost company's backups lack its repository's settings. */
function faultOf({ exitCode, output }: Ended): string {
  return exitCode === 0 || output.includes("counts as proven, but lacks") ? "" : `${exitCode}: ${output}`;
}

/** The stack that has to run for a command. What needs both needs the primary, which is lost later. */
function stackOf(line: string): string | undefined {
  if (/^castchat-recovery (sandbox seed|mirror)/.test(line)) return "prod";
  const named = [...line.matchAll(/(?:-s|--create) (prod|dr)\b/g)].map(([, stack]) => stack);
  return named.includes("prod") ? "prod" : named[0];
}
