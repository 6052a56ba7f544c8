import type { Session } from "../session/database.ts";

/** Sorts extensions so that each comes after those that any offered version of it requires. Otherwise the order stays. */
export async function inOrderOfNeed<T extends { name: string }>(
  session: Session,
  extensions: readonly T[],
): Promise<T[]> {
  const rows = await session.query<{ name: string; needs: string }>(
    `select distinct v.name::text as name, need::text as needs
     from pg_catalog.pg_available_extension_versions v cross join unnest(v.requires) as need where v.name = any ($1::text[])`,
    [extensions.map(({ name }) => name)],
  );
  const byName = new Map(extensions.map((extension) => [extension.name, extension]));
  const ordered = new Set<T>();
  const begun = new Set<string>();
  const add = (extension: T): void => {
    // A cycle, which no server can have, must not loop forever.
    if (begun.has(extension.name)) return;
    begun.add(extension.name);
    for (const { needs } of rows.filter(({ name }) => name === extension.name)) {
      const needed = byName.get(needs);
      if (needed !== undefined) add(needed);
    }
    ordered.add(extension);
  };
  extensions.forEach(add);
  return [...ordered];
}
