import { describe, expect, it } from "@jest/globals";

import { contractFaults, type Exchange } from "./contract.ts";
import type { Exception } from "./exceptions.ts";

const NONE: readonly Exception[] = [];
const exchange = (more: Partial<Exchange>): Exchange => ({
  service: "github",
  method: "GET",
  path: "/repos/a/b/topics",
  query: new URLSearchParams(),
  body: undefined,
  status: 200,
  answer: { names: ["x"] },
  ...more,
});
const faultsOf = (more: Partial<Exchange>, exceptions = NONE) => contractFaults(exchange(more), exceptions);

describe("the check against published descriptions", () => {
  it("finds nothing in an exchange as described", () => {
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf({ method: "PUT", body: { names: [] } })).toEqual([]);
    expect(faultsOf({ query: new URLSearchParams("per_page=30&page=2") })).toEqual([]);
    expect(
      faultsOf({ path: "/repos/a/b/branches/feature/one", status: 404, answer: { message: "Not Found" } }),
    ).toEqual([]);
  });

  it.each<[string, Partial<Exchange>, string]>([
    ["a field that was invented", { answer: { names: [], total: 1 } }, "answer total: is not described"],
    ["a field that is missing", { answer: {} }, "answer names: is missing"],
    ["a value of another type", { answer: { names: [1] } }, "answer names[]: 1 is not a string"],
    ["text in place of a list", { answer: { names: "x" } }, 'answer names: "x" is not a list'],
    ["a field of the request", { method: "PUT", body: { names: [], all: true } }, "body all: is not described"],
    ["a body where there is none", { body: { names: [] } }, "body names: is not described"],
    ["a parameter", { query: new URLSearchParams("limit=1") }, "query limit: is not described"],
    ["a parameter's value", { query: new URLSearchParams("page=two") }, 'query page: "two" is not an integer'],
    ["an error's form", { status: 404, answer: { error: "gone" } }, "answer error: is not described"],
    ["a status", { status: 202 }, "answer status: 202 is not described"],
  ])("finds %s", (_, more, fault) => {
    expect(faultsOf(more)).toEqual([`github: ${more.method ?? "GET"} /repos/{owner}/{repo}/topics, ${fault}`]);
  });

  it("finds a path that the service does not have, unless the answer says so too", () => {
    expect(faultsOf({ path: "/repos/a/b/mirrors" })).toEqual(["github: GET /repos/a/b/mirrors is not described"]);
    expect(faultsOf({ path: "/repos/a/b/mirrors", status: 404 })).toEqual([]);
  });

  it("does not check a request that was refused", () => {
    expect(faultsOf({ method: "PUT", body: { names: 1 }, status: 404, answer: { message: "Not Found" } })).toEqual([]);
  });

  it("knows the values of an enumeration, and null only where it is described", () => {
    const health = (status: string) =>
      faultsOf({
        service: "supabase",
        path: "/v1/projects/abc/health",
        query: new URLSearchParams("services=db&services=auth"),
        answer: [{ name: "db", healthy: true, status }],
      });
    expect(health("ACTIVE_HEALTHY")).toEqual([]);
    expect(health("FINE")).toEqual([
      expect.stringContaining('answer [].status: "FINE" is not one of ["ACTIVE_HEALTHY"'),
    ]);
    const verify = { id: "t", status: "active", expires_on: null };
    const answer = { success: true, errors: [], messages: [], result: verify };
    expect(faultsOf({ service: "cloudflare", path: "/user/tokens/verify", answer })).toEqual([
      "cloudflare: GET /user/tokens/verify, answer result.expires_on: null is not a string",
    ]);
  });

  it("allows what an exception names, and nothing beside it", () => {
    const dated = { service: "github" as const, why: "a test", date: "2026-11-30", source: "none" };
    const field: Exception = { ...dated, operation: /topics$/, place: "answer", field: /^total$/ };
    expect(faultsOf({ answer: { names: [], total: 1, more: 1 } }, [field])).toEqual([
      "github: GET /repos/{owner}/{repo}/topics, answer more: is not described",
    ]);
    const path: Exception = {
      ...dated,
      pathIs: /^GET \/repos\/([^/]+)\/([^/]+)\/labels$/,
      as: "GET /repos/$1/$2/topics",
    };
    expect(faultsOf({ path: "/repos/a/b/labels" }, [path])).toEqual([]);
  });
});
