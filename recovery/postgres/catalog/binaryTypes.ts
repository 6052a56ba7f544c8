/**
 * Types whose values mean the same in binary in every database and version: they hold neither an OID nor anything of a locale, and
 * Postgres reads today what it wrote decades ago. tests/recovery/postgres/catalog/binaryTypes.test.ts proves each of them. Enumerations are taken
 * as well, since they travel by their labels; arrays of them hold an OID.
 */
const TYPES = [
  ...["bool", "int2", "int4", "int8", "float4", "float8", "numeric"],
  ...["text", "varchar", "bpchar", "bytea", "uuid", "json", "jsonb"],
  ...["date", "time", "timetz", "timestamp", "timestamptz", "interval"],
  ...["inet", "cidr", "macaddr", "bit", "varbit", "point"],
  ...["int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"],
];

/** As `pg_type.typname` has them, with the arrays of each. */
export const BINARY_TYPES: readonly string[] = TYPES.flatMap((name) => [name, `_${name}`]);
