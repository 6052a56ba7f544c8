import { describe, expect, it } from "@jest/globals";

import { Months } from "../../../planning/forecast/months.ts";

const months = new Months(Date.UTC(2027, 0, 15) / 86_400_000, 40);

/** The share of each month in a stay, by the month's name. */
function sharesOf(from: number, to: number): Record<string, number> {
  const shares: Record<string, number> = {};
  months.share(from, to, (month, share) => (shares[months.names[month]!] = share));
  return shares;
}

describe("the months of a range of days", () => {
  it("are those that it touches", () => expect(months.names).toEqual(["2027-01", "2027-02"]));

  it.each([
    ["within a month", "2027-01-01", "2027-01-16", { "2027-01": 15 / 31 }],
    ["over two months", "2027-01-31", "2027-02-15", { "2027-01": 1 / 31, "2027-02": 14 / 28 }],
    ["that outlasts the last month", "2027-02-15", "2027-06-01", { "2027-02": 14 / 28 }],
    ["that begins after the last month", "2027-03-02", "2027-04-01", {}],
  ])("share a stay %s", (_name, from, to, expected) =>
    expect(sharesOf(Date.parse(from), Date.parse(to))).toEqual(expected),
  );
});
