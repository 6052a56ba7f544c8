import { messageOf } from "../../../services/common/errors.ts";
import { sqlStateOf } from "../../postgres/session/sqlState.ts";

/** A server's refusal of one entry of an archive. It has the refusal's SQLSTATE. */
export class EntryFault extends Error {
  readonly code: string;
  /** As the archive's list names it: "TABLE public posts postgres". */
  readonly entry: string;

  constructor(entry: string, cause: unknown) {
    super(`${messageOf(cause)} (${entry})`, { cause });
    this.code = sqlStateOf(cause);
    this.entry = entry;
  }
}

/** The error, with the entry's name if the server has refused it. */
export function atEntry(entry: string, error: unknown): unknown {
  return typeof (error as { severity?: unknown }).severity === "string" ? new EntryFault(entry, error) : error;
}
