import type { Session } from "../session/database.ts";

/**
 * Extensions in an order in which they can be made: what one requires, by what the server says of every version that it offers,
 * comes before it. Else they stay as given.
 */
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
    // A circle, which no server can have made, must not go round for ever.
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
