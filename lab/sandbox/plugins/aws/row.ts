import { type Properties, resource, type ResourceHandler } from "../../../../provider/host/index.ts";
import type { AwsContext } from "./context.ts";
import { explained } from "./explain.ts";

/** One row of the table of AWS resource types. */
export type AwsRow<I, O> = ResourceHandler<AwsContext, I, O>;

/** Adds a row to the table. Its errors name the operation and the resource, for instance `creating KMS Alias (alias/x): …`. */
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

/** The program's text of a policy if the service's differs only in whitespace, which is not drift. */
export function sameDocument(actual: string | undefined, last: string | undefined): string | undefined {
  if (actual === undefined || last === undefined) return actual;
  return canonical(actual) === canonical(last) ? last : actual;
}

function canonical(document: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(document)));
  } catch {
    // Not JSON: the text itself is compared.
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
