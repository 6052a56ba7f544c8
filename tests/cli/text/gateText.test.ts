import { describe, expect, it } from "@jest/globals";

import { isUnfinished, statusLines } from "../../../cli/text/gateText.ts";
import type { GateLayer } from "../../../recovery/gate/gateRecord.ts";

const layer = (more: Partial<GateLayer> = {}): GateLayer => ({
  holder: "writes stop",
  level: "writes",
  closedAt: new Date("2026-07-01T12:00:00Z"),
  sessionsEnded: true,
  opening: false,
  changes: [],
  ...more,
});
const said = (layers: GateLayer[], more: { olderSessions?: number; authAllowed?: boolean } = {}) => {
  const state = { layers, olderSessions: 0, authAllowed: false, ...more };
  return [isUnfinished(state), statusLines(state).slice(layers.length).join(" ")];
};
const NEXT = expect.stringContaining("castchat-recovery restore abandon") as unknown;

describe("the status of writes", () => {
  it("says by what writes are stopped, and whether the auth service is let in", () => {
    expect(said([], { authAllowed: true })).toEqual([false, "Writes are allowed."]);
    expect(statusLines({ layers: [layer()], olderSessions: 0, authAllowed: false })).toEqual([
      "Stopped since 2026-07-01T12:00:00.000Z by `writes stop`.",
    ]);
    const auth = "The auth service may connect and write. To stop it again, run `castchat-recovery writes stop`.";
    expect(said([layer()], { authAllowed: true })).toEqual([false, auth]);
  });

  it("says what was interrupted, and how to finish it", () => {
    expect(said([layer({ sessionsEnded: false })])).toEqual([
      true,
      "`writes stop` is not finished or was interrupted: sessions that began before may not have been ended. Run `writes stop` again.",
    ]);
    expect(said([layer({ sessionsEnded: false })], { olderSessions: 1 })[1]).toMatch(
      /Run `writes stop` again\. 1 session began before the closing and may still write\.$/,
    );
    expect(said([layer({ opening: true })])[1]).toMatch(/^`writes allow` is not finished.*Run `writes allow` again\.$/);
    const [unfinished, lines] = said([layer(), layer({ holder: "1f", opening: true })]);
    expect([unfinished, lines]).toEqual([true, NEXT]);
    expect(lines).toMatch(
      /^The opening by the replacement is not finished or was interrupted: sessions that began while/,
    );
    expect(lines).not.toContain("`writes stop` is");
    expect(said([layer({ holder: "1f", sessionsEnded: false })])[1]).toMatch(/^The closing by the replacement is/);
  });
});
