import { Command } from "commander";

import { daysText } from "../../planning/proof/promises.ts";
import { missedOn } from "../../planning/retention/schedule.ts";
import { dateOf, dayOf } from "../../planning/retention/time.ts";
import { LONGEST_INTERVAL_HOURS } from "../../planning/schedule.ts";
import { TIERS } from "../../planning/tiers.ts";
import { planCalendar } from "../../recovery/plan/planCalendar.ts";
import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { fromOption, missedOption } from "../plan/planOptions.ts";
import { example } from "../terminal/help.ts";
import { jsonOption } from "../terminal/options.ts";
import { printResult } from "../terminal/progress.ts";
import { plainTable } from "../terminal/table.ts";

const DEFAULT_DAYS = 120;
const LONGEST_DAYS = 20_000;
/** Days that are shown after the last missed one, so that its consequences are visible. */
const DAYS_AFTER = 31;

/** `castchat-recovery calendar`: shows which run opens which tier, also when runs fail. Reads no stack and no vault. */
export function calendarCommand(): Command {
  return new Command("calendar")
    .addOption(fromOption("first day (today by default, or a month before the first missed day)"))
    .addOption(missedOption())
    .option("--days <number>", `days to show (by default ${DEFAULT_DAYS}, or a month more than the last missed day)`)
    .option("--interval-hours <number>", "hours between two runs, as the setting intervalHours", "6")
    .addOption(jsonOption("entries (run, tier, period, lateDays), unopened, runs, missed"))
    .addHelpText("after", example("calendar --missed 2027-02-28,2027-03-01"))
    .action((options: { from?: number; missed?: number[]; days?: string; intervalHours: string; json?: boolean }) => {
      const missed = options.missed ?? [];
      const intervalHours = wholeNumber("--interval-hours", options.intervalHours, 1, LONGEST_INTERVAL_HOURS);
      // Begin a month before the missed days, so that their context is visible.
      const firstDay =
        options.from ?? (missed.length > 0 ? monthBefore(Math.min(...missed)) : dayOf(systemClock().getTime()));
      const shown = Math.min(LONGEST_DAYS, Math.max(DEFAULT_DAYS, ...missed.map((one) => one - firstDay + DAYS_AFTER)));
      const days = wholeNumber("--days", options.days ?? String(shown), 1, LONGEST_DAYS);
      const outside = missed.find((one) => one < firstDay || one >= firstDay + days);
      if (outside !== undefined)
        throw new UserError(
          `--missed ${dateOf(outside)} is outside the ${daysText(days)} from ${dateOf(firstDay)}. Change --from or raise --days.`,
        );
      const calendar = planCalendar(TIERS, { firstDay, days, intervalHours, isMissed: missedOn(new Set(missed)) });
      const table = plainTable(["run (UTC)", "opens", "of", ""]);
      for (const { run, tier, period, lateDays } of calendar.entries)
        table.push([run, tier, period, lateDays === 0 ? "" : `${daysText(lateDays)} late: earlier runs failed`]);
      const [shortest] = TIERS;
      printResult(calendar, options.json === true, [
        table.toString(),
        `All other runs are ${shortest?.name ?? "daily"}: ${calendar.runs - calendar.missed - calendar.entries.length} of ${calendar.runs}; ${calendar.missed} failed.`,
        ...(calendar.unopened.length === 0
          ? []
          : [`Days without any backup, because all of their runs failed: ${calendar.unopened.join(", ")}.`]),
      ]);
    });
}

/** The first day of the month before a day's month. */
function monthBefore(day: number): number {
  const date = new Date(day * 86_400_000);
  return dayOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1, 1));
}

function wholeNumber(option: string, text: string, lowest: number, highest: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < lowest || value > highest)
    throw new UserError(`${option} ${text} is not a whole number from ${lowest} to ${highest}.`);
  return value;
}
