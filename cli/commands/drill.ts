import { join } from "node:path";

import { Command, Option } from "commander";

import { DEFAULT_ROWS, type DrillOptions, PLUGINS, SCENARIOS } from "../../lab/drills/options.ts";
import { PromiseError } from "../../services/common/errors.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { loadLab } from "../terminal/lab.ts";
import { jsonOption, rowsOption } from "../terminal/options.ts";
import { printResult } from "../terminal/progress.ts";

type Options = Pick<DrillOptions, "scenario" | "rows" | "plugins" | "reports"> & {
  verbose?: boolean;
  keep?: boolean;
  json?: boolean;
};

/** `castchat-recovery drill`: corrupts a database, ships a bad release and destroys everything in a sandbox on this machine, and recovers from each. */
export function drillCommand(): Command {
  return new Command("drill")
    .addOption(new Option("--scenario <name>", "what to drill").choices(SCENARIOS).default("all"))
    .addOption(rowsOption(DEFAULT_ROWS))
    .addOption(
      new Option("--plugins <which>", "provider plugins: the sandbox's own, or official ones that are installed")
        .choices(PLUGINS)
        .default("own"),
    )
    .option("--reports <folder>", "folder of the report", join(import.meta.dirname, "..", "..", "reports"))
    .option("--verbose", "show the engine's own output")
    .option("--keep", "keep the sandbox running after the drill, to inspect it")
    .addOption(jsonOption("ok, drills (each report as in reports/latest.json, and its files)"))
    .addHelpText("after", example("drill --scenario corruption"))
    .action(async ({ json = false, verbose = false, keep = false, ...options }: Options) => {
      const { runDrill } = await loadLab(() => import("../../lab/drills/run.ts"));
      const { renderTerminal } = await loadLab(() => import("../../lab/drills/report/terminal.ts"));
      const results = await runDrill({ ...options, verbose, keep, signal: abortOnInterrupt() });
      const ok = results.every(({ report }) => report.ok);
      printResult(
        { ok, drills: results },
        json,
        results.map(({ report, files }) => `\n${renderTerminal(report)}\nReport: ${files.html} and ${files.json}`),
      );
      if (!ok) throw new PromiseError("The recovery did not keep every promise. The lines marked ✗ name them.");
    });
}
