import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { z } from "zod";

import { PartialCreateError, providerFunction, resource, serveProvider } from "../../../../provider/host/index.ts";

/** The folder of the tiny provider's things, each a JSON file. */
interface Context {
  folder: string;
  greeting: string;
}

const inputs = z.object({
  name: z.string().regex(/^[a-z0-9-]+$/, "must be lower-case letters, digits and dashes"),
  colour: z.enum(["red", "green"]).default("red"),
  size: z.number().int().positive().optional(),
  password: z.string().optional(),
  options: z.strictObject({ deep: z.string() }).optional(),
});
type Inputs = z.infer<typeof inputs>;

const thing = resource<Context, Inputs, { token: string; revision: number; label: string }>({
  inputs,
  autoName: { property: "name" },
  secrets: ["token"],
  replaceOn: ["name"],
  changesOnUpdate: ["revision"],
  async create({ folder, greeting }, given, signal, operation) {
    if (given.colour === "green" && given.size === 13)
      throw new Error("postgres://me:hunter2@host/db refused\n    at Object.x");
    if (given.size === 99) {
      operation.report("waiting for ever");
      writeFileSync(join(folder, "started"), "");
      await sleep(600_000, undefined, { signal });
    }
    const outputs = { token: `token-of-${given.name}`, revision: 1, label: `${greeting} ${given.name}` };
    write(folder, given.name, { ...given, revision: 1 });
    if (given.size === 77) throw new PartialCreateError(given.name, outputs, "it never became healthy");
    return { id: given.name, outputs };
  },
  read({ folder, greeting }, id, last) {
    const found = load(folder, id);
    if (found === undefined) return Promise.resolve(undefined);
    const { revision, ...actual } = found;
    const outputs = { token: `token-of-${id}`, revision, label: `${greeting} ${id}` };
    return Promise.resolve({ id, inputs: likeLast<Inputs>(actual, last), outputs });
  },
  update({ folder, greeting }, id, olds, news) {
    const revision = olds.outputs.revision + 1;
    write(folder, id, { ...news, revision });
    return Promise.resolve({ token: `token-of-${id}`, revision, label: `${greeting} ${id}` });
  },
  delete({ folder }, id) {
    rmSync(join(folder, `${id}.json`), { force: true });
    return Promise.resolve();
  },
});

await serveProvider<{ folder: string; greeting: string; limits: { things: number } }, Context>({
  name: "tiny",
  version: "1.0.0",
  config: z.object({
    folder: z.string(),
    greeting: z.string().default("hello"),
    limits: z.strictObject({ things: z.number() }).default({ things: 3 }),
  }),
  context: ({ folder, greeting }) => ({ folder, greeting }),
  resources: { "tiny:index:Thing": thing },
  functions: {
    "tiny:index:shout": providerFunction<Context, { text: string }>({
      inputs: z.object({ text: z.string() }),
      invoke: ({ greeting }, { text }) => Promise.resolve({ text: `${greeting} ${text}`.toUpperCase() }),
    }),
  },
});

function write(folder: string, id: string, value: object): void {
  writeFileSync(join(folder, `${id}.json`), JSON.stringify(value));
}

function load(folder: string, id: string): (Inputs & { revision: number }) | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, `${id}.json`), "utf8")) as Inputs & { revision: number };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Keeps of `actual` the keys that `last` has, so that defaults of a service are no drift; all of them at an import. */
function likeLast<I extends object>(actual: I, last: { inputs: object } | undefined): I {
  if (last === undefined) return actual;
  return Object.fromEntries(Object.entries(actual).filter(([key]) => key in last.inputs)) as I;
}
