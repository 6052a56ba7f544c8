import { randomBytes } from "node:crypto";

import { z } from "zod";

import type { ResourceHandler } from "../host/index.ts";
import type { RecoveryContext } from "./context.ts";

const inputs = z.strictObject({
  /** Name of the project that is to be created with it. */
  projectName: z.string().min(1),
});

/**
 * `recovery:index:DatabasePassword`: a random password for the database of a project that is created later in the same `up`. It exists only
 * in the state, encrypted. The engine stores a resource's result before it begins what depends on it (pulumi/pulumi,
 * pkg/resource/deploy/step_executor.go). So after a kill the next `up` has the same password, and recognises the project that was made.
 */
export const databasePassword: ResourceHandler<RecoveryContext, z.infer<typeof inputs>, { password: string }> = {
  inputs,
  secrets: ["password"],
  create: (_context, { projectName }) =>
    // 43 characters that need no escape in an address.
    Promise.resolve({ id: projectName, outputs: { password: randomBytes(32).toString("base64url") } }),
  read: (_context, id, last) => Promise.resolve(last && { id, ...last }),
  delete: () => Promise.resolve(),
};
