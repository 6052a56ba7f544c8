import { describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { previewApart, recordedApart } from "../../../recovery/pulumi/pulumiApart.ts";
import type { RegisteredResource } from "../../../recovery/pulumi/pulumiResources.ts";

/** What a preview shows in place of a value that only an update can know. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** What the engine itself adds to a provider and to the hash of a file. */
const ADDED = { provider: ["__internal", "version"], file: ["hash", "__pulumiAsset"] };

const byUrn = (resources: readonly RegisteredResource[]) => new Map(resources.map((one) => [one.urn, one]));

/** The paths at which a record differs from what a preview knows. */
function differences(previewed: unknown, recorded: unknown, path: string): string[] {
  if (previewed === UNKNOWN) return JSON.stringify(recorded).match(/stands-in|\[secret\]/) ? [] : [`${path} is known`];
  if (typeof previewed !== "object" || previewed === null)
    return previewed === recorded ? [] : [`${path}: ${JSON.stringify(previewed)} ${JSON.stringify(recorded)}`];
  if (typeof recorded !== "object" || recorded === null || Array.isArray(previewed) !== Array.isArray(recorded))
    return [`${path}: another kind`];
  const keys = [...new Set([...Object.keys(previewed), ...Object.keys(recorded)])];
  const [left, right] = [previewed, recorded] as Record<string, unknown>[];
  return keys.flatMap((key) => differences(left![key], right![key], `${path}.${key}`));
}

/** The inputs without what the engine adds. */
function declared({ type, inputs }: RegisteredResource): unknown {
  const without = (value: object, keys: readonly string[]) =>
    Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
  if (type.startsWith("pulumi:providers:")) return without(inputs, ADDED.provider);
  const { source } = inputs;
  const isFile = typeof source === "object" && source !== null;
  return isFile ? { ...inputs, source: without(source, ADDED.file) } : inputs;
}

describe.each(["prod", "dr"])("the record of %s", (stack) => {
  it("equals a preview, resource by resource and property by property, and knows what the preview can't", async () => {
    const options = { stack, workspace: PROJECT_ROOT };
    const [previewed, recorded] = await Promise.all([previewApart(options), recordedApart(options)]);
    expect(previewed.failure).toBeUndefined();
    expect(recorded!.config).toEqual(previewed.config);
    const [left, right] = [byUrn(previewed.resources), byUrn(recorded!.resources)];
    expect([...right.keys()].sort()).toEqual([...left.keys()].sort());
    for (const [urn, resource] of left) {
      const other = right.get(urn)!;
      expect({ type: other.type, region: other.region }).toEqual({ type: resource.type, region: resource.region });
      expect(differences(declared(resource), declared(other), urn.split("::").at(-1)!)).toEqual([]);
    }
    expect(left.size).toBeGreaterThan(40);
    expect(JSON.stringify(recorded!.resources)).not.toContain(UNKNOWN);
  }, 120_000);
});
