import type { RegisteredResource } from "../../recovery/pulumi/pulumiResources.ts";

/** Everything that one stack's preview declares. */
export interface DeclaredStack {
  readonly stack: string;
  readonly resources: readonly RegisteredResource[];
}
