import { expect, it } from "@jest/globals";

import { fitEntry } from "../../../../recovery/restore/archive/fitEntry.ts";

it("leaves a password of another server out of its note", () => {
  const description = "USER MAPPING - USER MAPPING postgres SERVER partner postgres";
  const sql = `CREATE USER MAPPING FOR postgres SERVER partner OPTIONS (\n    api_key 'sesame',\n    "user" 'u'\n);\n`;
  const { sql: made, missing } = fitEntry({ description, sql }, new Error('server "partner" does not exist'));
  expect(made).toBeUndefined();
  expect(missing.note).toMatch(
    /^Not restored: USER MAPPING .*server "partner" does not exist.* as the backup's schema\.dump has it/,
  );
  expect(missing.note).not.toContain("sesame");
});
