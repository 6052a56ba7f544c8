import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";

const SOURCES = [
  ...["components", "planning", "settings", "services", "recovery", "provider", "runner", "cli", "lab", "policies"],
];

/** The project, outside of its own folder so that Node finds no other packages, as `npm install --omit=dev` leaves it: hard links to the packages that its lock file does not call "dev". */
async function installedWithoutDev(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "castchat-without-dev-"));
  for (const name of SOURCES) await cp(join(PROJECT_ROOT, name), join(folder, name), { recursive: true });
  for (const name of ["index.ts", "package.json", "package-lock.json"])
    await cp(join(PROJECT_ROOT, name), join(folder, name));
  const lock = JSON.parse(await readFile(join(PROJECT_ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  const names = Object.entries(lock.packages)
    .filter(([path, { dev }]) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && dev !== true)
    .map(([path]) => path);
  for (const scope of new Set(names.map((name) => dirname(name))))
    await mkdir(join(folder, scope), { recursive: true });
  for (const name of names) {
    const from = join(PROJECT_ROOT, name);
    const link = 'test ! -d "$1" || cp -al "$1" "$2" 2>/dev/null || cp -a "$1" "$2"';
    await execa("sh", ["-c", link, "sh", from, join(folder, name)]);
  }
  return folder;
}

describe("an installation without development packages", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await installedWithoutDev();
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const node = (args: readonly string[], env: Record<string, string> = {}) =>
    execa(process.execPath, ["--no-warnings", ...args], { cwd: folder, env, reject: false, timeout: 60_000 });

  it("lacks the sandbox's packages", async () => {
    const { stderr } = await node(["--input-type=module", "--eval", 'await import("hono")']);
    expect(stderr).toContain("ERR_MODULE_NOT_FOUND");
  });

  it("runs the command line", async () => {
    const help = await node(["cli/main.ts", "--help"]);
    expect(help).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("restore") as unknown });
    expect(await node(["cli/main.ts", "calendar", "--days", "30"])).toMatchObject({ exitCode: 0 });
  }, 60_000);

  it("says in one sentence what the drill and the sandbox need", async () => {
    for (const command of [["drill"], ["sandbox", "status"]]) {
      const { exitCode, stderr } = await node(["cli/main.ts", ...command]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("make setup") as unknown });
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  }, 60_000);

  it("loads the program", async () => {
    const { stdout, stderr } = await node([
      ...["--input-type=module", "--eval"],
      'const { default: program } = await import("./index.ts"); console.log(typeof program);',
    ]);
    expect({ stdout, stderr }).toEqual({ stdout: "function", stderr: "" });
  }, 60_000);

  it("bundles the runner, which asks for its settings", async () => {
    const bundle = 'import { bundle } from "./runner/bundle.ts"; console.log(bundle("runner").path);';
    const { stdout: path } = await node(["--input-type=module", "--eval", bundle]);
    const { exitCode, stdout, stderr } = await node([path], { PATH: "" });
    expect({ exitCode, text: stdout + stderr }).toEqual({
      exitCode: 2,
      text: expect.stringContaining("RUNNER_SETTINGS") as unknown,
    });
  }, 60_000);

  it("serves the provider", async () => {
    const provider = execa(process.execPath, ["--no-warnings", "provider/recovery/main.ts", "127.0.0.1:1"], {
      cwd: folder,
    });
    try {
      const port = await new Promise<string>((resolve, reject) => {
        provider.stdout.once("data", (bytes: Buffer) => resolve(bytes.toString()));
        provider.catch(reject);
      });
      expect(port).toMatch(/^\d+\n$/);
    } finally {
      provider.kill();
      await provider.catch(() => undefined);
    }
  }, 60_000);
});
