import { describe, expect, it } from "@jest/globals";
import { Command, CommanderError } from "commander";

import { EXIT, exitCodeOf } from "../../../cli/terminal/failure.ts";
import { stackOption } from "../../../cli/terminal/options.ts";
import { RefusedTokenError } from "../../../services/codeHost/git.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { ServiceError, UnreachableError } from "../../../services/http/http.ts";

describe("exitCodeOf", () => {
  it.each([
    [new PromiseError("rows differ"), EXIT.promiseNotKept],
    [new Error("an unexpected error"), EXIT.promiseNotKept],
    [new ServiceError("Supabase", 500, "down"), EXIT.promiseNotKept],
    [new UserError("no such stack"), EXIT.wrongUse],
    [new ServiceError("Supabase", 401, "Check SUPABASE_ACCESS_TOKEN."), EXIT.wrongUse],
    [new UnreachableError("Supabase gave no answer"), EXIT.wrongUse],
    [new RefusedTokenError("Correct GITHUB_TOKEN."), EXIT.wrongUse],
    [Object.assign(new Error("interrupted"), { name: "AbortError" }), EXIT.interrupted],
  ])("%s ends with %d", (thrown, code) => expect(exitCodeOf(thrown)).toBe(code));
});

describe("stackOption", () => {
  it("refuses an empty name, which Pulumi treats as the last selected stack", () => {
    const command = () =>
      new Command()
        .addOption(stackOption())
        .exitOverride()
        .configureOutput({ writeErr: () => undefined });
    expect(() => command().parse(["--stack", ""], { from: "user" })).toThrow(CommanderError);
    expect(() => command().parse(["-s", " "], { from: "user" })).toThrow("name a stack");
    expect(command().parse(["-s", "dr"], { from: "user" }).opts()).toEqual({ stack: "dr" });
  });
});
