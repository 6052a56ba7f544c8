import { parseEnv } from "node:util";

import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { parseDotenv, quotedValue } from "../../../recovery/environment/dotenv.ts";
import { UserError } from "../../../services/common/errors.ts";

const pairs = (text: string) => parseDotenv(text, ".env").map(({ key, value }) => [key, value]);

describe("a .env file", () => {
  it.each([
    ["A=1\nB=two words\n", { A: "1", B: "two words" }],
    ["export A=1\n  B = 2  \nA_B=", { A: "1", B: "2", A_B: "" }],
    ["A=1 # a comment\n# B=2\n\nC='#3' # x", { A: "1", C: "#3" }],
    [String.raw`A='no\nline'` + '\nB="a\\nline"\nC=`it\'s "both"`', { A: "no\\nline", B: "a\nline", C: `it's "both"` }],
    ['KEY="-----BEGIN\nB=not a variable\n-----END"\nC=3', { KEY: "-----BEGIN\nB=not a variable\n-----END", C: "3" }],
    ["A=postgresql://u:p@h:5432/db?x=y", { A: "postgresql://u:p@h:5432/db?x=y" }],
  ])("is read as Node reads it: %j", (text, expected) => {
    expect(Object.fromEntries(pairs(text))).toEqual(expected);
    expect({ ...parseEnv(text) }).toEqual(expected);
  });

  it("may come from Windows, with a byte order mark", () => {
    expect(pairs("\uFEFFA=1\r\nB='2'\r\n")).toEqual([
      ["A", "1"],
      ["B", "2"],
    ]);
  });

  it("gives each variable the remarks before it, and only those", () => {
    const text = "# recovery: drill=same live\n# recovery-drill: 'a b'\n# other\nA=1\nB=2\n";
    expect(parseDotenv(text, ".env")).toEqual([
      { line: 4, key: "A", value: "1", remarks: ["drill=same live"], drillValue: "a b" },
      { line: 5, key: "B", value: "2", remarks: [], drillValue: undefined },
    ]);
  });

  it.each(["hunter2", "A='hunter2", "A='x' hunter2", "1A=hunter2", "A=1\n# recovery: drill=same hunter2\n"])(
    "is refused by the number of a line, without its text: %j",
    (text) => {
      expect(() => parseDotenv(text, "my.env")).toThrow(UserError);
      expect(() => parseDotenv(text, "my.env")).toThrow(/^my\.env is not understood in line \d: (?!.*hunter2)/);
    },
  );

  it("gives back every value that can be written, also to Node", () => {
    const value = fc.string({ unit: fc.constantFrom(..."ab=# \n'\"`\\n$".split(""), "é") });
    fc.assert(
      fc.property(value, value, (first, second) => {
        const written = [first, second].map(quotedValue);
        fc.pre(!written.includes(undefined));
        const text = `A=${written[0]}\nB=${written[1]}\n`;
        expect(pairs(text)).toEqual([
          ["A", first],
          ["B", second],
        ]);
        expect({ ...parseEnv(text) }).toEqual({ A: first, B: second });
      }),
    );
    expect(quotedValue("a\r")).toBeUndefined();
    expect(quotedValue("'`\"")).toBeUndefined();
  });
});
