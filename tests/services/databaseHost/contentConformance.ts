import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { UserError } from "../../../services/common/errors.ts";
import type { ProjectContent } from "../../../services/databaseHost/projectContent.ts";
import { ServiceError, UnreachableError } from "../../../services/http/http.ts";
import { type FaultyProxy, startFaultyProxy } from "../support/faultyProxy.ts";
import { hearsAnAbort } from "../support/remoteServiceContract.ts";

/** A project with a bucket `files`, and the adapter of its content. */
export interface StartedContent {
  readonly url: string;
  /** The adapter at an address; without a token if it is undefined. */
  open(endpoint: string, token?: "right" | "wrong"): ProjectContent;
  stop(): Promise<void>;
}

/** What every adapter of a project's content beside its database keeps to. */
export function conformsToProjectContent(name: string, start: () => Promise<StartedContent>): void {
  describe(`${name}'s content of a project`, () => {
    let started: StartedContent;
    let content: ProjectContent;
    let proxy: FaultyProxy;
    beforeAll(async () => {
      started = await start();
      proxy = await startFaultyProxy(started.url);
      content = started.open(proxy.url, "right");
    }, 60_000);
    afterAll(async () => {
      await proxy.stop();
      await started.stop();
    });
    beforeEach(() => proxy.next());
    const put = (place: string, bytes: string, more: { cacheControl?: string } = {}) => {
      const open = () => Promise.resolve(Readable.from([Buffer.from(bytes)]));
      return content.putObject({ bucket: "files", name: place }, { open, contentType: "text/plain", ...more });
    };
    const bytesOf = async (place: string) => {
      const found = await content.getObject({ bucket: "files", name: place });
      return found && { ...found, body: (await buffer(found.body)).toString() };
    };

    it("stores an object, and another one in its place", async () => {
      await put("a.txt", "one", { cacheControl: "max-age=3600" });
      const first = await bytesOf("a.txt");
      expect(first).toEqual({ body: "one", contentType: "text/plain", etag: expect.stringMatching(/^"\w+"$/) });
      await put("a.txt", "two");
      expect((await bytesOf("a.txt"))?.body).toBe("two");
      expect((await bytesOf("a.txt"))?.etag).not.toBe(first?.etag);
    });

    it.each(["empty", "ä b/c%2F?#.txt", "deep/er/名.txt"])("keeps the name and content of %j", async (place) => {
      await put(place, place === "empty" ? "" : place);
      expect((await bytesOf(place))?.body).toBe(place === "empty" ? "" : place);
    });

    it("has no object that was never stored, and asks for none whose name leads elsewhere", async () => {
      expect(await bytesOf("absent")).toBeUndefined();
      proxy.next();
      for (const place of ["../other/a.txt", "a/./b", ".."])
        await expect(bytesOf(place)).rejects.toThrow("No address can hold the name");
      expect(proxy.seen).toEqual([]);
    });

    it("opens an object's content again for each attempt", async () => {
      await put("warm", "");
      proxy.next({ status: 503 }, { status: 503 });
      await put("again.txt", "whole");
      expect((await bytesOf("again.txt"))?.body).toBe("whole");
    });

    it("changes the limit of an object's size", async () => {
      const limit = await content.sizeLimit();
      await content.setSizeLimit(limit + 1);
      expect(await content.sizeLimit()).toBe(limit + 1);
    });

    it("deploys a function, and other code and settings in its place", async () => {
      expect(await content.functionBody("hello")).toBeUndefined();
      const wanted = { slug: "hello", name: "Hello 世界", verifyJwt: false, importMap: true };
      for (const [code, more] of [
        ["one \0", { entrypointPath: "file:///src/index.ts" }],
        ["two", { verifyJwt: true, importMapPath: "file:///src/map.json" }],
      ] as const) {
        await content.deployFunction({ ...wanted, ...more }, Buffer.from(code));
        expect(await content.functions()).toEqual([{ ...wanted, ...more }]);
        const body = await content.functionBody("hello");
        expect(body?.toString()).toBe(code);
        expect(content.codeDigest(body!)).toBe(content.codeDigest(Buffer.from(code)));
      }
      expect(content.codeDigest(Buffer.from("two"))).not.toBe(content.codeDigest(Buffer.from("one \0")));
    });

    it("changes some settings of the auth service and leaves the others", async () => {
      const before = await content.authSettings();
      await content.setAuthSettings({ site_url: "https://castchat.example/ü" });
      expect(await content.authSettings()).toEqual({ ...before, site_url: "https://castchat.example/ü" });
      expect(content.isSecretSetting("site_url")).toBe(false);
    });

    it.each([503, 429])("asks again after %i, and says in the end what was refused", async (status) => {
      proxy.next({ status }, { status });
      await content.functions();
      expect(proxy.seen).toHaveLength(3);
      proxy.next(...Array.from({ length: 4 }, () => ({ status })));
      await expect(content.functions()).rejects.toMatchObject({ name: "ServiceError", status });
    });

    it("distinguishes a refusal, an address without an answer and a missing token", async () => {
      const wrong = started.open(started.url, "wrong").functions();
      await expect(wrong).rejects.toBeInstanceOf(ServiceError);
      await expect(wrong).rejects.not.toThrow("wrong-and-secret");
      await expect(started.open("http://127.0.0.1:9", "right").functions()).rejects.toBeInstanceOf(UnreachableError);
      const without = started.open(proxy.url);
      for (const call of [without.functions(), without.sizeLimit(), without.getObject({ bucket: "b", name: "n" })])
        await expect(call).rejects.toBeInstanceOf(UserError);
      expect(proxy.seen).toEqual([]);
    });

    it("hears an abort", async () => {
      await hearsAnAbort(proxy, (signal) => content.functions(signal));
    });
  });
}
