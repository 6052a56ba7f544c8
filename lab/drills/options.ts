/** What can be drilled; `all` runs one after the other with the same company. */

export const SCENARIOS = ["corruption", "infrastructure", "all"] as const;
/** How a drill is run. */

export interface DrillOptions {
  scenario: (typeof SCENARIOS)[number];
  /** Posts in the sample database. */
  rows: number;
  /** Folder for the report. */
  reports: string;
  /** Show the engine's own output. */
  verbose: boolean;
  /** Leave the sandbox running and its home in place. */
  keep: boolean;
  signal: AbortSignal;
}
/** Posts in a sample of the usual size: all tables, indexes and large values together take about 100 MB. */

export const DEFAULT_ROWS = 17000;
