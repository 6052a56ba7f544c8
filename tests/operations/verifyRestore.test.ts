import { mkdtemp, chmod, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../clients/clock.ts";
import { localThrowaway } from "../../clients/localThrowaway.ts";
import { silent } from "../../clients/reporter.ts";
import type { Signer } from "../../clients/signer.ts";
import type { Vault } from "../../clients/vault.ts";
import { backup } from "../../operations/backup.ts";
import { CHECKLIST, stateOf } from "../../operations/testRestore/checklist.ts";
import { verify } from "../../operations/verify.ts";
import type { VerifyOptions } from "../../operations/verify.ts";
import { TIERS } from "../../planning/tiers.ts";
import { POSTGRES_PROGRAMS } from "../../sandbox/postgres/binaries.ts";
import { applySchema, fill } from "../../sandbox/sample/database.ts";
import { startTestDatabase } from "../support/postgres.ts";
import type { TestDatabase } from "../support/postgres.ts";
import { startTestCloud } from "./support/cloud.ts";
import type { TestCloud } from "./support/cloud.ts";

let cloud: TestCloud;
let database: TestDatabase;
let signer: Signer;
let trustedKeys: string[];
let vault: Vault;
let temporary: string;
let backupId: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "verify-test-"));
  await chmod(temporary, 0o711);
  [cloud, database] = await Promise.all([startTestCloud(), startTestDatabase()]);
  signer = await cloud.newSigner();
  trustedKeys = [await signer.publicKeyPem()];
  await applySchema(database.url);
  await fill(database.url, { rows: 40 });
  vault = await cloud.newVault();
  ({ backupId } = await backup({
    databaseUrl: database.url,
    vault,
    signer,
    tiers: TIERS,
    clock: systemClock,
    reporter: silent,
  }));
});
afterAll(async () => {
  await Promise.all([cloud.stop(), database.stop(), rm(temporary, { recursive: true, force: true })]);
});

const throwaways = () => localThrowaway({ PG_BIN: POSTGRES_PROGRAMS, TMPDIR: temporary });
const options = (more: Partial<VerifyOptions> = {}): VerifyOptions => ({
  vault,
  trustedKeys,
  tiers: TIERS,
  restore: { throwaways: throwaways(), forbidden: [], clock: systemClock },
  reporter: silent,
  ...more,
});
const folders = async () => await readdir(temporary);

describe("verify --restore", () => {
  it("restores a good backup into a throwaway and answers each line of the checklist", async () => {
    const result = await verify(options());
    expect(result).toMatchObject({ backupId, ok: true, level: "restored-proven" });
    const lines = result.restore!.lines;
    expect(lines.filter((line) => line.state === "not ok")).toEqual([]);
    expect(CHECKLIST.map((item) => stateOf(lines, item))).toEqual(["ok", "ok", "ok", "partly", "partly", "partly"]);
    expect(lines.filter((line) => line.state === "not checked").map((line) => [line.what, line.detail])).toEqual([
      ["the API over HTTP", expect.stringMatching(/^not checked here: /)],
      ["a login at the Auth service", expect.stringMatching(/^not checked here: /)],
      ["the app itself", expect.stringMatching(/^not checked here: /)],
    ]);
    expect(await folders()).toEqual([]);
  });
});
