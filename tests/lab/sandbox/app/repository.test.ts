import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { commitChange, seedApplicationRepository } from "../../../../lab/sandbox/app/repository.ts";
import { listen } from "../../../services/support/testServer.ts";

let home: string;
let remoteUrl: string;
const usual = tmpdir();
const token = "gho_very_secret_token";

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "repository-test-"));
  // Its own temporary folder, so that other processes' folders aren't counted.
  process.env["TMPDIR"] = home;
  remoteUrl = join(home, "remote.git");
  execFileSync("git", ["init", "--quiet", "--bare", remoteUrl]);
});
afterEach(() => {
  process.env["TMPDIR"] = usual;
  rmSync(home, { recursive: true, force: true });
});

function git(...args: string[]): string {
  return execFileSync("git", ["--git-dir", remoteUrl, ...args], { encoding: "utf8" }).trim();
}

function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("castchat-app-"));
}

describe("the application's repository", () => {
  it("consists of the app's own files, on main, with a tag", async () => {
    const commit = await seedApplicationRepository({ remoteUrl, token });
    expect(git("rev-parse", "main")).toBe(commit);
    expect(git("rev-parse", "v1.0.0")).toBe(commit);
    expect(git("ls-tree", "--name-only", "main").split("\n").sort()).toEqual([
      "README.md",
      "database.mjs",
      "package.json",
      "server.mjs",
    ]);
    expect(leftovers()).toEqual([]);
  });

  it("accepts further commits, each a new one", async () => {
    const first = await seedApplicationRepository({ remoteUrl, token, message: "begin" });
    const files = { "docs/変更.md": "変更\n" };
    const second = await commitChange({ remoteUrl, token, message: "change" });
    const third = await commitChange({ remoteUrl, token, message: "more", files });
    const fourth = await commitChange({ remoteUrl, token, message: "nothing new", files });
    expect(git("rev-list", "main").split("\n")).toEqual([fourth, third, second, first]);
    expect(git("show", "main:docs/変更.md")).toBe("変更");
  });

  it("refuses a path out of the repository, and a remote that already has a main", async () => {
    await seedApplicationRepository({ remoteUrl, token });
    await expect(commitChange({ remoteUrl, token, message: "x", files: { "../outside": "x" } })).rejects.toThrow(
      "leads out of the repository",
    );
    await expect(seedApplicationRepository({ remoteUrl, token, message: "again" })).rejects.toThrow(
      /git push .* failed/,
    );
    await expect(commitChange({ remoteUrl: join(home, "none.git"), token, message: "x" })).rejects.toThrow(
      /git clone .* failed/,
    );
  });

  it("shows its token only to the server", async () => {
    let seen: string | undefined;
    const refusing = createServer((request, response) => {
      seen = request.headers.authorization;
      response.writeHead(403).end("no");
    });
    const { url, stop } = await listen(refusing);
    try {
      const failed = seedApplicationRepository({ remoteUrl: `${url}/owner/app.git`, token });
      await expect(failed).rejects.toThrow(/403/);
      await expect(failed).rejects.not.toThrow(token);
      expect(seen).toBe(`Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`);
      expect(leftovers()).toEqual([]);
    } finally {
      await stop();
    }
  });
});
