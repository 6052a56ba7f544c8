import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Context, Hono } from "hono";
import { z } from "zod";

import { hexId } from "./http.ts";

const OID = /^[0-9a-f]{64}$/;
const batchBody = z.object({
  operation: z.enum(["download", "upload"]),
  objects: z.array(z.object({ oid: z.string().regex(OID), size: z.number().int().min(0) })).max(100),
});

/** Where the update hook of a repository looks for its files in Git LFS. */
const folderOf = (root: string, owner: string, name: string) =>
  join(root, `${owner}/${name}.git`.toLowerCase(), "lfs", "objects");

/**
 * Git LFS: the batch API at `/:owner/:repo.git/info/lfs`, and a store which takes an upload only with its length, as S3 does, and which knows no
 * tokens but a header of its own. `refusal` answers a request whose token is not for the repository. Source: https://github.com/git-lfs/git-lfs, docs/api/batch.md, docs/api/basic-transfers.md.
 */
export function addLfsRoutes(
  app: Hono,
  root: string,
  refusal: (c: Context, owner: string, name: string) => Response | undefined,
): void {
  const pass = hexId(32);
  const refused = (c: Context, status: 401 | 403 | 404 | 411 | 422, message: string) => c.json({ message }, status);
  const nameOf = (c: Context) => (c.req.param("repo") ?? "").replace(/\.git$/, "");

  app.post("/:owner/:repo{[^/]+\\.git}/info/lfs/objects/batch", async (c) => {
    const [owner, name] = [c.req.param("owner"), nameOf(c)];
    const refusing = refusal(c, owner, name);
    if (refusing !== undefined) return refusing;
    const { operation, objects } = batchBody.parse(await c.req.json());
    const store = `${new URL(c.req.url).origin}/lfs-store/${encodeURIComponent(owner)}/${name}`;
    const header = { "x-store-pass": pass };
    const answers = objects.map(({ oid, size }) => {
      const isThere = existsSync(join(folderOf(root, owner, name), oid));
      const way = { href: `${store}/${oid}`, header };
      if (operation === "upload")
        return {
          oid,
          size,
          ...(!isThere && { actions: { upload: way, verify: { href: `${store}/verify`, header } } }),
        };
      return isThere
        ? { oid, size, actions: { download: way } }
        : { oid, size, error: { code: 404, message: "Object does not exist on the server" } };
    });
    return c.json({ transfer: "basic", objects: answers }, 200, { "content-type": "application/vnd.git-lfs+json" });
  });

  app.all("/lfs-store/:owner/:repo/:oid", async (c) => {
    const { owner, repo, oid } = c.req.param();
    if (c.req.header("x-store-pass") !== pass) return refused(c, 403, "Access Denied");
    const folder = folderOf(root, owner, repo);
    if (c.req.method === "POST") {
      const asked = z.object({ oid: z.string().regex(OID) }).parse(await c.req.json());
      return existsSync(join(folder, asked.oid)) ? c.json({}) : refused(c, 404, "Object does not exist");
    }
    if (!OID.test(oid)) return refused(c, 404, "NoSuchKey");
    if (c.req.method === "GET")
      return existsSync(join(folder, oid)) ? c.body(await readFile(join(folder, oid))) : refused(c, 404, "NoSuchKey");
    if (c.req.header("content-length") === undefined) return refused(c, 411, "MissingContentLength");
    const content = Buffer.from(await c.req.arrayBuffer());
    if (createHash("sha256").update(content).digest("hex") !== oid) return refused(c, 422, "Content does not match");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, oid), content);
    return c.body(null, 200);
  });
}
