import { describe, expect, it } from "@jest/globals";

import { chooseEntries, chooseRights } from "../../../../recovery/restore/archive/archiveEntries.ts";

const target = {
  takesEventTriggers: true,
  takesUserMappings: true,
  schemas: new Set(["public", "extensions"]),
  eventTriggers: new Set(["pgrst_ddl_watch"]),
  ownRoles: new Set(["postgres"]),
};

describe("chooseEntries", () => {
  it("removes what the target has or can't take, and nothing else", () => {
    const wanted = [
      "; Archive created at 2026-07-01",
      "7; 2615 16410 SCHEMA - private postgres",
      "4100; 0 0 COMMENT - SCHEMA private postgres",
      "4107; 0 0 ACL - LARGE OBJECT 16999 postgres",
      "215; 1259 16500 TABLE public posts postgres",
      "216; 1259 16501 TABLE public EXTENSION - x postgres",
      "4109; 3466 16704 EVENT TRIGGER - watch_supabase postgres",
      ";	depends on: 345",
      "4110; 0 0 COMMENT - EVENT TRIGGER watch_supabase postgres",
      "345; 1255 16747 FUNCTION public f() postgres",
      "217; 1259 16502 TABLE public PUBLICATION - y postgres",
      "4113; 1417 16706 SERVER - partner postgres",
      "4114; 0 0 USER MAPPING - USER MAPPING public SERVER partner postgres",
      "2300; 826 16700 DEFAULT ACL private DEFAULT PRIVILEGES FOR TABLES postgres",
      "2302; 826 16703 DEFAULT ACL - DEFAULT PRIVILEGES FOR LARGE OBJECTS postgres",
      "",
    ];
    const refused = [
      "4101; 0 0 ACL - SCHEMA public pg_database_owner",
      "4108; 0 0 ACL public TABLE posts postgres",
      "2; 3079 16400 EXTENSION - pgcrypto ",
      "4104; 0 0 COMMENT - EXTENSION pgcrypto ",
      "5; 2615 2200 SCHEMA - public pg_database_owner",
      "4102; 6104 16600 PUBLICATION - partners postgres",
      "4103; 6106 16601 PUBLICATION TABLE public supabase_realtime posts postgres",
      "4107; 6237 16603 PUBLICATION TABLES IN SCHEMA - partners private postgres",
      "4108; 0 0 COMMENT - PUBLICATION partners postgres",
      "4105; 6104 16602 PUBLICATION - supabase_realtime postgres",
      "2301; 826 16701 DEFAULT ACL public DEFAULT PRIVILEGES FOR TABLES supabase_admin",
      "4106; 3466 16702 EVENT TRIGGER - pgrst_ddl_watch supabase_admin",
      // The platform's, and not there: no other role could make it.
      "4107; 3466 16703 EVENT TRIGGER - issue_pg_net_access supabase_admin",
      "4111; 3466 16705 EVENT TRIGGER - api_restart postgres",
      "4112; 0 0 COMMENT - EVENT TRIGGER api_restart postgres",
    ];
    const list = [...refused, ...wanted].join("\n");
    expect(chooseEntries(list, target)).toBe(wanted.join("\n"));
    const without = wanted.filter((line) => !line.includes("EVENT TRIGGER "));
    expect(chooseEntries(list, { ...target, takesEventTriggers: false })).toBe(without.join("\n"));
    const alone = wanted.filter((line) => !line.includes("USER MAPPING"));
    expect(chooseEntries(list, { ...target, takesUserMappings: false })).toBe(alone.join("\n"));
  });
});

describe("chooseRights", () => {
  it("separates rights on what the archive defines from those on extensions' members and on PostgreSQL's own", () => {
    const head = "; Archive created at 2026-07-01";
    const definitions = [
      "345; 1255 16747 FUNCTION public f() postgres",
      ";	depends on: 9",
      "238; 1259 16744 TABLE public posts postgres",
      "3487; 2613 16753 BLOB METADATA - 16753 postgres",
    ];
    const ofApp = [
      "3497; 0 0 ACL - SCHEMA public pg_database_owner",
      ";	depends on: 9",
      "3503; 0 0 ACL public FUNCTION f() postgres",
      ";	depends on: 345",
      "3504; 0 0 ACL public COLUMN posts.title postgres",
      ";	depends on: 238 238",
    ];
    const ofPlatform = [
      "3498; 0 0 ACL - LANGUAGE plpgsql supabase_admin",
      ";	depends on: 1012",
      "3505; 0 0 ACL public FUNCTION citextin(cstring) supabase_admin",
      ";	depends on: 357",
      "3525; 0 0 ACL extensions FUNCTION hmac(bytea, bytea, text) supabase_admin",
      ";	depends on: 251",
      "3526; 0 0 ACL pg_catalog FUNCTION pg_reload_conf() supabase_admin",
      "3527; 0 0 ACL - SCHEMA cron supabase_admin",
    ];
    const ofObjects = ["3600; 0 0 ACL - LARGE OBJECT 16753 postgres", ";	depends on: 3487"];
    const list = [head, ...definitions, ...ofApp, ...ofPlatform, ...ofObjects].join("\n");
    const chosen = (of: "app" | "platform", withLargeObjects: boolean) =>
      chooseRights(list, { of, appSchemas: ["public"], withLargeObjects })
        .split("\n")
        .filter((line) => !line.startsWith(";"));
    const entries = (lines: string[]) => lines.filter((line) => !line.startsWith(";"));
    expect(chosen("app", false)).toEqual(entries(ofApp));
    expect(chosen("app", true)).toEqual(entries([...ofApp, ...ofObjects]));
    expect(chosen("platform", true)).toEqual(entries(ofPlatform));
  });
});
