import type { Signer } from "../../../services/signer/signer.ts";
import { startTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { startTestCloud, type TestCloud } from "./cloud.ts";

/** What nearly every test of backups begins with: S3 and KMS, a key, and a database to back up. */
export interface TestSource {
  cloud: TestCloud;
  database: TestDatabase;
  signer: Signer & { keyId: string };
  /** The signer's public key. */
  trustedKeys: string[];
  stop(): Promise<void>;
}

/** Starts it; some seconds. Where one half can't be started, the other doesn't stay. Call stop() in afterAll. */
export async function startTestSource(): Promise<TestSource> {
  const started = await Promise.allSettled([startTestCloud(), startTestDatabase()]);
  const stop = async () => {
    const running = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    await Promise.all(running.map((one) => one.stop()));
  };
  const [cloud, database] = started;
  if (cloud.status === "rejected" || database.status === "rejected") {
    await stop();
    throw (cloud.status === "rejected" ? cloud : (database as PromiseRejectedResult)).reason;
  }
  const signer = await cloud.value.newSigner();
  const trustedKeys = [await signer.publicKeyPem()];
  return { cloud: cloud.value, database: database.value, signer, trustedKeys, stop };
}

/** The same with a second database, to restore into. */
export async function startSourceAndTarget(): Promise<TestSource & { target: TestDatabase }> {
  const [source, target] = await Promise.allSettled([startTestSource(), startTestDatabase()]);
  const stop = async () => {
    const running = [source, target].flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    await Promise.all(running.map((one) => one.stop()));
  };
  if (source.status === "rejected" || target.status === "rejected") {
    await stop();
    throw (source.status === "rejected" ? source : (target as PromiseRejectedResult)).reason;
  }
  return { ...source.value, target: target.value, stop };
}
