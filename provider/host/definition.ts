import type { z } from "zod";

import type { Properties } from "./values.ts";

/** A resource before an operation: its inputs, and its last result. */
export interface State<I, O> {
  inputs: I;
  outputs: O;
}

/** One run of create, update or delete. */
export interface Operation {
  /** The resource's name in the program. */
  name: string;
  urn: string;
  /** Shows a line of progress beside the resource while the operation runs. Must not contain a secret. */
  report: (message: string) => void;
  /** Shows a warning that stays under "Diagnostics" after the run. Must not contain a secret. */
  warn: (message: string) => void;
}

/** A difference by a resource's own rule. */
export interface Difference {
  /** Input keys whose change needs a new resource. */
  replaces: string[];
  /** Changed input keys; those in `replaces` may be left out. */
  changes: string[];
}

/** How to name a resource without a name in the program: `<resource name>-<7 hex>`, as Pulumi's bridged providers do. */
export interface AutoName {
  property: string;
  /** Text before the resource's name, for instance `alias/`. */
  prefix?: string;
}

/**
 * One resource type. `X` is the result of the provider's `context`, `I` the checked inputs, and `O` the outputs of create and read beyond
 * the inputs. The host stores inputs and outputs together.
 */
export interface ResourceHandler<X, I, O> {
  /** Unknown keys are refused by name, and every fault is reported with its property. Nested objects should be strict. */
  inputs: z.ZodType<I>;
  autoName?: AutoName;
  /** Keys of inputs or outputs that are secret in the state. */
  secrets?: readonly string[];
  /** Input keys whose change needs a new resource; any other change is an update. */
  replaceOn?: readonly string[];
  /** A replacement deletes the old resource first, because its name is fixed and both cannot exist. */
  deleteBeforeReplace?: boolean;
  /** Output keys that an update may change; its preview shows them as unknown. */
  changesOnUpdate?: readonly string[];
  /**
   * Outputs of a create (no `last`) or an update that can be computed without changing anything, so that a preview knows them. Not called
   * while an input is unknown.
   */
  foresee?(context: X, inputs: I, last: State<I, O> | undefined, signal: AbortSignal): Promise<O>;
  /**
   * The resource's own rule in place of `replaceOn`. In a preview, `news` lacks the values that are not known yet; `unknownKeys` contains
   * those keys, which count as changed unless the rule leaves them out. Throws UserError to refuse a change.
   */
  diff?(context: X, olds: State<I, O>, news: Partial<I>, unknownKeys: ReadonlySet<string>): Difference;
  create(context: X, inputs: I, signal: AbortSignal, operation: Operation): Promise<{ id: string; outputs: O }>;
  /**
   * Reads the resource; undefined when it is gone. `last` is absent in an import. Return only inputs with the keys of `last.inputs`, or a
   * refresh shows the service's defaults as drift.
   */
  read(
    context: X,
    id: string,
    last: State<I, O> | undefined,
    signal: AbortSignal,
  ): Promise<{ id: string; inputs: I; outputs: O } | undefined>;
  /** Without this method every change replaces the resource. */
  update?(context: X, id: string, olds: State<I, O>, news: I, signal: AbortSignal, operation: Operation): Promise<O>;
  delete(context: X, id: string, olds: State<I, O>, signal: AbortSignal, operation: Operation): Promise<void>;
}

/** One function, called with `invoke`. */
export interface FunctionHandler<X, A> {
  inputs: z.ZodType<A>;
  invoke(context: X, args: A, signal: AbortSignal): Promise<Properties>;
}

/** A provider: its resource types and functions by token. */
export interface ProviderDefinition<C, X> {
  name: string;
  version: string;
  /** The provider's configuration. The SDK sends some values as JSON text, which is parsed first. */
  config: z.ZodType<C>;
  /** Creates what the handlers work with, and may call the service to do so. Throws UserError when credentials are missing. */
  context(config: C): X | Promise<X>;
  resources: Readonly<Record<string, ResourceHandler<X, Properties, Properties>>>;
  functions?: Readonly<Record<string, FunctionHandler<X, Properties>>>;
}

/**
 * Adds a typed handler to a provider's table. The table drops the types: the host passes a handler only what its own `inputs` has parsed,
 * and what its own create, read and update have returned.
 */
export function resource<X, I extends object, O extends object>(
  handler: ResourceHandler<X, I, O>,
): ResourceHandler<X, Properties, Properties> {
  return handler as unknown as ResourceHandler<X, Properties, Properties>;
}

/** Adds a typed function to a provider's table; see {@link resource}. */
export function providerFunction<X, A extends object>(handler: FunctionHandler<X, A>): FunctionHandler<X, Properties> {
  return handler as unknown as FunctionHandler<X, Properties>;
}
