import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "@jest/globals";
import type { Command } from "commander";
import { execa } from "execa";

import { castchatRecovery } from "../../cli/program.ts";
import { exitCodeOf, explanationOf } from "../../cli/terminal/failure.ts";
import { presentForm } from "../../cli/terminal/formerCommands.ts";
import { defaultOf, withSubcommands } from "../../cli/terminal/help.ts";
import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";

/** Runs the program in its own process, in another folder, without any account or target. */
async function run(...args: string[]) {
  const environment = { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), NO_COLOR: "1" };
  const { stdout, stderr, exitCode } = await execa(process.execPath, [join(PROJECT_ROOT, "cli", "main.ts"), ...args], {
    cwd: tmpdir(),
    env: environment,
    extendEnv: false,
    reject: false,
  });
  return { stdout, stderr, exitCode };
}

/** The refusal of a command line, in this process. */
async function refusal(args: readonly string[]): Promise<{ said: string; exitCode: number }> {
  const said: string[] = [];
  const present = presentForm(args).args;
  const refusing = await castchatRecovery(present);
  for (const command of withSubcommands(refusing))
    command.configureOutput({ writeErr: (text) => void said.push(text) });
  const error: unknown = await refusing.parseAsync(present, { from: "user" }).catch((thrown: unknown) => thrown);
  return { said: [...said, explanationOf(error) ?? ""].join(""), exitCode: exitCodeOf(error) };
}

let program: Command;
let leaves: Command[];
beforeAll(async () => {
  program = await castchatRecovery();
  leaves = withSubcommands(program).filter(({ commands }) => commands.length === 0);
});
const pathOf = (command: Command): string =>
  command.parent === null ? "" : `${pathOf(command.parent)} ${command.name()}`.trim();

/** A command's help as printed, including the text after it. */
function helpOf(command: Command): string {
  const written: string[] = [];
  command.configureOutput({ writeOut: (text) => void written.push(text) }).outputHelp();
  return written.join("");
}

describe("every command", () => {
  it("shows an example that it accepts", () => {
    for (const command of leaves) {
      const [, line = ""] = /\nExample:\n {2}castchat-recovery (.+)\n/.exec(helpOf(command)) ?? [];
      const words = line.split(" ");
      const [path, group] = [pathOf(command), command.parent!];
      const expected = defaultOf(group) === command && words[1]?.startsWith("-") ? pathOf(group) : path;
      expect(line).toMatch(new RegExp(`^${expected}( |$)`));
      const known = command.options.flatMap(({ short, long }) => [short, long]);
      for (const word of words.filter((one) => one.startsWith("-"))) expect(known).toContain(word);
      for (const { mandatory, short, long } of command.options)
        if (mandatory) expect(words.some((word) => word === short || word === long)).toBe(true);
    }
  });

  it("has --json if it reports something", () => {
    const silent = leaves.filter(({ options }) => !options.some(({ long }) => long === "--json")).map(pathOf);
    expect(silent).toEqual(["resume", "sandbox stop", "sandbox reset", "sandbox shell", "completion"]);
  });
});

describe("castchat-recovery", () => {
  it("prints the package's version, from any folder", async () => {
    const { version } = JSON.parse(await readFile(join(PROJECT_ROOT, "package.json"), "utf8")) as { version: string };
    expect(await run("--version")).toEqual({ stdout: version, stderr: "", exitCode: 0 });
  });

  it.each(["backup", "restore-platform"])("loads only %s to run it", async (name) => {
    expect((await castchatRecovery([name, "-s", "dr"])).commands.map((one) => one.name())).toEqual([name]);
  });

  it("shows the same help without the code of any command", async () => {
    const listed = await castchatRecovery(["--help"]);
    expect(listed.commands.flatMap(({ options, commands }) => [...options, ...commands])).toEqual([]);
    expect(helpOf(listed)).toBe(helpOf(program));
    const [shown] = (await castchatRecovery(["help", "list"])).commands;
    expect(helpOf(shown!)).toContain("--max-age");
  });

  it("lists its commands and the exit codes", () => {
    const help = helpOf(program);
    for (const command of program.commands) expect(help).toContain(`  ${command.name()}`);
    expect(help).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}130 /);
  });

  it("shows the default subcommand's options in the help of restore", () => {
    const restore = program.commands.find((one) => one.name() === "restore")!;
    for (const part of ["in-place", "abandon", "tables", "--only <part>", "--at <time>", "restore -s dr"])
      expect(helpOf(restore)).toContain(part);
  });

  it("accepts the former form of a command, and prints the present one", async () => {
    const { stdout, stderr, exitCode } = await run("restore", "-s", "prod", "--replace", "--abandon");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toMatch(/^`restore --replace --abandon` is now `castchat-recovery restore abandon`\. /);
    expect(stderr).toContain("\nTARGET_DATABASE_URL is not set");
  });

  it.each([
    [["restore", "abandn", "-s", "dr"], "too many arguments"],
    [["restore", "--confirm", "x", "-s", "dr"], "unknown option '--confirm'"],
    [["restore", "--abandon", "-s", "dr"], "unknown option '--abandon'"],
    [["restore", "--replace", "--schema-only", "-s", "dr"], "unknown option '--schema-only'"],
    [["restore", "--tables", ",", "-s", "dr"], "missing required argument 'names'"],
    [["restore", "tables", "posts", "-s", "dr"], '"posts" names no table'],
    [["restore", "--only", "half", "-s", "dr"], "Allowed choices are schema, data."],
    [["restore", "-s", "dr", "--at", "yesterday"], "--at yesterday is not a UTC time"],
    [["restore", "-s", "dr", "--older-auth-settings"], "Set TARGET_SUPABASE_REF to it"],
    [["restore", "-s", "dr"], "TARGET_DATABASE_URL is not set"],
    [["generation", "delete", "2", "-s", "dr", "--without-newer-backup"], "unknown option"],
    [["completion", "tcsh"], "Allowed choices are bash, zsh, fish."],
  ])("refuses %j with exit code 2", async (args, message) => {
    const { said, exitCode } = await refusal(args);
    expect(said).toContain(message);
    expect(exitCode).toBe(2);
  });
});
