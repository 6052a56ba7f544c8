import { ANYTHING, oneOf, type Schema } from "./description.ts";

/** A zod 3 type, as far as its form on the wire is concerned. */
interface ZodType {
  _def: {
    typeName: string;
    shape?: () => Record<string, ZodType>;
    getter?: () => ZodType;
    innerType?: ZodType;
    schema?: ZodType;
    in?: ZodType;
    type?: ZodType;
    valueType?: ZodType;
    value?: string | number | boolean | null;
    values?: (string | number)[] | Record<string, string | number>;
    options?: ZodType[];
    catchall?: ZodType;
    unknownKeys?: string;
    effect?: { type: string; transform?: (value: unknown, context: object) => unknown };
  };
}

const PLAIN: Readonly<Record<string, NonNullable<Schema["type"]>>> = {
  ZodString: "string",
  ZodNumber: "number",
  ZodBoolean: "boolean",
  ZodDate: "string",
  ZodNull: "null",
};

/** What a zod model takes from the wire, or gives to it. Models that name themselves become schemas of `named`. */
export function fromZod(model: ZodType, named: Record<string, Schema>): Schema {
  const names = new Map<ZodType, string>();
  const isOptional = (type: ZodType): boolean =>
    ["ZodOptional", "ZodDefault"].includes(type._def.typeName) ||
    (type._def.typeName === "ZodNullable" && type._def.innerType !== undefined && isOptional(type._def.innerType));
  const object = (type: ZodType, wireNames: Record<string, string>): Schema => {
    const shape = Object.entries(type._def.shape?.() ?? {});
    const { catchall } = type._def;
    const isOpen = catchall !== undefined && catchall._def.typeName !== "ZodNever";
    // A model without any field leaves the fields open.
    const others = isOpen ? convert(catchall) : shape.length === 0 ? ANYTHING : undefined;
    return {
      type: "object",
      properties: Object.fromEntries(shape.map(([key, one]) => [wireNames[key] ?? key, convert(one)])),
      required: shape.filter(([, one]) => !isOptional(one)).map(([key]) => wireNames[key] ?? key),
      ...(others && { additionalProperties: others }),
    };
  };
  const convert = (type: ZodType): Schema => {
    const { typeName, ...def } = type._def;
    const plain = PLAIN[typeName];
    if (plain !== undefined) return { type: plain };
    switch (typeName) {
      case "ZodObject":
        return object(type, {});
      case "ZodEffects":
        return def.schema?._def.typeName === "ZodObject" ? object(def.schema, renamedBy(type)) : inner(def.schema);
      case "ZodLazy": {
        const target = def.getter?.();
        if (target === undefined) return ANYTHING;
        const known = names.get(target);
        if (known !== undefined) return { ref: known };
        const name = `model${Object.keys(named).length}`;
        names.set(target, name);
        named[name] = ANYTHING;
        named[name] = convert(target);
        return { ref: name };
      }
      case "ZodOptional":
      case "ZodDefault":
        return inner(def.innerType);
      case "ZodNullable":
        return oneOf([inner(def.innerType), { type: "null" }]);
      case "ZodPipeline":
        return inner(def.in);
      case "ZodArray":
        return { type: "array", items: inner(def.type) };
      case "ZodRecord":
        return { type: "object", properties: {}, additionalProperties: inner(def.valueType) };
      case "ZodLiteral":
        return { enum: [def.value ?? null] };
      case "ZodEnum":
      case "ZodNativeEnum":
        return { enum: Object.values(def.values ?? {}) };
      case "ZodUnion":
        return oneOf((def.options ?? []).map(convert));
      default:
        return ANYTHING;
    }
  };
  const inner = (type: ZodType | undefined): Schema => (type === undefined ? ANYTHING : convert(type));
  return convert(model);
}

/** The names on the wire that a request's transformation gives to fields, found by a trial. */
function renamedBy({ _def: { schema, effect } }: ZodType): Record<string, string> {
  const keys = Object.keys(schema?._def.shape?.() ?? {});
  const trial =
    effect?.type === "transform" ? effect.transform?.(Object.fromEntries(keys.map((key) => [key, key])), {}) : {};
  return Object.fromEntries(
    Object.entries((trial ?? {}) as Record<string, unknown>).flatMap(([wire, key]) =>
      typeof key === "string" ? [[key, wire]] : [],
    ),
  );
}
