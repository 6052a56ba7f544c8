import { z } from "zod";

import { STATE_RESOURCE } from "./exportedState.ts";

const step = z.looseObject({
  /** `same`, `create`, `update`, `replace`, `delete`, … */
  op: z.string(),
  urn: z.string(),
  newState: STATE_RESOURCE.nullish(),
  oldState: STATE_RESOURCE.nullish(),
  /** By property path. */
  detailedDiff: z.record(z.string(), z.looseObject({ kind: z.string() })).nullish(),
  diffReasons: z.array(z.string()).nullish(),
});
/** What an `up` would do with one resource. */
export type PreviewStep = z.output<typeof step>;

/** The steps in what `pulumi preview --json` printed. */
export function stepsIn(previewJson: string): PreviewStep[] {
  return z.object({ steps: z.array(step).nullish() }).parse(JSON.parse(previewJson)).steps ?? [];
}
