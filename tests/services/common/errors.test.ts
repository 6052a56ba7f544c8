import { describe, expect, it } from "@jest/globals";

import { redact } from "../../../services/common/errors.ts";

describe("redact", () => {
  it.each([
    ["postgresql://postgres:hunter2@host/db", "postgresql://postgres:[secret]@host/db"],
    ["postgresql://postgres:hun/ter@2@host/db failed", "postgresql://postgres:[secret]@host/db failed"],
    ["options (user 'u', password 'hunter''2')", "options (user 'u', password '[secret]')"],
    ["PGPASSWORD=hunter2 psql", "PGPASSWORD=[secret] psql"],
    ["refused sbp_0123456789abcdef0123456789abcdef01234567", "refused [secret]"],
    ["refused ghp_abcdefghijklmnopqrstuvwxyz0123456789", "refused [secret]"],
    ["the hook's v1,whsec_aHVudGVyMg== is wrong", "the hook's v1,[secret] is wrong"],
    ["key eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJlLTEyMw is old", "key [secret] is old"],
  ])("takes the secret out of %j", (text, shown) => expect(redact(text)).toBe(shown));

  it.each([
    "S3 in eu-west-1 at http://127.0.0.1:9000 cannot be reached",
    "http://127.0.0.1:4873/@scope/package answers 404",
    'The database 127.0.0.1:5432 refuses the password of "postgres". Correct the connection string.',
    "https://github.com/castchat/app@v1",
  ])("leaves %j as it is", (text) => expect(redact(text)).toBe(text));
});
