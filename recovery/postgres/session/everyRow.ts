/**
 * The condition of an UPDATE or DELETE of every row. The extension safeupdate refuses one without a condition. It looks at the parsed query,
 * in which `true` is a condition (delete_needs_where_check in https://github.com/eradman/pg-safeupdate/blob/master/safeupdate.c). Supabase
 * loads it for its roles, for `postgres` switched off, and a customer may switch it on (migrations 20260403172611 and 20261010094800 in
 * https://github.com/supabase/postgres).
 */
export const EVERY_ROW = "where true";
