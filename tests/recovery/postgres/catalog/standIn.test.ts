import { describe, expect, it } from "@jest/globals";

import { forStandIn } from "../../../../recovery/postgres/catalog/standIn.ts";

const NAME = "castchat_verify_0123456789ab";
const address = { host: "h", port: 1, user: NAME, password: "", database: "d", sslMode: "disable" };

describe("forStandIn", () => {
  it.each([
    ["GRANT ALL ON TABLE public.t TO postgres;", `GRANT ALL ON TABLE public.t TO ${NAME};`],
    [
      "GRANT SELECT ON TABLE public.t TO postgres WITH GRANT OPTION;",
      `GRANT SELECT ON TABLE public.t TO ${NAME} WITH GRANT OPTION;`,
    ],
    ["REVOKE ALL ON TABLE public.postgres FROM postgres;", `REVOKE ALL ON TABLE public.postgres FROM ${NAME};`],
    [
      "ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON TABLES TO postgres;",
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${NAME} IN SCHEMA public GRANT ALL ON TABLES TO ${NAME};`,
    ],
    ["SET SESSION AUTHORIZATION postgres;", `SET SESSION AUTHORIZATION ${NAME};`],
    [
      'CREATE POLICY p ON public.t FOR SELECT TO "a b", postgres, anon USING (true);',
      `CREATE POLICY p ON public.t FOR SELECT TO "a b", ${NAME}, anon USING (true);`,
    ],
    [
      "create policy p on storage.objects as PERMISSIVE for ALL to postgres using (true);",
      `create policy p on storage.objects as PERMISSIVE for ALL to ${NAME} using (true);`,
    ],
    ["alter table public.t owner to postgres;", `alter table public.t owner to ${NAME};`],
  ])("gives the stand-in what the played role has: %s", (sql, expected) => {
    expect(forStandIn({ address }, `${sql}\n`)).toBe(`${expected}\n`);
    expect(forStandIn({ address: { ...address, user: "postgres" } }, sql)).toBe(sql);
  });

  it.each(["GRANT ALL ON TABLE public.t TO postgres_reader;", "COMMENT ON TABLE public.t IS 'owned by postgres';"])(
    "leaves %s unchanged",
    (sql) => {
      expect(forStandIn({ address }, sql)).toBe(sql);
    },
  );
});
