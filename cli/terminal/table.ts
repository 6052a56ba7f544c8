import Table from "cli-table3";

/** A table without colours and rules, which also reads well in a file. */
export function plainTable(head: string[], more: Table.TableConstructorOptions = {}): Table.Table {
  return new Table({ head, style: { head: [], border: [], compact: true }, ...more });
}
