import { describe, expect, it } from "@jest/globals";

import { RECOVERY_TIME_OBJECTIVES } from "../../../planning/objectives.ts";
import { realTiming, sleep } from "../../../services/common/timing.ts";
import { scaledTiming } from "../../support/timing.ts";

/** PostgreSQL's default: after this a server looks for a deadlock, and ends one of those that wait for each other. */
const DEADLOCK_TIMEOUT_MS = 1_000;

describe("the real timing", () => {
  it("notices what waits behind the run before a server looks for a deadlock", () =>
    expect(realTiming.lookEveryMs).toBeLessThan(DEADLOCK_TIMEOUT_MS / 2));

  it("lets no session wait for 5 s in sum, over three attempts that each miss a look", () => {
    expect(realTiming.waiterPatienceMs + 3 * realTiming.lookEveryMs).toBeLessThan(5_000);
    expect(realTiming.readerLockMs + realTiming.lookEveryMs).toBeLessThan(5_000);
  });

  it("connects again to a server that restarts, for longer than one connection may take", () => {
    expect(realTiming.readerConnectMs).toBeGreaterThan(2 * realTiming.connectMs);
    expect(realTiming.unreachableMs).toBeGreaterThanOrEqual(3 * realTiming.probeEveryMs);
  });
});

describe("the real timing of a restore", () => {
  it("gives up a lock beside others before a server looks for a deadlock", () =>
    expect(realTiming.swapFurtherLocksMs).toBeLessThan(DEADLOCK_TIMEOUT_MS));

  it("waits for Supabase's restore as long as the database's objective allows", () =>
    expect(realTiming.platformRestore.limitMs).toBe(RECOVERY_TIME_OBJECTIVES.database));

  it("ends the provider's operations before the engine kills it, after 5 s", () =>
    expect(realTiming.operationsEndMs).toBeLessThan(5_000));
});

describe("a scaled timing", () => {
  it("shortens every wait, but those that are named", () => {
    const scaled = scaledTiming(0.1, { connectMs: 5 });
    expect(scaled).toMatchObject({ connectMs: 5, silenceMs: 2_000, waiterPatienceMs: 350, vaultPauseMs: 20 });
    expect(scaled.build).toEqual({ firstMs: 20, longestMs: 500, limitMs: 72_000 });
    expect(Object.keys(scaled)).toEqual(Object.keys(realTiming));
  });
});

describe("sleep", () => {
  it("ends at once when aborted, with the signal's reason", async () => {
    const interruption = new AbortController();
    const sleeping = sleep(60_000, interruption.signal);
    interruption.abort(new Error("stopped by the caller"));
    await expect(sleeping).rejects.toThrow("stopped by the caller");
    await sleep(1);
  });
});
