import type { AppHost } from "../../services/appHost/appHost.ts";
import type { Edge } from "../../services/appHost/edge.ts";
import type { Git } from "../../services/codeHost/git.ts";
import type { Clock } from "../../services/common/clock.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Timing } from "../../services/common/timing.ts";
import type { HealthContract } from "../site/applicationHealth.ts";
import type { AppliedMigration } from "./migrations.ts";
import type { AppProbes } from "./probes.ts";

/** The app whose releases are moved. */
export interface RolledApp extends HealthContract {
  /** Id or name at its host. */
  project: string;
  /** The names that its users know. */
  publicNames: readonly string[];
  probes: AppProbes;
  /** Address of its repository. */
  sourceUrl: string;
  branch: string;
  /** The stack, for commands in messages. */
  stack: string;
  /** The app's name as the command takes it; undefined if the stack has one app. */
  appName: string | undefined;
}

/** How long a deployment is watched, in milliseconds. */
export interface Watch {
  windowMs: number;
  everyMs: number;
}

/** What a rollback works with. */
export interface RollbackPorts {
  appHost: AppHost;
  edge: Edge;
  git: Git;
  /** The migrations that the app's database has had; undefined if it keeps no note of them. Throws if it cannot be read. */
  migrations: (signal: AbortSignal) => Promise<AppliedMigration[] | undefined>;
  /** Logs the test user in. */
  logIn: (signal: AbortSignal) => Promise<string>;
  /** Shows what will be done, and throws if the engineer does not agree. */
  agree: (lines: readonly string[]) => Promise<void>;
  watch: Watch;
  timing: Timing;
  clock: Clock;
  reporter: Reporter;
  signal: AbortSignal;
}

/** A command for the engineer to type about this app. */
export function commandFor({ stack, appName }: RolledApp, rest = ""): string {
  return `castchat-recovery rollback${rest}${appName === undefined ? "" : ` --app ${appName}`} -s ${stack}`;
}
