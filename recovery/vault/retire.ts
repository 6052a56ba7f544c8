import { PromiseError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Census, VaultBucket } from "../../services/vault/vaultBucket.ts";
import { KEY_DELETION_DAYS, type VaultKey } from "../../services/vault/vaultKey.ts";
import type { Confirm } from "../postgres/session/confirmation.ts";
import type { Forgetting } from "../pulumi/pulumiForget.ts";
import { MANIFEST } from "./manifest.ts";

/** What a vault is given up with. */
export interface RetireOptions {
  stack: string;
  bucket: VaultBucket;
  key: VaultKey;
  /** Name of the bucket with the audit trail's logs, which stays. */
  auditBucket: string | undefined;
  /** Takes resources out of the stack's state; false if there was nothing to take out. */
  forget(what: Forgetting): Promise<boolean>;
  confirm: Confirm;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/** The components whose resources are a vault's, by their type in a URN. */
const VAULT = "castchat:index:BackupVault";

/**
 * What of the stack's state goes with the vault. Bucket and key are gone then, or about to be; the trail's log bucket keeps its logs, so the
 * engine could not delete it and must not try. Roles, alias and trail are left to `pulumi destroy`.
 */
const RETIRED: Forgetting = {
  forgets: ({ urn, type }) => isOfVault(urn) && (type.startsWith("aws:s3/") || type === "aws:kms/key:Key"),
  unprotects: ({ urn, type }) => isOfVault(urn) && type === "aws:cloudtrail/trail:Trail",
};

function isOfVault(urn: string): boolean {
  return (urn.split("::")[2] ?? "").split("$").includes(VAULT);
}

/**
 * Gives a vault up for good: deletes its empty bucket, schedules the deletion of its key, and takes both out of the stack's state, so that `pulumi
 * destroy` removes the rest. It refuses (PromiseError) while anything lies in the bucket. What was interrupted is finished by the same call.
 */
export async function retireVault(options: RetireOptions): Promise<{ auditBucket: string | undefined }> {
  const { stack, bucket, key, auditBucket, reporter, signal } = options;
  reporter(`Counting what lies in ${bucket.name}`);
  const census = await bucket.census((name) => name.endsWith(`/${MANIFEST}`), signal);
  if (census !== undefined && census.versions + census.markers > 0)
    throw new PromiseError(refusal(bucket.name, census));
  const isAlive = await key.isAlive();
  if (census !== undefined || isAlive) {
    await options.confirm({
      what: "vault",
      names: [bucket.name],
      lines: [
        `This gives up the vault of stack ${stack} for good:`,
        `  the bucket ${bucket.name}, which is empty, is deleted${census === undefined ? " already" : ""};`,
        `  the key ${key.arn} is deleted in ${KEY_DELETION_DAYS} days: copies of objects that it encrypted can't be read after that;`,
        "  both leave the state of the stack. Scheduled backups of the stack fail from now on.",
      ],
    });
  }
  signal?.throwIfAborted();
  if (census !== undefined) {
    reporter("Deleting the bucket");
    await bucket.remove();
  }
  if (isAlive) {
    reporter("Scheduling the deletion of the key");
    await key.end();
  }
  reporter("Taking the vault out of the stack's state");
  await options.forget(RETIRED);
  return { auditBucket };
}

function refusal(name: string, { versions, sizeBytes, markers, lockedUntil, held }: Census): string {
  const what =
    versions === 0
      ? `${markers} delete markers`
      : `${versions} versions of objects (${(sizeBytes / 1e6).toFixed(1)} MB) and ${markers} delete markers`;
  const locked = lockedUntil === undefined ? "" : ` The last lock of a backup ends at ${lockedUntil.toISOString()}.`;
  const holds = held === 0 ? "" : ` ${held === 1 ? "A backup is" : `${held} backups are`} held, which no rule expires.`;
  return `The vault "${name}" still holds ${what}, and is given up only when it is empty: nothing was changed.${locked}${holds} Wait until the tiers' rules have expired them, or delete them as break-glass (docs/runbook.md, "A vault is given up").`;
}
