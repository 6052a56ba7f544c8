import { z } from "zod";

import { UserError } from "../../services/common/errors.ts";
import { withStateBackend } from "./stateBackend.ts";

const lockContent = z.object({
  pid: z.number().int(),
  hostname: z.string(),
  username: z.string(),
  /** When it was taken, UTC. */
  timestamp: z.coerce.date(),
});

/** The holder of a stack's lock: what Pulumi's own backends write (pkg/backend/diy/lock.go). */
export type UpdateLock = z.infer<typeof lockContent>;

/** The locks of a stack in a `file://` or `s3://` backend. UserError for any other, such as Pulumi Cloud, which shows its locks itself. */
export async function readUpdateLocks(backendUrl: string, project: string, stack: string): Promise<UpdateLock[]> {
  const locks = await withStateBackend(backendUrl, async (backend) => {
    const listed = await backend.list(`.pulumi/locks/organization/${project}/${stack}/`);
    const files = listed.filter((path) => path.endsWith(".json"));
    const contents = await Promise.all(files.map((path) => backend.read(path)));
    return contents.map((content) => lockContent.parse(JSON.parse(content.toString("utf8"))));
  });
  if (locks !== undefined) return locks;
  throw new UserError(
    `The locks of backend ${backendUrl} can't be read here, only those of file:// and s3://. Check PULUMI_BACKEND_URL. For another backend, make sure that no update is active, then run \`pulumi cancel\` and \`pulumi up\`.`,
  );
}
