import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";

/**
 * Simulated: the part of S3 that a backup without locks needs (put, get, list of versions, one version each). Each object is a file that is
 * written atomically. ministack keeps its buckets in memory, so it can't be killed with -9 and started again.
 */
const [folder = "", port = ""] = process.argv.slice(2);
let written = 0;

async function put(key: string, request: IncomingMessage): Promise<Record<string, string>> {
  const bytes = await buffer(request);
  const sha256 = createHash("sha256").update(bytes).digest("base64");
  const wanted = request.headers["x-amz-checksum-sha256"];
  if (wanted !== undefined && wanted !== sha256) throw new Error("the content is not that of its checksum");
  const path = join(folder, key);
  const partial = join(folder, `.partial-${++written}`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(partial, bytes);
  await rename(partial, path);
  return { etag: `"${sha256}"` };
}

async function list(prefix: string): Promise<string> {
  const names = await readdir(folder, { recursive: true });
  const entries = await Promise.all(
    names
      .filter((name) => name.startsWith(prefix) && !name.startsWith("."))
      .map(async (name) => ({ name, found: await stat(join(folder, name)) })),
  );
  const versions = entries
    .filter(({ found }) => found.isFile())
    .map(
      ({ name, found }) =>
        `<Version><Key>${name}</Key><VersionId>null</VersionId><IsLatest>true</IsLatest><LastModified>${found.mtime.toISOString()}</LastModified><Size>${found.size}</Size></Version>`,
    );
  return `<?xml version="1.0"?><ListVersionsResult><IsTruncated>false</IsTruncated>${versions.join("")}</ListVersionsResult>`;
}

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://s3");
  const key = decodeURIComponent(pathname.split("/").slice(2).join("/"));
  const answer = async (): Promise<[number, Record<string, string>, string | Buffer]> => {
    if (request.method === "PUT") return [200, await put(key, request), ""];
    if (key === "") return [200, {}, await list(searchParams.get("prefix") ?? "")];
    const content = await readFile(join(folder, key)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return undefined;
    });
    if (content === undefined) return [404, {}, "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"];
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    return from > 0 ? [206, { "content-range": range }, content.subarray(from)] : [200, {}, content];
  };
  answer().then(
    ([status, headers, body]) => response.writeHead(status, headers).end(body),
    (error: unknown) =>
      response.writeHead(400).end(`<Error><Code>BadDigest</Code><Message>${String(error)}</Message></Error>`),
  );
}).listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
