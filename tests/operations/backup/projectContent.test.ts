import { createServer } from "node:http";
import type { Server } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ProjectContent } from "../../../clients/supabaseContent.ts";
import { TOKEN } from "../../sandbox/emulators/support.ts";
import { runSql } from "../support/sample.ts";
import { contentOfProject, namesIn, startProjectSource } from "../support/project.ts";
import type { Project } from "../support/project.ts";

let started: Awaited<ReturnType<typeof startProjectSource>>;
let source: Project;
beforeAll(async () => {
  started = await startProjectSource();
  ({ source } = started);
}, 60_000);
afterAll(() => started.stop());

describe("what can't be had beside the database", () => {
  let busy: { server: Server; address: string; refusals: number; broken: number; weakens: boolean };
  beforeAll(async () => {
    // In front of the project: answers 503 for a while, or breaks off in the middle of a body.
    const server = createServer((request, response) => {
      if (busy.refusals > 0) {
        busy.refusals -= 1;
        response.writeHead(503, { "content-type": "application/json" }).end('{"message": "busy"}');
        return;
      }
      const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
        typeof value === "string" && !/^(host|connection)$/.test(name) ? [[name, value]] : [],
      );
      void fetch(`${source.address}${request.url!}`, { headers }).then(async (answer) => {
        const bytes = Buffer.from(await answer.arrayBuffer());
        const etag = answer.headers.get("etag");
        const shown = { "content-type": answer.headers.get("content-type")!, "content-length": String(bytes.length) };
        response.writeHead(answer.status, {
          ...shown,
          ...(etag !== null && { etag: busy.weakens ? `W/${etag}` : etag }),
        });
        if (busy.broken > 0 && bytes.length > 1000) {
          busy.broken -= 1;
          response.write(bytes.subarray(0, 1000), () => response.destroy());
        } else response.end(bytes);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    busy = {
      server,
      address: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
      refusals: 0,
      broken: 0,
      weakens: false,
    };
  });
  afterAll(() => void busy.server.close());
  beforeEach(() => void Object.assign(busy, { refusals: 0, broken: 0, weakens: false }));

  it("is waited for while the service is busy, and read anew where it breaks off", async () => {
    busy.refusals = 3;
    busy.broken = 2;
    const { manifest } = await started.backUp(contentOfProject(source, { endpoint: busy.address }));
    expect(namesIn(manifest)).toHaveLength(4);
    expect([busy.refusals, busy.broken]).toEqual([0, 0]);
  }, 30_000);

  it("is the same where a cache on the way has weakened its etag", async () => {
    busy.weakens = true;
    const { manifest } = await started.backUp(contentOfProject(source, { endpoint: busy.address }));
    expect(namesIn(manifest)).toHaveLength(4);
  }, 30_000);

  it("is left out by name and reason, and costs nobody the database", async () => {
    busy.refusals = 1000;
    const { manifest } = await started.backUp(contentOfProject(source, { endpoint: busy.address }));
    expect(namesIn(manifest)).toEqual(["function hello"]);
    expect(manifest.leftOut).toContainEqual({
      what: expect.stringMatching(/^bytes of 3 storage objects \(.*images\/ä b\/c%2F\?#\.jpg/) as unknown,
      why: expect.stringMatching(/^Supabase storage refused GET \S+ \(503\): busy\.$/) as unknown,
      failed: true,
    });
    const wrong = await started.backUp(contentOfProject(source, { serviceKey: "wrong" }));
    expect(wrong.manifest.leftOut).toContainEqual({
      what: expect.stringContaining("bytes of 3 storage objects") as unknown,
      why: expect.stringMatching(/Invalid API key/) as unknown,
      failed: true,
    });
    expect(JSON.stringify(wrong.manifest)).not.toContain(TOKEN);
  }, 30_000);

  it("is named where an object has vanished, is of another size, or was replaced since", async () => {
    await runSql(
      source.database.superuserUrl,
      `insert into storage.objects (bucket_id, name, metadata) values ('files', 'vanished', '{"size": 5}');
       update storage.objects set metadata = metadata || '{"size": 7}' where name = 'one.txt'`,
    );
    const replacing: ProjectContent = {
      ...contentOfProject(source),
      getObject: async (place, signal) => {
        const found = await contentOfProject(source).getObject(place, signal);
        return found && place.bucket === "images" ? { ...found, etag: '"newer"' } : found;
      },
    };
    const { manifest } = await started.backUp(replacing);
    expect(namesIn(manifest)).toEqual(["function hello", "storage files/empty"]);
    expect(manifest.leftOut).toEqual(
      expect.arrayContaining([
        { what: "bytes of storage object files/vanished", why: "the storage service has none" },
        { what: "bytes of storage object files/one.txt", why: "the storage service has 3 bytes, its row says 7" },
        {
          what: "bytes of storage object images/ä b/c%2F?#.jpg",
          why: "it was replaced at the storage service after the snapshot",
        },
      ]),
    );
  }, 30_000);
});
