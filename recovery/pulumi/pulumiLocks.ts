import { z } from "zod";

import { UserError } from "../../services/common/errors.ts";
import { withStateBackend } from "./stateBackend.ts";

/** Who holds the lock of a stack: what Pulumi's own backends write (pkg/backend/diy/lock.go). */
export interface UpdateLock {
  pid: number;
  hostname: string;
  username: string;
  /** When it was taken, UTC. */
  timestamp: Date;
}

const lockContent = z.object({
  pid: z.number().int(),
  hostname: z.string(),
  username: z.string(),
  timestamp: z.coerce.date(),
});

/**
 * The locks of a stack in a `file://` or `s3://` backend.
 *
 * @throws UserError for any other backend: Pulumi Cloud and others tell by themselves who holds an update
 */
export async function readUpdateLocks(backendUrl: string, project: string, stack: string): Promise<UpdateLock[]> {
  const locks = await withStateBackend(backendUrl, async (backend) => {
    const listed = await backend.list(`.pulumi/locks/organization/${project}/${stack}/`);
    const files = listed.filter((path) => path.endsWith(".json"));
    return await Promise.all(files.map(async (path) => parseLock((await backend.read(path)).toString("utf8"))));
  });
  if (locks !== undefined) return locks;
  throw new UserError(
    `The backend ${backendUrl} is not one whose locks can be read here: resume knows file:// and s3:// (PULUMI_BACKEND_URL).`,
  );
}

function parseLock(text: string): UpdateLock {
  return lockContent.parse(JSON.parse(text));
}
