import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { readStackState } from "../../../recovery/pulumi/stackState.ts";
import { forSuite } from "../../support/suite.ts";
import { startTestCloud } from "../support/cloud.ts";

const PROJECT = "castchat-recovery";
/** What a deployment of one resource with a secret looks like; the engine checks it at the import. */
const RESOURCE = {
  urn: `urn:pulumi:prod::${PROJECT}::pulumi:pulumi:Stack::${PROJECT}-prod`,
  custom: false,
  type: "pulumi:pulumi:Stack",
  outputs: { address: "https://castchat.example" },
};

const cloud = forSuite(startTestCloud);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "castchat-state-"));
  await writeFile(join(folder, "Pulumi.yaml"), `name: ${PROJECT}\nruntime: nodejs\n`);
});
afterAll(() => rm(folder, { recursive: true }));

/** Makes a stack in a backend with the engine's own command line, and gives back what that exports. */
async function deployed(backend: string): Promise<unknown> {
  const home = await mkdtemp(join(folder, "home-"));
  const pulumi = async (...args: string[]) => {
    const env = {
      PATH: process.env["PATH"],
      HOME: home,
      PULUMI_HOME: home,
      PULUMI_CONFIG_PASSPHRASE: "of the test",
      PULUMI_BACKEND_URL: backend,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    return (await promisify(execFile)("pulumi", [...args, "--non-interactive"], { cwd: folder, env })).stdout;
  };
  await pulumi("stack", "init", "prod");
  const file = join(home, "state.json");
  const { deployment, ...version } = JSON.parse(await pulumi("stack", "export", "--stack", "prod")) as {
    deployment: object;
  };
  await writeFile(file, JSON.stringify({ ...version, deployment: { ...deployment, resources: [RESOURCE] } }));
  await pulumi("stack", "import", "--stack", "prod", "--file", file);
  return JSON.parse(await pulumi("stack", "export", "--stack", "prod"));
}

/** The address of a new bucket as Pulumi takes it. */
async function newBucket(name: string, below = ""): Promise<string> {
  await cloud.s3.createBucket({ Bucket: name });
  const query = `region=${cloud.region}&endpoint=${new URL(cloud.endpoint).host}&disableSSL=true&s3ForcePathStyle=true`;
  return `s3://${name}${below}?${query}`;
}
describe("readStackState", () => {
  it("gives what the engine exports, out of a folder", async () => {
    const backend = `file://${join(folder, "backend")}`;
    await mkdir(join(folder, "backend"));
    const exported = await deployed(backend);
    expect(JSON.stringify(exported)).toContain("https://castchat.example");
    expect(await readStackState(backend, PROJECT, "prod")).toEqual(exported);
  }, 60_000);

  it("gives what the engine exports, out of a bucket, also from below a folder in it", async () => {
    const backend = await newBucket("state-of-a-stack", "/some/folder");
    const exported = await deployed(backend);
    expect(await readStackState(backend, PROJECT, "prod")).toEqual(exported);
    await expect(readStackState(backend, PROJECT, "pro")).rejects.toThrow(/holds no state of stack pro of project/);
  }, 60_000);

  it("reads a state that the backend has compressed", async () => {
    const plain = await readFile(join(folder, "backend", ".pulumi", "stacks", PROJECT, "prod.json"));
    const backend = await newBucket("compressed-state");
    const Key = `.pulumi/stacks/${PROJECT}/prod.json.gz`;
    await cloud.s3.putObject({ Bucket: "compressed-state", Key, Body: await promisify(gzip)(plain) });
    const expected = await readStackState(`file://${join(folder, "backend")}`, PROJECT, "prod");
    expect(await readStackState(backend, PROJECT, "prod")).toEqual(expected);
  });

  it.each([
    ["a stack that was never deployed", '{"version": 3, "checkpoint": {"stack": "x"}}', /never been deployed/],
    ["no checkpoint", '{"swordfish": 1}', /a format that this version does not know/],
    ["no JSON", '{"swordfish', /is not JSON/],
  ])("says so in one sentence: %s", async (_, text, words) => {
    const backend = await mkdtemp(join(folder, "bad-"));
    await mkdir(join(backend, ".pulumi", "stacks", PROJECT), { recursive: true });
    await writeFile(join(backend, ".pulumi", "stacks", PROJECT, "prod.json"), text);
    const reading = readStackState(`file://${backend}`, PROJECT, "prod");
    await expect(reading).rejects.toThrow(words);
    await expect(reading).rejects.not.toThrow("swordfish");
  });

  it("names a backend that it can't read, and one that isn't there", async () => {
    const read = (backend: string) => readStackState(backend, PROJECT, "prod");
    await expect(read("https://api.pulumi.com")).rejects.toThrow(/api\.pulumi\.com can't be read/);
    await expect(read(`file://${folder}/nowhere`)).rejects.toThrow(/holds no state of stack prod/);
  });
});
