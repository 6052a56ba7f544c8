import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { closeServer } from "../../lab/sandbox/host/servers.ts";

let project: string;
let programs: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "castchat-setup-"));
  programs = join(project, "programs");
  await mkdir(programs);
  for (const folder of ["bin", "tools", "package-lock.json"])
    await cp(join(PROJECT_ROOT, folder), join(project, folder), { recursive: true });
  // No more of the machine than set-up's own shell needs.
  const shell = ["bash", "cat", "cut", "dirname", "head", "mkdir", "readlink", "sort", "tail", "tr"];
  for (const program of [...shell, "git", "make", "npm", "python3"]) await link(program);
});
afterEach(() => rm(project, { recursive: true }));

/** Puts a program of this machine on set-up's PATH. */
const link = async (program: string) => {
  const { stdout } = await execa("bash", ["-c", `command -v ${program}`]);
  await rm(join(programs, program), { force: true });
  await symlink(stdout, join(programs, program));
};

const run = async (command: string, path = programs) => {
  const env = { PATH: path, HOME: join(project, "home") };
  const options = { env, extendEnv: false, reject: false, all: true } as const;
  const { exitCode, all } = await execa("bash", [join(project, command)], options);
  return { exitCode, all };
};

const put = async (name: string, script: string) => {
  await rm(join(programs, name), { force: true });
  await writeFile(join(programs, name), `#!/bin/bash\n${script}\n`);
  await chmod(join(programs, name), 0o755);
};

/** A machine with another Node than set-up needs, so that it installs one. */
const withOldNode = async () => {
  for (const program of ["env", "sleep", "mktemp", "pgrep", "uname"]) await link(program);
  await put("node", "echo v18.0.0");
  await put("python3", "echo 3.12");
};

/** An npm registry in which every package has this one version, with these bytes as its archive. */
async function registryOf(version: string, bytes: string) {
  const server = createServer((request, response) => {
    const name = (request.url ?? "").slice(1);
    const dist = { tarball: `${address}/archive.tgz` };
    response.end(
      name === "archive.tgz" ? bytes : JSON.stringify({ name, versions: { [version]: { name, version, dist } } }),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { address, [Symbol.asyncDispose]: () => closeServer(server) };
}

describe("set-up refuses what it cannot work with, in one sentence", () => {
  it.each(["git", "make", "npm", "python3"])("a machine without %s", async (program) => {
    await rm(join(programs, program));
    expect(await run("tools/setup.sh")).toEqual({
      exitCode: 2,
      all: expect.stringMatching(new RegExp(`^Set-up: ${program} is missing\\. Install .*$`)),
    });
  });

  it("a Python that is too old", async () => {
    await put("python3", "echo 3.8");
    const all = "Set-up: Python 3.8 is too old: the sandbox needs 3.10 or newer.";
    expect(await run("tools/setup.sh")).toEqual({ exitCode: 2, all });
  });

  it("a step that fails: the end of its log, and what to do", async () => {
    await put("npm", "echo the registry is away; exit 1");
    await withOldNode();
    const log = /the registry is away\nSet-up: Node \S+ failed\. Fix what the log reports, and run the command again/;
    expect(await run("tools/setup.sh")).toEqual({ exitCode: 2, all: expect.stringMatching(log) });
  });
});

describe("set-up", () => {
  it("takes no other Node than the one whose checksum is in tools/versions.env", async () => {
    const { stdout: npm } = await execa("bash", ["-c", "readlink -f $(command -v npm)"]);
    await put("npm", `exec ${process.execPath} ${npm} "$@"`);
    await withOldNode();
    const { stdout: version } = await execa("bash", ["-c", ". tools/versions.env; echo $NODE_VERSION"], {
      cwd: project,
    });
    await using registry = await registryOf(version, "not what Node's authors have built");
    await mkdir(join(project, "home"));
    await writeFile(join(project, "home", ".npmrc"), `registry=${registry.address}\nfetch-retries=0\n`);
    const log = /EINTEGRITY[^]*\nSet-up: Node \S+ failed\./;
    expect(await run("tools/setup.sh")).toEqual({ exitCode: 2, all: expect.stringMatching(log) });
  }, 30_000);

  it("takes only those files of Python's packages whose SHA-256 it knows", async () => {
    for (const program of ["chmod", "env", "sleep", "node", "pgrep", "rm"]) await link(program);
    // A virtual environment whose pip fails after it has said what it was asked for.
    const pip = `mkdir -p "\${@: -1}/bin"; printf '#!/bin/bash\necho "$@"; exit 1\n' > "\${@: -1}/bin/python"; chmod +x "\${@: -1}/bin/python"`;
    await put("python3", `case "$*" in *venv*) ${pip} ;; *) echo 3.12 ;; esac`);
    await put("node", "echo v99.0.0");
    await put("npm", "exit 0");
    await mkdir(join(project, "node_modules"));
    await put("pulumi", "echo v99.0.0");
    const { exitCode, all } = await run("tools/setup.sh");
    expect([exitCode, all]).toEqual([
      2,
      expect.stringMatching(/-m pip install .*--require-hashes -r \S+requirements\.txt/),
    ]);
  });

  it("is the same in a shell that has its tools on PATH already, as make shell's", async () => {
    for (const program of ["git", "ln", "mv", "find", "node"]) await link(program);
    await put("node", "echo v20.0.0");
    await put("python3", "echo 3.12");
    const cache = join(project, "home", ".cache", "castchat-recovery");
    // Everything is there but what set-up writes itself.
    const { stdout } = await execa(
      "bash",
      [
        "-c",
        `. tools/versions.env
         home="$CACHE/python-$(printf 3.12 | cat - tools/requirements.txt | git hash-object --stdin | cut -c1-12)/bin"
         node="$CACHE/node-$NODE_VERSION/node_modules/.bin" engine="$CACHE/engine-$PULUMI_VERSION/bin"
         mkdir -p "$home" "$node" "$engine" "$engine/../language" node_modules
         touch "$engine/../language/pulumi-language-nodejs"; chmod +x "$engine/../language/pulumi-language-nodejs"
         touch "$home/../.complete"; printf '#!/bin/bash\necho /client\n' > "$home/python"
         printf '#!/bin/bash\necho v%s\n' "$NODE_VERSION" > "$node/node"; touch "$engine/pulumi"; chmod +x "$home/python" "$node/node" "$engine/pulumi"
         cat package-lock.json | git hash-object --stdin | tr -d '\n' > node_modules/.castchat-set-up
         echo "$node:$engine"`,
      ],
      { cwd: project, env: { CACHE: cache } },
    );
    const written = async (PATH: string) => {
      expect(await run("tools/setup.sh", PATH)).toEqual({ exitCode: 0, all: "" });
      return await readFile(join(project, ".tools", "env"), "utf8");
    };
    const fresh = await written(programs);
    expect(fresh).toContain(`export PATH="${stdout}:`);
    // The engine warns, up to eight times in a run, of a language host that is not beside it.
    const [, engine = ""] = stdout.split(":");
    expect(await readdir(engine)).toEqual(["pulumi", "pulumi-language-nodejs"]);
    expect(fresh).not.toContain("language");
    expect(await written(`${stdout}:${programs}`)).toBe(fresh);
  });
});

describe("castchat-recovery without its tools", () => {
  it("says that set-up is missing", async () => {
    const all = expect.stringMatching(/not set up \(no \.tools\/env\): run 'make setup'/);
    expect(await run("bin/castchat-recovery")).toEqual({ exitCode: 2, all });
  });

  it("says which tool is gone, when a cache was cleaned", async () => {
    await mkdir(join(project, ".tools"));
    await mkdir(join(project, "node_modules", "@pulumi", "pulumi"), { recursive: true });
    await writeFile(join(project, ".tools", "env"), `export CASTCHAT_TOOLS="${programs}:${project}/cleaned"\n`);
    const all = expect.stringMatching(/cleaned is gone\): run 'make setup'/);
    expect(await run("bin/castchat-recovery")).toEqual({ exitCode: 2, all });
  });
});
