import { createServer, type Server } from "node:http";
import { Readable } from "node:stream";

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { failureText } from "../../../recovery/backup/leftOutText.ts";
import { lackingNames, OUTSIDE_PARTS, wholenessOf } from "../../../recovery/vault/completeness.ts";
import type { ProjectContent } from "../../../services/databaseHost/projectContent.ts";
import { supabaseContent } from "../../../services/databaseHost/supabaseContent.ts";
import { ServiceError } from "../../../services/http/http.ts";
import { TOKEN } from "../../lab/sandbox/emulators/support.ts";
import { forSuite } from "../../support/suite.ts";
import { contentOfProject, namesIn, PICTURE, startProjectSource, STORED } from "../support/project.ts";

const started = forSuite(startProjectSource);
const asSuperuser = (sql: string) => started.source.database.asSuperuser(sql);

describe("project content that can't be read", () => {
  const CALM = { refusals: 0, broken: 0, weakens: false };
  let busy: typeof CALM & { server: Server; address: string };
  const throughBusy = () => started.backUp(contentOfProject(started.source, { endpoint: busy.address }));
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
      void fetch(`${started.source.address}${request.url!}`, { headers }).then(async (answer) => {
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
    busy = { server, address: `http://127.0.0.1:${(server.address() as { port: number }).port}`, ...CALM };
  });
  afterAll(() => void busy.server.close());
  beforeEach(() => void Object.assign(busy, CALM));

  it("is waited for while the service is busy, and read again when a response breaks off", async () => {
    busy.refusals = 3;
    busy.broken = 2;
    const { manifest } = await throughBusy();
    expect(namesIn(manifest)).toHaveLength(4);
    expect([busy.refusals, busy.broken]).toEqual([0, 0]);
  }, 30_000);

  it("is the same when a cache on the way has weakened its etag", async () => {
    busy.weakens = true;
    const { manifest } = await throughBusy();
    expect(namesIn(manifest)).toHaveLength(4);
  }, 30_000);

  it("is left out by name and reason, while the database is backed up and proven", async () => {
    busy.refusals = 1000;
    const { manifest } = await throughBusy();
    expect(namesIn(manifest)).toEqual(["function hello"]);
    const lost = manifest.leftOut.filter(({ what }) => what.startsWith("bytes of"));
    expect(lost.map(({ what }) => what).sort()).toEqual(STORED.map((name) => `bytes of storage object ${name}`));
    for (const one of lost)
      expect(one).toMatchObject({
        why: expect.stringMatching(/^Supabase storage refused GET \S+ \(503\): busy\.$/) as unknown,
        failed: true,
      });
    expect(manifest.lacks?.storage?.map(({ name }) => name).sort()).toEqual(STORED);
    const wrong = await started.backUp(contentOfProject(started.source, { serviceKey: "wrong" }));
    expect(wrong.manifest.leftOut).toContainEqual({
      what: "bytes of storage object files/one.txt",
      why: expect.stringMatching(/Invalid API key/) as unknown,
      failed: true,
    });
    expect(JSON.stringify(wrong.manifest)).not.toContain(TOKEN);
  }, 30_000);

  it("is all of it when there is no token, each thing with what to do", async () => {
    const without = supabaseContent({ ref: started.source.ref, token: undefined, endpoint: started.source.address });
    const { manifest, result } = await started.backUp(without);
    expect(namesIn(manifest)).toEqual([]);
    const why =
      "SUPABASE_ACCESS_TOKEN is not set: set it to a token with the rights that docs/accounts.md lists. Type: read -rs SUPABASE_ACCESS_TOKEN && export SUPABASE_ACCESS_TOKEN (then paste it)";
    expect(result.leftOut.filter(({ failed }) => failed === true).every((one) => one.why === why)).toBe(true);
    expect(manifest.leftOut).toContainEqual({ what: "edge functions", why, failed: true });
    expect(OUTSIDE_PARTS.map((part) => wholenessOf(manifest, part))).toEqual(Array(4).fill("lacking"));
  }, 30_000);

  it("costs only the object that can't be read, wherever it stands among the others", async () => {
    await asSuperuser(`insert into storage.objects (bucket_id, name, version, metadata)
         select 'files', 'a' || lpad(i::text, 2, '0'), 'v' || i, '{"size": 1}' from generate_series(1, 12) i`);
    // An error of the service and a refusal, at the first objects of all.
    const failing: ProjectContent = {
      ...contentOfProject(started.source),
      getObject: async (place, signal) => {
        if (place.name === "a01") throw new ServiceError("Supabase storage", 500, "It is broken (500).");
        if (place.name === "a02") throw new ServiceError("Supabase storage", 400, "It is refused (400).");
        if (!place.name.startsWith("a")) return await contentOfProject(started.source).getObject(place, signal);
        return { body: Readable.from([Buffer.from("x")]), contentType: "text/plain", etag: undefined };
      },
    };
    const { manifest, proven } = await started.backUp(failing);
    await asSuperuser("set session_replication_role = replica; delete from storage.objects where version like 'v%'");
    const kept = Array.from({ length: 10 }, (_, at) => `storage files/a${String(at + 3).padStart(2, "0")}`);
    expect(namesIn(manifest)).toEqual(["function hello", ...kept, ...STORED.map((name) => `storage ${name}`)]);
    expect(manifest.files.find(({ name }) => name === "files/a03")).toMatchObject({ version: "v3" });
    expect(proven).toBe(true);
    expect(wholenessOf(manifest, "storage")).toBe("lacking");
    expect(manifest.lacks?.storage).toEqual([
      { name: "files/a01", version: "v1" },
      { name: "files/a02", version: "v2" },
    ]);
    expect(wholenessOf(manifest, "functions")).toBe("whole");
    expect(failureText(manifest.backupId, manifest.leftOut)).toContain("bytes of storage object files/a01");
  }, 30_000);

  it("is a loss when bytes differ from an unchanged row, and none when the app has changed the row meanwhile", async () => {
    await asSuperuser(`insert into storage.objects (bucket_id, name, metadata) values ('files', 'vanished', '{"size": 5}'), ('files', 'deleted', '{"size": 5}'),
         ('files', 'unfinished', null), ('files', '../../../../auth/v1/admin/users', '{"size": 5}');
       update storage.objects set metadata = metadata || '{"size": 7}' where name = 'one.txt'`);
    const asked: string[] = [];
    const changing: ProjectContent = {
      ...contentOfProject(started.source),
      getObject: async (place, signal) => {
        asked.push(place.name);
        if (place.name === "deleted")
          await asSuperuser(
            `set session_replication_role = replica; delete from storage.objects where name = 'deleted'`,
          );
        const found = await contentOfProject(started.source).getObject(place, signal);
        return found && place.bucket === "images" ? { ...found, etag: '"newer"' } : found;
      },
    };
    const { manifest } = await started.backUp(changing);
    expect(namesIn(manifest)).toEqual(["function hello", "storage files/empty"]);
    const none = "the storage service has none";
    expect(manifest.leftOut).toEqual(
      expect.arrayContaining([
        { what: "bytes of storage object files/deleted", why: none },
        { what: "bytes of storage object files/unfinished", why: none },
        {
          what: "bytes of storage object files/../../../../auth/v1/admin/users",
          why: "a part of its name is only dots, which no address can hold",
        },
        { what: "bytes of storage object files/vanished", why: `${none}, and its row is still the same`, failed: true },
        {
          what: "bytes of storage object files/one.txt",
          why: "the storage service has 3 bytes, its row says 7, and its row is still the same",
          failed: true,
        },
        {
          what: `bytes of storage object images/${PICTURE}`,
          why: "the storage service has another version, and its row is still the same",
          failed: true,
        },
      ]),
    );
    const lacking = ["files/one.txt", "files/vanished", `images/${PICTURE}`];
    expect(lackingNames(manifest, "storage").sort()).toEqual(lacking);
    expect(asked.some((name) => name.includes(".."))).toBe(false);
  }, 30_000);
});
