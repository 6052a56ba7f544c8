import type { BuildSettings } from "./buildSettings.ts";

/** Who may see a project's addresses without a login. */
export type Protection =
  /** Every visitor. */
  | "open"
  /** Every visitor of the public names; generated addresses ask for a login. */
  | "generated addresses"
  /** Visitors with a login only: public names ask for it, too. */
  | "every address";

/** A project's settings that decide whether a copy of the app works. Values of its variables are never asked for. */
export interface AppSetUp {
  id: string;
  protection: Protection;
  /** Whether it has a pass that opens protected addresses to a program. */
  hasPass: boolean;
  /** Paths that the host calls by a schedule. */
  crons: { path: string; schedule: string }[];
  /** How it is built and where it runs, by the names that the settings of an app have. A missing key is the host's default. */
  build: BuildSettings;
}

/** The part of an app host that only looks. */
export interface AppInspection {
  /** Undefined if the token sees no such project. */
  setUp(idOrName: string, signal?: AbortSignal): Promise<AppSetUp | undefined>;
}
