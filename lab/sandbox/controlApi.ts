import { timingSafeEqual } from "node:crypto";

import { Hono } from "hono";

import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Cloud } from "./cloud.ts";

/**
 * The daemon's own API: GET /status, POST and DELETE /regions/:region/outage, POST /databases/:ref/destroy, POST
 * /projects/:ref/platform-backups, POST /projects/:ref/point-in-time, POST /scheduler/advance/:seconds, POST /shutdown. Needs `token` as
 * Bearer, because it destroys. Answers a UserError with 400 and its message.
 */
export function controlApi(cloud: Cloud, token: string, shutdown: () => void): Hono {
  const app = new Hono();
  app.use("*", async (context, next) => {
    if (!isSame(context.req.header("authorization") ?? "", `Bearer ${token}`))
      return context.json({ message: "wrong token" }, 401);
    await next();
    return undefined;
  });
  app.onError((error, context) => context.json({ message: messageOf(error) }, error instanceof UserError ? 400 : 500));
  app.get("/status", (context) =>
    context.json({ pid: process.pid, outages: cloud.outages, databases: cloud.databases }),
  );
  app.post("/regions/:region/outage", async (context) => {
    await cloud.setOutage(context.req.param("region"), true);
    return context.json({ outages: cloud.outages });
  });
  app.delete("/regions/:region/outage", async (context) => {
    await cloud.setOutage(context.req.param("region"), false);
    return context.json({ outages: cloud.outages });
  });
  app.post("/databases/:ref/destroy", async (context) => {
    await cloud.destroyDatabase(context.req.param("ref"));
    return context.json({ databases: cloud.databases });
  });
  app.post("/projects/:ref/platform-backups", async (context) => {
    await cloud.takePlatformBackup(context.req.param("ref"));
    return context.json({}, 201);
  });
  app.post("/projects/:ref/point-in-time", async (context) => {
    await cloud.enablePointInTime(context.req.param("ref"));
    return context.json({}, 201);
  });
  app.post("/scheduler/advance/:seconds", async (context) =>
    context.json({ aheadSeconds: await cloud.advanceScheduler(Number(context.req.param("seconds"))) }),
  );
  app.post("/shutdown", (context) => {
    setImmediate(shutdown);
    return context.json({ pid: process.pid }, 202);
  });
  return app;
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
