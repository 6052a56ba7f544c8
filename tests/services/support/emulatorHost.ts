import type { Server } from "node:http";

import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";

import type { EmulatorDependencies } from "../../../lab/sandbox/host/services.ts";
import type { ServiceAccess } from "../../../services/http/remoteService.ts";
import { type Answer, send, type TestBed, testBed, TOKEN } from "../../lab/sandbox/emulators/support.ts";

/** A service's emulator over HTTP, and the adapter that is tested against it. */
export interface EmulatorHost<P> {
  /** Where the emulator listens. */
  readonly url: string;
  /** The adapter at an address, with the right token by default. */
  open(access: Partial<ServiceAccess> & { endpoint: string }): P;
  /** Calls the service's API directly, as an outsider would. */
  call(request: string, body?: unknown): Promise<Answer>;
  readonly bed: TestBed;
  stop(): Promise<void>;
}

/** Starts an emulator over HTTP, with servers and apps that are only noted. */
export async function startEmulatorHost<P>(
  create: (deps: EmulatorDependencies) => { app: Hono },
  open: (access: ServiceAccess) => P,
): Promise<EmulatorHost<P>> {
  const bed = await testBed();
  const { app } = create(bed.deps);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    bed,
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    open: (access) => open({ token: TOKEN, retryDelayMs: 1, ...access }),
    async call(request, body) {
      const answer = await send(app, request, body);
      if (answer.status >= 400) throw new Error(`${request}: ${JSON.stringify(answer)}`);
      return answer;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await bed.remove();
    },
  };
}
