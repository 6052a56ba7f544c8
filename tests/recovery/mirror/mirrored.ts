import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { execa } from "execa";

import { mirrorNamed, type NamedRun } from "../../../recovery/mirror/mirrorNamed.ts";
import { systemClock } from "../../../services/common/clock.ts";
import type { MiniCloud } from "../../provider/recovery/miniCloud.ts";

/** Pairs of repositories in a mini cloud, with clones of the sources on this machine. */
export function mirroredIn(cloud: MiniCloud) {
  const named = (fullName: string) => ({ host: cloud.codeHost, fullName, urlOf: cloud.repository });
  const create = async (fullName: string) => {
    const [owner, name] = fullName.split("/");
    await cloud.call("github", "POST", `/api/v3/orgs/${owner}/repos`, { name, private: true });
  };
  return {
    named,
    create,
    /** The bare repository of the host, behind its back. */
    bare: (fullName: string) => join(cloud.home, "git", `${fullName}.git`),
    /** Makes `castchat/NAME`, empty, and its mirror `mirrors/NAME`; gives git in a clone of the first. */
    async pair(name: string) {
      for (const owner of ["castchat", "mirrors"]) await create(`${owner}/${name}`);
      const folder = join(cloud.home, `clone-${name}`);
      const plain = ["-C", folder, "-c", "user.name=A", "-c", "user.email=a@example.com"];
      const git = async (...args: string[]) => (await execa("git", [...plain, ...args])).stdout.trim();
      await mkdir(folder, { recursive: true });
      await git("init", "-q", "-b", "main");
      await git("config", "core.hooksPath", "/dev/null");
      const access = Buffer.from(`x:${cloud.credentials.githubToken}`).toString("base64");
      await git("config", "http.extraHeader", `Authorization: Basic ${access}`);
      const remote = (owner: string) => cloud.repository(`${owner}/${name}`);
      return {
        git,
        source: remote("castchat"),
        mirror: remote("mirrors"),
        /** Commits a file on the present branch. Returns the commit. */
        async commit(file: string, content = file) {
          await mkdir(dirname(join(folder, file)), { recursive: true });
          await writeFile(join(folder, file), content);
          await git("add", ".");
          await git("commit", "-q", "-m", file);
          return await git("rev-parse", "HEAD");
        },
        push: (...refspecs: string[]) => git("push", "-q", remote("castchat"), ...refspecs),
        run: (more: Partial<NamedRun> = {}) =>
          mirrorNamed(
            {
              git: cloud.git,
              clock: systemClock,
              signal: new AbortController().signal,
              reporter: () => undefined,
              ...more,
            },
            { source: named(`castchat/${name}`), mirror: named(`mirrors/${name}`), deployedBranches: [] },
          ),
        /** The mirror's refs, those that it keeps without their time. */
        async refs() {
          const { refs } = await cloud.git.listing(remote("mirrors"), new AbortController().signal);
          const short = (ref: string) =>
            ref.replace(/^refs\/(castchat\/kept\/)?[^/]+Z\//, "kept/").replace("refs/", "");
          return Object.fromEntries(
            refs
              .filter(({ name }) => !/castchat\/(seen|record)$/.test(name))
              .map((one) => [short(one.name), one.object]),
          );
        },
      };
    },
  };
}
