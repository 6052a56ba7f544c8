/**
 * Types whose values mean the same in binary in every database and version: they hold neither an OID nor anything that depends on a locale.
 * tests/recovery/postgres/catalog/binaryTypes.test.ts proves each of them. Enumerations are included, since they are sent by their labels.
 * Arrays of enumerations are not, since they hold an OID.
 */
const TYPES = [
  ...["bool", "int2", "int4", "int8", "float4", "float8", "numeric"],
  ...["text", "varchar", "bpchar", "bytea", "uuid", "json", "jsonb"],
  ...["date", "time", "timetz", "timestamp", "timestamptz", "interval"],
  ...["inet", "cidr", "macaddr", "bit", "varbit", "point"],
  ...["int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"],
];

/** The types as `pg_type.typname` has them, each with its array type. */
export const BINARY_TYPES: readonly string[] = TYPES.flatMap((name) => [name, `_${name}`]);
