import type { Schema } from "../../../tools/descriptions/description.ts";
import { contractOf, type DescribedService } from "./descriptions.ts";
import { type Exception, EXCEPTIONS } from "./exceptions.ts";
import { type Fault, schemaFaults } from "./schemaFaults.ts";

/** One request to an emulator, and its answer. */
export interface Exchange {
  service: DescribedService;
  method: string;
  /** As the service's documentation writes it, without a prefix of the emulator's own. */
  path: string;
  query: URLSearchParams;
  /** Parsed JSON; undefined if the request has none. */
  body: unknown;
  status: number;
  /** Parsed JSON; undefined if the answer is of another type. */
  answer: unknown;
}

/**
 * What differs between an exchange and the service's published description, as lines to read. A refused request may be wrong: only its answer
 * is checked.
 */
export function contractFaults(exchange: Exchange, exceptions: readonly Exception[] = EXCEPTIONS): string[] {
  const { service, status } = exchange;
  const { operations, schemas } = contractOf(service, exceptions);
  const asked = `${exchange.method} ${exchange.path}`;
  const older = exceptions.find((one) => one.service === service && one.pathIs?.test(asked));
  const path =
    older?.pathIs === undefined ? exchange.path : (asked.replace(older.pathIs, older.as ?? "").split(" ")[1] ?? "");
  const operation = operations.find((one) => one.method === exchange.method && one.pattern.test(path));
  const isRefused = status >= 400;
  if (operation === undefined) return isRefused ? [] : [`${service}: ${asked} is not described`];

  const described = operation.answers[status] ?? operation.answers["default"];
  const answerFaults = (): Fault[] => {
    if (described === undefined) return isRefused ? [] : [{ field: "status", says: `${status} is not described` }];
    return exchange.answer === undefined ? [] : schemaFaults(described, exchange.answer, schemas);
  };
  const body = exchange.body === undefined ? [] : schemaFaults(operation.body ?? NO_BODY, exchange.body, schemas);
  const found = [
    ...(isRefused
      ? []
      : queryFaults(operation.query, exchange.query, schemas).map((fault) => ["query", fault] as const)),
    ...(isRefused ? [] : body.map((fault) => ["body", fault] as const)),
    ...answerFaults().map((fault) => ["answer", fault] as const),
  ];
  return found
    .filter(([place, { field }]) => !exceptions.some((one) => excepts(one, service, operation.name, place, field)))
    .map(([place, { field, says }]) => `${service}: ${operation.name}, ${place}${field && ` ${field}`}: ${says}`);
}

const NO_BODY: Schema = { type: "object", properties: {} };

function excepts(one: Exception, service: string, operation: string, place: string, field: string): boolean {
  return (
    one.service === service &&
    one.place === place &&
    one.operation?.test(operation) === true &&
    one.field?.test(field) === true
  );
}

/** A parameter is text; it fits if the value that it stands for does. */
function queryFaults(schema: Schema, query: URLSearchParams, named: Readonly<Record<string, Schema>>): Fault[] {
  const { properties = {}, required = [] } = schema.ref === undefined ? schema : (named[schema.ref] ?? {});
  return [
    ...required.filter((name) => !query.has(name)).map((name) => ({ field: name, says: "is missing" })),
    ...[...new Set(query.keys())].flatMap((name) => {
      const one = properties[name];
      if (one === undefined) return [{ field: name, says: "is not described" }];
      const texts = query.getAll(name);
      const [text = ""] = texts;
      const readings: unknown[] = [text, texts, Number(text), text === "true" ? true : text === "false" ? false : text];
      const faults = readings.map((value) => schemaFaults(one, value, named, name));
      return faults.some((found) => found.length === 0) ? [] : (faults[0] ?? []);
    }),
  ];
}
