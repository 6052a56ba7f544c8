import type { CustomResource, Output } from "@pulumi/pulumi";

/** A resource's outputs, one for each field of the provider's result. A field that is missing in an older state is undefined. */
export type OutputsOf<Result> = { readonly [Key in keyof Required<Result>]: Output<Result[Key]> };

/** Properties that make the SDK create an output for each of these keys. */
export function outputsNamed(keys: readonly string[]): Record<string, undefined> {
  return Object.fromEntries(keys.map((key) => [key, undefined]));
}

/** The outputs that the SDK has created for {@link outputsNamed}. */
export function outputsOn<Result>(resource: CustomResource, keys: readonly (keyof Result)[]): OutputsOf<Result> {
  const own = resource as unknown as OutputsOf<Result>;
  return Object.fromEntries(keys.map((key) => [key, own[key]])) as unknown as OutputsOf<Result>;
}
