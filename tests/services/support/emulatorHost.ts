import type { Server } from "node:http";

import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";

import type { EmulatorDependencies } from "../../../lab/sandbox/host/services.ts";
import type { ServiceAccess } from "../../../services/http/remoteService.ts";
import { type Answer, send, type TestBed, testBed, TOKEN } from "../../lab/sandbox/emulators/support.ts";
import type { StartedService } from "./remoteServiceContract.ts";
import { listen } from "./testServer.ts";

/** A service's emulator over HTTP, and the adapter that is tested against it. */
export interface EmulatorHost<P> extends StartedService<P> {
  /** Calls the service's API directly, as an outsider would. */
  call(request: string, body?: unknown): Promise<Answer>;
  readonly bed: TestBed;
}

/** Starts an emulator over HTTP, with servers and apps that are only noted. */
export async function startEmulatorHost<P>(
  create: (deps: EmulatorDependencies) => { app: Hono },
  open: (access: ServiceAccess) => P,
): Promise<EmulatorHost<P>> {
  const bed = await testBed();
  const { app } = create(bed.deps);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const { url, stop } = await listen(server);
  return {
    bed,
    url,
    open: (access) => open({ token: TOKEN, retryDelayMs: 1, ...access }),
    async call(request, body) {
      const answer = await send(app, request, body);
      if (answer.status >= 400) throw new Error(`${request}: ${JSON.stringify(answer)}`);
      return answer;
    },
    async stop() {
      await stop();
      await bed.remove();
    },
  };
}
