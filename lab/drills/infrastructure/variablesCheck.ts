import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { layout } from "../../sandbox/host/layout.ts";
import type { Company } from "../company/company.ts";
import type { DrillContext } from "../company/context.ts";
import { LIVE_APPS, LIVE_VARIABLES } from "../company/liveNames.ts";
import { MAPPED_VARIABLES } from "../company/sealedVariables.ts";
import type { RecordCheck } from "../report/report.ts";

const stored = z.object({
  projects: z.array(
    z.object({
      name: z.string(),
      variables: z.array(
        z.object({ key: z.string(), value: z.string(), type: z.string(), target: z.array(z.string()) }),
      ),
    }),
  ),
});

/**
 * Checks that each recovered app has every variable that the lost one had, and that the standby's state holds no value of them. Vercel's API
 * shows no sensitive value, so they are read from what the sandbox's Vercel has stored.
 */
export async function checkVariables({ home }: DrillContext, { standby }: Company, check: RecordCheck): Promise<void> {
  const { projects } = stored.parse(JSON.parse(await readFile(join(layout(home).emulators, "vercel.json"), "utf8")));
  const faults = LIVE_APPS.flatMap(({ standby: { project } }) => {
    const own = projects.find(({ name }) => name === project)?.variables ?? [];
    const inProduction = own.filter(({ target }) => target.includes("production"));
    const find = (key: string) => inProduction.find((one) => one.key === key);
    const wrong = LIVE_VARIABLES.filter(({ key, value }) => find(key)?.value !== value).map(({ key }) => key);
    const missing = MAPPED_VARIABLES.filter((key) => find(key) === undefined);
    const readable = inProduction.filter(({ type }) => type !== "sensitive").map(({ key }) => key);
    return [...wrong, ...missing, ...readable].map((key) => `${key} of ${project}`);
  });
  check(
    "each recovered app has every variable of the lost one, as a sensitive one",
    faults.length === 0,
    faults.length === 0
      ? `${LIVE_APPS.length} apps with ${LIVE_VARIABLES.length + MAPPED_VARIABLES.length} variables each`
      : `wrong: ${faults.join(", ")}`,
  );
  // With its secrets decrypted.
  const state = JSON.stringify(await standby.exportStack());
  const secrets = LIVE_VARIABLES.filter(({ type }) => type === "sensitive");
  const found = secrets.filter(({ value }) => state.includes(value)).map(({ key }) => key);
  check(
    "the standby's state holds no value of a sealed variable",
    found.length === 0,
    found.length === 0 ? `${secrets.length} values looked for` : `it holds ${found.join(", ")}`,
  );
}
