import type { Description } from "./description.ts";

/** The same description, with each schema once: equal ones of several operations become one, and unused ones go. */
export function compact({ source, operations, schemas }: Description): Description {
  let named = schemas;
  let asked = operations;
  for (;;) {
    const first = new Map<string, string>();
    const renamed = new Map(
      Object.entries(named).map(([name, schema]) => {
        const text = JSON.stringify(schema);
        if (!first.has(text)) first.set(text, name);
        return [name, first.get(text) ?? name];
      }),
    );
    const distinct = Object.entries(named).filter(([name]) => renamed.get(name) === name);
    if (distinct.length === Object.keys(named).length) break;
    const rename = <T>(value: T): T => withRefs(value, (ref) => renamed.get(ref) ?? ref);
    named = Object.fromEntries(distinct.map(([name, schema]) => [name, rename(schema)]));
    asked = rename(asked);
  }
  const used = new Set<string>();
  const follow = (value: unknown): void =>
    void withRefs(value, (ref) => {
      if (used.has(ref)) return ref;
      used.add(ref);
      follow(named[ref]);
      return ref;
    });
  follow(asked);
  // Numbers in the order of their use, so that a newer version differs only where the service does.
  const numbers = new Map([...used].map((name, at) => [name, `${name.replace(/\d+$/, "")}${at}`]));
  const number = <T>(value: T): T => withRefs(value, (ref) => numbers.get(ref) ?? ref);
  return {
    source,
    operations: number(asked),
    schemas: Object.fromEntries([...numbers].map(([name, to]) => [to, number(named[name] ?? {})])),
  };
}

function withRefs<T>(value: T, change: (ref: string) => string): T {
  return JSON.parse(JSON.stringify(value), (key, one: unknown) =>
    key === "ref" && typeof one === "string" ? change(one) : one,
  ) as T;
}

/** A description as JSON, with a line for each operation and schema. */
export function textOf({ source, operations, schemas }: Description): string {
  const lines = (all: Record<string, object>) =>
    Object.entries(all)
      .map(([name, one]) => `${JSON.stringify(name)}: ${JSON.stringify(one)}`)
      .join(",\n");
  return `{"source": ${JSON.stringify(source)},\n"operations": {\n${lines(operations)}},\n"schemas": {\n${lines(schemas)}}}\n`;
}
