import { describe, expect, it } from "@jest/globals";

import { type AppRoles, membershipStatement, roleStatements } from "../../../../recovery/postgres/roles/appRoles.ts";
import { ROLES_HEADER } from "../../../../recovery/postgres/roles/rolesScript.ts";
import { readRoles } from "../../../../recovery/restore/rights/readRoles.ts";

const OLD = "-- The app's own roles, without passwords.";
const made = (name: string, quoted = name) =>
  `do $role$ begin if not exists (select from pg_catalog.pg_roles where rolname = '${name}') then create role ${quoted}; end if; end $role$;`;
const script = (...lines: string[]) => [OLD, ...lines, ""].join("\n");

const ROLES: AppRoles = {
  roles: [
    { name: "app", attributes: ["login", "inherit", "bypassrls"], connectionLimit: 3, validUntil: "infinity" },
    { name: `a "b" 'c' \\ $role$; x\nalter role app createrole;`, attributes: ["nologin", "noinherit"] },
  ],
  settings: [
    { role: "app", name: "search_path", value: ["$user", "a\n; b\\'", ""] },
    { role: "app", name: "app.tenant", value: ["it's\r\n\\!"] },
  ],
  memberships: [
    { role: "app", member: "postgres", admin: true, options: { inherit: false, set: true } },
    { role: "app", member: undefined, admin: false, options: { inherit: true, set: true } },
  ],
};

describe("readRoles", () => {
  it("reads all that is written, whatever is in a name or a value", () => {
    const lines = [...roleStatements(ROLES), ...ROLES.memberships.map((one) => membershipStatement(one, 17))];
    const { roles, refused } = readRoles([ROLES_HEADER, ...lines, ""].join("\n"));
    expect(refused).toEqual([]);
    expect(roles).toEqual(ROLES);
  });

  it("reads what earlier versions wrote, settings without quotes of their own included", () => {
    const { roles, refused } = readRoles(
      script(
        made("Analyst 1", '"Analyst 1"'),
        made("reporting"),
        `alter role "Analyst 1" login inherit createdb connection limit 4 valid until '2027-01-01 00:00:00+00';`,
        "alter role reporting nologin noinherit;",
        "alter role reporting set search_path to \"$user\", public, '';",
        "alter role reporting set statement_timeout to '9s';",
        String.raw`alter role reporting set "app.path" to E'C:\\n';`,
        'alter role reporting set temp_tablespaces to "";',
        'grant reporting to "Analyst 1" with admin true, inherit false, set true;',
        "grant reporting to authenticator with admin option;",
        "grant pg_monitor to reporting;",
      ),
    );
    expect(refused).toEqual([]);
    expect(roles.roles).toEqual([
      {
        name: "Analyst 1",
        attributes: ["login", "inherit", "createdb"],
        connectionLimit: 4,
        validUntil: "2027-01-01 00:00:00+00",
      },
      { name: "reporting", attributes: ["nologin", "noinherit"] },
    ]);
    expect(roles.settings.map(({ name, value }) => [name, value])).toEqual([
      ["search_path", ["$user", "public", "''"]],
      ["statement_timeout", ["9s"]],
      ["app.path", ["C:\\n"]],
      ["temp_tablespaces", [""]],
    ]);
    expect(roles.memberships).toEqual([
      { role: "reporting", member: "Analyst 1", admin: true, options: { inherit: false, set: true } },
      { role: "reporting", member: "authenticator", admin: true },
      { role: "pg_monitor", member: "reporting", admin: false },
    ]);
  });

  it.each<[string, string, string[]]>([
    [
      "a statement in an element",
      `a;select/**/1"x,"; reset role; copy (select 1) to program 'id'; --"`,
      ['a;select/**/1"x', "; reset role; copy (select 1) to program 'id'; --"],
    ],
    ["a statement on a line of its own", `a;,"\nalter role me createrole;\n"`, ["a;", "\nalter role me createrole;\n"]],
    ["a command to psql", `a,"\n\\! id\n"`, ["a", "\n\\! id\n"]],
    ["an end of line in the list", "a;\n, b", ["a;", "b"]],
  ])("takes %s in an old script for what it is, a name", (_what, value, elements) => {
    const after = "alter role me set work_mem to '9MB';";
    const { roles, refused } = readRoles(
      script(made("me"), "alter role me nologin inherit;", `alter role me set search_path to ${value};`, after),
    );
    expect(refused).toEqual([]);
    expect(roles.roles).toEqual([{ name: "me", attributes: ["nologin", "inherit"] }]);
    expect(roles.settings.map((one) => one.value)).toEqual([elements, ["9MB"]]);
  });

  it("leaves out and names what no backup writes, and reads on", () => {
    const { roles, refused } = readRoles(
      script(
        made("me"),
        made("supabase_admin"),
        "do $role$ begin perform pg_sleep(1); end $role$;",
        "drop table public.posts;",
        "alter role me superuser;",
        "alter role postgres login inherit;",
        "alter role me nologin inherit;",
        "alter role me set session_preload_libraries to a b; reset role;",
        String.raw`alter role me set work_mem to 'a\'; x';`,
        "alter role me login inherit;",
        "alter role me set work_mem to '4MB';",
        "grant supabase_admin to me; reset role;",
        "grant supabase_admin to postgres;",
        "grant me to authenticator;",
      ),
    );
    expect(roles).toEqual({
      roles: [{ name: "me", attributes: ["nologin", "inherit"] }],
      settings: [{ role: "me", name: "work_mem", value: ["4MB"] }],
      memberships: [{ role: "me", member: "authenticator", admin: false }],
    });
    expect(refused).toHaveLength(9);
    expect(refused).toContain("setting session_preload_libraries of role me");
    expect(refused.join("\n")).toContain("perform pg_sleep");
  });
});
