import { readFile } from "node:fs/promises";

import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { type COST_ITEMS, totalOf, type VaultCosts } from "../../../planning/forecast/bill.ts";
import { holdingsAt } from "../../../planning/forecast/census.ts";
import { compare } from "../../../planning/forecast/comparison.ts";
import { costsOf, type PlanPrices } from "../../../planning/forecast/costs.ts";
import { Months } from "../../../planning/forecast/months.ts";
import { recoveryCosts } from "../../../planning/forecast/recoveryCost.ts";
import { TOKYO } from "../../../planning/prices/apNortheast1.ts";
import { OSAKA } from "../../../planning/prices/apNortheast3.ts";
import { PRICE_TABLE, pricesIn } from "../../../planning/prices/priceTable.ts";
import { SITE_PARTS } from "../../../planning/prices/services.ts";
import { type Scenario, simulate } from "../../../planning/retention/simulation.ts";
import { DAY_MS } from "../../../planning/retention/time.ts";
import { CHUNK_BYTES } from "../../../planning/retention/workload.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { TOKEN_SERVICES } from "../../../settings/runnerSettings.ts";
import { day, PRIMARY, REPLICA, rulesWith, scenario } from "../support/scenario.ts";

const PRICES: PlanPrices = { primary: TOKYO, replica: OSAKA, readBackOverInternet: true };
const costs = (one: Scenario, prices = PRICES) => costsOf(one, simulate(one), prices);
const item = (vault: VaultCosts, name: (typeof COST_ITEMS)[number]) =>
  vault.items[name].reduce((sum, one) => sum + one, 0);
const GB = 2 ** 30;
/** Chunks of a backup of one GB: 6 MB of rows each, at the measured compression. */
const CHUNKS = GB / ((6 * 2 ** 20) / 2.5);
/** Backups of a size that stays. */
const of = (dumpBytes: number) => ({ dumpBytes, growthPerYear: 0 });

describe("costsOf", () => {
  it("charges one backup for exactly what S3 asks", () => {
    // The one run of a day: 1 GB, annual, in STANDARD until midnight after 30 days, then in GLACIER_IR.
    const one = scenario({ days: 365, from: "2027-01-01", workload: of(GB) });
    const isMissed = (run: number) => run > one.schedule.firstDay * DAY_MS + 3 * 3_600_000;
    const single = { ...one, schedule: { ...one.schedule, isMissed } };
    const [primary, replica] = costs(single);
    // From 02:10 on 1 January to the end of the month (2 small hours and 10 minutes less than a month).
    const january = 1 - (2 + 10 / 60) / (31 * 24);
    const small = (128 * 1024) / GB;
    expect(primary!.items["storage STANDARD"][0]).toBeCloseTo((1 + small) * january * 0.025, 8);
    expect(primary!.items["storage GLACIER_IR"][1]).toBeCloseTo(0.005, 8);
    expect(item(primary!, "moves to colder classes")).toBeCloseTo((CHUNKS * 0.02) / 1000, 12);
    expect(item(primary!, "transfer to the other region")).toBeCloseTo((1 + small) * 0.09, 8);
    expect(item(primary!, "replication time control")).toBeCloseTo((1 + small) * 0.015, 8);
    expect(item(primary!, "reading back")).toBeCloseTo(0.114, 8);
    // 427 chunks and 7 small objects: each put, held, let go and read; one listing; four reads of the one backup.
    expect(item(primary!, "requests")).toBeCloseTo(((3 * 434 + 1) * 0.0047 + (434 + 4) * 0.00037) / 1000, 10);
    expect(item(primary!, "audit trail (CloudTrail)")).toBeCloseTo(((3 * 434 + 1 + 434 + 4) * 0.1) / 100_000, 10);
    expect(item(replica!, "requests")).toBeCloseTo((434 * 0.0047) / 1000, 10);
    expect(item(primary!, "build minutes (CodeBuild)")).toBeCloseTo(10 * 0.005, 10);
    expect(item(primary!, "early deletion")).toBe(0);
  });

  it("charges keys, secret and metrics by the month, and the egress beyond what is included", () => {
    const whole = scenario({
      days: 31,
      from: "2027-01-01",
      workload: { ...of(GB), readPerStoredByte: 2.5 },
    });
    const [primary, replica] = costs(whole);
    expect(item(primary!, "keys (KMS)")).toBeCloseTo(3, 10);
    expect(item(replica!, "keys (KMS)")).toBeCloseTo(2, 10);
    expect(item(primary!, "secrets (Secrets Manager)")).toBeCloseTo(5 * 0.4, 10);
    expect(item(primary!, "replication metrics")).toBeCloseTo(0.9, 10);
    const read = (124 * GB * 2.5) / 1e9;
    expect(item(primary!, "database egress (Supabase)")).toBeCloseTo((read - 250) * 0.09, 6);
  });

  it("charges the first two rotations of the keys that are rotated, as much as the keys", () => {
    const [primary, replica] = costs(scenario({ days: 4 * 366, from: "2027-01-01", workload: of(1000) }));
    const keysIn = (month: string) =>
      [primary!, replica!].map(({ months, items }) => items["keys (KMS)"][months.indexOf(month)]);
    expect(keysIn("2027-12")).toEqual([3, 2]);
    expect(keysIn("2028-06")).toEqual([5, 3]);
    expect(keysIn("2029-06")).toEqual([7, 4]);
    expect(keysIn("2030-06")).toEqual([7, 4]);
  });

  it("counts the keys that the components declare and rotate", async () => {
    const declared = async (component: string) => await readFile(`components/${component}.ts`, "utf8");
    const parts = { vault: "backupVault", signing: "signingKey", runner: "backupRunner", secrets: "runnerSecrets" };
    const [vault, signing, runner, secrets] = await Promise.all(Object.values(parts).map(declared));
    const count = (sources: readonly (string | undefined)[], text: string) => sources.join("").split(text).length - 1;
    for (const [sources, site] of [
      [[vault, signing], SITE_PARTS.standby],
      [[vault, signing, runner, secrets], SITE_PARTS.primary],
    ] as const)
      expect({
        keys: count(sources, "new Key("),
        rotatedKeys: count(sources, "enableKeyRotation: true"),
        // One for the database, and one a service, which one place declares.
        secrets: count(sources, "new Secret(") * (1 + Object.keys(TOKEN_SERVICES).length),
      }).toEqual(site);
  });

  it("moves chunks, not backups: a rule for larger objects moves nothing", () => {
    const moved = (largerThan: number) => {
      const primary = { ...PRIMARY, rules: rulesWith("annual", { largerThan }), replications: [] };
      const lives = simulate(scenario({ days: 400, primary })).primary.lives.filter(({ tier }) => tier === 3);
      return lives.some(({ stays }) => stays.some(({ storageClass }) => storageClass === "GLACIER_IR"));
    };
    expect(moved(128 * 1024)).toBe(true);
    expect(moved(8 * 1024 * 1024)).toBe(false);
  });

  it("cuts chunks where the backup cuts them", async () => {
    const source = await readFile("recovery/backup/chunkWriter.ts", "utf8");
    expect(source).toContain("const CHUNK_BYTES = 6 * 1024 * 1024;");
    expect(CHUNK_BYTES).toBe(6 * 1024 * 1024);
  });

  it("charges the rest of a minimum duration when an object goes early", () => {
    const rules = rulesWith("daily", { transitions: [{ days: 1, storageClass: "GLACIER_IR" }] });
    const primaryVault = { ...PRIMARY, rules, replications: [] };
    const one = scenario({ days: 120, from: "2027-01-01", primary: primaryVault, workload: of(GB) });
    const [primary] = costs(one);
    const end = (day("2027-01-01") + 120) * DAY_MS;
    const gone = simulate(one).primary.lives.filter(({ tier, removedAt }) => tier === 0 && removedAt < end);
    const months = gone.map(({ stays, removedAt }) => (90 - (removedAt - stays[1]!.from) / DAY_MS) / 30);
    const expected = months.reduce((sum, left) => sum + left * 0.005, 0);
    expect(gone.length).toBeGreaterThan(100);
    expect(item(primary!, "early deletion")).toBeCloseTo(expected, 6);
  });

  it("charges neither undeclared time control nor transfer to a runner in the region", () => {
    const replications = [{ ...PRIMARY.replications[0]!, timeControl: false }];
    const inRegion = { ...PRICES, readBackOverInternet: false };
    const [primary] = costs(scenario({ days: 60, primary: { ...PRIMARY, replications } }), inRegion);
    expect(item(primary!, "replication time control")).toBe(0);
    expect(item(primary!, "reading back")).toBe(0);
    expect(item(primary!, "transfer to the other region")).toBeGreaterThan(0);
  });

  it("grows in proportion to the size of backups, except for requests", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (times) => {
        const storage = (dumpBytes: number) =>
          item(costs(scenario({ days: 40, workload: of(dumpBytes) }))[0]!, "reading back");
        expect(storage(times * GB) / storage(GB)).toBeCloseTo(times, 6);
      }),
      { numRuns: 5 },
    );
  });

  it("adds up: months and items to the total", () => {
    const [primary] = costs(scenario({ days: 100 }));
    const byMonth = primary!.months.map((_, month) => totalOf(primary!, month)).reduce((sum, one) => sum + one, 0);
    expect(byMonth).toBeCloseTo(totalOf(primary!), 8);
    expect(primary!.months[0]).toBe("2026-11");
  });
});

describe("compare", () => {
  const comparison = (one: Scenario) => compare(one, simulate(one), PRICES);

  it("finds STANDARD more expensive, and a legal choice that is cheaper and keeps every promise", () => {
    const { allInStandard, cheaper, declared } = comparison(scenario({ days: 800 }));
    expect(allInStandard.difference).toBeGreaterThan(0);
    expect(cheaper).toBeDefined();
    expect(cheaper!.total).toBeCloseTo(declared + cheaper!.difference, 6);
    expect(cheaper!.words).not.toMatch(/DEEP_ARCHIVE|GLACIER /);
  });

  it("agrees with the costs of the changed rules, and never moves what a recovery reads first", () => {
    const one = scenario({ days: 800 });
    const { allInStandard, cheaper } = comparison(one);
    const total = (rules: typeof PRIMARY.rules) =>
      costs({ ...one, primary: { ...PRIMARY, rules }, replica: { ...REPLICA, rules } })
        .map((vault) => totalOf(vault))
        .reduce((sum, amount) => sum + amount, 0);
    expect(allInStandard.total).toBeCloseTo(total(PRIMARY.rules.map((rule) => ({ ...rule, transitions: [] }))), 6);
    expect(cheaper!.words).toBe("weekly moves to GLACIER_IR after 30 days");
    const weekly = rulesWith("weekly", { transitions: [{ days: 30, storageClass: "GLACIER_IR" }] });
    expect(cheaper!.total).toBeCloseTo(total(weekly), 6);
  });

  it("suggests nothing if nothing is cheaper", () => {
    expect(comparison(scenario({ days: 60, workload: of(1000) })).cheaper).toBeUndefined();
  });
});

describe("recoveryCosts", () => {
  it("takes the newest backup, and the most expensive one with its retrieval", () => {
    const history = simulate(scenario({ days: 800 }));
    const instant = day("2028-06-01") * DAY_MS;
    const large = { databaseSize: "large", hours: 10 } as const;
    const [newest, dearest] = recoveryCosts(history.replica!, TIERS, OSAKA, large, instant);
    expect(newest).toMatchObject({ storageClass: "STANDARD", retrieval: 0, gb: 2 });
    expect(newest!.transfer).toBeCloseTo(0.228, 6);
    expect(newest!.database).toBeCloseTo(10 * 0.1517 + (2 * 5 * 0.125 * 10) / 720, 6);
    expect(dearest).toMatchObject({ storageClass: "GLACIER_IR" });
    expect(dearest!.retrieval).toBeCloseTo(0.06, 6);
    expect(dearest!.total).toBeGreaterThan(newest!.total);
  });

  it("is empty if there is nothing to recover", () => {
    const empty = { vault: REPLICA, lives: [] };
    expect(recoveryCosts(empty, TIERS, OSAKA, { databaseSize: "small", hours: 1 }, 0)).toEqual([]);
  });
});

describe("holdingsAt", () => {
  it("counts the backups in each class, with those that are hidden", () => {
    const history = simulate(scenario({ days: 200 }));
    const holdings = holdingsAt(history.primary, TIERS, (day("2027-04-15") + 1) * DAY_MS - 1);
    const found = holdings.map((one) => `${one.tier} ${one.storageClass} ${one.backups} ${one.hidden}`);
    expect(found).toEqual([
      // 33 days of four runs, less the six that opened a longer tier.
      "daily STANDARD 126 7",
      "weekly STANDARD_IA 8 1",
      "weekly STANDARD 4 0",
      "monthly GLACIER_IR 3 0",
      "monthly STANDARD 1 0",
      "annual GLACIER_IR 2 0",
    ]);
  });
});

describe("prices", () => {
  it("are there for Tokyo and Osaka, with a date, and colder is cheaper to keep", () => {
    const places = PRICE_TABLE.map(({ region, name }) => `${region} ${name}`);
    expect(places).toEqual(["ap-northeast-1 Tokyo", "ap-northeast-3 Osaka"]);
    for (const { asOf, storage } of PRICE_TABLE) {
      expect(asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      const order = Object.values(storage);
      expect([...order].sort((one, other) => other - one)).toEqual(order);
    }
    expect(pricesIn("eu-west-1")).toBeUndefined();
  });
});

describe("Months", () => {
  it("divides a stay among the months that it touches, by their lengths", () => {
    const months = new Months(day("2028-01-15"), 60);
    const shares: [string, number][] = [];
    months.share(Date.UTC(2028, 0, 31), Date.UTC(2028, 2, 2), (month, share) =>
      shares.push([months.names[month]!, share]),
    );
    expect(shares).toEqual([
      ["2028-01", 1 / 31],
      ["2028-02", 1],
      ["2028-03", 1 / 31],
    ]);
  });
});
