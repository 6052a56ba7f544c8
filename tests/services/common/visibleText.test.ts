import { describe, expect, it } from "@jest/globals";

import { visible, visibleText } from "../../../services/common/visibleText.ts";

describe("visible", () => {
  it("shows what would move the cursor, colour, turn the direction or break the line", () => {
    const hostile = "a\u001b[2K\u009b1A\r\n\u202eb\u2028c";
    expect(visible(hostile)).toBe("a\\u001b[2K\\u009b1A\\u000d\\u000a\\u202eb\\u2028c");
    expect(visible("Hôtel 東京 – 12 %")).toBe("Hôtel 東京 – 12 %");
  });
});

describe("visibleText", () => {
  it("keeps the lines of a text, and the value of JSON", () => {
    expect(visibleText("one\ntwo\u001b[2K")).toBe("one\ntwo\\u001b[2K");
    const value = { name: "a\u001b\u009b\u202e\n" };
    const shown = visibleText(JSON.stringify(value, null, 2));
    expect(shown).not.toMatch(/[\u0080-\u009f\u202e]/);
    expect(JSON.parse(shown)).toEqual(value);
  });
});
