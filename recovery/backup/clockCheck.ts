import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Vault } from "../../services/vault/vault.ts";
import type { Session } from "../postgres/session/database.ts";
import { MOST_APART_MS } from "../vault/listBackups.ts";

/** Whose clocks are compared with this machine's. */
export interface ClockCheck {
  clock: Clock;
  /** Has answered before. */
  vault: Pick<Vault, "now">;
  /** Undefined for a run without a database. */
  session: Session | undefined;
  reporter: Reporter;
}

/**
 * Refuses a run on a machine whose clock differs from the vault's by more than {@link MOST_APART_MS}. A backup is dated by this machine: one
 * from the future would be the newest until then, one from the past would never be. If the vault has named no time, the database's clock
 * decides. Otherwise a database whose clock is wrong is only reported, since no date of a backup comes from it.
 *
 * @throws UserError, with what sets the clock
 */
export async function refuseWrongClock({ clock, vault, session, reporter }: ClockCheck): Promise<void> {
  const storeTime = vault.now();
  if (storeTime !== undefined && isApart(clock(), storeTime)) throw wrong(clock(), storeTime, "the vault's");
  if (session === undefined) return;
  const [row] = await session.query<{ now: Date }>("select pg_catalog.clock_timestamp() as now");
  if (row === undefined || !isApart(clock(), row.now)) return;
  if (storeTime === undefined) throw wrong(clock(), row.now, "the database's");
  reporter(
    `The clock of the database's server is ${offset(row.now, clock())} this machine's. Times in its rows may be wrong`,
  );
}

function isApart(one: Date, other: Date): boolean {
  return Math.abs(one.getTime() - other.getTime()) > MOST_APART_MS;
}

function offset(one: Date, other: Date): string {
  const seconds = Math.round((one.getTime() - other.getTime()) / 1_000);
  return `${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"}`;
}

function wrong(machine: Date, other: Date, whose: string): UserError {
  return new UserError(
    `The clock of this machine (${machine.toISOString()}) is ${offset(machine, other)} ${whose} (${other.toISOString()}); at most ${MOST_APART_MS / 1_000} s are accepted, since a backup is dated by it. Nothing was stored. Set it by NTP (sudo timedatectl set-ntp true), and run the same command again.`,
  );
}
