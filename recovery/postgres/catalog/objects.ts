import type { Session } from "../session/database.ts";
import { OTHER_OWNERS } from "./owners.ts";
import { IS_APP_SCHEMA, IS_MANAGED_DATA_SCHEMA, isNoMember, PLATFORM_OWNERS, REALTIME_MESSAGES } from "./platform.ts";
import { asPlayed } from "./standIn.ts";

/**
 * Everything that the database defines, except its rows: name ("policy public.posts own posts") → MD5 of its definition. Two databases with
 * equal maps have the same columns, partitions, constraints, indexes, triggers, policies, functions, views, types, row level security,
 * rights and owners. Not included: comments; operators, casts, text search, collations and foreign servers; roles, which belong to the
 * server; publications and jobs, which are held back.
 */
export type ObjectDigests = Record<string, string>;

/**
 * Rights as sorted lines. Those of the owner are left out, since a restore may change the owner. So are those of the reading role on what a
 * role of the platform owns, unless $5 is false: the restoring role, which takes its place, becomes the owner.
 */
function rights(acl: string, kind: string, owner: string): string {
  return `(select coalesce(string_agg(format('%s %s %s', coalesce(r.rolname, 'PUBLIC'), a.privilege_type, a.is_grantable), ',' order by r.rolname, a.privilege_type, a.is_grantable), '')
    from pg_catalog.aclexplode(coalesce(${acl}, pg_catalog.acldefault('${kind}', ${owner}))) a
    left join (select oid, (${asPlayed("rolname")})::name as rolname from pg_catalog.pg_roles) r on r.oid = a.grantee
    where a.grantee <> ${owner}
      and not ($5 and a.grantee = (select oid from pg_catalog.pg_roles where rolname = current_user) and pg_catalog.pg_get_userbyid(${owner}) ~ '${PLATFORM_OWNERS}') and coalesce(r.rolname, '') !~ '${PLATFORM_OWNERS}')`;
}

/** The roles of a policy, `pg_policies p`, sorted. */
const POLICY_ROLES = `array(select (${asPlayed("role")})::name from unnest(p.roles) role order by 1)::text`;

const RELATIONS = `pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;
/** SQL condition on `pg_class c` and its `pg_index i`: an invalid index, which no dump holds. */
export const IS_BROKEN_INDEX = "(c.relkind = 'i' and not (i.indisvalid and i.indisready))";
const OF_APP = `${IS_APP_SCHEMA} and c.relpersistence <> 't' and ${isNoMember("pg_class", "c.oid")}`;
/** Triggers that call a function of the app. Those of the platform exist in every project. */
const TRIGGER_OF_APP = `not t.tgisinternal and (${IS_APP_SCHEMA} or ${IS_MANAGED_DATA_SCHEMA} and exists (
  select from pg_catalog.pg_proc f join pg_catalog.pg_namespace n on n.oid = f.pronamespace where f.oid = t.tgfoid and ${IS_APP_SCHEMA}))`;

/** No kind: says that a backup leaves out rights that no restore brings back, where earlier versions included them. */
const WITHOUT_UNRESTORABLE_RIGHTS = "without unrestorable rights";

/** Kinds that were added later. A backup lists those that it includes (`laterKinds` of its manifest). The others can't be compared. */
export const LATER_KINDS: readonly string[] = [
  "inheritance",
  "domain",
  "composite type",
  "aggregate",
  "owner of",
  "event trigger",
  "rule of view",
  "default of view",
  "replica identity of",
  "statistics",
  "realtime policy",
  WITHOUT_UNRESTORABLE_RIGHTS,
];

const SELECTS: readonly string[] = [
  `select format('relation %I.%I', n.nspname, c.relname), concat_ws(' ', case c.relkind when 'p' then 'r' else c.relkind end, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
       -- pg_dump puts the check option of a view last, wherever it stood.
       (select array_agg(option order by option) from unnest(c.reloptions) option)::text)
     from ${RELATIONS} where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ${OF_APP}`,
  `select format('column %I.%I.%I', n.nspname, c.relname, a.attname),
       concat_ws(' ', pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation::pg_catalog.regcollation, pg_catalog.pg_get_expr(d.adbin, d.adrelid))
     from ${RELATIONS} join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
     where c.relkind in ('r', 'p', 'f') and ${OF_APP}`,
  `select format('constraint %I.%I.%I', n.nspname, c.relname, k.conname), concat_ws(' ', pg_catalog.pg_get_constraintdef(k.oid), k.convalidated)
     from ${RELATIONS} join pg_catalog.pg_constraint k on k.conrelid = c.oid where k.contype <> 'n' and ${OF_APP}
       -- Not the same reference again, to one partition of the table that it means: such names depend on the order of their making.
       and not exists (select from pg_catalog.pg_constraint whole where whole.oid = k.conparentid and whole.conrelid = k.conrelid)`,
  `select format('index %I.%I', n.nspname, c.relname), concat_ws(' ', pg_catalog.pg_get_indexdef(c.oid), i.indisvalid)
     from ${RELATIONS} join pg_catalog.pg_index i on i.indexrelid = c.oid where ${OF_APP} and not ${IS_BROKEN_INDEX}`,
  `select format('trigger %I.%I.%I', n.nspname, c.relname, t.tgname), concat_ws(' ', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled)
     from ${RELATIONS} join pg_catalog.pg_trigger t on t.tgrelid = c.oid where ${TRIGGER_OF_APP}`,
  `select format('policy %I.%I.%I', p.schemaname, p.tablename, p.policyname), concat_ws(' ', p.permissive, p.cmd, ${POLICY_ROLES}, p.qual, '|', p.with_check)
     from pg_catalog.pg_policies p join pg_catalog.pg_namespace n on n.nspname = p.schemaname where ${IS_APP_SCHEMA} or ${IS_MANAGED_DATA_SCHEMA}`,
  `select format('function %s', p.oid::pg_catalog.regprocedure), case when p.prokind = 'a' then p.prokind::text else pg_catalog.pg_get_functiondef(p.oid) end
     from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${IS_APP_SCHEMA} and ${isNoMember("pg_proc", "p.oid")}`,
  `select format('view %I.%I', n.nspname, c.relname), pg_catalog.pg_get_viewdef(c.oid) from ${RELATIONS} where c.relkind in ('v', 'm') and ${OF_APP}`,
  `select format('rule %I.%I.%I', n.nspname, c.relname, r.rulename), pg_catalog.pg_get_ruledef(r.oid)
     from ${RELATIONS} join pg_catalog.pg_rewrite r on r.ev_class = c.oid where c.relkind in ('r', 'p') and ${OF_APP}`,
  `select format('sequence %I.%I', n.nspname, c.relname), concat_ws(' ', s.seqtypid::pg_catalog.regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
     from ${RELATIONS} join pg_catalog.pg_sequence s on s.seqrelid = c.oid where ${OF_APP}`,
  `select format('inheritance %I.%I', n.nspname, c.relname), concat_ws(' ',
       (select string_agg(i.inhparent::pg_catalog.regclass::text, ', ' order by i.inhseqno) from pg_catalog.pg_inherits i where i.inhrelid = c.oid),
       pg_catalog.pg_get_expr(c.relpartbound, c.oid), pg_catalog.pg_get_partkeydef(c.oid))
     from ${RELATIONS} where c.relkind in ('r', 'p', 'f') and ${OF_APP}
       and (c.relkind = 'p' or exists (select from pg_catalog.pg_inherits i where i.inhrelid = c.oid))`,
  `select format('domain %s', t.oid::pg_catalog.regtype), concat_ws(' ', pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull,
       t.typcollation::pg_catalog.regcollation, pg_catalog.pg_get_expr(t.typdefaultbin, 0), (
         select string_agg(concat_ws(' ', k.conname, pg_catalog.pg_get_constraintdef(k.oid), k.convalidated), ', ' order by k.conname)
           from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype <> 'n'))
     from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where t.typtype = 'd' and ${IS_APP_SCHEMA} and ${isNoMember("pg_type", "t.oid")}`,
  `select format('composite type %I.%I', n.nspname, c.relname),
       string_agg(concat_ws(' ', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attcollation::pg_catalog.regcollation), ', ' order by a.attnum)
     from ${RELATIONS} left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relkind = 'c' and ${OF_APP} group by 1`,
  `select format('aggregate %s', p.oid::pg_catalog.regprocedure), concat_ws(' ', a.aggkind, a.aggnumdirectargs, a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
       a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggtranstype::pg_catalog.regtype, a.aggmtranstype::pg_catalog.regtype,
       a.aggsortop::pg_catalog.regoperator, quote_nullable(a.agginitval), quote_nullable(a.aggminitval), p.proparallel)
     from pg_catalog.pg_aggregate a join pg_catalog.pg_proc p on p.oid = a.aggfnoid join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where ${IS_APP_SCHEMA} and ${isNoMember("pg_proc", "p.oid")}`,
  `select format('enum %s', t.oid::pg_catalog.regtype), string_agg(e.enumlabel, ',' order by e.enumsortorder)
     from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace join pg_catalog.pg_enum e on e.enumtypid = t.oid
     where ${IS_APP_SCHEMA} and ${isNoMember("pg_type", "t.oid")} group by t.oid`,
  `select format('rights on relation %I.%I', n.nspname, c.relname), ${rights("c.relacl", "r", "c.relowner")}
     from ${RELATIONS} where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${OF_APP}`,
  `select format('rights on sequence %I.%I', n.nspname, c.relname), ${rights("c.relacl", "s", "c.relowner")} from ${RELATIONS} where c.relkind = 'S' and ${OF_APP}`,
  `select format('rights on column %I.%I.%I', n.nspname, c.relname, a.attname), ${rights("a.attacl", "c", "c.relowner")}
     from ${RELATIONS} join pg_catalog.pg_attribute a on a.attrelid = c.oid where a.attacl is not null and ${OF_APP}`,
  `select format('rights on function %s', p.oid::pg_catalog.regprocedure), ${rights("p.proacl", "f", "p.proowner")}
     from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${IS_APP_SCHEMA} and ${isNoMember("pg_proc", "p.oid")}`,
  `select format('rights on type %s', t.oid::pg_catalog.regtype), ${rights("t.typacl", "T", "t.typowner")}
     from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where t.typacl is not null and ${IS_APP_SCHEMA} and ${isNoMember("pg_type", "t.oid")}
       -- Granted and taken back, it is as if never altered, and a dump says nothing of it.
       and ${rights("t.typacl", "T", "t.typowner")} <> ${rights("null::aclitem[]", "T", "t.typowner")}`,
  `select format('rights on schema %I', n.nspname), ${rights("n.nspacl", "n", "n.nspowner")} from pg_catalog.pg_namespace n where ${IS_APP_SCHEMA}`,
  `select format('default rights of %I in %s on %s', ${asPlayed("pg_catalog.pg_get_userbyid(d.defaclrole)")}, coalesce(n.nspname, 'any schema'), d.defaclobjtype),
       ${rights("d.defaclacl", "r", "d.defaclrole")}
     from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
     where pg_catalog.pg_get_userbyid(d.defaclrole) !~ '${PLATFORM_OWNERS}' and not ($5 and pg_catalog.pg_get_userbyid(d.defaclrole) ~ '^pg_') and (n.oid is null or ${IS_APP_SCHEMA})`,
  OTHER_OWNERS(IS_APP_SCHEMA),
  `select format('realtime policy %I', p.policyname), concat_ws(' ', p.permissive, p.cmd, ${POLICY_ROLES}, p.qual, '|', p.with_check)
     from pg_catalog.pg_policies p where p.schemaname || '.' || p.tablename = '${REALTIME_MESSAGES}'`,
  // The platform's own come with a project.
  `select format('event trigger %I', e.evtname), concat_ws(' ', e.evtevent, e.evtenabled, e.evtfoid::pg_catalog.regprocedure, e.evttags::text)
     from pg_catalog.pg_event_trigger e join pg_catalog.pg_proc p on p.oid = e.evtfoid join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where ${IS_APP_SCHEMA} and pg_catalog.pg_get_userbyid(e.evtowner) !~ '${PLATFORM_OWNERS}'`,
  `select format('rule of view %I.%I.%I', n.nspname, c.relname, r.rulename), concat_ws(' ', r.ev_enabled, pg_catalog.pg_get_ruledef(r.oid))
     from ${RELATIONS} join pg_catalog.pg_rewrite r on r.ev_class = c.oid where c.relkind in ('v', 'm') and r.rulename <> '_RETURN' and ${OF_APP}`,
  `select format('default of view %I.%I.%I', n.nspname, c.relname, a.attname), pg_catalog.pg_get_expr(d.adbin, d.adrelid)
     from ${RELATIONS} join pg_catalog.pg_attrdef d on d.adrelid = c.oid join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.adnum
     where c.relkind = 'v' and ${OF_APP}`,
  `select format('replica identity of %I.%I', n.nspname, c.relname), concat_ws(' ', c.relreplident, (
       select x.relname from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid and i.indisreplident))
     from ${RELATIONS} where c.relkind in ('r', 'p') and c.relreplident <> 'd' and ${OF_APP}`,
  `select format('statistics %I.%I', n.nspname, s.stxname), pg_catalog.pg_get_statisticsobjdef(s.oid)
     from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace where ${IS_APP_SCHEMA}`,
];

/**
 * A list of constants that all have casts. PostgreSQL changes how it prints them when it reads its own output: `status in ('new', 'paid')`
 * on a varchar is first `(ARRAY['new'::character varying, …])::text[]`, and after a dump and a restore
 * `ARRAY[('new'::character varying)::text, …]`.
 */
const CONSTANT = "E?'(?:[^']|'')*'::[a-z ]+";
const READ_AGAIN = `ARRAY\\[(\\(${CONSTANT}\\)::([a-z ]+)(?:, \\(${CONSTANT}\\)::\\2)*)\\]`;
const ONE_OF_THEM = `\\((${CONSTANT})\\)::[a-z ]+(?=, \\(|\\]\\))`;

/**
 * Digests of everything that the app has defined, as PostgreSQL first prints it. Only reads catalogs.
 *
 * @param kinds those of the backup that they are compared with
 */
export async function digestObjects(session: Session, kinds = LATER_KINDS): Promise<ObjectDigests> {
  const rows = await session.query<{ name: string; digest: string }>(
    `select o.name, md5(regexp_replace(regexp_replace(o.definition, $1, $2, 'g'), $3, $4, 'g')) as digest
     from (${SELECTS.join("\nunion all\n")}) as o (name, definition) order by 1`,
    [READ_AGAIN, "(ARRAY[\\1])::\\2[]", ONE_OF_THEM, "\\1", kinds.includes(WITHOUT_UNRESTORABLE_RIGHTS)],
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.digest]));
}

/**
 * Constraints that a partition inherits, by their names in {@link ObjectDigests}: table ("constraint public.p1.") and name. No dump holds
 * them, so a restore gives them the parent's names.
 */
export async function listInheritedConstraints(session: Session): Promise<{ table: string; name: string }[]> {
  return await session.query(
    `select format('constraint %I.%I.', n.nspname, c.relname) as table, format('constraint %I.%I.%I', n.nspname, c.relname, k.conname) as name
       from ${RELATIONS} join pg_catalog.pg_constraint k on k.conrelid = c.oid where k.conparentid <> 0 and ${OF_APP} order by 2`,
  );
}

/** How many objects of a kind ("policy", "trigger") a map holds. */
export function countObjects(objects: ObjectDigests, kind: string): number {
  return Object.keys(objects).filter((name) => name.startsWith(`${kind} `)).length;
}
