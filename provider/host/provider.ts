import { UserError } from "../../services/common/errors.ts";
import { check, type Checked, parseConfiguration } from "./checking.ts";
import type { Operation, ProviderDefinition, ResourceHandler } from "./definition.ts";
import type { EngineLog } from "./engineLog.ts";
import type { RunningOperations } from "./operations.ts";
import type { Properties } from "./values.ts";

/** Keys that the engine adds to every provider's configuration. */
const ENGINE_KEYS = ["version", "pluginDownloadURL", "__internal"];

/** The fields of a request about a resource. */
export interface ResourceRequest {
  getUrn(): string;
  getType(): string;
  getName(): string;
}

/** A running provider: its definition, its configuration, its operations. */
export class Provider<C, X> {
  readonly definition: ProviderDefinition<C, X>;
  readonly running: RunningOperations;
  readonly #log: EngineLog;
  readonly #warnings: Promise<void>[] = [];
  #configured: { context: X } | undefined;

  constructor(definition: ProviderDefinition<C, X>, running: RunningOperations, log: EngineLog) {
    this.definition = definition;
    this.running = running;
    this.#log = log;
  }

  /** The handlers' context; refused before Configure. */
  get context(): X {
    if (this.#configured === undefined)
      throw new UserError(`Provider ${this.definition.name} is used before it is configured.`);
    return this.#configured.context;
  }

  /** Applies the configuration. Throws UserError with every fault. */
  async configure(values: Properties): Promise<void> {
    const checked = this.checkConfiguration(values);
    if (checked.faults.length > 0)
      throw new UserError(checked.faults.map(({ property, reason }) => `${property}: ${reason}`).join(" "));
    // Without a fault the values are the schema's output: a C.
    this.#configured = { context: await this.definition.context(checked.values as C) };
  }

  /** Checks the provider's own part of its configuration. */
  checkConfiguration(values: Properties): Checked {
    const { config } = this.definition;
    return check(config, parseConfiguration(config, withoutEngineKeys(values)));
  }

  /** The handler for a request. Throws UserError that names an unknown type. */
  handlerOf(request: ResourceRequest): ResourceHandler<X, Properties, Properties> {
    const token = typeOf(request);
    const handler = this.definition.resources[token];
    if (handler !== undefined) return handler;
    throw new UserError(`Provider ${this.definition.name} does not implement resource type ${token}.`);
  }

  /** What a handler may know and report about its operation. */
  operationOf(request: ResourceRequest): Operation {
    const urn = request.getUrn();
    return {
      name: nameOf(request),
      urn,
      report: (message) => void this.#log(urn, message, "progress"),
      warn: (message) => void this.#warnings.push(this.#log(urn, message, "warning")),
    };
  }

  /** Runs an operation, and then waits until the engine has all its warnings: an engine that has its answer may close. */
  async carryOut<T>(timeoutSeconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.running.run(timeoutSeconds, work);
    } finally {
      await Promise.all(this.#warnings.splice(0));
    }
  }
}

/** The provider's own configuration. */
export function withoutEngineKeys(values: Properties): Properties {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !ENGINE_KEYS.includes(key)));
}

/** A resource's type. An engine that doesn't send it in a field sends `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`. */
export function typeOf(request: ResourceRequest): string {
  if (request.getType() !== "") return request.getType();
  return request.getUrn().split("::")[2]?.split("$").at(-1) ?? "";
}

/** A resource's name in the program. */
export function nameOf(request: ResourceRequest): string {
  return request.getName() === "" ? request.getUrn().split("::").slice(3).join("::") : request.getName();
}
