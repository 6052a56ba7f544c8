import { describe, expect, it } from "@jest/globals";

import { applicationHealth, type HealthContract } from "../../../recovery/site/applicationHealth.ts";
import type { EdgeAnswer } from "../../../services/appHost/edge.ts";
import { parseJson } from "../../../services/http/jsonClient.ts";

const { signal } = new AbortController();

/** What a look at an app finds that gives one answer, and the address that was asked. */
async function look(contract: HealthContract, text: string, more: Partial<EdgeAnswer> = {}) {
  const asked: string[] = [];
  const answer = { status: 200, text, body: parseJson(text), servedBy: "Vercel", ...more };
  const edge = (url: string) => {
    asked.push(url);
    return Promise.resolve(answer);
  };
  const found = await applicationHealth(edge, "https://a.example", contract, signal);
  return { asked, found, reason: found.healthy ? undefined : found.reason };
}

describe("an app's health", () => {
  it.each<[name: string, contract: HealthContract, text: string, status: number]>([
    ["its usual answer", {}, '{"status":"ok"}', 200],
    ["another status that is accepted", { healthAnswer: { status: [200, 204] } }, "", 204],
    [
      "another key",
      { healthAnswer: { status: [200], json: { healthy: true, errors: 0, fault: null } } },
      '{"healthy":true,"errors":0,"fault":null,"more":1}',
      200,
    ],
    ["a text", { healthAnswer: { status: [200], text: "All fine" } }, "<h1>All fine</h1>", 200],
  ])("is good by %s", async (_name, contract, text, status) => {
    expect((await look(contract, text, { status })).found).toMatchObject({ healthy: true, servedBy: "Vercel" });
  });

  const both = { healthAnswer: { status: [200], json: { healthy: true }, text: "up" } };
  it.each<[name: string, contract: HealthContract, text: string, status: number, reason: RegExp]>([
    ["another status", {}, '{"status":"ok"}', 204, /answers 204: status "ok"$/],
    [
      "another word, with its reason",
      {},
      '{"status":"error","reason":"no database"}',
      200,
      /answers 200: status "error" \(no database\), but status must be "ok"$/,
    ],
    ["a page", {}, " <h1>Hello</h1> ", 200, /answers 200: <h1>Hello<\/h1>, but status must be "ok"$/],
    ["nothing", {}, "", 200, /answers 200: nothing, but status must be "ok"$/],
    ["a value of another type", both, '{"healthy":"true","x":"up"}', 200, /but healthy must be true$/],
    [
      "a key of every object",
      { healthAnswer: { status: [200], json: { constructor: null } } },
      "{}",
      200,
      /but constructor must be null$/,
    ],
    ["a text that is missing", both, '{"healthy":true}', 200, /answers 200: \{"healthy":true\}, without "up"$/],
    ["a long page", {}, "x".repeat(1000), 500, /answers 500: x{200}$/],
  ])("is not good by %s", async (_name, contract, text, status, reason) => {
    expect((await look(contract, text, { status })).reason).toMatch(reason);
  });

  it("is asked at the app's path, and may name commit and deployment whatever else is accepted", async () => {
    const contract = { healthPath: "/up?x", healthAnswer: { status: [200] } };
    const { asked, found } = await look(contract, '{"deployment":"dpl_1","commit":7}');
    expect(asked).toEqual(["https://a.example/up?x"]);
    expect(found).toEqual({ healthy: true, deployment: "dpl_1", commit: undefined, servedBy: "Vercel" });
  });
});
