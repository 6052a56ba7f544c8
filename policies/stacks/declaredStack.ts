import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/** A resource as declared in a preview. Unknown inputs hold the engine's placeholder. */
export interface DeclaredResource {
  readonly urn: string;
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** `URN::id` of its provider; empty for components. */
  readonly provider: string;
}

/** Everything that one stack's preview declares. */
export interface DeclaredStack {
  readonly stack: string;
  readonly resources: readonly DeclaredResource[];
}

/** The resource that an engine event of a preview declares, if any. */
export function declaredIn(event: EngineEvent): DeclaredResource | undefined {
  const metadata = event.resourcePreEvent?.metadata;
  if (!metadata?.new) return undefined;
  const { urn, type, inputs, provider } = metadata.new;
  return { urn, type, inputs: (inputs as Record<string, unknown> | undefined) ?? {}, provider };
}

/** AWS region of a resource, from its provider. */
export function regionOf(resource: DeclaredResource, { resources }: DeclaredStack): string | undefined {
  const provider = resources.find(({ urn }) => resource.provider.startsWith(`${urn}::`));
  const region = provider?.inputs["region"];
  return typeof region === "string" ? region : undefined;
}
