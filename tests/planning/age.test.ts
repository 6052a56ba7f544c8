import { expect, it } from "@jest/globals";

import { ageText, parseAge } from "../../planning/age.ts";

const HOUR = 3_600_000;

it.each<[string, number | undefined]>([
  ["25h", 25 * HOUR],
  ["2d", 48 * HOUR],
  ["90m", 1.5 * HOUR],
  ...["0h", "25", "h", "", "25 h", "1.5h", "-1h", "25H", "1w", "9999999h"].map((text): [string, undefined] => [
    text,
    undefined,
  ]),
])("reads the age %j as %j", (text, ageMs) => expect(parseAge(text)).toBe(ageMs));

it.each([
  [26 * HOUR + 119_999, "26 h 1 min"],
  [51 * HOUR + 59_999, "2 d 3 h"],
  [3 * HOUR, "3 h 0 min"],
  [59_999, "0 min"],
  [-HOUR, "0 min"],
])("writes %d ms as %s", (ageMs, text) => expect(ageText(ageMs)).toBe(text));
