import { z } from "zod";

import { readExport, type StateResource } from "./exportedState.ts";

/** A resource as the program registered it with the engine. What isn't known before an update holds a placeholder of the engine. */
export interface RegisteredResource extends Readonly<Pick<StateResource, "urn" | "type">> {
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Region of its provider, if it has one. */
  readonly region?: string;
}

/** What a preview says: the stack's configuration by full key, and the resources that it would have. */
export interface Registration {
  readonly config: Record<string, string>;
  readonly resources: RegisteredResource[];
}

/** The part of a state or an event that leads to a resource's region. */
export type ResourceState = Pick<StateResource, "urn" | "type" | "inputs" | "provider">;

const preview = z.object({
  diagnostics: z.array(z.object({ severity: z.string().optional(), message: z.string() })).optional(),
});

/** The engine's own errors in what a failed `pulumi preview --json` printed; empty when it printed something else. */
export function errorsIn(previewJson: string): string[] {
  const start = previewJson.indexOf("{");
  if (start < 0) return [];
  try {
    const { diagnostics } = preview.parse(JSON.parse(previewJson.slice(start)));
    const errors = (diagnostics ?? []).filter(({ severity }) => severity === "error");
    return [...new Set(errors.map(({ message }) => plain(message)))].filter((message) => message !== "preview failed");
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return [];
    throw error;
  }
}

/** The resources in what `pulumi stack export` printed: those that are deployed. */
export function resourcesInExport(exportJson: string): RegisteredResource[] {
  return withRegions(readExport(exportJson).resources);
}

/** Each resource once, by its last state. Resources name their provider by URN and id; the provider's inputs hold the region. */
export function withRegions(states: readonly ResourceState[]): RegisteredResource[] {
  const regions = new Map(states.map(({ urn, inputs }) => [urn, inputs?.["region"]]));
  return [...new Map(states.map((one) => [one.urn, one])).values()].map(({ urn, type, inputs = {}, provider = "" }) => {
    const region = regions.get(provider.slice(0, provider.lastIndexOf("::")));
    return { urn, type, inputs, ...(typeof region === "string" && { region }) };
  });
}

/** An engine's message without its colour marks. */
export function plain(text: string): string {
  return text
    .replace(/<\{%[^%]*%\}>/g, "")
    .trim()
    .replace(/^error: /, "");
}
