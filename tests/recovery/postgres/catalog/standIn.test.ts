import { describe, expect, it } from "@jest/globals";

import { forStandIn } from "../../../../recovery/postgres/catalog/standIn.ts";

const NAME = "castchat_verify_0123456789ab";
const address = { host: "h", port: 1, user: NAME, password: "", database: "d", sslMode: "disable" } as const;

describe("forStandIn", () => {
  const played = [
    "GRANT ALL ON TABLE public.t TO {};",
    "GRANT SELECT ON TABLE public.t TO {} WITH GRANT OPTION;",
    "REVOKE ALL ON TABLE public.postgres FROM {};",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT ALL ON TABLES TO {};",
    "SET SESSION AUTHORIZATION {};",
    'CREATE POLICY p ON public.t FOR SELECT TO "a b", {}, anon USING (true);',
    "create policy p on storage.objects as PERMISSIVE for ALL to {} using (true);",
    "alter table public.t owner to {};",
  ];
  const of = (sql: string, role: string) => sql.replaceAll("{}", role);

  it.each(played.map((sql) => [of(sql, "postgres"), of(sql, NAME)]))(
    "gives the stand-in what the played role has: %s",
    (sql, expected) => {
      expect(forStandIn({ address }, `${sql}\n`)).toBe(`${expected}\n`);
      expect(forStandIn({ address: { ...address, user: "postgres" } }, sql)).toBe(sql);
    },
  );

  it.each(["GRANT ALL ON TABLE public.t TO postgres_reader;", "COMMENT ON TABLE public.t IS 'owned by postgres';"])(
    "leaves %s unchanged",
    (sql) => {
      expect(forStandIn({ address }, sql)).toBe(sql);
    },
  );
});
