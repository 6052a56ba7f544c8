import { setTimeout as sleep } from "node:timers/promises";
import { zstdDecompressSync } from "node:zlib";

import { beforeAll, describe, expect, it } from "@jest/globals";

import { withSession } from "../../../recovery/postgres/session/database.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { brisk } from "../../support/timing.ts";
import { startBackingUp } from "../support/backingUp.ts";

/** In every row of the table that is read in several chunks, and in no other. */
const BIG = "of the big table: ";

const source = forSuite(startBackingUp);
beforeAll(async () => {
  // One stream of five chunks, which random words keep from being small, and enough others for every reader.
  const words = "(select string_agg(md5(random()::text), '') from generate_series(1, 15 + n % 2))";
  await source.database.query(`
    create table public.big as select n, '${BIG}' || ${words} as words from generate_series(1, 55000) n;
    create table public.second as select n, ${words} as words from generate_series(1, 20000) n; create table public.third as table public.second;
    create table public.fourth as table public.second; create table public.fifth as table public.second; create table public.sixth as table public.second`);
}, 60_000);

const isRows = (key: string) => key.includes("/data/");
const OURS = "application_name like 'castchat-recovery backup %'";

describe("a run's readers", () => {
  it("never use more than four connections, including the leading one and pg_dump's", async () => {
    const vault = await source.cloud.newVault();
    const slow: Vault = {
      ...vault,
      async put(key, body, options) {
        if (isRows(key)) await sleep(50);
        return await vault.put(key, body, options);
      },
    };
    const running = new AbortController();
    const seen: number[] = [];
    const watching = withSession(source.database.superuserUrl, { applicationName: "test" }, async (session) => {
      while (!running.signal.aborted) {
        // Not the server's own helpers of a count, which it lists as well.
        const [row] = await session.query<{ n: number }>(
          `select count(*)::int as n from pg_stat_activity where ${OURS} and backend_type = 'client backend'`,
        );
        seen.push(row!.n);
        await sleep(5);
      }
    });
    await source.backUp(slow);
    running.abort();
    await watching;
    expect(Math.max(...seen)).toBe(4);
  }, 60_000);

  it("are replaced while the snapshot lives: their item is read again, and no row comes twice", async () => {
    const vault = await source.cloud.newVault();
    let storedOfBig = 0;
    let ended: { query: string }[] = [];
    const cutting: Vault = {
      ...vault,
      async put(key, body, options) {
        const stored = await vault.put(key, body, options);
        const isOfBig = isRows(key) && zstdDecompressSync(body as Uint8Array).includes(BIG);
        // Its reader holds one more chunk and waits for this one, so that it can't be done with the table yet.
        if (isOfBig && (storedOfBig += 1) === 2)
          ended = await source.database.asSuperuser(
            `select query, pg_terminate_backend(pid) from pg_stat_activity where ${OURS} and state = 'active' and query like 'copy "public"."big"%'`,
          );
        return stored;
      },
    };
    const said: string[] = [];
    const { backupId } = await source.backUp(cutting, { reporter: (message) => void said.push(message) });
    expect(ended).toHaveLength(1);
    expect(said.filter((one) => one.includes("starting again"))).toEqual([]);
    const { chunks, parts } = await source.manifestOf(vault);
    expect([...chunks, ...parts].some(({ key }) => key.includes("/attempt-"))).toBe(false);
    // Numbers of chunks that were stored and given up with what they belong to.
    const numbers = chunks.map(({ key }) => Number(/(\d+)\.copy/.exec(key)?.[1]));
    expect(Math.max(...numbers)).toBeGreaterThan(chunks.length);
    expect(await source.check(vault, { backupId })).toMatchObject({ backupId, ok: true });
  }, 60_000);
});

describe("a run whose pg_dump is ended by an administrator", () => {
  /** Ends pg_dump's sessions, at most so many, as each waits for the lock of a catalog that no other session of a run reads. */
  async function backUpEnding(most: number) {
    const vault = await source.cloud.newVault();
    const running = new AbortController();
    const ending = withSession(source.database.superuserUrl, { applicationName: "test" }, async (holder) => {
      await holder.query("begin; lock table pg_catalog.pg_ts_parser in access exclusive mode");
      const end = `select pg_terminate_backend(pid) from pg_stat_activity where ${OURS} and wait_event_type = 'Lock' and query ~ 'pg_ts_parser'`;
      // One session looks again and again: a new one for each look keeps the server busy with nothing else.
      await withSession(source.database.superuserUrl, { applicationName: "test" }, async (looking) => {
        for (let ended = 0; ended < most && !running.signal.aborted;) ended += (await looking.query(end)).length;
      });
    });
    const said: string[] = [];
    const reporter = (message: string) => void said.push(message);
    const outcome: unknown = await source
      .backUp(vault, { reporter, timing: brisk, acceptsSmaller: true })
      .catch((error: unknown) => error);
    running.abort();
    await ending;
    const again = said.filter((one) => one.endsWith("then starting again"));
    return { vault, outcome, again };
  }
  const SAID =
    "The server has ended a session of the backup (terminating connection due to administrator command), then starting again";

  it("starts again with another snapshot, and says what happened", async () => {
    const { vault, outcome, again } = await backUpEnding(1);
    expect(again).toEqual([SAID]);
    const { backupId } = outcome as { backupId: string };
    expect(await source.check(vault, { backupId })).toMatchObject({ backupId, ok: true });
  }, 60_000);

  it("says after the last attempt what happened, what does so, and what to run", async () => {
    const { vault, outcome, again } = await backUpEnding(Infinity);
    expect(outcome).toBeInstanceOf(UserError);
    expect((outcome as UserError).message).toBe(
      "The server ended sessions of the backup in 3 attempts (terminating connection due to administrator command). An administrator can do that (pg_terminate_backend), so can `castchat-recovery writes stop` and `restore in-place`, and a server that restarts. Run `castchat-recovery backup` again once that is over.",
    );
    expect(again).toEqual([SAID, SAID]);
    expect(await source.list(vault)).toMatchObject([
      { proven: false, problems: ["it has no manifest, so it was never finished"] },
    ]);
  }, 60_000);
});

describe("what is stored last", () => {
  it("is the manifest after all that it names, and a proof once it has been read back", async () => {
    const vault = await source.cloud.newVault();
    const stored: string[] = [];
    const noting: Vault = {
      ...vault,
      put: (key, body, options) => {
        stored.push(key);
        return vault.put(key, body, options);
      },
      getBytes: (key, signal) => {
        if (isRows(key)) stored.push("read back");
        return vault.getBytes(key, signal);
      },
    };
    const { backupId, tier } = await source.backUp(noting);
    const { chunks } = await source.manifestOf(vault);
    const [sig, json, proof] = ["manifest.sig", "manifest.json", "proof.json"].map(
      (name) => `${tier}/${backupId}/${name}`,
    );
    const reads = chunks.map(() => "read back");
    const last = [sig, json, ...reads, proof];
    expect(stored.slice(-last.length)).toEqual(last);
    expect(stored.slice(0, -last.length).filter((key) => last.includes(key))).toEqual([]);
  }, 60_000);

  it("is no proof when what is read back is not what was written", async () => {
    const vault = await source.cloud.newVault();
    const broken: Vault = {
      ...vault,
      async getBytes(key, signal) {
        const bytes = await vault.getBytes(key, signal);
        if (bytes !== undefined && key.endsWith("/data/000002.copy.zst")) bytes[bytes.length >> 1]! ^= 1;
        return bytes;
      },
    };
    const damaged = /data\/000002\.copy\.zst is damaged: its SHA-256 is not the manifest's/;
    await expectRefusal(source.backUp(broken), PromiseError, damaged);
    expect(await source.list(vault)).toMatchObject([{ proven: false, problems: ["it was not read back yet"] }]);
  }, 60_000);
});
