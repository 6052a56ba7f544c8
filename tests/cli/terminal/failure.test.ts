import { describe, expect, it } from "@jest/globals";
import { Command, CommanderError } from "commander";

import { EXIT, exitCodeOf, explanationOf } from "../../../cli/terminal/failure.ts";
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

describe("explanationOf", () => {
  it("says what can have ended a session of the database, and what to do, but leaves a sentence as it is", () => {
    const ended = Object.assign(new Error("terminating connection due to administrator command"), { code: "57P01" });
    expect(explanationOf(ended)).toBe(
      "The database's server has ended the session of this command (terminating connection due to administrator command). An administrator can do that (pg_terminate_backend), so can `castchat-recovery writes stop` and `restore in-place`, and a server that restarts. Run the same command again once that is over.",
    );
    expect(explanationOf(new UserError("It is explained.", { cause: ended }))).toBe("It is explained.");
  });
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
