import { describe, expect, it } from "@jest/globals";
import type { CommanderError } from "commander";

import { castchatRecovery } from "../../cli/program.ts";
import { withSubcommands } from "../../cli/terminal/help.ts";
import { SETTINGS } from "../../settings/schema.ts";
import {
  commandsIn,
  type DocumentCommand,
  DOCUMENTS,
  textOf,
  withValues,
  wordsOf,
} from "../support/documentCommands.ts";

/** What commander says of a command that is only mentioned, without what it needs. */
const MENTIONED = /^commander\.(missing(MandatoryOptionValue|Argument)|optionMissingArgument|help|version)/;

/** What is wrong with a document's command; undefined if nothing is. */
async function faultOf(command: DocumentCommand): Promise<string | undefined> {
  const line = withValues(command.line);
  const [program = "", ...words] = wordsOf(line).map((word) => word.replaceAll(/^'|'$|"/g, ""));
  if (program === "castchat-recovery") return await refusalOf(words, command.typed);
  if (program === "pulumi") return pulumiFault(words);
  return program === "make" ? makeFault(words) : undefined;
}

/** What the command line says of arguments before it acts; undefined if it takes them. */
async function refusalOf(words: readonly string[], typed: boolean): Promise<string | undefined> {
  const program = await castchatRecovery(words);
  for (const command of withSubcommands(program)) {
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0) command.action(() => undefined);
  }
  try {
    await program.parseAsync(words, { from: "user" });
    return undefined;
  } catch (error) {
    const { code = "", message } = error as Partial<CommanderError>;
    return !typed && MENTIONED.test(code) ? undefined : `castchat-recovery ${words.join(" ")}: ${message}`;
  }
}

/** Pulumi's own commands are run in tests/e2e/parts/documents.ts; here their settings and outputs are known ones. */
function pulumiFault(words: readonly string[]): string | undefined {
  const line = `pulumi ${words.join(" ")}`;
  const [, outputName] = /stack output (\w+)/.exec(line) ?? [];
  if (outputName !== undefined && !new RegExp(`\\b${outputName}\\??: `).test(textOf("components/siteOutputs.ts")))
    return `${line}: no output ${outputName}`;
  if (words[0] !== "config") return undefined;
  const [ended, after = []] = words.includes("--")
    ? [words.slice(2, words.indexOf("--")), words.slice(words.indexOf("--") + 1)]
    : [words.slice(2)];
  const isValueOf = (index: number): boolean => /^(-s|--stack)$/.test(ended[index - 1] ?? "");
  const named = ended.filter((word, index) => !word.startsWith("-") && !isValueOf(index));
  // What another command prints may begin with a dash, as a PEM does, and would be taken for an option.
  if (named.some((word) => word.startsWith("$("))) return `${line}: put -- before $(…)`;
  const [key = "", value] = [...named, ...after];
  const schema = Object.entries(SETTINGS.shape).find(([name]) => name === key.replace(/\[\d+\]$/, ""))?.[1];
  if (schema === undefined) return `${line}: no setting ${key}`;
  // The engine asks for a secret, so that no shell keeps it.
  if (value === undefined && words.includes("--secret")) return undefined;
  if (words[1] === "set" && (value === undefined || (!value.startsWith("$(") && !schema.safeParse(value).success)))
    return `${line}: ${value ?? "nothing"} is no value of ${key}`;
  return undefined;
}

const MAKEFILE = textOf("Makefile");

function makeFault(words: readonly string[]): string | undefined {
  const unknown = words.filter((word) => {
    const [, variable] = /^(\w+)=/.exec(word) ?? [];
    return variable === undefined
      ? !new RegExp(`^${word}:.*##`, "m").test(MAKEFILE)
      : !MAKEFILE.includes(`$(${variable})`);
  });
  return unknown.length === 0 ? undefined : `make: no ${unknown.join(", ")}`;
}

describe("the check of documents' commands", () => {
  it.each([
    ["castchat-recovery release -s dr", /unknown command 'release'/],
    ["castchat-recovery restore --tables public.posts -s prod", /unknown option '--tables'/],
    ["castchat-recovery restore tables public.posts -s prod --older", /unknown option '--older'/],
    ["castchat-recovery restore -s prod --at yesterday", /is not a UTC time/],
    ["castchat-recovery schedule run", /required option '-s, --stack <name>'/],
    ["castchat-recovery schedule run -s prod", undefined],
    ["castchat-recovery verify ID --sample 3/30 -s dr", undefined],
    [
      `pulumi config set --path 'trustedWriterKeys[0]' "$(pulumi stack output signingPublicKey -s prod)" -s dr`,
      /put --/,
    ],
    [
      `pulumi config set -s dr --path 'trustedWriterKeys[0]' -- "$(pulumi stack output signingPublicKey -s prod)"`,
      undefined,
    ],
    [`pulumi config set -s dr awsRegion -- "$(pulumi stack output awsRegin -s dr)"`, /no output awsRegin/],
    ["pulumi config set deletionProtection false -s dr", /no setting deletionProtection/],
    ["pulumi config set mode activ -s dr", /activ is no value of mode/],
    ["pulumi config set generation N -s dr", undefined],
    ["pulumi config rm at -s dr", undefined],
    ["pulumi config set --secret databaseUrl -s prod", undefined],
    ["pulumi config set databaseUrl -s prod", /nothing is no value of databaseUrl/],
    ["make tset", /no tset/],
    ['make test TEST="tests/planning tests/settings" FAST=1', /no FAST=1/],
  ])("%s", async (line, fault) => {
    const found = await faultOf({ line, typed: true });
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(fault);
  });

  it("finds what is typed, and what is mentioned", () =>
    expect(
      commandsIn("Run `make\n  help`.\n\n   ```console\n   pulumi up -s dr   # half a minute\n   ls\n   ```\n"),
    ).toEqual([
      { line: "make help", typed: false },
      { line: "pulumi up -s dr", typed: true },
    ]));
});

describe.each(DOCUMENTS)("%s", (file) => {
  it("gives only commands that the programs take", async () => {
    const faults = await Promise.all(commandsIn(textOf(file)).map(faultOf));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });
});
