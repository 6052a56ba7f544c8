import { readFile } from "node:fs/promises";

import { PromiseError, UserError } from "../../services/common/errors.ts";
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
  /** This machine's name. Only an owner on this machine can be looked up. */
  hostname: string;
  /** The engineer has made sure that an owner on another machine has ended. */
  ownerIsDead: boolean;
  /** Mends a checkpoint that the dead engine was writing. */
  repairCheckpoint: () => Promise<CheckpointRepair>;
  /** Ends the dead engine's helpers that still run. */
  endOrphans: () => Promise<readonly number[]>;
  /** Ids, by URN, of what the killed engine may have made (recovery/site/leftResources.ts). */
  findLeftResources: (
    pending: readonly PendingCreate[],
    since: Date | undefined,
  ) => Promise<ReadonlyMap<string, string>>;
  /** Names of what is managed and not adopted. An `up` is refused then. */
  unadopted: () => Promise<readonly string[]>;
  /** Adopts a project that an `up` has half made and that no state knows (recovery/site/halfMadeProject.ts). */
  adoptHalfMade: () => Promise<void>;
  reporter: Reporter;
}

/**
 * Continues an `up` whose engine was killed, or which has left something half made: proves that the lock's owner is dead, drops the lock,
 * settles what was being created, and runs `up`. Safe to run again at any point, also if nothing was left behind. After a killed `adopt` it only
 * clears the way for the next one.
 *
 * @throws UserError if an owner is alive, or can't be proven dead
 * @throws PromiseError if `adopt` has to be run
 */
export async function resumeUpdate(options: ResumeOptions): Promise<void> {
  const { pulumi, stack, reporter } = options;
  for (const lock of options.locks) await refuseLivingOwner(lock, options);
  const orphans = await options.endOrphans();
  if (orphans.length > 0) reporter(`Processes that a killed engine had left are ended: ${orphans.join(", ")}.`);
  const repair = await options.repairCheckpoint();
  if (repair !== "whole")
    reporter(`The engine was killed while it wrote the state of stack ${stack}. Repair: ${repair}.`);
  const pending = await pulumi.pendingCreates();
  if (pending.length > 0)
    reporter(`${pending.length} resources were being created: ${pending.map(nameOf).join(", ")}.`);
  // The lock says when the update began, so it is dropped only when what it has left is found.
  const [since] = options.locks.map(({ timestamp }) => timestamp).sort((one, other) => one.getTime() - other.getTime());
  const found = pending.length > 0 ? await options.findLeftResources(pending, since) : undefined;
  if (options.locks.length > 0) {
    reporter(`The engine that locked stack ${stack} is gone. Its lock is dropped.`);
    await pulumi.cancel();
  }
  const unadopted = await options.unadopted();
  if (found || unadopted.length > 0) await pulumi.settlePendingCreates(found ?? new Map());
  if (unadopted.length > 0)
    throw new PromiseError(
      `The update does not continue: ${unadopted[0]}${others(unadopted)} managed, but not adopted. Run \`castchat-recovery adopt -s ${stack}\`, which continues where it was interrupted.`,
    );
  await options.adoptHalfMade();
  await pulumi.readAdopted();
  reporter("The update continues.");
  await pulumi.up();
}

async function refuseLivingOwner(lock: UpdateLock, options: ResumeOptions): Promise<void> {
  const who = `process ${lock.pid} of ${lock.username} on ${lock.hostname}, since ${lock.timestamp.toISOString()}`;
  if (lock.hostname !== options.hostname) {
    if (options.ownerIsDead) return;
    throw new UserError(
      `Stack ${options.stack} is locked by ${who}. This machine can't see whether it still runs. Make sure that it has ended, then run \`castchat-recovery resume -s ${options.stack} --owner-is-dead\`.`,
    );
  }
  // A pid that was used again belongs to another program.
  if ((await commandOf(lock.pid)).endsWith("pulumi"))
    throw new UserError(
      `Stack ${options.stack} is locked by ${who}, which is still running. Wait until it ends, or stop it with Ctrl-C there. Then run the same command again.`,
    );
}

/** The program of a process; empty if there is no such process. */
async function commandOf(pid: number): Promise<string> {
  if (process.platform !== "linux") {
    const { execa } = await import("execa");
    const listed = await execa("ps", ["-p", String(pid), "-o", "comm="], { reject: false });
    return listed.stdout.trim();
  }
  try {
    return (await readFile(`/proc/${pid}/comm`, "utf8")).trim();
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

/** The rest of a list whose first name is said, with its verb. */
function others({ length }: readonly string[]): string {
  return length === 1 ? " is" : ` and ${length - 1} more are`;
}

function nameOf(pending: PendingCreate): string {
  return pending.urn.split("::").at(-1) ?? pending.urn;
}
