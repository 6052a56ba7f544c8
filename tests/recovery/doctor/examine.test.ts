import { describe, expect, it } from "@jest/globals";

import { type Check, failed, ok, type Outcome, skipped, unknown, warning } from "../../../recovery/doctor/check.ts";
import { examine } from "../../../recovery/doctor/examine.ts";
import { verdictOf } from "../../../recovery/doctor/verdict.ts";
import { UnreachableError } from "../../../services/http/http.ts";

const never = new AbortController().signal;
const check = (id: string, run: () => Promise<Outcome | readonly Outcome[]>): Check<undefined> => ({
  id,
  category: "AWS",
  about: `what ${id} looks at`,
  docs: "docs/accounts.md#doctor",
  run,
});
const answers = (id: string, outcome: Outcome) => check(id, () => Promise.resolve(outcome));

describe("examine", () => {
  it("keeps the order of the checks, whatever order they answer in", async () => {
    const first = Promise.withResolvers<Outcome>();
    const checks = [check("first", () => first.promise), answers("second", ok("second answer"))];
    const running = examine(checks, undefined, { deadline: never, signal: never });
    first.resolve(ok("first answer"));
    expect((await running).map(({ says }) => says)).toEqual(["first answer", "second answer"]);
  });

  it("gives each line of a check with several", async () => {
    const checks = [check("apps", () => Promise.resolve([ok("web"), failed("api", "mend it")]))];
    const found = await examine(checks, undefined, { deadline: never, signal: never });
    expect(found.map(({ id, state, says, fix }) => [id, state, says, fix])).toEqual([
      ["apps", "ok", "web", undefined],
      ["apps", "failed", "api", "mend it"],
    ]);
  });

  it("makes a crash of a check its own result, and goes through the others", async () => {
    const checks = [
      check("crashes", () => Promise.reject(new TypeError("cannot read properties of undefined"))),
      check("unreachable", () => Promise.reject(new UnreachableError("Vercel cannot be reached"))),
      answers("later", ok("fine")),
    ];
    const found = await examine(checks, undefined, { deadline: never, signal: never });
    expect(found.map(({ state, says }) => [state, says])).toEqual([
      ["unknown", "The check could not look: cannot read properties of undefined"],
      ["unknown", "The check could not look: Vercel cannot be reached"],
      ["ok", "fine"],
    ]);
  });

  it("waits no longer than the deadline, and begins nothing after it", async () => {
    const deadline = new AbortController();
    const begun: string[] = [];
    const hangs = (id: string) =>
      check(id, () => {
        begun.push(id);
        return new Promise<Outcome>(() => undefined);
      });
    const checks = [answers("quick", ok("fine")), hangs("one"), hangs("two"), hangs("three")];
    const running = examine(checks, undefined, { deadline: deadline.signal, signal: never, atOnce: 2 });
    await new Promise(setImmediate);
    deadline.abort();
    expect((await running).map(({ id, state, says }) => [id, state, says])).toEqual([
      ["quick", "ok", "fine"],
      ...["one", "two", "three"].map((id) => [id, "unknown", "No answer came in time."]),
    ]);
    expect(begun).toEqual(["one", "two"]);
  });

  it("ends with an interruption's own reason", async () => {
    const interrupt = new AbortController();
    const checks = [
      check(
        "hangs",
        () =>
          new Promise<Outcome>((_, reject) =>
            interrupt.signal.addEventListener("abort", () => reject(new Error("ended"))),
          ),
      ),
    ];
    const running = examine(checks, undefined, { deadline: never, signal: interrupt.signal });
    interrupt.abort(new Error("Ctrl-C"));
    await expect(running).rejects.toThrow("Ctrl-C");
  });

  it("shows texts of services on one line, without control characters and secrets", async () => {
    const evil = failed("a\n  ok       forged\u001b[2K postgresql://u:hunter2@h/d", "set AGE-SECRET-KEY-1ABCD");
    const [found] = await examine([answers("evil", evil)], undefined, { deadline: never, signal: never });
    expect(found?.says).toBe("a ok       forged\\u001b[2K postgresql://u:[secret]@h/d");
    expect(found?.fix).toBe("set [secret]");
  });
});

describe("verdictOf", () => {
  const findings = (outcomes: readonly Outcome[]) =>
    outcomes.map((outcome) => ({ ...answers("one", outcome), ...outcome }));
  it.each([
    [[ok("a")], "ready", "Stack dr is ready: every check is ok (1)."],
    [[ok("a"), skipped("b")], "ready", "Stack dr is ready: every check is ok (1)."],
    [[ok("a"), warning("b")], "warnings", "No check of stack dr failed (1 warning, 1 ok)."],
    [
      [ok("a"), warning("b"), unknown("c")],
      "unknown",
      "No check of stack dr failed, but 1 could not look (1 warning, 1 unknown, 1 ok). What is unknown is not ok.",
    ],
    [
      [failed("a", "x"), failed("b", "x"), unknown("c"), ok("d")],
      "failed",
      "Stack dr is not ready: 2 checks failed (1 unknown, 1 ok). Mend the failures from the top.",
    ],
    [[unknown("a"), skipped("b")], "nothing seen", "Nothing of stack dr could be looked at (1 unknown, 0 ok)."],
    [[], "nothing seen", "Nothing of stack dr could be looked at (0 ok)."],
  ] as const)("%#: judges by the worst line", (outcomes, state, sentence) => {
    expect(verdictOf("dr", findings(outcomes))).toMatchObject({ state, sentence });
  });
});
