/** What a provider plugin needs: describe it with a {@link ProviderDefinition}, run it with {@link serveProvider}. */
export { likeLast, providerFunction, resource } from "./definition.ts";
export type {
  AutoName,
  Difference,
  FunctionHandler,
  Operation,
  ProviderDefinition,
  ResourceHandler,
  State,
} from "./definition.ts";
export { lineOf, PartialCreateError } from "./failures.ts";
export { serveProvider } from "./serve.ts";
export type { Properties } from "./values.ts";
