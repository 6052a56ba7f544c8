import { z } from "zod";

import { parseStored } from "../postgres/catalog/parseStored.ts";

/** Version of the layout of the variables' values. */
export const VARIABLE_VALUES_FORMAT = 1;

const value = z.object({
  key: z.string(),
  targets: z.array(z.string()),
  /** Absent if it is set for all branches. */
  branch: z.string().optional(),
  /** The project's own environments, by name. */
  environments: z.array(z.string()),
  value: z.string(),
});
const part = z.object({
  format: z.literal(VARIABLE_VALUES_FORMAT),
  /** By the app host's project. */
  applications: z.record(z.string(), z.array(value)),
});

/** The value of a variable that the app host shows, and where it is set. */
export type VariableValue = z.infer<typeof value>;
/** The part variable-values.json: every value that the app host shows. Only encrypted backups hold it. */
export type VariableValues = z.infer<typeof part>;

/**
 * Parses the stored text.
 *
 * @throws PromiseError, without quoting the text, if it is not of this format
 */
export function parseVariableValues(text: string): VariableValues {
  return parseStored(part, text, "variable-values.json is");
}
/** What identifies a variable within its project: its name, and where it is set. */
export function placeOf({ key, targets, branch, environments = [] }: Place): string {
  return JSON.stringify([key, [...targets].sort(), branch ?? "", [...environments].sort()]);
}
interface Place {
  key: string;
  targets: readonly string[];
  branch?: string | undefined;
  environments?: readonly string[] | undefined;
}
