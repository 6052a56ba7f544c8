/** The scenarios; `all` runs each with the same company. */
export const SCENARIOS = ["corruption", "deployment", "infrastructure", "all"] as const;

/** Whose provider plugins the engine takes. */
export const PLUGINS = ["own", "official"] as const;

/** Posts in a sample of the usual size: all tables, indexes and large values take about 100 MB. */
export const DEFAULT_ROWS = 17000;

/** The options of a drill. */
export interface DrillOptions {
  scenario: (typeof SCENARIOS)[number];
  /** Posts in the sample database. */
  rows: number;
  /** The sandbox's own plugins, or official ones where they are installed. */
  plugins: (typeof PLUGINS)[number];
  /** Folder of the reports. */
  reports: string;
  /** Show the engine's own output. */
  verbose: boolean;
  /** Leave the sandbox running and its home in place. */
  keep: boolean;
  signal: AbortSignal;
}
