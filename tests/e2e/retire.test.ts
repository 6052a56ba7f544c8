import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";

import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import "./support/witnessedDaemon.ts";

import type { EngineOptions } from "../../lab/drills/stage/stacks.ts";
import { resetSandbox, startSandbox } from "../../lab/sandbox/control.ts";
import { sandboxEnvironment } from "../../lab/sandbox/environment.ts";
import { addressOf, PROJECT_ROOT, REGIONS } from "../../lab/sandbox/host/layout.ts";
import { prepareWorkspace } from "../../lab/sandbox/workspace.ts";
import { castchatRecovery, pulumi } from "./support/commands.ts";
import { createStandbyStack } from "./support/standbyStack.ts";

let home: string;
let engine: EngineOptions;
let s3: S3;
let kms: KMS;
let outputs: Record<"vaultBucket" | "vaultKeyArn" | "auditBucket", string>;

/** A standby with the sandbox's settings, except that its vault is not disposable and therefore protected. */
beforeAll(async () => {
  home = await mkdtemp(join(PROJECT_ROOT, ".sandbox", "tests-retire-"));
  const file = await startSandbox({ home });
  const environment = sandboxEnvironment(home, file);
  engine = await createStandbyStack({ workspace: await prepareWorkspace(home, file), environment }, file);
  const credentials = {
    accessKeyId: file.credentials.awsAccessKeyId,
    secretAccessKey: file.credentials.awsSecretAccessKey,
  };
  const at = { region: REGIONS.standby, endpoint: addressOf(file.ports, "awsStandby"), credentials };
  s3 = new S3({ ...at, forcePathStyle: true });
  kms = new KMS(at);
  for (const args of [
    ["config", "set", "disposableVault", "false", "--stack", "dr"],
    ["config", "set", "protect", "false", "--stack", "dr"],
    ["up", "--stack", "dr", "--yes", "--skip-preview"],
  ]) {
    const ended = await pulumi(args, engine);
    if (ended.exitCode !== 0) throw new Error(ended.output);
  }
  outputs = JSON.parse((await pulumi(["stack", "output", "--json", "--stack", "dr"], engine)).output) as typeof outputs;
}, 180_000);
afterAll(() => resetSandbox({ home }), 60_000);

const retire = (...args: string[]) => castchatRecovery(["vault", "retire", "--stack", "dr", ...args], engine);
const isThere = () =>
  s3.headBucket({ Bucket: outputs.vaultBucket }).then(
    () => true,
    () => false,
  );

describe("a vault", () => {
  it("is not destroyed, although protect is false", async () => {
    const destroyed = await pulumi(["destroy", "--stack", "dr", "--yes", "--skip-preview"], engine);
    expect([destroyed.exitCode === 0, destroyed.output]).toEqual([false, expect.stringMatching(/vault-\S+.*protect/s)]);
    expect(await isThere()).toBe(true);
  }, 60_000);

  it("is not retired while an object is left, and says until when", async () => {
    const object = { Bucket: outputs.vaultBucket, Key: "daily/20260701T020000Z-1a2b3c/manifest.json" };
    const until = new Date(Date.now() + 86_400_000 * 3);
    until.setMilliseconds(0);
    const lock = { ObjectLockMode: "GOVERNANCE" as const, ObjectLockRetainUntilDate: until };
    await s3.putObject({ ...object, Body: "{}", IfNoneMatch: "*", ...lock });
    await s3.putObjectLegalHold({ ...object, LegalHold: { Status: "ON" } });
    const refused = await retire("--confirm", outputs.vaultBucket);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.output).toContain("still holds 1 versions of objects");
    expect(refused.output).toContain(`The last lock of a backup ends at ${until.toISOString()}. A backup is held`);
    // As break-glass does it.
    await s3.putObjectLegalHold({ ...object, LegalHold: { Status: "OFF" } });
    const { Versions = [] } = await s3.listObjectVersions({ Bucket: outputs.vaultBucket });
    for (const { VersionId } of Versions)
      await s3.deleteObject({ ...object, VersionId, BypassGovernanceRetention: true });
  }, 60_000);

  it("is retired only by its name; then the whole stack is destroyed, and the logs stay", async () => {
    expect(await retire("--confirm", "another")).toMatchObject({ exitCode: 2 });
    expect(await retire()).toMatchObject({ exitCode: 2 });
    expect(await isThere()).toBe(true);
    const retired = await retire("--confirm", outputs.vaultBucket);
    expect([retired.exitCode, retired.output]).toEqual([0, expect.stringContaining("is retired")]);
    expect(await isThere()).toBe(false);
    const { KeyMetadata } = await kms.describeKey({ KeyId: outputs.vaultKeyArn });
    expect(KeyMetadata?.KeyState).toBe("PendingDeletion");
    // A second call, as after an interruption, needs no confirmation.
    expect(await retire()).toMatchObject({ exitCode: 0 });

    const destroyed = await pulumi(["destroy", "--stack", "dr", "--yes", "--skip-preview"], engine);
    expect([destroyed.exitCode, destroyed.output]).toEqual([0, expect.any(String)]);
    const exported = await pulumi(["stack", "export", "--stack", "dr"], engine);
    const { deployment } = JSON.parse(exported.output) as { deployment: { resources?: unknown[] } };
    expect(deployment.resources ?? []).toEqual([]);
    await s3.headBucket({ Bucket: outputs.auditBucket });
  }, 120_000);
});
