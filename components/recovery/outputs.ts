import type { CustomResource, Output } from "@pulumi/pulumi";

/** A resource's outputs, one for each field of what its provider returns. A field that a state of an earlier version lacks is undefined. */
export type OutputsOf<Result> = { readonly [Key in keyof Required<Result>]: Output<Result[Key]> };

/** Properties that make the SDK put an output for each of these keys on a resource. */
export function outputsNamed(keys: readonly string[]): Record<string, undefined> {
  return Object.fromEntries(keys.map((key) => [key, undefined]));
}

/** The outputs that the SDK has put on a resource for {@link outputsNamed}. */
export function outputsOn<Result>(resource: CustomResource, keys: readonly (keyof Result)[]): OutputsOf<Result> {
  const own = resource as unknown as OutputsOf<Result>;
  return Object.fromEntries(keys.map((key) => [key, own[key]])) as unknown as OutputsOf<Result>;
}
