import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { TIERS } from "../../../planning/tiers.ts";
import { systemClock } from "../../../services/common/clock.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import { brisk } from "../../support/timing.ts";

/** When a child is killed with -9. */
export interface KillAt {
  /** How the sentence begins that it reports at that point; "" for its first one. */
  phase: string;
  afterMs: number;
}

/**
 * A child's reporter: it prints each sentence, and kills the child at the point. The parent does not do so, since on a busy machine it
 * reads of the point when the child may be past it.
 */
export function sayUntilKilled(killAt: KillAt | undefined): Reporter {
  let isAimed = false;
  return (message) => {
    process.stdout.write(`${message}\n`);
    if (isAimed || killAt === undefined || !message.startsWith(killAt.phase)) return;
    isAimed = true;
    const kill = () => void process.kill(process.pid, "SIGKILL");
    if (killAt.afterMs === 0) kill();
    else setTimeout(kill, killAt.afterMs);
  };
}

/** Runs a child with an order until it kills itself, or ends before that. */
export async function runUntilKilled(child: string, order: object, killAt: KillAt): Promise<"killed" | "over"> {
  const running = spawn(process.execPath, ["--no-warnings", child, JSON.stringify({ ...order, killAt })], {
    stdio: ["ignore", "ignore", "inherit"],
    env: process.env,
  });
  const [code, signal] = (await once(running, "exit")) as [number | null, NodeJS.Signals | null];
  if (signal === "SIGKILL") return "killed";
  if (code === 0) return "over";
  throw new Error(`the child that was to be killed ended with ${signal ?? `exit code ${code ?? "?"}`}`);
}

/** The path of a process that a test can kill. */
export function childOf(name: "gateChild" | "replaceChild" | "restoreChild" | "restoreTablesChild"): string {
  return fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
}

/** The same. An error if the child ended before. */
export async function killedAt(child: string, order: object, killAt: KillAt): Promise<void> {
  if ((await runUntilKilled(child, order, killAt)) === "killed") return;
  throw new Error(`the child was over within ${killAt.afterMs} ms of "${killAt.phase}"`);
}

/** An order to a child that restores. */
interface Order extends Record<"bucket" | "region" | "endpoint" | "targetUrl", string> {
  trustedKeys: string[];
  killAt?: KillAt;
  backupId?: string;
  /** Of the key that signs a safety backup. */
  keyId: string;
  tables: string[];
}

/** Reads a child's order. `common` is what every kind of restore takes. */
export function readOrder() {
  const order = JSON.parse(process.argv[2] ?? "") as Order;
  const { trustedKeys, targetUrl, killAt } = order;
  const common = { vault: s3Vault(order), trustedKeys, tiers: TIERS, targetUrl, clock: systemClock, timing: brisk };
  return { order, common: { ...common, reporter: sayUntilKilled(killAt) } };
}

/** What Ctrl-C aborts with. */
export const INTERRUPTION = new DOMException("interrupted", "AbortError");

/** A reporter and a signal for a run that is aborted as it reports a sentence, or some time later. `said` gets all sentences. */
export function abortAt(sentence: string, reason: Error = new Error("stopped"), afterMs = 0) {
  const stopped = new AbortController();
  const said: string[] = [];
  const reporter: Reporter = (message) => {
    said.push(message);
    if (!message.startsWith(sentence)) return;
    if (afterMs === 0) stopped.abort(reason);
    else setTimeout(() => stopped.abort(reason), afterMs);
  };
  return { said, reporter, signal: stopped.signal };
}

/** A reporter that begins some work when it first reports a sentence. `done` waits for the work, an error if it was never begun. */
export function doAt<T>(sentence: string, work: () => Promise<T>) {
  let doing: Promise<T> | undefined;
  const reporter: Reporter = (message) => {
    if (message.startsWith(sentence)) doing ??= work();
  };
  const done = async () => {
    if (doing === undefined) throw new Error(`"${sentence}" was never reported`);
    return await doing;
  };
  return { reporter, done };
}
