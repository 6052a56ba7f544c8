import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { repairCheckpoint } from "../../../recovery/pulumi/pulumiCheckpoint.ts";

let backend: string;
let file: string;
const repair = () => repairCheckpoint(`file://${backend}`, "project", "dr");
const put = (suffix: string, text: string) => writeFile(`${file}${suffix}`, text);

beforeEach(async () => {
  backend = await mkdtemp(join(tmpdir(), "castchat-checkpoint-"));
  await mkdir(join(backend, ".pulumi", "stacks", "project"), { recursive: true });
  file = join(backend, ".pulumi", "stacks", "project", "dr.json");
  await put("", '{"newest": true}');
  await put(".attrs", "{}");
  await put(".bak", '{"newest": false}');
});
afterEach(() => rm(backend, { recursive: true }));

describe("repairCheckpoint", () => {
  it("leaves a whole one as it is", async () => {
    expect(await repair()).toBe("whole");
    expect(await readFile(`${file}.attrs`, "utf8")).toBe("{}");
  });

  it("takes away attributes that hide a whole checkpoint", async () => {
    await put(".attrs", "");
    expect(await repair()).toBe("attributes removed");
    expect(await readFile(file, "utf8")).toBe('{"newest": true}');
    await expect(readFile(`${file}.attrs`)).rejects.toThrow("ENOENT");
  });

  it("takes the checkpoint before a broken one, and keeps the broken one aside", async () => {
    await put("", '{"newest": tr');
    expect(await repair()).toBe("previous checkpoint taken");
    expect(await readFile(file, "utf8")).toBe('{"newest": false}');
    expect(await readFile(`${file}.broken`, "utf8")).toBe('{"newest": tr');
  });

  it("says so when neither can be read", async () => {
    await put("", "{");
    await put(".bak", "{");
    await expect(repair()).rejects.toThrow(/cannot be read, and neither can its previous one/);
  });

  it("leaves other backends and stacks without a checkpoint to the engine", async () => {
    expect(await repairCheckpoint("s3://bucket", "project", "dr")).toBe("whole");
    await rm(file);
    await rm(`${file}.bak`);
    expect(await repair()).toBe("whole");
  });
});
