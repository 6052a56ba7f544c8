import { describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { castchatRecovery } from "../../../cli/program.ts";
import { completionScript } from "../../../cli/terminal/completion.ts";
import { withSubcommands } from "../../../cli/terminal/help.ts";

/** What bash offers for the last of these words. */
async function offered(...words: string[]): Promise<string[]> {
  const ask = `
eval "$SCRIPT"
[ "$(complete -p castchat-recovery)" = "complete -o default -F _castchat_recovery castchat-recovery" ] || exit 3
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_castchat_recovery
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await execa("bash", ["--norc", "-uc", ask, "bash", "castchat-recovery", ...words], {
    env: { SCRIPT: completionScript(await castchatRecovery(), "bash") },
  });
  return stdout.split("\n").filter((word) => word !== "");
}

describe("completion in bash", () => {
  it.each([
    ["rest", "restore restore-platform"],
    ["restore a", "abandon"],
    ["writes st", "stop status"],
    ["restore in-place --c", "--confirm"],
    ["restore --on", "--only"],
    ["restore --only ", "schema data"],
    ["restore into-empty -s dr --only s", "schema"],
    ["restore abandon --a", ""],
    ["backup -s prod --kind c", "critical configuration"],
    ["backup --stack ", ""],
    ["schedule --js", "--json"],
    ["completion ", "bash zsh fish -h --help"],
  ])("offers for %j: %j", async (line, expected) => {
    expect((await offered(...line.split(" "))).join(" ")).toBe(expected);
  });

  it("offers every command at the beginning", async () => {
    const [words, program] = [await offered(""), await castchatRecovery()];
    expect(words).toEqual(expect.arrayContaining(program.commands.map((one) => one.name())));
  });
});

describe("completion in zsh and fish", () => {
  it("uses bash's script in zsh", async () => {
    const program = await castchatRecovery();
    const bash = completionScript(program, "bash");
    expect(completionScript(program, "zsh")).toBe(`autoload -U +X bashcompinit && bashcompinit\n${bash}`);
  });

  it("has a line for every command and option in fish", async () => {
    const program = await castchatRecovery();
    const script = completionScript(program, "fish");
    for (const { options, commands } of withSubcommands(program)) {
      for (const { long } of options) expect(script).toContain(` -l ${long!.slice(2)} `);
      for (const one of commands) expect(script).toContain(` -f -a ${one.name()} -d `);
    }
    expect(script).toContain(
      `complete -c castchat-recovery -n "__castchat_recovery_at '/restore'" -l only -r -f -a 'schema data' -d `,
    );
  });
});
