import { z } from "zod";

import { text } from "./text.ts";

const PATH = text(/^\/[^\s#]*$/, "a path that begins with a slash, with or without a query");

/** What shows, beside the health path, that an app's users have access. A rollback asks all of it. */
export const APP_PROBES = z
  .strictObject(
    {
      /** Paths that answer a visitor without a login below status 400. */
      paths: z.array(PATH, { error: "a list of paths" }).readonly().default([]),
      /** A test user's login at the database project's auth service. */
      login: z
        .strictObject(
          {
            email: text(/^[^\s@]+@[^\s@]+$/, "an e-mail address"),
            /** The environment variable that holds the password. */
            passwordVariable: text(/^[A-Z][A-Z0-9_]*$/, "the name of an environment variable").default(
              "CASTCHAT_PROBE_PASSWORD",
            ),
          },
          { error: "an object with email" },
        )
        .readonly()
        .optional(),
      /** A request of that user that writes: a POST of this body. It needs a login. */
      write: z
        .strictObject(
          {
            path: PATH,
            body: z.record(z.string(), z.json(), { error: "an object that is sent as JSON" }).readonly(),
          },
          { error: "an object with path and body" },
        )
        .readonly()
        .optional(),
    },
    { error: "an object with paths, login or write" },
  )
  .refine(({ login, write }) => write === undefined || login !== undefined, {
    error: "an object whose write has a login beside it",
  })
  .readonly();
