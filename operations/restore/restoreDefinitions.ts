import { withSession } from "../../clients/database.ts";
import { NOT_NULL_CONSTRAINTS_SINCE, TRANSACTION_TIMEOUT_SINCE, forOlderServer } from "./olderSyntax.ts";
import { pgRestore, restoreScript, withoutPsql } from "./restoreSteps.ts";
import type { PgRestoreOptions } from "./restoreSteps.ts";

/** Where definitions are made. */
export interface RestoreDefinitionsOptions extends Omit<PgRestoreOptions, "args" | "onlyRights"> {
  targetUrl: string;
}

/** Makes types, functions and tables: by pg_restore, or by its script where that has words that an older server doesn't know. */
export async function restoreDefinitions(options: RestoreDefinitionsOptions): Promise<void> {
  const { session, targetUrl, applicationName, signal } = options;
  const args = ["--section=pre-data"];
  if (session.serverMajor < NOT_NULL_CONSTRAINTS_SINCE) {
    const { sql } = await restoreScript({ ...options, args });
    const older = forOlderServer(withoutPsql(sql));
    if (older !== undefined || session.serverMajor < TRANSACTION_TIMEOUT_SINCE) {
      await withSession(targetUrl, { applicationName, signal }, (own) => own.query(older ?? withoutPsql(sql)));
      return;
    }
  }
  await pgRestore({ ...options, args });
}
