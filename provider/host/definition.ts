import type { z } from "zod";

import type { Properties } from "./values.ts";

/** What the engine knows of a resource before an operation: what was asked for, and what came of it. */
export interface State<I, O> {
  inputs: I;
  outputs: O;
}

/** One run of create, update or delete. */
export interface Operation {
  /** The resource's name in the program. */
  name: string;
  urn: string;
  /** Shows a line of progress beside the resource while the operation runs; never a secret. */
  report(message: string): void;
  /** Says what has to be read after the run: it stays under "Diagnostics", as a warning of the resource; never a secret. */
  warn(message: string): void;
}

/** Decides about a difference by a resource's own rule. */
export interface Difference {
  /** Input keys whose change needs a new resource. */
  replaces: string[];
  /** Input keys that change; those of `replaces` may be left out. */
  changes: string[];
}

/** The name that a resource gets when the program gives none: `<resource name>-<7 hex>`, as Pulumi's bridged providers do. */
export interface AutoName {
  property: string;
  /** What comes before the resource's name, for instance `alias/`. */
  prefix?: string;
}

/**
 * One resource type. `X` is what the provider's `context` makes of its configuration, `I` the checked inputs, `O` what
 * create and read learn beyond the inputs (the host stores both together).
 */
export interface ResourceHandler<X, I, O> {
  /** Unknown keys are refused by name; every fault is reported with its property. Nested objects should be strict ones. */
  inputs: z.ZodType<I>;
  autoName?: AutoName;
  /** Keys marked secret in the state, inputs or outputs. */
  secrets?: readonly string[];
  /** Input keys whose change needs a new resource; any other change is an update. */
  replaceOn?: readonly string[];
  /** A replacement deletes the old one first (its name is fixed, so that both cannot exist). */
  deleteBeforeReplace?: boolean;
  /** Output keys that an update may change: unknown in its preview. */
  changesOnUpdate?: readonly string[];
  /**
   * Outputs that create (no `last`) or update will have, where they can be told without changing anything: known in the preview too.
   * Not asked while an input is unknown.
   */
  foresee?(context: X, inputs: I, last: State<I, O> | undefined, signal: AbortSignal): Promise<O>;
  /**
   * The resource's own rule in place of `replaceOn`. At a preview `news` lacks what is not known yet; those keys are in
   * `unknownKeys` and count as changed unless the rule leaves them out. May throw UserError to refuse the change.
   */
  diff?(context: X, olds: State<I, O>, news: Partial<I>, unknownKeys: ReadonlySet<string>): Difference;
  create(context: X, inputs: I, signal: AbortSignal, operation: Operation): Promise<{ id: string; outputs: O }>;
  /**
   * What exists, or undefined when it is gone. `last` is absent at an import. Inputs that are returned should have the
   * keys of `last.inputs`, or a refresh shows defaults of the service as drift.
   */
  read(
    context: X,
    id: string,
    last: State<I, O> | undefined,
    signal: AbortSignal,
  ): Promise<{ id: string; inputs: I; outputs: O } | undefined>;
  /** Without it any change replaces. */
  update?(context: X, id: string, olds: State<I, O>, news: I, signal: AbortSignal, operation: Operation): Promise<O>;
  delete(context: X, id: string, olds: State<I, O>, signal: AbortSignal, operation: Operation): Promise<void>;
}

/** One function (`invoke`). */
export interface FunctionHandler<X, A> {
  inputs: z.ZodType<A>;
  invoke(context: X, args: A, signal: AbortSignal): Promise<Properties>;
}

/** A provider: a table of resource types and functions by token. */
export interface ProviderDefinition<C, X> {
  name: string;
  version: string;
  /** The provider's configuration; values that the SDK sends as JSON text are parsed first. */
  config: z.ZodType<C>;
  /** Makes what the handlers work with; may ask the service who it is. Throws UserError when credentials are missing. */
  context(config: C): X | Promise<X>;
  resources: Readonly<Record<string, ResourceHandler<X, Properties, Properties>>>;
  functions?: Readonly<Record<string, FunctionHandler<X, Properties>>>;
}

/**
 * Puts a typed handler into a provider's table. The table forgets the types: the host hands a handler only what its own
 * `inputs` has parsed and what its own create, read and update have returned.
 */
export function resource<X, I extends object, O extends object>(
  handler: ResourceHandler<X, I, O>,
): ResourceHandler<X, Properties, Properties> {
  return handler as unknown as ResourceHandler<X, Properties, Properties>;
}

/** Puts a typed function into a provider's table; see {@link resource}. */
export function providerFunction<X, A extends object>(handler: FunctionHandler<X, A>): FunctionHandler<X, Properties> {
  return handler as unknown as FunctionHandler<X, Properties>;
}
