import { readFile } from "node:fs/promises";

import { execa } from "execa";

import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Pulumi } from "../pulumi/pulumi.ts";
import type { CheckpointRepair } from "../pulumi/pulumiCheckpoint.ts";
import type { UpdateLock } from "../pulumi/pulumiLocks.ts";
import type { PendingCreate } from "../pulumi/pulumiPending.ts";

/** What `resume` works with. */
export interface ResumeOptions {
  pulumi: Pulumi;
  stack: string;
  locks: readonly UpdateLock[];
  /** This machine's name, to tell whether an owner's process can be looked for here. */
  hostname: string;
  /** An engineer's word for an owner on another machine, which cannot be looked at from here. */
  ownerIsDead: boolean;
  /** Mends a checkpoint that the dead engine was writing. */
  repairCheckpoint: () => Promise<CheckpointRepair>;
  /** Ends helpers of the dead engine that still run. */
  endOrphans: () => Promise<void>;
  /** Ids, by URN, of what the killed engine may have made (recovery/site/leftResources.ts). */
  findLeftResources: (pending: readonly PendingCreate[]) => Promise<ReadonlyMap<string, string>>;
  /** Takes in a project that an `up` has made half and forgotten (recovery/site/halfMadeProject.ts). */
  adoptHalfMade: () => Promise<void>;
  reporter: Reporter;
}

/**
 * Continues an `up` whose engine was killed, or which left something half made: proves that the lock's owner is dead, drops the lock,
 * settles what was being created, and runs `up`. Safe to run again at any point, also when nothing was left behind.
 *
 * @throws UserError when an owner lives, or cannot be proven dead
 */
export async function resumeUpdate(options: ResumeOptions): Promise<void> {
  const { pulumi, stack, reporter } = options;
  for (const lock of options.locks) await refuseLivingOwner(lock, options);
  await options.endOrphans();
  const repair = await options.repairCheckpoint();
  if (repair !== "whole") reporter(`The state of stack ${stack} was being written: ${repair}.`);
  if (options.locks.length > 0) {
    reporter(`The engine that held stack ${stack} is gone: its lock is dropped.`);
    await pulumi.cancel();
  }
  const pending = await pulumi.pendingCreates();
  if (pending.length > 0) {
    reporter(`${pending.length} resources were being created: ${pending.map(nameOf).join(", ")}.`);
    await pulumi.settlePendingCreates(await options.findLeftResources(pending));
  }
  await options.adoptHalfMade();
  await pulumi.readAdopted();
  reporter("The update goes on.");
  await pulumi.up();
}

async function refuseLivingOwner(lock: UpdateLock, options: ResumeOptions): Promise<void> {
  const who = `process ${lock.pid} of ${lock.username} on ${lock.hostname}, since ${lock.timestamp.toISOString()}`;
  if (lock.hostname !== options.hostname) {
    if (options.ownerIsDead) return;
    throw new UserError(
      `Stack ${options.stack} is held by ${who}. Its life cannot be seen from here: make sure that it has ended, then add --owner-is-dead.`,
    );
  }
  if (await isEngine(lock.pid)) {
    throw new UserError(
      `Stack ${options.stack} is held by ${who}, which is still running. Let it finish, or stop it with Ctrl-C there.`,
    );
  }
}

/** Whether a process of that pid lives and is a Pulumi engine; a reused pid belongs to another program. */
async function isEngine(pid: number): Promise<boolean> {
  return (await commandOf(pid)).endsWith("pulumi");
}

async function commandOf(pid: number): Promise<string> {
  if (process.platform === "linux") {
    try {
      return (await readFile(`/proc/${pid}/comm`, "utf8")).trim();
    } catch (error) {
      if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
      throw error;
    }
  }
  const listed = await execa("ps", ["-p", String(pid), "-o", "comm="], { reject: false });
  return listed.stdout.trim();
}

function nameOf(pending: PendingCreate): string {
  return pending.urn.split("::").at(-1) ?? pending.urn;
}
