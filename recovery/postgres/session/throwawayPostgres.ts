import type { Reporter } from "../../../services/common/reporter.ts";

/** A Postgres database that one test restore may fill, and that is gone afterwards. */
export interface Throwaway {
  /** Where it is, for people: "a server of its own on 127.0.0.1:20001". */
  readonly description: string;
  /** Names it and all that belongs to it: `castchat_verify_` and twelve digits. */
  readonly name: string;
  /** Connection string of a superuser, leading into the empty database. */
  readonly adminUrl: string;
  /** Takes it away, with every role that carries {@link markOf} its name. Does nothing the second time. */
  remove(): Promise<void>;
}

/** What the throwaway is for. */
export interface ThrowawayWish {
  /** Major version of the server that the backup comes from. */
  serverMajor: number;
  /** What tells that server from others; absent where it could not be read. */
  systemIdentifier: string | undefined;
  /** "host:port" of servers that must never be used: where the data come from. */
  forbidden: readonly string[];
  reporter: Reporter;
  signal: AbortSignal;
}

/** Where throwaway databases come from. */
export interface ThrowawayPostgres {
  /**
   * Takes away what killed runs have left, then makes one. UserError where there is no server of that major version, or where
   * it is the one that the data come from.
   */
  create(wish: ThrowawayWish): Promise<Throwaway>;
}

/** Names of throwaway databases, as a pattern for Postgres (`~`) and JavaScript. */
export const THROWAWAY_NAME = "^castchat_verify_[0-9a-f]{12}$";

/** The comment on a role that was made for a throwaway database. */
export function markOf(name: string): string {
  return `castchat-recovery verify ${name}`;
}
