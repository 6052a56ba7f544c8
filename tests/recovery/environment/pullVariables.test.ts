import { describe, expect, it } from "@jest/globals";

import { compareVariables } from "../../../recovery/environment/compareVariables.ts";
import { parseDotenv } from "../../../recovery/environment/dotenv.ts";
import { variablesIn } from "../../../recovery/environment/fileVariables.ts";
import { type LiveVariable, liveVariables, targetsIn } from "../../../recovery/environment/liveVariables.ts";
import { dotenvText, pullVariables } from "../../../recovery/environment/pullVariables.ts";
import type { SealedVariable } from "../../../recovery/vault/environmentPart.ts";
import type { AppHost } from "../../../services/appHost/appHost.ts";
import { UserError } from "../../../services/common/errors.ts";

const REF = "abcdefghijklmnopqrst";
const live = (key: string, more: Partial<LiveVariable> = {}): LiveVariable => ({
  id: key,
  key,
  type: "encrypted",
  targets: ["production"],
  isReadable: true,
  branch: undefined,
  environments: [],
  comment: undefined,
  changedAt: undefined,
  ...more,
});
const sealed = (key: string, more: Partial<SealedVariable> = {}): SealedVariable => ({
  key,
  targets: ["production"],
  drill: { is: "unset" },
  ...(more.from === undefined && { value: `sealed ${key}` }),
  ...more,
});
const valueOf = ({ key }: LiveVariable) => Promise.resolve(`live ${key}`);
const project = (...variables: LiveVariable[]) => ({ variables, partial: [] });

describe("a file of variables", () => {
  it("holds what the host shows, otherwise what is sealed, and names what neither has", async () => {
    const there = project(
      live("SHOWN"),
      live("HIDDEN", { isReadable: false }),
      live("LOST", { isReadable: false }),
      live("DATABASE_URL", { isReadable: false }),
    );
    const known = [sealed("SHOWN", { drill: { is: "same" } }), sealed("HIDDEN"), sealed("ONLY_SEALED")];
    const { variables, ...rest } = await pullVariables(there, { variables: known }, valueOf);
    expect(variables.map(({ key, value, from, drill }) => [key, value, from, drill.is])).toEqual([
      ["SHOWN", "live SHOWN", undefined, "same"],
      ["HIDDEN", "sealed HIDDEN", undefined, "unset"],
      ["LOST", undefined, undefined, "unset"],
      ["DATABASE_URL", undefined, "databaseUrl", "same"],
      ["ONLY_SEALED", "sealed ONLY_SEALED", undefined, "unset"],
    ]);
    expect(rest).toEqual({ lacking: ["LOST"], gone: ["ONLY_SEALED"] });
    // The live project may be lost.
    expect((await pullVariables(undefined, { variables: known }, valueOf)).variables).toEqual(known);
  });

  it("is read back by an import as it was written, with every remark", () => {
    const variables = [
      sealed("A", { value: "two\nlines", targets: ["production", "preview"] }),
      sealed("DATABASE_URL", { value: "literal" }),
      sealed("EMPTY", { value: "" }),
      sealed("FILES", { value: `https://${REF}.supabase.co`, drill: { is: "same" } }),
      sealed("MAPPED", { from: "{supabaseUrl}/x", drill: { is: "same" } }),
      sealed("SMTP_PASS", { drill: { is: "same" } }),
      sealed("STRIPE_KEY", { drill: { is: "value", value: "it's a test" } }),
    ];
    const text = dotenvText(variables, REF);
    expect(variablesIn(parseDotenv(text, ".env"), ".env", { ref: REF }).variables).toEqual(variables);
  });

  it("is refused, by name, for a value that no such file can hold", () => {
    const refused = () => dotenvText([sealed("A", { value: "hunter2\r" }), sealed("B")]);
    expect(refused).toThrow(UserError);
    expect(refused).toThrow(/the values of A: /);
    expect(refused).not.toThrow(/hunter2/);
  });
});

describe("the live project", () => {
  it("shows whole variables, and names those of a branch or an environment of its own", async () => {
    const list = [
      live("A", { targets: ["preview", "production"] }),
      live("B", { branch: "main" }),
      live("C", { targets: [] }),
    ];
    const appHost = { listVariables: () => Promise.resolve(list) } as unknown as AppHost;
    const found = await liveVariables(appHost, "web");
    expect(found.variables.map(({ key, targets }) => [key, targets])).toEqual([["A", ["production", "preview"]]]);
    expect(found.partial).toEqual(["B", "C"]);
    expect([targetsIn(found, "A"), targetsIn(found, "X")]).toEqual([["production", "preview"], undefined]);
  });

  it("is compared by name, target and hash", async () => {
    const there = project(
      live("SAME"),
      live("OTHER"),
      live("HIDDEN", { isReadable: false }),
      live("WIDER", { targets: ["production", "preview"] }),
      live("DATABASE_URL"),
      live("NEW"),
    );
    const variables = [
      sealed("SAME", { value: "live SAME" }),
      sealed("OTHER"),
      sealed("HIDDEN"),
      sealed("WIDER", { value: "live WIDER" }),
      sealed("DATABASE_URL", { from: "databaseUrl" }),
      sealed("OLD"),
    ];
    const compared = await compareVariables({ variables }, there, valueOf);
    expect(compared.differences).toEqual([
      { key: "NEW", target: "production", difference: "not sealed" },
      { key: "OLD", target: "production", difference: "not in the project" },
      { key: "OTHER", target: "production", difference: "other value" },
      { key: "WIDER", target: "preview", difference: "not sealed" },
    ]);
    const rest = { unreadable: ["HIDDEN"], mapped: ["DATABASE_URL"], equal: ["SAME", "WIDER"] };
    expect(compared).toMatchObject(rest);
    expect(JSON.stringify(compared)).not.toMatch(/"(live|sealed) /);
  });
});
