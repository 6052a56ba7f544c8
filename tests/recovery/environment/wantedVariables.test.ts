import { describe, expect, it } from "@jest/globals";

import { digestOf, unsetInDrill, wantedVariables } from "../../../recovery/environment/wantedVariables.ts";
import type { SealedVariable } from "../../../recovery/vault/environmentPart.ts";

const variable = (key: string, more: Partial<SealedVariable> = {}): SealedVariable => ({
  ...(more.from === undefined && { value: `live ${key}` }),
  targets: ["production", "preview", "development"],
  drill: { is: "unset" },
  key,
  ...more,
});
const variables = [
  variable("SECRET"),
  variable("FLAG", { drill: { is: "same" } }),
  variable("MAIL_KEY", { drill: { is: "value", value: "test" }, targets: ["production"] }),
  variable("DATABASE_URL", { from: "databaseUrl", drill: { is: "same" } }),
];
const valueOf = (source: string) => `recovered ${source}`;
const except = [{ key: "DATABASE_URL", targets: ["production"] as const }];
const shown = (wanted: Awaited<ReturnType<typeof wantedVariables>>) =>
  wanted.map(({ key, targets, value }) => `${key} ${targets.join("+")} ${value}`);

describe("the variables of a recovered app", () => {
  it("are all of them in a recovery, those of the database made from the recovered one", async () => {
    expect(shown(await wantedVariables({ variables }, "active", valueOf, except))).toEqual([
      "SECRET production+preview live SECRET",
      "SECRET development live SECRET",
      "FLAG production+preview live FLAG",
      "FLAG development live FLAG",
      "MAIL_KEY production live MAIL_KEY",
      "DATABASE_URL preview recovered databaseUrl",
      "DATABASE_URL development recovered databaseUrl",
    ]);
  });

  it("are in a drill only drill values, those marked as the same, and those of the recovered database", async () => {
    expect(shown(await wantedVariables({ variables }, "drill", valueOf))).toEqual([
      "FLAG production live FLAG",
      "MAIL_KEY production test",
      "DATABASE_URL production recovered databaseUrl",
    ]);
    expect(unsetInDrill({ variables })).toEqual(["SECRET"]);
  });

  it("have a digest that changes with each of them and cannot be computed without its key", () => {
    const wanted = { key: "A", targets: ["production" as const], value: "1" };
    const keys = [{ digestKey: "a".repeat(44) }, { digestKey: "b".repeat(44) }] as const;
    const digests = [
      digestOf(keys[0], [wanted]),
      digestOf(keys[1], [wanted]),
      digestOf(keys[0], [{ ...wanted, value: "2" }]),
      digestOf(keys[0], [{ ...wanted, key: "B" }]),
      digestOf(keys[0], [{ ...wanted, targets: ["preview"] }]),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    const other = { ...wanted, key: "B" };
    expect(digestOf(keys[0], [wanted, other])).toBe(digestOf(keys[0], [other, wanted]));
  });
});
