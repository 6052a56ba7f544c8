import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import type { Crons, Deployment, Project } from "./vercelState.ts";

/** The parts of `vercel.json` that change a deployment (https://vercel.com/docs/project-configuration). */
const configuration = z.looseObject({
  framework: z.string().nullish(),
  crons: z.array(z.object({ path: z.string(), schedule: z.string() })).optional(),
});

function configurationIn(dir: string): z.infer<typeof configuration> {
  const file = join(dir, "vercel.json");
  return existsSync(file) ? configuration.parse(JSON.parse(readFileSync(file, "utf8"))) : {};
}

/**
 * The framework that a deployment is built with: that of its `vercel.json`, otherwise the project's. If both leave it out, the project's null
 * means "Other": Vercel recognizes a framework by itself only where the setting was never made
 * (https://github.com/vercel/vercel, packages/fs-detectors/src/detect-builders.ts; the official provider sends null).
 */
export function frameworkOf(project: Project, dir: string): unknown {
  return configurationIn(dir).framework ?? project.settings["framework"] ?? null;
}

/**
 * The scheduled calls of a project whose production is a deployment, in the project's own format. Vercel makes them from its `vercel.json`, and
 * calls them for each project by itself: also for a copy of the app (https://vercel.com/docs/cron-jobs). They are noted here, and not called.
 *
 * The first deployment that has some starts them (field `crons.enabledAt` of https://vercel.com/docs/rest-api/projects). Whether it does so
 * where they were stopped before is not documented; the emulator takes the less convenient case.
 */
export function cronsOf(dir: string, { id, url }: Deployment, now: number, before?: Crons): Crons | undefined {
  const definitions = (configurationIn(dir).crons ?? []).map((cron) => ({ host: url, ...cron }));
  if (definitions.length === 0) return before && { ...before, definitions, updatedAt: now };
  const started = typeof before?.deploymentId === "string" ? before : undefined;
  return {
    definitions,
    deploymentId: id,
    enabledAt: started?.enabledAt ?? now,
    updatedAt: now,
    disabledAt: started?.disabledAt ?? null,
  };
}

/** Stops the scheduled calls of a project, or starts them, whether it has some or not. */
export function switchCrons(enabled: boolean, now: number, before?: Crons): Crons {
  const { definitions = [], deploymentId = null, enabledAt = now } = before ?? {};
  return {
    definitions,
    deploymentId,
    enabledAt: enabled ? now : enabledAt,
    updatedAt: now,
    disabledAt: enabled ? null : now,
  };
}
