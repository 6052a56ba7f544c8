import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, it } from "@jest/globals";

import { sendContent } from "../../../services/http/contentRequest.ts";
import { type Reply, serve } from "../support/testServer.ts";

async function upload(reply: Reply, pieces: number, repeatable = true) {
  const server = await serve(reply);
  const content = async function* () {
    for (let piece = 0; piece < pieces; piece += 1) {
      await sleep(60);
      yield Buffer.from("piece ");
    }
  };
  const request = { service: "Testing", method: "POST" as const, url: `${server.url}/object`, headers: {} };
  const open = () => Promise.resolve(Readable.from(content()));
  const sent = sendContent({ ...request, open, timeoutMs: 200, repeatable }, 1);
  return { server, sent };
}

describe("an upload", () => {
  it("may take as long as its content does", async () => {
    const { server, sent } = await upload({ body: {} }, 10);
    expect((await sent).status).toBe(200);
    expect(server.seen.map(({ body }) => body)).toEqual(["piece ".repeat(10)]);
  });

  it("ends if the service stays silent", async () => {
    const { server, sent } = await upload({ hang: true }, 1);
    await expect(sent).rejects.toThrow("Testing cannot be reached (POST /object): no answer within 0.2 s.");
    expect(server.seen).toHaveLength(4);
  });

  it("is sent once unless a repetition is known to do no harm", async () => {
    const { server, sent } = await upload({ status: 503, body: {} }, 1, false);
    await expect(sent).rejects.toThrow("Testing refused POST /object (503)");
    expect(server.seen).toHaveLength(1);
  });
});
