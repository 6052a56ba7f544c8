import { PromiseError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Census, VaultBucket } from "../../services/vault/vaultBucket.ts";
import { KEY_DELETION_DAYS, type VaultKey } from "../../services/vault/vaultKey.ts";
import type { Confirm } from "../postgres/session/confirmation.ts";
import type { Forgetting } from "../pulumi/pulumiForget.ts";
import { MANIFEST } from "./manifest.ts";

/** What is retired, and how. */
export interface RetireOptions {
  stack: string;
  bucket: VaultBucket;
  key: VaultKey;
  /** Name of the bucket that keeps the audit trail's logs. */
  auditBucket: string | undefined;
  /** Removes resources from the stack's state. False if none of them was there. */
  forget(what: Forgetting): Promise<boolean>;
  confirm: Confirm;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/** Type, in a URN, of the component that owns a vault's resources. */
const VAULT = "castchat:index:BackupVault";

/**
 * What leaves the stack's state with the vault. The bucket and the key are gone by then. The trail's log bucket keeps its logs, so the
 * engine must not try to delete it. Roles, alias and trail are left to `pulumi destroy`.
 */
const RETIRED: Forgetting = {
  forgets: ({ urn, type }) => isOfVault(urn) && (type.startsWith("aws:s3/") || type === "aws:kms/key:Key"),
  unprotects: ({ urn, type }) => isOfVault(urn) && type === "aws:cloudtrail/trail:Trail",
};

function isOfVault(urn: string): boolean {
  return (urn.split("::")[2] ?? "").split("$").includes(VAULT);
}

/**
 * Deletes a vault's empty bucket, schedules the deletion of its key, and removes both from the stack's state, so that `pulumi destroy`
 * deletes the rest. Running it again finishes an interrupted run.
 *
 * @throws PromiseError while the bucket holds any object
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
        `This permanently retires the vault of stack ${stack}:`,
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
  const holds =
    held === 0 ? "" : ` ${held === 1 ? "A backup is" : `${held} backups are`} held, and no rule expires them.`;
  return `The vault "${name}" still holds ${what}. It can only be retired when it is empty. Nothing was changed.${locked}${holds} Wait until the tiers' rules have expired all of it, or delete it as break-glass (docs/runbook.md, "A vault is given up").`;
}
