/** The interface for a provider plugin: describe it with a {@link ProviderDefinition}, run it with {@link serveProvider}. */
export type { Operation, ProviderDefinition, ResourceHandler } from "./definition.ts";
export { providerFunction, resource } from "./definition.ts";
export { lineOf, PartialCreateError } from "./failures.ts";
export { serveProvider } from "./serve.ts";
export type { Properties } from "./values.ts";
