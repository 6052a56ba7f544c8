import { z } from "zod";

const STATUS = "a list of HTTP statuses from 200 to 399";
const TEXT = "a text that the answer contains";
const VALUES = "an object of keys and their values";
const VALUE = "a text, a number, true, false or null";

/** Which answer of an app's health path says that it works. Every condition that is set must hold. */
export const HEALTH_ANSWER = z
  .strictObject(
    {
      /** HTTP statuses, each of which is accepted. */
      status: z
        .array(z.int({ error: STATUS }).min(200, { error: STATUS }).max(399, { error: STATUS }), { error: STATUS })
        .min(1, { error: STATUS })
        .readonly()
        .default([200]),
      /** Keys of a JSON object, and the value that each must have. */
      json: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()], { error: VALUE }), {
          error: VALUES,
        })
        .readonly()
        .optional(),
      /** A text within the body. */
      text: z.string({ error: TEXT }).min(1, { error: TEXT }).optional(),
    },
    { error: "an object with status, json or text" },
  )
  .readonly();

/** See {@link HEALTH_ANSWER}. */
export type HealthAnswer = z.output<typeof HEALTH_ANSWER>;
