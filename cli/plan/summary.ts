import { COST_ITEMS, totalOf, type VaultCosts } from "../../planning/forecast/bill.ts";
import type { PlanReport } from "../../recovery/plan/plan.ts";
import { dollars } from "./dollars.ts";

/** A line of the summary: what it is about, and the answer. */
export interface SummaryLine {
  readonly what: string;
  readonly answer: string;
}

const MONTHS = 12;
const DRIVERS = 3;

/** What a manager asks, in a few lines: this month, the first year, what drives the costs, and what they do not include. */
export function planSummary({ costs, assumptions, recovery, scenario }: PlanReport): SummaryLine[] {
  const months = costs[0]?.months ?? [];
  const [first = "", ...later] = months;
  const year = later.slice(0, MONTHS);
  const [start, end] = [year[0], year.at(-1)];
  const ofYear = sumOf(costs, 1, 1 + year.length);
  const last = months.length - 2;
  const newest = recovery[0];
  return [
    { what: `This month (${first}, from the day of the plan)`, answer: dollars(sumOf(costs, 0, 1)) },
    ...(start === undefined || end === undefined
      ? []
      : [
          {
            what: `The first year (${year.length === MONTHS ? "12 months" : `${year.length} months`}, ${start} to ${end})`,
            answer: `${dollars(ofYear)}, ${dollars(ofYear / year.length)} a month`,
          },
        ]),
    ...(last > MONTHS
      ? [{ what: `At the end (${months[last] ?? ""})`, answer: `${dollars(sumOf(costs, last, last + 1))} a month` }]
      : []),
    { what: "Most of it is", answer: driversOf(costs) },
    {
      what: "It grows with the database",
      answer: `${(assumptions.growthPerYear * 100).toLocaleString("en")} % a year are assumed, and a backup every ${scenario.schedule.intervalHours} hours`,
    },
    ...(newest === undefined
      ? []
      : [{ what: "One recovery costs", answer: `${dollars(newest.total)} from the newest backup, not included` }]),
    {
      what: "Not included",
      answer:
        "tax and discounts; the plans of Supabase, Vercel, GitHub and Cloudflare; the app's own share of Supabase's included egress; storage of logs and of the audit trail; test restores; requests to KMS and Secrets Manager, and for holds that S3 repeats in the replica",
    },
  ];
}

/** The costs of all vaults in a range of months. */
function sumOf(costs: readonly VaultCosts[], from: number, to: number): number {
  let sum = 0;
  for (const vault of costs) for (let month = from; month < to; month++) sum += totalOf(vault, month);
  return sum;
}

/** The largest items over the whole time, with their shares. */
function driversOf(costs: readonly VaultCosts[]): string {
  const total = costs.reduce((sum, vault) => sum + totalOf(vault), 0);
  const items = COST_ITEMS.map((item) => ({
    item,
    amount: costs.reduce((sum, { items: all }) => sum + all[item].reduce((one, other) => one + other, 0), 0),
  }));
  const largest = items.sort((one, other) => other.amount - one.amount).slice(0, DRIVERS);
  return largest.map(({ item, amount }) => `${item} ${Math.round((100 * amount) / total)} %`).join(", ");
}
