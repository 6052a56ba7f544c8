import { describe, expect, it } from "@jest/globals";

import { endOfSettingList, splitSettingList } from "../../../../recovery/postgres/roles/settingLists.ts";

describe("splitSettingList", () => {
  it.each<[name: string, text: string, elements: string[] | undefined]>([
    ["search_path", '"$user", public', ["$user", "public"]],
    ["search_path", 'a;select/**/1"x,"; reset role; --"', ['a;select/**/1"x', "; reset role; --"]],
    ["search_path", '"a""b" , c', ['a"b', "c"]],
    ["search_path", "Public", ["public"]],
    ["local_preload_libraries", "MyLib", ["MyLib"]],
    ["search_path", '""', [""]],
    ["search_path", " ", [""]],
    ["session_preload_libraries", "", undefined],
    ["search_path", "a b", undefined],
    ["search_path", "a,", undefined],
    ["search_path", '"a', undefined],
    ["search_path", '"a"b', undefined],
  ])("reads %s = %s as PostgreSQL does", (name, text, elements) => {
    expect(splitSettingList(name, text)).toEqual(elements);
  });
});

describe("endOfSettingList", () => {
  it.each([
    ["a, b;\nalter role x", 4],
    ["a;", 1],
    ['a;\n,"\nalter role y createrole;\n";\n', 32],
    ["a ;\ngrant", 2],
    [";\ngrant", 0],
    ['"a;\n', undefined],
    ["a; b;\n", undefined],
  ])("finds the end of %j", (text, end) => {
    expect(endOfSettingList(text, 0)).toBe(end);
  });
});
