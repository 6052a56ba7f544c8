import { describe, expect, it } from "@jest/globals";

import { castchatRecovery } from "../../../cli/program.ts";
import { presentForm } from "../../../cli/terminal/formerCommands.ts";

/** A former command line, its present form, and both forms as the note names them. */
const ROWS = [
  [
    "restore -s prod --replace --confirm h:5432/postgres --backup=B --accept-broader-rights",
    "restore in-place -s prod --confirm h:5432/postgres --backup=B --accept-broader-rights",
    "restore --replace",
    "restore in-place",
  ],
  [
    "restore --replace --older-auth-settings --at 2026-07-01T02:00:00Z --json --stack prod",
    "restore in-place --at 2026-07-01T02:00:00Z --json --stack prod",
    "restore --replace",
    "restore in-place",
  ],
  [
    "restore -s prod --replace --abandon --json",
    "restore abandon -s prod --json",
    "restore --replace --abandon",
    "restore abandon",
  ],
  [
    // Messages of the former version said "the same command with --abandon".
    "restore --backup B --replace -s prod --confirm=x --abandon --accept-broader-rights",
    "restore abandon -s prod",
    "restore --replace --abandon",
    "restore abandon",
  ],
  [
    "restore --tables=public.posts --yes-replace-rows-of abc -s prod",
    "restore tables public.posts --confirm abc -s prod",
    "restore --tables",
    "restore tables",
  ],
  [
    "restore --tables public.posts --yes-replace-rows-of=abc -s prod",
    "restore tables public.posts --confirm=abc -s prod",
    "restore --tables",
    "restore tables",
  ],
  [
    "restore -s dr --schema-only --at T",
    "restore --only schema -s dr --at T",
    "restore --schema-only",
    "restore --only schema",
  ],
  ["restore -s dr --data-only", "restore --only data -s dr", "restore --data-only", "restore --only data"],
  [
    "generation release 2 -s dr --delete --confirm castchat-dr-g2",
    "generation delete 2 -s dr --confirm castchat-dr-g2",
    "generation release --delete",
    "generation delete",
  ],
  ["release -s dr --backup B", "resume-jobs -s dr --backup B", "release", "resume-jobs"],
  ["configuration B -s dr --json", "config show B -s dr --json", "configuration", "config show"],
].map(([former = "", present = "", was, now]) => [former.split(" "), present.split(" "), was, now] as const);
ROWS.push([
  ["restore", "-s", "prod", "--tables", 'public.posts, "My, schema"."a ""b"".c" ,auth.users', "--backup", "B"],
  ["restore", "tables", "public.posts", '"My, schema"."a ""b"".c"', "auth.users", "-s", "prod", "--backup", "B"],
  "restore --tables",
  "restore tables",
]);

describe("the former form of a command line", () => {
  it.each(ROWS)("%j is now %j", (former, present, was, now) => {
    expect(presentForm(former)).toEqual({
      args: present,
      note: `\`${was}\` is now \`castchat-recovery ${now}\`. The old form works until version 0.3.`,
    });
    expect(presentForm(present)).toEqual({ args: present, note: undefined });
  });

  it.each(ROWS)("%j names only options that %j has", async (_former, present) => {
    const [name = "", next = ""] = present;
    const { commands } = await castchatRecovery([name]);
    const group = commands.find((one) => one.name() === name)!;
    const named = group.commands.find((one) => one.name() === next);
    const command = named ?? group.commands.find((one) => one.name() === "into-empty") ?? group;
    const known = command.options.flatMap(({ short, long }) => [short, long]);
    for (const arg of present.filter((one) => one.startsWith("-"))) expect(known).toContain(arg.split("=")[0]);
  });

  it.each([
    [["restore", "-s", "dr"]],
    [["generation", "release", "2", "-s", "dr"]],
    [["backup", "--kind", "schema-only"]],
    [["vault", "release"]],
    [[]],
  ])("leaves %j as it is", (args) => expect(presentForm(args)).toEqual({ args, note: undefined }));

  it("still refuses combinations that were never allowed", () => {
    expect(presentForm(["restore", "--replace", "--schema-only"]).args).toEqual([
      "restore",
      "in-place",
      "--schema-only",
    ]);
    expect(presentForm(["restore", "--tables", ""]).args).toEqual(["restore", "tables"]);
    expect(presentForm(["restore", "--tables"]).args).toEqual(["restore", "tables"]);
  });
});
