import type { Reporter } from "../../../services/common/reporter.ts";

/** A Postgres database that one test restore may fill, and that is removed afterwards. */
export interface Throwaway {
  /** Where it is, for messages: "a separate server on 127.0.0.1:20001". */
  readonly description: string;
  /** Its name, which its roles carry too: `castchat_verify_` and twelve digits. */
  readonly name: string;
  /** Connection string of a superuser to the empty database. */
  readonly adminUrl: string;
  /** Removes it, with every role that carries {@link markOf} its name. Does nothing the second time. */
  remove(): Promise<void>;
}

/** What the throwaway is for. */
export interface ThrowawayWish {
  /** Major version of the server that the backup comes from. */
  serverMajor: number;
  /** Identifies that server. Absent if it could not be read. */
  systemIdentifier: string | undefined;
  /** "host:port" of servers that must never be used: the backup's sources. */
  forbidden: readonly string[];
  reporter: Reporter;
  signal: AbortSignal;
}

/** Creates throwaway databases. */
export interface ThrowawayPostgres {
  /**
   * Removes what killed runs have left, then creates one.
   *
   * @throws UserError if there is no server of that major version, or it is the backup's source
   */
  create(wish: ThrowawayWish): Promise<Throwaway>;
}

/** Names of throwaway databases, as a pattern for Postgres (`~`) and JavaScript. */
export const THROWAWAY_NAME = "^castchat_verify_[0-9a-f]{12}$";

/** The comment on a role that was created for a throwaway database. */
export function markOf(name: string): string {
  return `castchat-recovery verify ${name}`;
}
