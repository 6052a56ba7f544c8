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

const state = z.object({
  urn: z.string(),
  type: z.string(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  provider: z.string().optional(),
});
type State = z.infer<typeof state>;

const preview = z.object({
  config: z.record(z.string(), z.string()).optional(),
  steps: z.array(z.object({ op: z.string(), newState: state.optional() })).optional(),
  diagnostics: z.array(z.object({ severity: z.string().optional(), message: z.string() })).optional(),
});
const checkpoint = z.object({ deployment: z.object({ resources: z.array(state).nullish() }) });

/** What `pulumi preview --json` printed. Throws where it isn't that. */
export function registrationIn(previewJson: string): Registration {
  const { config, steps } = preview.parse(JSON.parse(previewJson));
  // A replacement shows as three steps; each resource counts once, as it will be.
  const states = new Map(
    (steps ?? []).flatMap(({ op, newState }) =>
      newState && !op.startsWith("delete") ? [[newState.urn, newState]] : [],
    ),
  );
  return { config: config ?? {}, resources: withRegions([...states.values()]) };
}

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

/** Resources name their provider by URN and id; the provider's inputs hold the region. */
function withRegions(states: readonly State[]): RegisteredResource[] {
  const regions = new Map(states.map(({ urn, inputs }) => [urn, inputs?.["region"]]));
  return states.map(({ urn, type, inputs = {}, provider = "" }) => {
    const region = regions.get(provider.slice(0, provider.lastIndexOf("::")));
    return { urn, type, inputs, ...(typeof region === "string" && { region }) };
  });
}

/** Without the engine's colour marks. */
function plain(text: string): string {
  return text
    .replace(/<\{%[^%]*%\}>/g, "")
    .trim()
    .replace(/^error: /, "");
}
