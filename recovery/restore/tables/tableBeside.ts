import type { BackedUpTable } from "../../postgres/catalog/description.ts";

/** A table whose rows are to be replaced. */
export interface TableBeside {
  /** As the backup holds it. */
  table: BackedUpTable;
  /** Where its rows are brought first. */
  beside: { schema: string; name: string };
  /** How many rows the live table has, and will lose. */
  rowsNow: number;
}

/** The schema in which a restore of tables brings rows beside the live ones. recovery/postgres/catalog/platform.ts knows it as none of the app's. */
export function schemaBeside(restoreId: string): string {
  return `castchat_recovery_tables_${restoreId}`;
}
