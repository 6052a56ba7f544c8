import { setTimeout as pause } from "node:timers/promises";

import { PromiseError } from "../../../services/common/errors.ts";
import { demoUser } from "../../sandbox/sample/demoUser.ts";
import { findPosts } from "../company/database.ts";
import type { Visitor } from "../company/visitor.ts";

/** What a visitor got. */
export interface Access {
  /** Whether the visitor could log in and write, and each reading was answered. */
  ok: boolean;
  detail: string;
}

/** Readings of one look. */
const READINGS = 30;
/** Bad answers among the last readings that a monitor takes for a fault. */
const NOTICED = 3;
const READ_EVERY_MS = 50;
/** More readings than a release that fails as it does here can pass. */
const MOST_READINGS = 400;

/** Reads as a monitor does, until bad answers show. Returns how many there were. PromiseError if none shows. */
export async function noticeFault(visitor: Visitor, signal?: AbortSignal): Promise<{ readings: number; bad: number }> {
  let bad = 0;
  for (let readings = 1; readings <= MOST_READINGS; readings += 1) {
    if ((await visitor.posts(undefined, 1)).status >= 500) bad += 1;
    if (bad >= NOTICED) return { readings, bad };
    await pause(READ_EVERY_MS, undefined, { signal });
  }
  throw new PromiseError(`The bad release was not noticed in ${MOST_READINGS} readings.`);
}

/** Logs in, reads and writes under the public name, and looks for the post in the database. */
export async function visit(visitor: Visitor, databaseUrl: string, title: string): Promise<Access> {
  const user = demoUser(1);
  const token = await visitor.login(user.email, user.password);
  const statuses: number[] = [];
  for (let reading = 0; reading < READINGS; reading += 1) statuses.push((await visitor.posts(undefined, 1)).status);
  const written = await visitor.write(typeof token === "string" ? token : undefined, {
    title,
    body: "users have access",
  });
  const stored = await findPosts(databaseUrl, title);
  const bad = statuses.filter((status) => status !== 200).length;
  return {
    ok: typeof token === "string" && bad === 0 && written.status === 201 && stored.length === 1,
    detail: `login ${typeof token === "string" ? "200" : String(token)}, ${READINGS - bad} of ${READINGS} readings, post ${written.status}, stored ${stored.length}`,
  };
}
