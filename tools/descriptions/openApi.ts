import { ANYTHING, type Description, oneOf, type Operation, type Schema, type Source } from "./description.ts";

type Node = Record<string, unknown>;
const METHODS = ["get", "put", "post", "patch", "delete"];

/** Cuts some operations, and the schemas they name, out of an OpenAPI 3.0 document. */
export function fromOpenApi(document: Node, names: readonly string[], source: Source): Description {
  const schemas: Record<string, Schema> = {};
  const at = (pointer: string): Node =>
    pointer
      .slice(2)
      .split("/")
      .reduce<Node>((node, key) => node[key.replaceAll("~1", "/").replaceAll("~0", "~")] as Node, document);
  const followed = (node: Node): Node => (typeof node["$ref"] === "string" ? at(node["$ref"]) : node);

  const convert = (node: Node): Schema => {
    const ref = node["$ref"];
    if (typeof ref === "string") {
      const name = ref.split("/").at(-1) ?? "";
      if (!(name in schemas)) {
        schemas[name] = ANYTHING;
        schemas[name] = convert(at(ref));
      }
      return { ref: name };
    }
    const own = withoutNull(node);
    return node["nullable"] === true ? oneOf([own, { type: "null" }]) : own;
  };
  const withoutNull = (node: Node): Schema => {
    const several = (node["anyOf"] ?? node["oneOf"]) as Node[] | undefined;
    if (several !== undefined) {
      // Alternatives of required fields only, beside the object's own fields.
      if (node["properties"] !== undefined) return object(node);
      return oneOf(several.map(convert));
    }
    const parts = node["allOf"] as Node[] | undefined;
    if (parts !== undefined) return object(merged([...parts.map(followed), { ...node, allOf: undefined }]));
    if (Array.isArray(node["enum"])) return { enum: node["enum"] as NonNullable<Schema["enum"]> };
    if (node["type"] === "array") return { type: "array", items: convert((node["items"] ?? {}) as Node) };
    if (node["type"] === "object" || node["properties"] !== undefined) return object(node);
    return node["type"] === undefined ? ANYTHING : { type: node["type"] as NonNullable<Schema["type"]> };
  };
  const object = (node: Node): Schema => {
    const properties = Object.entries((node["properties"] ?? {}) as Record<string, Node>);
    const others = node["additionalProperties"];
    // A description of an object without any field leaves its fields open.
    const isOpen = others === undefined && properties.length === 0;
    return {
      type: "object",
      properties: Object.fromEntries(properties.map(([name, one]) => [name, convert(one)])),
      ...(node["required"] !== undefined && { required: node["required"] as string[] }),
      ...(typeof others === "object" && others !== null && { additionalProperties: convert(others as Node) }),
      ...((isOpen || others === true) && { additionalProperties: ANYTHING }),
    };
  };
  const merged = (parts: Node[]): Node => ({
    properties: Object.assign({}, ...parts.map((part) => part["properties"] ?? {})) as Node,
    required: parts.flatMap((part) => (part["required"] ?? []) as string[]),
  });

  const operations: Record<string, Operation> = {};
  for (const name of names) {
    const [method = "", path = ""] = name.split(" ");
    const item = (document["paths"] as Record<string, Node>)[path];
    const node = METHODS.includes(method.toLowerCase())
      ? (item?.[method.toLowerCase()] as Node | undefined)
      : undefined;
    if (item === undefined || node === undefined) throw new Error(`${source.package} does not describe ${name}`);
    const parameters = [item["parameters"], node["parameters"]].flatMap((list) =>
      ((list ?? []) as Node[]).map(followed),
    );
    const inQuery = parameters.filter((parameter) => parameter["in"] === "query");
    const json = (holder: Node | undefined): Node | undefined =>
      (holder &&
        (followed(holder)["content"] as Record<string, Node> | undefined)?.["application/json"]?.["schema"]) as
        Node | undefined;
    const body = json(node["requestBody"] as Node | undefined);
    operations[name] = {
      query: object({
        properties: Object.fromEntries(inQuery.map((parameter) => [parameter["name"], parameter["schema"]])),
        required: inQuery.filter((parameter) => parameter["required"] === true).map((parameter) => parameter["name"]),
        additionalProperties: false,
      }),
      ...(body !== undefined && { body: convert(body) }),
      answers: Object.fromEntries(
        Object.entries(node["responses"] as Record<string, Node>).map(([status, answer]) => {
          const described = json(answer);
          return [status, described === undefined ? ANYTHING : convert(described)];
        }),
      ),
    };
  }
  return { source, operations, schemas };
}
