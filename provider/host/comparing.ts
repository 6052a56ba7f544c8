import type { Difference, ResourceHandler, State } from "./definition.ts";
import { holdsUnknown, type Properties, same } from "./values.ts";

/** The changes between the last inputs and the new ones, and which of them need a new resource. */
export interface Comparison {
  replaces: ReadonlySet<string>;
  changes: ReadonlySet<string>;
}

/** Compares by the handler's own rule, or by `replaceOn`. A value that is not known yet counts as changed. */
export function compare<X>(
  handler: ResourceHandler<X, Properties, Properties>,
  context: X,
  olds: State<Properties, Properties>,
  news: Properties,
): Comparison {
  const unknownKeys = new Set(Object.keys(news).filter((key) => holdsUnknown(news[key])));
  const known = Object.fromEntries(Object.entries(news).filter(([key]) => !unknownKeys.has(key)));
  const { replaces, changes } =
    handler.diff?.(context, olds, known, unknownKeys) ?? byTable(handler, olds.inputs, news);
  return { replaces: new Set(replaces), changes: new Set([...changes, ...replaces]) };
}

/** Keys whose values differ. */
export function changedKeys(olds: Properties, news: Properties): string[] {
  return [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter((key) => !same(olds[key], news[key]));
}

function byTable<X>(
  handler: ResourceHandler<X, Properties, Properties>,
  olds: Properties,
  news: Properties,
): Difference {
  const changes = changedKeys(olds, news);
  const replaces = handler.update === undefined ? changes : changes.filter((key) => handler.replaceOn?.includes(key));
  return { changes, replaces };
}
