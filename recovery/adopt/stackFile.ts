import { isMap, isSeq, parseDocument } from "yaml";

import { UserError } from "../../services/common/errors.ts";

/** Settings to write, by path below `config`. Undefined removes one. */
export type StackFileChanges = readonly (readonly [path: readonly (string | number)[], value: unknown])[];

/**
 * A stack's file with other settings. Comments and all other settings stay. A new value is written in one line, a list with a line for each entry.
 *
 * @throws UserError if a path leads through something that is no list or map, such as a list that `pulumi config set` has written as text
 */
export function withSettings(text: string, changes: StackFileChanges): string {
  const document = parseDocument(text);
  for (const [path, value] of changes) {
    const whole = ["config", ...path];
    const parent = path.length > 1 ? document.getIn(whole.slice(0, -1), true) : undefined;
    if (path.length > 1 && !isMap(parent) && !isSeq(parent))
      throw new UserError(
        `${String(path[0])} is written as text in the stack's file. Write it as a list in YAML, as Pulumi.prod.yaml shows, and run the same command again.`,
      );
    if (value === undefined) document.deleteIn(whole);
    else if (Array.isArray(value)) document.setIn(whole, listOf(document, value));
    else document.setIn(whole, document.createNode(value, { flow: true }));
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function listOf(document: ReturnType<typeof parseDocument>, values: readonly unknown[]) {
  const list = document.createNode(values);
  for (const entry of isSeq(list) ? list.items : []) if (isMap(entry)) entry.flow = true;
  return list;
}
