import { z } from "zod";

import { parseStored } from "../postgres/catalog/parseStored.ts";

/** Version of the layout of an app's sealed variables. */
export const ENVIRONMENT_FORMAT = 1;

/** The environments that an app host knows. A recovery needs production; the others follow. */
export const TARGETS = ["production", "preview", "development"] as const;
export type Target = (typeof TARGETS)[number];

/** What a drill gives to a variable: nothing, the variable's own value, or a value of its own. */
const drill = z.discriminatedUnion("is", [
  z.object({ is: z.literal("unset") }),
  z.object({ is: z.literal("same") }),
  z.object({ is: z.literal("value"), value: z.string() }),
]);

const variable = z
  .object({
    key: z.string().min(1),
    targets: z.array(z.enum(TARGETS)).min(1),
    /** Absent if it is made from the recovered project. */
    value: z.string().optional(),
    /** How it is made from the recovered project (recovery/environment/sources.ts). */
    from: z.string().min(1).optional(),
    drill,
  })
  .refine(({ value, from }) => (value === undefined) !== (from === undefined));

const environment = z.object({
  format: z.literal(ENVIRONMENT_FORMAT),
  /** The app's name in the settings. Absent for the app without a name. */
  app: z.string().optional(),
  /** ISO time. */
  takenAt: z.iso.datetime(),
  /** Random, in base64. It keys the digest that a stack's state keeps, so that no value can be guessed from that. */
  digestKey: z.string().min(40),
  variables: z.array(variable),
});

/** A variable of an app. With the same key there may be several, for different targets. */
export type SealedVariable = z.infer<typeof variable>;
/** The part environment.json: every variable of an app. Only encrypted backups hold it. */
export type Environment = z.infer<typeof environment>;

/** The text that is stored. */
export function environmentText(part: Environment): string {
  return JSON.stringify(part, undefined, 1) + "\n";
}

/**
 * Parses the stored text.
 *
 * @throws PromiseError, without quoting the text, if it is not of this format
 */
export function parseEnvironment(text: string): Environment {
  return parseStored(environment, text, "environment.json is");
}
