import type { LeftOut, ObjectKind } from "./types.ts";

/** Schemas that belong to Supabase. A new project already has their tables, so only the app's objects in them are compared. */
const MANAGED_SCHEMAS = [
  "auth",
  "storage",
  "extensions",
  "realtime",
  "_realtime",
  "vault",
  "graphql",
  "graphql_public",
  "pgbouncer",
  "pgsodium",
  "pgsodium_masks",
  "supabase_functions",
  "supabase_migrations",
  "net",
  "cron",
] as const;

/** The schema of a recovery's own notes, which is not part of the application. */
const RECOVERY_SCHEMA = "castchat_recovery";

/** Tables that another version of the platform fills differently, by qualified name. Jobs and secrets are compared separately. */
export const VOLATILE_TABLES = [
  "auth.schema_migrations",
  "storage.migrations",
  "cron.job",
  "cron.job_run_details",
  "vault.secrets",
] as const;

/** Parts of rows that a service of the platform generates, by table: JSON paths into the row, and why each can't be equal. */
export const NOT_COMPARED: Readonly<Record<string, readonly { path: readonly string[]; why: string }[]>> = {
  "storage.objects": [
    { path: ["version"], why: "the storage service gives each upload a version, and a recovery uploads again" },
    { path: ["metadata", "lastModified"], why: "the storage service dates each upload" },
  ],
};

/** What no comparison covers, in words for the report. */
export const LEFT_OUT: readonly LeftOut[] = [
  {
    what: VOLATILE_TABLES.join(", "),
    why: "the platform writes them itself, according to its version; scheduled jobs and the vault's secrets are compared separately",
  },
  ...Object.entries(NOT_COMPARED).flatMap(([table, paths]) =>
    paths.map(({ path, why }) => ({ what: `${path.join(" ->> ")} of ${table}`, why })),
  ),
  { what: `schema ${RECOVERY_SCHEMA}`, why: "the recovery keeps its own notes there" },
  {
    what: `definitions inside of Supabase's schemas (${MANAGED_SCHEMAS.join(", ")})`,
    why: "a new project already has them; their rows, sequences, policies and triggers are compared",
  },
  { what: "the grantor of a right", why: "a recovery grants with its own role; the grantee of each right is compared" },
  { what: "roles, their passwords and settings", why: "they belong to the server, not to the database" },
  {
    what: "casts, operators, text search configurations, foreign servers, event triggers",
    why: "the application has none",
  },
];

const literal = (name: string) => `'${name}'`;
/** Schemas that are neither PostgreSQL's own nor the recovery's. */
export const OUR_SCHEMAS = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '${RECOVERY_SCHEMA}')`;
const APP_SCHEMAS = `${OUR_SCHEMAS} and n.nspname not in (${MANAGED_SCHEMAS.map(literal).join(", ")})`;

/** Excludes what belongs to an extension; the extension is compared as a whole. */
const notOfExtension = (catalogue: string) =>
  `not exists (select from pg_depend d where d.classid = '${catalogue}'::regclass and d.objid = o.oid and d.deptype = 'e')`;

const relation = (alias: string) => `format('%I.%I', n.nspname, ${alias}.relname)`;

/** Rights as `grantee: PRIVILEGE*`, sorted; * is the grant option. A missing list means the type's defaults, which are spelled out. */
const rights = (acl: string, type: string, owner: string) => `(
  select coalesce(string_agg(held, ', ' order by held collate "C"), 'no role') from (
    select distinct case a.grantee when 0 then 'PUBLIC' else pg_get_userbyid(a.grantee) end || ': ' || a.privilege_type || case when a.is_grantable then '*' else '' end as held
    from aclexplode(coalesce(${acl}, acldefault('${type}', ${owner}))) a) held)`;

/** Rights on single columns, in the same form: `grantee: PRIVILEGE (column)`. */
const columnRights = `(
  select string_agg(held, ', ' order by held collate "C") from (
    select distinct case g.grantee when 0 then 'PUBLIC' else pg_get_userbyid(g.grantee) end || ': ' || g.privilege_type
      || case when g.is_grantable then '*' else '' end || ' (' || quote_ident(a.attname) || ')' as held
    from pg_attribute a, aclexplode(a.attacl) g where a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped) held)`;

/** Relations of extensions that a database may lack, in which case it has no object of that kind. */
export const NEEDED: Partial<Record<ObjectKind, string>> = {
  "scheduled job": "cron.job",
  "vault secret": "vault.decrypted_secrets",
};

/** For each kind a query of (name, definition). Runs with an empty search path, so that every name is qualified. */
export const CATALOGUE: Record<ObjectKind, string> = {
  schema: `select quote_ident(n.nspname) as name, 'owner ' || pg_get_userbyid(n.nspowner) as definition from pg_namespace n where ${APP_SCHEMAS}`,
  extension: `select quote_ident(e.extname) as name, format('version %s in schema %I', e.extversion, n.nspname) as definition
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace`,
  type: `select format('%I.%I', n.nspname, o.typname) as name, 'owner ' || pg_get_userbyid(o.typowner) || ', ' || case o.typtype
      when 'e' then 'enum ' || (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = o.oid)
      when 'd' then 'domain ' || format_type(o.typbasetype, o.typtypmod) || ' default ' || coalesce(o.typdefault, 'none') || ' collation ' || o.typcollation::regcollation::text
        || coalesce((select string_agg(format(' %I %s', conname, pg_get_constraintdef(oid)), '' order by conname) from pg_constraint where contypid = o.oid), '')
      when 'r' then (select 'range of ' || format_type(rngsubtype, null) from pg_range where rngtypid = o.oid)
      else 'composite ' || (select string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum) from pg_attribute where attrelid = o.typrelid and attnum > 0 and not attisdropped)
    end as definition
    from pg_type o join pg_namespace n on n.oid = o.typnamespace
    where ${APP_SCHEMAS} and (o.typtype in ('e', 'd', 'r') or (o.typtype = 'c' and exists (select from pg_class c where c.oid = o.typrelid and c.relkind = 'c')))
      and ${notOfExtension("pg_type")}`,
  table: `select ${relation("o")} as name, concat_ws(', ', 'kind ' || o.relkind::text, 'persistence ' || o.relpersistence::text, 'owner ' || pg_get_userbyid(o.relowner),
      case when o.relrowsecurity then 'row security on' else 'row security off' end, case when o.relforcerowsecurity then 'forced for the owner' end,
      'replica identity ' || o.relreplident::text, o.reloptions::text, pg_get_partkeydef(o.oid), pg_get_expr(o.relpartbound, o.oid),
      (select 'under ' || string_agg(inhparent::regclass::text, ', ' order by inhseqno) from pg_inherits where inhrelid = o.oid)) as definition
    from pg_class o join pg_namespace n on n.oid = o.relnamespace where ${APP_SCHEMAS} and o.relkind in ('r', 'p', 'f') and ${notOfExtension("pg_class")}`,
  column: `select ${relation("o")} || '.' || quote_ident(a.attname) as name, concat_ws(', ', 'place ' || row_number() over (partition by o.oid order by a.attnum),
      format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end, nullif('identity ' || a.attidentity::text, 'identity '),
      nullif('generated ' || a.attgenerated::text, 'generated '), 'default ' || pg_get_expr(d.adbin, d.adrelid), nullif('collation ' || a.attcollation::regcollation::text, 'collation -'),
      'storage ' || a.attstorage::text, nullif('compression ' || a.attcompression::text, 'compression '), 'statistics ' || a.attstattarget, a.attoptions::text) as definition
    from pg_class o join pg_namespace n on n.oid = o.relnamespace join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where ${APP_SCHEMAS} and o.relkind in ('r', 'p', 'f', 'v', 'm') and ${notOfExtension("pg_class")}`,
  constraint: `select ${relation("o")} || '.' || quote_ident(c.conname) as name, pg_get_constraintdef(c.oid) as definition
    from pg_constraint c join pg_class o on o.oid = c.conrelid join pg_namespace n on n.oid = o.relnamespace where ${APP_SCHEMAS} and ${notOfExtension("pg_class")}`,
  index: `select ${relation("o")} as name, pg_get_indexdef(o.oid) || case when i.indisvalid then '' else ' (invalid)' end || case when i.indisreplident then ' (replica identity)' else '' end as definition
    from pg_index i join pg_class o on o.oid = i.indexrelid join pg_namespace n on n.oid = o.relnamespace where ${APP_SCHEMAS} and ${notOfExtension("pg_class")}`,
  trigger: `select ${relation("o")} || '.' || quote_ident(t.tgname) as name, 'state ' || t.tgenabled::text || ', ' || pg_get_triggerdef(t.oid) as definition
    from pg_trigger t join pg_class o on o.oid = t.tgrelid join pg_namespace n on n.oid = o.relnamespace where ${OUR_SCHEMAS} and not t.tgisinternal`,
  policy: `select ${relation("o")} || '.' || quote_ident(p.polname) as name, concat_ws(', ', case when p.polpermissive then 'permissive' else 'restrictive' end, 'for ' || p.polcmd::text,
      'to ' || (select string_agg(case r when 0 then 'PUBLIC' else pg_get_userbyid(r) end, ', ' order by pg_get_userbyid(r) collate "C") from unnest(p.polroles) r),
      'using ' || pg_get_expr(p.polqual, p.polrelid), 'with check ' || pg_get_expr(p.polwithcheck, p.polrelid)) as definition
    from pg_policy p join pg_class o on o.oid = p.polrelid join pg_namespace n on n.oid = o.relnamespace where ${OUR_SCHEMAS}`,
  function: `select format('%I.%I(%s)', n.nspname, o.proname, pg_get_function_identity_arguments(o.oid)) as name, 'owner ' || pg_get_userbyid(o.proowner) || ', '
      || case when o.prokind = 'a' then (select concat_ws(' ', 'aggregate', a.aggtransfn::regprocedure, format_type(a.aggtranstype, null), a.agginitval, nullif(a.aggfinalfn::oid, 0)::regprocedure) from pg_aggregate a where a.aggfnoid = o.oid)
      else pg_get_functiondef(o.oid) end as definition
    from pg_proc o join pg_namespace n on n.oid = o.pronamespace where ${APP_SCHEMAS} and ${notOfExtension("pg_proc")}`,
  view: `select ${relation("o")} as name, concat_ws(', ', 'kind ' || o.relkind::text, 'owner ' || pg_get_userbyid(o.relowner), o.reloptions::text, pg_get_viewdef(o.oid),
      case when o.relkind = 'm' and not o.relispopulated then 'not populated' end) as definition
    from pg_class o join pg_namespace n on n.oid = o.relnamespace where ${APP_SCHEMAS} and o.relkind in ('v', 'm') and ${notOfExtension("pg_class")}`,
  rule: `select ${relation("o")} || '.' || quote_ident(r.rulename) as name, 'state ' || r.ev_enabled::text || ', ' || pg_get_ruledef(r.oid) as definition
    from pg_rewrite r join pg_class o on o.oid = r.ev_class join pg_namespace n on n.oid = o.relnamespace where ${APP_SCHEMAS} and r.rulename <> '_RETURN' and ${notOfExtension("pg_class")}`,
  sequence: `select ${relation("o")} as name, concat_ws(', ', 'owner ' || pg_get_userbyid(o.relowner), format_type(s.seqtypid, null), 'start ' || s.seqstart, 'by ' || s.seqincrement,
      'from ' || s.seqmin || ' to ' || s.seqmax, 'cache ' || s.seqcache, case when s.seqcycle then 'cycle' end,
      (select 'of column ' || d.refobjid::regclass::text || '.' || quote_ident(a.attname) from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.classid = 'pg_class'::regclass and d.objid = o.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))) as definition
    from pg_sequence s join pg_class o on o.oid = s.seqrelid join pg_namespace n on n.oid = o.relnamespace where ${APP_SCHEMAS} and ${notOfExtension("pg_class")}`,
  statistics: `select format('%I.%I', n.nspname, o.stxname) as name, pg_get_statisticsobjdef(o.oid) as definition from pg_statistic_ext o join pg_namespace n on n.oid = o.stxnamespace where ${APP_SCHEMAS}`,
  collation: `select format('%I.%I', n.nspname, o.collname) as name, concat_ws(', ', 'provider ' || o.collprovider::text, coalesce(to_jsonb(o) ->> 'colllocale', to_jsonb(o) ->> 'colliculocale'), o.collcollate, case when o.collisdeterministic then 'deterministic' end) as definition
    from pg_collation o join pg_namespace n on n.oid = o.collnamespace where ${APP_SCHEMAS} and ${notOfExtension("pg_collation")}`,
  publication: `select quote_ident(p.pubname) as name, concat_ws('; ', case when p.puballtables then 'all tables' end, concat('insert ', p.pubinsert, ', update ', p.pubupdate, ', delete ', p.pubdelete, ', truncate ', p.pubtruncate),
      (select string_agg(concat(r.prrelid::regclass, ' where ' || pg_get_expr(r.prqual, r.prrelid), ' columns '
        || (select string_agg(quote_ident(a.attname), ', ' order by a.attname collate "C") from pg_attribute a where a.attrelid = r.prrelid and a.attnum = any (r.prattrs::int2[]))), '; ' order by r.prrelid::regclass::text collate "C")
        from pg_publication_rel r where r.prpubid = p.oid)) as definition
    from pg_publication p`,
  "scheduled job": `select coalesce(jobname, format('without a name %s %s', schedule, md5(command))) as name,
      concat_ws(', ', schedule, md5(command), 'in ' || database, 'as ' || username, case when active then 'active' else 'switched off' end) as definition from cron.job`,
  "vault secret": `select coalesce(name, format('without a name %s', description)) as name, encode(sha256(convert_to(concat_ws(' ', description, decrypted_secret), 'UTF8')), 'hex') as definition
    from vault.decrypted_secrets`,
  grant: `select 'schema ' || quote_ident(n.nspname) as name, ${rights("n.nspacl", "n", "n.nspowner")} as definition from pg_namespace n where ${APP_SCHEMAS}
    union all select case o.relkind when 'S' then 'sequence ' when 'v' then 'view ' when 'm' then 'materialized view ' else 'table ' end || ${relation("o")},
      case o.relkind when 'S' then ${rights("o.relacl", "s", "o.relowner")} else ${rights("o.relacl", "r", "o.relowner")} end || coalesce(', ' || ${columnRights}, '')
    from pg_class o join pg_namespace n on n.oid = o.relnamespace where ${APP_SCHEMAS} and o.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${notOfExtension("pg_class")}
    union all select format('function %I.%I(%s)', n.nspname, o.proname, pg_get_function_identity_arguments(o.oid)), ${rights("o.proacl", "f", "o.proowner")}
    from pg_proc o join pg_namespace n on n.oid = o.pronamespace where ${APP_SCHEMAS} and ${notOfExtension("pg_proc")}
    union all select format('type %I.%I', n.nspname, o.typname), ${rights("o.typacl", "T", "o.typowner")}
    from pg_type o join pg_namespace n on n.oid = o.typnamespace
    where ${APP_SCHEMAS} and (o.typtype in ('e', 'd', 'r') or (o.typtype = 'c' and exists (select from pg_class c where c.oid = o.typrelid and c.relkind = 'c'))) and ${notOfExtension("pg_type")}`,
  "default privileges": `select format('for %s in %s on %s', pg_get_userbyid(o.defaclrole), coalesce(quote_ident(n.nspname), 'every schema'), o.defaclobjtype) as name,
      ${rights("o.defaclacl", "r", "o.defaclrole")} as definition
    from pg_default_acl o left join pg_namespace n on n.oid = o.defaclnamespace where n.oid is null or (${APP_SCHEMAS})`,
  comment: `select i.type || ' ' || i.identity as name, d.description as definition
    from pg_description d, lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    where d.objoid >= 16384 and i.type not in ('extension', 'language') and coalesce(i.schema, split_part(i.identity, '.', 1)) <> all (array[${[...MANAGED_SCHEMAS, RECOVERY_SCHEMA].map(literal).join(", ")}])
      and not exists (select from pg_depend p where p.classid = d.classoid and p.objid = d.objoid and p.deptype = 'e')`,
};
