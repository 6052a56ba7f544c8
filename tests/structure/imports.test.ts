import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { describe, expect, it } from "@jest/globals";
import ts from "typescript";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { projectFiles } from "../support/projectFiles.ts";

/** What each file of the project outside of tests imports, types included, as paths from the root. */
function importsOf(): Map<string, Set<string>> {
  const files = projectFiles("*.ts").filter((file) => !file.startsWith("tests/"));
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(PROJECT_ROOT, file), "utf8"));
      const own = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith("."));
      const folder = dirname(join(PROJECT_ROOT, file));
      return [file, new Set(own.map((name) => relative(PROJECT_ROOT, join(folder, name))))];
    }),
  );
}

/** The same between the folders of files. */
function betweenFolders(imports: ReadonlyMap<string, ReadonlySet<string>>): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>();
  for (const [file, targets] of imports) {
    const from = dirname(file);
    const found = folders.get(from) ?? new Set();
    for (const target of targets) if (dirname(target) !== from) found.add(dirname(target));
    folders.set(from, found);
  }
  return folders;
}

/** The first circle that a walk through all imports meets, if there is one. */
function findCircle(imports: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const walk = (node: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of imports.get(node) ?? []) {
      const circle = walk(next, [...path, node]);
      if (circle !== undefined) return circle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of imports.keys()) {
    const circle = walk(node, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

describe("imports", () => {
  const imports = importsOf();

  it("reads every file", () => {
    expect(imports.size).toBeGreaterThan(400);
    expect([...(imports.get("index.ts") ?? [])]).toContain("settings/settings.ts");
  });

  it("go in no circle between files", () => expect(findCircle(imports)).toBeUndefined());

  it("go in no circle between folders", () => expect(findCircle(betweenFolders(imports))).toBeUndefined());

  it("would show a circle", () => {
    const circle = new Map([
      ["a/1.ts", new Set(["b/1.ts"])],
      ["b/2.ts", new Set(["a/2.ts"])],
      ["a/2.ts", new Set<string>()],
    ]);
    expect(findCircle(circle)).toBeUndefined();
    expect(findCircle(betweenFolders(circle))).toEqual(["a", "b", "a"]);
  });
});
