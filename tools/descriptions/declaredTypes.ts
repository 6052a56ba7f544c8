import ts from "typescript";

import { ANYTHING, oneOf, type Schema } from "./description.ts";

/** Types of a package, by its declarations. */
export interface DeclaredTypes {
  checker: ts.TypeChecker;
  /** The exported or declared name's own declaration. */
  find: (file: string, name: string) => ts.Symbol;
  /** A type as a schema; the object types in it that have a name become schemas of their own. */
  schemaOf: (type: ts.Type) => Schema;
  schemas: Record<string, Schema>;
}

/** Reads declaration files. Nothing of them is run. */
export function readTypes(files: readonly string[]): DeclaredTypes {
  const program = ts.createProgram([...files], {
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es5.d.ts"],
    types: [],
    strict: true,
    noEmit: true,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    module: ts.ModuleKind.ESNext,
  });
  const checker = program.getTypeChecker();
  const schemas: Record<string, Schema> = {};
  const names = new Map<ts.Type, string>();

  const schemaOf = (type: ts.Type): Schema => {
    if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.NonPrimitive)) return ANYTHING;
    if (type.isUnion())
      return oneOf(
        type.types.filter(({ flags }) => !(flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void))).map(schemaOf),
      );
    if (type.isStringLiteral() || type.isNumberLiteral()) return { enum: [type.value] };
    if (type.flags & ts.TypeFlags.BooleanLiteral) return { enum: [checker.typeToString(type) === "true"] };
    if (type.flags & ts.TypeFlags.StringLike) return { type: "string" };
    if (type.flags & ts.TypeFlags.NumberLike) return { type: "number" };
    if (type.flags & ts.TypeFlags.Null) return { type: "null" };
    if (type.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)) return ANYTHING;
    if (checker.isArrayType(type) || checker.isTupleType(type)) {
      const items = checker.getTypeArguments(type as ts.TypeReference).map(schemaOf);
      return { type: "array", items: oneOf(items) };
    }
    // An intersection of types has no symbol, whatever its declaration says.
    const name = type.aliasSymbol?.name ?? (type.symbol as ts.Symbol | undefined)?.name ?? "__type";
    // A file or a stream is sent as bytes.
    if (["Blob", "Headers", "Response", "ReadableStream"].includes(name)) return ANYTHING;
    const known = names.get(type);
    if (known !== undefined) return { ref: known };
    const unique = `${name.startsWith("__") ? "object" : name}${names.size}`;
    names.set(type, unique);
    schemas[unique] = ANYTHING;
    schemas[unique] = objectOf(type);
    return { ref: unique };
  };
  const objectOf = (type: ts.Type): Schema => {
    const properties = checker.getPropertiesOfType(type);
    const others = checker.getIndexTypeOfType(type, ts.IndexKind.String);
    // A type without any field leaves the fields open.
    if (properties.length === 0 && others === undefined)
      return { type: "object", properties: {}, additionalProperties: ANYTHING };
    const isOptional = (one: ts.Symbol) => Boolean(one.flags & ts.SymbolFlags.Optional);
    return {
      type: "object",
      properties: Object.fromEntries(properties.map((one) => [one.name, schemaOf(checker.getTypeOfSymbol(one))])),
      required: properties.filter((one) => !isOptional(one)).map((one) => one.name),
      ...(others && { additionalProperties: schemaOf(others) }),
    };
  };
  const named = new Map(
    files.map((file) => [
      file,
      (program.getSourceFile(file)?.statements ?? []).flatMap((statement): ts.NamedDeclaration[] =>
        ts.isVariableStatement(statement)
          ? [...statement.declarationList.declarations]
          : [statement as ts.DeclarationStatement],
      ),
    ]),
  );
  const find = (file: string, name: string): ts.Symbol => {
    const declared = named
      .get(file)
      ?.find((one) => one.name !== undefined && ts.isIdentifier(one.name) && one.name.text === name);
    const found = declared?.name && checker.getSymbolAtLocation(declared.name);
    if (found === undefined) throw new Error(`${file} declares no ${name}`);
    return found;
  };
  return { checker, find, schemaOf, schemas };
}
