import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { type IamRequest, judge } from "../../../recovery/plan/iamPolicy.ts";

const ROLE = "arn:aws:iam::111111111111:role/writer";
const OBJECT = "arn:aws:s3:::vault/daily/a";
const REQUEST: IamRequest = { action: "s3:PutObject", resource: OBJECT, principal: ROLE, context: {} };

const policy = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allows = { Effect: "Allow", Action: "s3:PutObject", Resource: "arn:aws:s3:::vault/*" };
const denies = { ...allows, Effect: "Deny" };
/** How an Allow with these elements, and then a Deny with them, is judged. */
const both = (elements: object, request: Partial<IamRequest> = {}) =>
  [allows, denies].map((one) => judge([policy({ ...one, ...elements })], { ...REQUEST, ...request }));
const MEANT = ["allowed", "denied"];
const OTHER = ["unmentioned", "unmentioned"];

describe("judge", () => {
  it.each<[string, object, string[]]>([
    ["one of several actions", { Action: ["s3:GetObject", "s3:PutObject"] }, MEANT],
    ["actions by a pattern", { Action: "s3:Put*" }, MEANT],
    ["actions in any case", { Action: "S3:pUTobject" }, MEANT],
    ["a character by ?", { Action: "s3:PutObjec?" }, MEANT],
    ["other actions", { Action: ["s3:GetObject", "s3:PutObjectRetention"] }, OTHER],
    ["a beginning that is no pattern", { Action: "s3:Put" }, OTHER],
    ["all actions but others", { Action: undefined, NotAction: ["s3:GetObject"] }, MEANT],
    ["all actions but this one", { Action: undefined, NotAction: "s3:put*" }, OTHER],
    ["the object", { Resource: OBJECT }, MEANT],
    ["each resource", { Resource: "*" }, MEANT],
    ["another case of a resource", { Resource: OBJECT.toUpperCase() }, OTHER],
    ["a dot that is no pattern", { Resource: "arn:aws:s3:::vault.daily/a" }, OTHER],
    ["all resources but others", { Resource: undefined, NotResource: "arn:aws:s3:::other/*" }, MEANT],
    ["all resources but this one", { Resource: undefined, NotResource: ["x", "arn:aws:s3:::vault/daily/*"] }, OTHER],
    ["every principal", { Principal: "*" }, MEANT],
    ["every principal of AWS", { Principal: { AWS: "*" } }, MEANT],
    ["the role", { Principal: { AWS: ["arn:aws:iam::1:role/x", ROLE] } }, MEANT],
    ["the role's account, by its root", { Principal: { AWS: "arn:aws:iam::111111111111:root" } }, MEANT],
    ["the role's account, by its number", { Principal: { AWS: "111111111111" } }, MEANT],
    ["another account", { Principal: { AWS: ["arn:aws:iam::222222222222:root", "222222222222"] } }, OTHER],
    ["another role", { Principal: { AWS: `${ROLE}-2` } }, OTHER],
    ["a service", { Principal: { Service: "s3.amazonaws.com" } }, OTHER],
  ])("reads a statement about %s", (_what, elements, expected) => {
    expect(both(elements)).toEqual(expected);
  });

  const context = { region: "tokyo", tls: "true", days: "30", arn: "arn:aws:s3:::vault" };
  it.each<[string, object, string[]]>([
    ["an equal text", { StringEquals: { region: "tokyo" } }, MEANT],
    ["one of several texts", { StringEquals: { region: ["osaka", "tokyo"] } }, MEANT],
    ["a text in another case", { StringEquals: { region: "Tokyo" } }, OTHER],
    ["a text with a * that is no pattern", { StringEquals: { region: ["t*", "*"] } }, OTHER],
    ["a text that differs from one with a *", { StringNotEquals: { region: "t*" } }, MEANT],
    ["a pattern", { StringLike: { region: "t*" } }, MEANT],
    ["none of several patterns", { StringNotLike: { region: ["o*", "t*"] } }, OTHER],
    ["none of other patterns", { StringNotLike: { region: ["o*", "n*"] } }, MEANT],
    ["an ARN by a pattern", { ArnEquals: { arn: "arn:aws:s3:::v*" } }, MEANT],
    ["another ARN", { ArnNotLike: { arn: "arn:aws:s3:::v*" } }, OTHER],
    ["a truth", { Bool: { tls: "true" } }, MEANT],
    ["an untruth", { Bool: { tls: "false" } }, OTHER],
    ["more than a number", { NumericGreaterThan: { days: "29" } }, MEANT],
    ["no more than a number", { NumericGreaterThan: { days: "30" } }, OTHER],
    ["less than a number", { NumericLessThan: { days: "31" } }, MEANT],
    ["no less than a number", { NumericLessThan: { days: "9" } }, OTHER],
    ["a key that is there", { Null: { region: "false" } }, MEANT],
    ["a key that is not to be there", { Null: { region: "true" } }, OTHER],
    ["an absent key", { Null: { other: "true" } }, MEANT],
    ["a value of an absent key", { StringEquals: { other: "x" } }, OTHER],
    ["another value than an absent key's", { StringNotEquals: { other: "x" } }, MEANT],
    ["a number of an absent key", { NumericLessThan: { other: "9" } }, OTHER],
    ["the principal's ARN, which each request has", { ArnLike: { "aws:PrincipalArn": "*:role/writer" } }, MEANT],
    ["two keys, of which one fails", { StringEquals: { region: "tokyo", tls: "false" } }, OTHER],
    ["two operators, of which one fails", { StringEquals: { region: "tokyo" }, Bool: { tls: "false" } }, OTHER],
  ])("reads a condition on %s", (_what, Condition, expected) => {
    expect(both({ Condition }, { context })).toEqual(expected);
  });

  it.each<[string, object]>([
    ["an operator", { Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } }],
    ["a set's operator", { Condition: { "ForAllValues:StringEquals": { region: "x" } } }],
    ["a variable in a condition", { Condition: { StringLike: { region: "${aws:PrincipalTag/region}" } } }],
    ["a variable in a resource", { Resource: "arn:aws:s3:::${aws:PrincipalTag/bucket}/*" }],
    ["all principals but some", { NotPrincipal: { AWS: "arn:aws:iam::2:root" } }],
  ])("lets %s that it cannot judge refuse, and never allow", (_what, elements) => {
    expect(both(elements, { context })).toEqual(["unmentioned", "denied"]);
  });

  it("takes nothing from a policy that it cannot read", () => {
    for (const text of [undefined, {}, "", "{", "[]", "{}", policy({ ...allows, Effect: "allow" })])
      expect(judge([text], REQUEST)).toBe("unmentioned");
    expect(judge([], REQUEST)).toBe("unmentioned");
    expect(judge(["{", JSON.stringify({ Statement: allows })], REQUEST)).toBe("allowed");
  });
});

describe("whatever policies there are", () => {
  const text = fc.constantFrom("s3:PutObject", "s3:GetObject", "s3:*", "*", "kms:Sign");
  const where = fc.constantFrom(OBJECT, "arn:aws:s3:::vault/*", "arn:aws:s3:::other/*", "*");
  const statements = fc.array(
    fc.record({ Effect: fc.constantFrom("Allow", "Deny"), Action: fc.array(text, { minLength: 1 }), Resource: where }),
  );
  const request = fc.record({ action: text, resource: where });
  const judged = (given: object[], asked: Partial<IamRequest>) => judge([policy(...given)], { ...REQUEST, ...asked });

  it("their order and how they are parted into documents change nothing", () => {
    fc.assert(
      fc.property(statements, request, fc.nat(), (given, asked, at) => {
        const cut = at % (given.length + 1);
        const parted = [policy(...given.slice(cut)), policy(...given.slice(0, cut))];
        expect(judge(parted, { ...REQUEST, ...asked })).toBe(judged(given, asked));
      }),
    );
  });

  it("a further Deny allows nothing, and a further Allow lifts no Deny", () => {
    fc.assert(
      fc.property(statements, statements, request, (given, more, asked) => {
        const before = judged(given, asked);
        const [further, lifting] = ["Deny", "Allow"].map((Effect) => more.map((one) => ({ ...one, Effect })));
        if (before !== "allowed") expect(judged([...given, ...further!], asked)).not.toBe("allowed");
        if (before === "denied") expect(judged([...given, ...lifting!], asked)).toBe("denied");
      }),
    );
  });

  it("what is allowed or denied is so by a statement of that effect", () => {
    fc.assert(
      fc.property(statements, request, (given, asked) => {
        const of = (Effect: string) =>
          judged(
            given.filter((one) => one.Effect === Effect),
            asked,
          );
        const expected = of("Deny") === "denied" ? "denied" : of("Allow");
        expect(judged(given, asked)).toBe(expected);
      }),
    );
  });
});
