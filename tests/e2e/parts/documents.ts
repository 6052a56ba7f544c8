import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { z } from "zod";

import { commandsIn, textOf, withValues } from "../../support/documentCommands.ts";
import { castchatRecovery } from "../support/commands.ts";
import type { PreparedCompany } from "../support/preparedCompany.ts";

const PAGES = ["README.md", "docs/accounts.md", "docs/runbook.md"];

/** The documents' commands that are not run here, with the reason. tests/structure/commands.test.ts parses these, too. */
const ELSEWHERE: readonly (readonly [command: RegExp, reason: string])[] = [
  [/^pulumi (up|preview|destroy|import)\b/, "each suite of this folder updates and previews"],
  [/^castchat-recovery resume -s/, "interruption.ts"],
  [/^castchat-recovery generation (release|delete)/, "secondRecovery.ts"],
  [/^castchat-recovery restore in-place/, "the scenario database corruption"],
  [/^castchat-recovery restore(-platform| abandon| -s prod)/, "suites of recovery/restore; they need another target"],
  [/^castchat-recovery (plan|verify --restore|vault retire|schedule run)/, "suites of their own, which take long"],
];

/** Runs the documents' commands about one stack as they are written, in the documents' order. Each has to end with 0. */
export function documents(company: () => PreparedCompany, stack: "prod" | "dr"): void {
  describe(`a command about ${stack} in README.md, accounts.md and runbook.md`, () => {
    const lines = PAGES.flatMap((page) => commandsIn(textOf(page)))
      .map(({ line }) => line)
      .filter((line) => stackOf(line) === stack)
      .filter((line) => !ELSEWHERE.some(([command]) => command.test(line)));
    // Only what opens and closes the gate has another effect each time.
    const once = lines.filter((line, index) => / writes (stop|allow)/.test(line) || lines.indexOf(line) === index);
    const engine = () => company().context.engine;
    const settingsFiles = () => ["prod", "dr"].map((name) => join(engine().workspace, `Pulumi.${name}.yaml`));
    const exported = new Map<string, string>();
    let settings: string[];
    let id: string;

    beforeAll(async () => {
      settings = await Promise.all(settingsFiles().map((file) => readFile(file, "utf8")));
      const taken = await castchatRecovery(["backup", "-s", stack], engine());
      expect([taken.exitCode, taken.exitCode === 0 ? "" : taken.output]).toEqual([0, ""]);
      const listed = await castchatRecovery(["list", "-s", stack, "--json"], engine());
      id = z.array(z.object({ id: z.string() })).parse(JSON.parse(listed.output))[0]!.id;
    }, 60_000);
    // A page gives settings to choose from, and not all at once.
    afterEach(() => Promise.all(settingsFiles().map((file, index) => writeFile(file, settings[index]!))));

    it.each(once)(
      "%s",
      async (line) => {
        const command = withValues(line, { ID: id, OLDER: id });
        const [, name] = /^export (\w+)=/.exec(command) ?? [];
        if (name !== undefined) exported.set(name, command);
        // The question before rows are lost needs a terminal.
        const answered = command.includes("restore tables") ? `${command} --confirm postgres` : command;
        const script = [...exported.values(), ...(name === undefined ? [answered] : [])].join("\n");
        const { workspace, environment } = engine();
        const options = { cwd: workspace, env: environment, stdin: "ignore", reject: false, all: true } as const;
        const { exitCode, all } = await execa("bash", ["-euc", script], options);
        expect([exitCode, exitCode === 0 ? "" : all]).toEqual([0, ""]);
      },
      60_000,
    );
  });
}

/** The stack that has to run for a command. What needs both needs the primary, which is lost later. */
function stackOf(line: string): string | undefined {
  if (line.startsWith("castchat-recovery sandbox seed")) return "prod";
  const named = [...line.matchAll(/(?:-s|--create) (prod|dr)\b/g)].map(([, stack]) => stack);
  return named.includes("prod") ? "prod" : named[0];
}
