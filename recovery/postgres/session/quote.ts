/** A name as SQL writes it, always quoted. */
export function quoteIdent(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL literal. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** The name of a table, view or sequence as SQL writes it, with its schema. */
export function quoteTable({ schema, name }: { schema: string; name: string }): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/** A table's name as people write it, for messages. */
export function tableName(table: { schema: string; name: string }): string {
  return `${table.schema}.${table.name}`;
}

/** A table's name as a key: unlike {@link tableName}, no two tables share one. */
export function tableKey(table: { schema: string; name: string }): string {
  return JSON.stringify([table.schema, table.name]);
}
