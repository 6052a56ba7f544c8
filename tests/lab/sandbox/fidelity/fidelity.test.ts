import { once } from "node:events";
import { mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import type { Socket } from "node:net";
import { delimiter, join } from "node:path";
import { connect } from "node:tls";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { runDrill } from "../../../../lab/drills/run.ts";
import { sandboxEnvironment } from "../../../../lab/sandbox/environment.ts";
import { type OfficialEnvironment, officialEnvironment } from "../../../../lab/sandbox/fidelity/officialEnvironment.ts";
import { neededPlugins, officialPlugins } from "../../../../lab/sandbox/fidelity/officialPlugins.ts";
import { newSandboxFile } from "../../../../lab/sandbox/host/file.ts";
import { layout, PROJECT_ROOT } from "../../../../lab/sandbox/host/layout.ts";
import { UserError } from "../../../../services/common/errors.ts";
import { startTestServer } from "../../../services/support/testServer.ts";
import { makeTestFolder } from "../../../support/folder.ts";

describe("a drill with official plugins", () => {
  let folder: Awaited<ReturnType<typeof makeTestFolder>>;
  let vercel: Awaited<ReturnType<typeof startTestServer>>;
  let behind: OfficialEnvironment;
  const cache = () => ({ PULUMI_HOME: join(folder.path, "cache") });
  const home = () => join(folder.path, "sandbox");

  beforeAll(async () => {
    folder = await makeTestFolder();
    vercel = await startTestServer([{ body: { user: "sandbox" } }]);
    const { version } = JSON.parse(
      await readFile(join(PROJECT_ROOT, "node_modules/@pulumi/github/package.json"), "utf8"),
    ) as { version: string };
    const plugin = join(folder.path, "cache", "plugins", `resource-github-v${version}`);
    await mkdir(plugin, { recursive: true });
    await writeFile(join(plugin, "pulumi-resource-github"), "#!/bin/sh\n", { mode: 0o755 });
    const made = await newSandboxFile();
    const file = { ...made, ports: { ...made.ports, vercel: Number(new URL(vercel.url).port) } };
    const base = sandboxEnvironment(home(), file, { PATH: "/usr/bin" });
    behind = await officialEnvironment(home(), file, base, officialPlugins(cache()).there);
  });
  afterAll(async () => {
    await behind.proxy.stop();
    await vercel.stop();
    await folder.remove();
  });

  /** Asks a host by HTTPS through the proxy, as a plugin does. */
  async function ask(host: string, trusted = true): Promise<string> {
    const { hostname, port } = new URL(behind.environment["HTTPS_PROXY"]!);
    const asked = request({ hostname, port, method: "CONNECT", path: `${host}:443` }).end();
    const [answer, socket] = (await once(asked, "connect")) as [{ statusCode: number }, Socket];
    if (answer.statusCode !== 200) return `refused ${answer.statusCode}`;
    const ca = trusted ? { ca: await readFile(behind.environment["SSL_CERT_FILE"]!) } : {};
    const secure = connect({ socket, servername: host, ...ca });
    await once(secure, "secureConnect");
    secure.write(`GET /v2/user HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer t\r\nconnection: close\r\n\r\n`);
    let text = "";
    for await (const piece of secure.setEncoding("utf8")) text += String(piece);
    return text;
  }

  it("reaches the sandbox's Vercel under Vercel's own name, and refuses and notes every other host", async () => {
    expect(await ask("api.vercel.com")).toContain('{"user":"sandbox"}');
    expect(vercel.seen).toMatchObject([{ method: "GET", url: "/v2/user", headers: { authorization: "Bearer t" } }]);
    await expect(ask("api.vercel.com", false)).rejects.toMatchObject({ code: /CERT|SIGNED|VERIFY/ });
    for (const host of ["api.github.com", "api.vercel.com.evil.example"]) expect(await ask(host)).toBe("refused 403");
    const plain = request(`${behind.proxy.address}/`, {
      headers: { host: "x" },
      path: "http://telemetry.example/x",
    }).end();
    expect(((await once(plain, "response")) as [{ statusCode: number }])[0].statusCode).toBe(403);
    const refused = ["api.github.com:443", "api.vercel.com.evil.example:443", "telemetry.example"];
    expect([...behind.proxy.refused]).toEqual(refused);
    expect([...behind.proxy.led]).toEqual(["api.vercel.com:443"]);
  });

  it("takes the installed ones from the cache, and the sandbox's own for the others", async () => {
    const { there, missing } = officialPlugins(cache());
    expect(there.map(({ name }) => name)).toEqual(["github"]);
    expect(missing.map(({ name }) => name)).toEqual(["cloudflare", "vercel"]);
    const [own = "", ...path] = (behind.environment["PATH"] ?? "").split(delimiter);
    expect((await readdir(own)).sort()).toEqual(["aws", "cloudflare", "vercel"].map((one) => `pulumi-resource-${one}`));
    expect(path).not.toContain(join(PROJECT_ROOT, "lab/sandbox/plugins/bin"));
    const [link = ""] = await readdir(join(layout(home()).pulumi, "plugins"));
    expect(await readlink(join(layout(home()).pulumi, "plugins", link))).toBe(there[0]!.folder);
  });

  it("says how to install them if there is none, before it starts anything", async () => {
    const none = { PULUMI_HOME: join(folder.path, "empty") };
    expect(() => neededPlugins(none)).toThrow(UserError);
    expect(() => neededPlugins(none)).toThrow(
      /None of Pulumi's official plugins is installed.* pulumi plugin install resource vercel v[\d.]+ --server github:\/\/api\.github\.com\/pulumiverse/,
    );
    const before = process.env;
    process.env = { ...before, ...none };
    try {
      const { signal } = new AbortController();
      const options = { scenario: "all", plugins: "official", rows: 1, verbose: false, keep: false } as const;
      const drill = runDrill({ ...options, reports: folder.path, signal });
      await expect(drill).rejects.toBeInstanceOf(UserError);
    } finally {
      process.env = before;
    }
  });
});
