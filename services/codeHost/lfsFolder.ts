import { createReadStream, existsSync } from "node:fs";
import { copyFile, mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { LfsStore } from "./lfsStore.ts";

/** The files in Git LFS of a bare repository on this machine, where the program git-lfs keeps them (https://github.com/git-lfs/git-lfs, docs/spec.md). */
export function lfsFolder(repository: string): LfsStore {
  const fileOf = (oid: string) => join(repository, "lfs", "objects", oid.slice(0, 2), oid.slice(2, 4), oid);
  return {
    place: repository,
    takers: (objects) => {
      const absent = objects.filter(({ oid }) => !existsSync(fileOf(oid)));
      return Promise.resolve(
        new Map(
          absent.map(({ oid }) => [
            oid,
            async (file: string) => {
              const place = fileOf(oid);
              await mkdir(dirname(place), { recursive: true });
              // Under its name it is always whole.
              await copyFile(file, `${place}.part`);
              await rename(`${place}.part`, place);
            },
          ]),
        ),
      );
    },
    givers: (objects) => {
      const there = objects.filter(({ oid }) => existsSync(fileOf(oid)));
      return Promise.resolve(
        new Map(there.map(({ oid }) => [oid, () => Promise.resolve(createReadStream(fileOf(oid)))])),
      );
    },
  };
}
