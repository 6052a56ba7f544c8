import { describe, expect, it, jest } from "@jest/globals";

import { printResult, reportText } from "../../../cli/terminal/progress.ts";

/** What is written to a stream meanwhile. */
function writtenTo(stream: "stdout" | "stderr", work: () => void): string {
  const written: string[] = [];
  const write = jest.spyOn(process[stream], "write").mockImplementation((text) => written.push(String(text)) > 0);
  try {
    work();
  } finally {
    write.mockRestore();
  }
  return written.join("");
}

/** Names of a database that would erase the line above, as old terminals read the second one, too. */
const NAMES = ["a\u001b[2K", "b\u009b2K"];

describe("what a command prints", () => {
  it("keeps its own lines, and shows control characters of names", () => {
    expect(writtenTo("stdout", () => printResult(NAMES, false, NAMES))).toBe("a\\u001b[2K\nb\\u009b2K\n");
    expect(writtenTo("stderr", () => reportText(NAMES.join("\n")))).toBe("a\\u001b[2K\nb\\u009b2K\n");
  });

  it("is JSON with the same values, without a control character", () => {
    const json = writtenTo("stdout", () => printResult(NAMES, true, []));
    expect(json).not.toMatch(/[\u001b\u009b]/);
    expect(JSON.parse(json)).toEqual(NAMES);
  });
});
