import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";

import { ServiceError, UnreachableError } from "../../../services/http/http.ts";
import type { RemoteService, ServiceAccess } from "../../../services/http/remoteService.ts";
import { type FaultyProxy, startFaultyProxy } from "./faultyProxy.ts";

/** The calls of a service that the contract uses. */
export interface ServiceCalls<P> {
  /** A call that reads one thing, by one request. */
  read: (port: P, signal?: AbortSignal) => Promise<unknown>;
  /** A call whose last request makes a second thing if it is sent twice; absent if the role makes nothing. */
  make?: (port: P) => Promise<unknown>;
}

/** A service that a role's suite has started. */
export interface StartedService<P> {
  readonly url: string;
  /** The adapter at an address, with the right token by default. */
  open(access: Partial<ServiceAccess> & { endpoint: string }): P;
  stop(): Promise<void>;
}

/** Whether a call fails because the service says that the thing does not exist. */
export async function isNotFound(call: Promise<unknown>): Promise<boolean> {
  const thrown = await call.catch((error: unknown) => error);
  return thrown instanceof ServiceError && thrown.status === 404;
}

/** Checks that a call through a proxy ends with the reason of its signal when the service has been asked and is silent. */
export async function hearsAnAbort(proxy: FaultyProxy, call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  const reason = new Error("stopped by hand");
  proxy.next({ hang: true, asked: () => controller.abort(reason) });
  await expect(call(controller.signal)).rejects.toBe(reason);
}

/** What holds for the adapter of any remote service: attempts, refusals, silence and aborts. */
export function behavesAsRemoteService<P extends RemoteService>(
  started: () => StartedService<P>,
  { read, make }: ServiceCalls<P>,
): void {
  let proxy: FaultyProxy;
  let port: P;
  beforeAll(async () => {
    proxy = await startFaultyProxy(started().url);
    port = started().open({ endpoint: proxy.url });
  });
  afterAll(() => proxy.stop());
  beforeEach(() => proxy.next());

  it("says its name and where its token comes from", () => {
    expect(port.name).toMatch(/^[A-Z]\w+$/);
    expect(port.tokenName).toMatch(/^[A-Z_]+_TOKEN$/);
  });

  it.each([503, 429])("asks again after %i", async (status) => {
    proxy.next({ status }, { status });
    await read(port);
    expect(proxy.seen).toHaveLength(3);
  });

  it("gives up after four attempts", async () => {
    proxy.next(...Array.from({ length: 5 }, () => ({ status: 500 })));
    await expect(read(port)).rejects.toMatchObject({ name: "ServiceError", status: 500, service: port.name });
    expect(proxy.seen).toHaveLength(4);
  });

  if (make !== undefined)
    it("makes nothing twice by asking again", async () => {
      await make(port);
      const making = proxy.seen.at(-1);
      expect(making?.method).toBe("POST");
      proxy.next();
      proxy.failAt(making!.path, 503);
      await expect(make(port)).rejects.toMatchObject({ name: "ServiceError", status: 503 });
      expect(proxy.seen.filter((one) => one.method === "POST" && one.path === making!.path)).toHaveLength(1);
    });

  it.each([401, 403])("names the token's variable for %i, and does not ask again", async (status) => {
    proxy.next({ status });
    const refused = read(port);
    await expect(refused).rejects.toThrow(port.tokenName);
    await expect(refused).rejects.toBeInstanceOf(ServiceError);
    expect(proxy.seen).toHaveLength(1);
  });

  it("keeps a wrong token out of its words", async () => {
    const refused = read(started().open({ endpoint: started().url, token: "wrong-and-secret" }));
    await expect(refused).rejects.toBeInstanceOf(ServiceError);
    await expect(refused).rejects.toThrow(port.tokenName);
    await expect(refused).rejects.not.toThrow("wrong-and-secret");
  });

  it("says that it cannot be reached, which is no answer about a thing", async () => {
    const gone = started().open({ endpoint: "http://127.0.0.1:9" });
    await expect(read(gone)).rejects.toBeInstanceOf(UnreachableError);
    await expect(read(gone)).rejects.toThrow(`${port.name} cannot be reached`);
  });

  it("waits for no silent service, and hears an abort", async () => {
    proxy.next(...Array.from({ length: 4 }, () => ({ hang: true })));
    await expect(read(started().open({ endpoint: proxy.url, timeoutMs: 100 }))).rejects.toBeInstanceOf(
      UnreachableError,
    );
    expect(proxy.seen).toHaveLength(4);
    await hearsAnAbort(proxy, (signal) => read(port, signal));
    expect(proxy.seen).toHaveLength(1);
  });
}
