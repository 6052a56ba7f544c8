import { describe, expect, it } from "@jest/globals";

import { plainTable } from "../../../cli/terminal/table.ts";

describe("a table", () => {
  const table = plainTable(["backup", "kind", "state"]);
  table.push(["20260701T020000Z-1a2b3c", "full", "proven; LACKS a part that could not be read: `verify` names it"]);
  table.push(["20260630T020000Z-4d5e6f", "full", "proven"]);

  it.each([undefined, 120])("is drawn at %s columns", (width) => {
    const lines = table.toString(width).split("\n");
    expect(lines[1]).toMatch(/^│ backup +│ kind │ state +│$/);
    expect(lines).toHaveLength(6);
  });

  it.each([40, 80])("is a block of lines for each row at %s columns", (width) => {
    const lines = table.toString(width).split("\n");
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    expect(lines.slice(-3)).toEqual(["20260630T020000Z-4d5e6f", "  kind   full", "  state  proven"]);
    expect(lines.join(" ").replaceAll(/\s+/g, " ")).toContain("LACKS a part that could not be read: `verify` names it");
  });

  it("keeps a long word whole, and a cell that spans its row", () => {
    const ids = plainTable(["", "id"]);
    ids.push([{ colSpan: 2, content: "rows: ok" }]);
    ids.push(["ok", "20260701T020000Z-1a2b3c"]);
    expect(ids.toString(20)).toBe("rows: ok\nok\n  id  20260701T020000Z-1a2b3c");
  });
});
