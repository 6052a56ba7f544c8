import { z } from "zod";

/** A resource as the program registered it with the engine. What isn't known before an update holds a placeholder of the engine. */
export interface RegisteredResource {
  readonly urn: string;
  /** Pulumi's resource type, such as `aws:s3/bucket:Bucket`. */
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Region of its provider, where it has one. */
  readonly region?: string;
}

/** What a preview says: the stack's configuration by full key, and the resources that it would have. */
export interface Registration {
  readonly config: Record<string, string>;
  readonly resources: RegisteredResource[];
}

/** A resource as the engine has it in a state or an event. */
export interface ResourceState {
  readonly urn: string;
  readonly type: string;
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
  /** `URN::id` of its provider; empty or absent for components. */
  readonly provider?: string | undefined;
}

const state = z.object({
  urn: z.string(),
  type: z.string(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  provider: z.string().optional(),
});
const preview = z.object({
  diagnostics: z.array(z.object({ severity: z.string().optional(), message: z.string() })).optional(),
});
const checkpoint = z.object({ deployment: z.object({ resources: z.array(state).nullish() }) });

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
  return withRegions(checkpoint.parse(JSON.parse(exportJson)).deployment.resources ?? []);
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
