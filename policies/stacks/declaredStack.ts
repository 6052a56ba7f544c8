import type { RegisteredResource } from "../../recovery/pulumi/pulumiResources.ts";

/** What one stack's preview declares. */
export interface DeclaredStack {
  readonly stack: string;
  readonly resources: readonly RegisteredResource[];
}
