import { z } from "zod";

/** A resource as the engine has it in a state, a preview or an event. */
export const STATE_RESOURCE = z.looseObject({
  urn: z.string(),
  /** Pulumi's resource type, such as `aws:s3/bucket:Bucket`. */
  type: z.string(),
  id: z.string().optional(),
  parent: z.string().optional(),
  /** `URN::id` of its provider; empty or absent for components. */
  provider: z.string().optional(),
  protect: z.boolean().optional(),
  delete: z.boolean().optional(),
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
  deletedWith: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});
export type StateResource = z.infer<typeof STATE_RESOURCE>;

const exported = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(STATE_RESOURCE).nullish(),
    pending_operations: z.array(z.looseObject({ type: z.string(), resource: STATE_RESOURCE })).nullish(),
  }),
});
type Deployment = z.infer<typeof exported>["deployment"];

/** What `pulumi stack export` printed: the resources, the pending operations, and the same text with others (`changed`). */
export function readExport(exportJson: string) {
  const { deployment, ...others } = exported.parse(JSON.parse(exportJson));
  return {
    resources: deployment.resources ?? [],
    pending: deployment.pending_operations ?? [],
    changed: (change: Partial<Deployment>) => JSON.stringify({ ...others, deployment: { ...deployment, ...change } }),
  };
}
