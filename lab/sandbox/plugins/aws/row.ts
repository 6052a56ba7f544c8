import { type Properties, resource, type ResourceHandler } from "../../../../provider/host/index.ts";
import type { AwsContext } from "./context.ts";
import { explained } from "./explain.ts";

/** One row of the table of AWS resource types. */
export type AwsRow<I, O> = ResourceHandler<AwsContext, I, O>;

/** Puts a row into the table; its errors then say what was done to what, for instance `creating KMS Alias (alias/x): …`. */
export function awsRow<I extends object, O extends object>(
  label: string,
  row: AwsRow<I, O>,
): ResourceHandler<AwsContext, Properties, Properties> {
  const update = row.update?.bind(row);
  return resource<AwsContext, I, O>({
    ...row,
    create: (context, inputs, signal, operation) =>
      explained(`creating ${label} (${nameIn(inputs) ?? operation.name})`, () =>
        row.create(context, inputs, signal, operation),
      ),
    read: (context, id, last, signal) =>
      explained(`reading ${label} (${id})`, () => row.read(context, id, last, signal)),
    ...(update !== undefined && {
      update: (context, id, olds, news, signal, operation) =>
        explained(`updating ${label} (${id})`, () => update(context, id, olds, news, signal, operation)),
    }),
    delete: (context, id, olds, signal, operation) =>
      explained(`deleting ${label} (${id})`, () => row.delete(context, id, olds, signal, operation)),
  });
}

/** A policy as the program wrote it, where the service's differs in blanks alone: no drift. */
export function sameDocument(actual: string | undefined, last: string | undefined): string | undefined {
  if (actual === undefined || last === undefined) return actual;
  return canonical(actual) === canonical(last) ? last : actual;
}

function canonical(document: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(document)));
  } catch {
    // Not JSON: then the text itself is compared.
    return document;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

function nameIn(inputs: object): string | undefined {
  const { bucket, name } = inputs as Properties;
  return [bucket, name].find((value) => typeof value === "string");
}
