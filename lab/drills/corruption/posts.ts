import pg from "pg";

/** The posts with that title, read directly from the database. */
export async function findPosts(databaseUrl: string, title: string): Promise<{ author: string }[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const found = await client.query<{ author: string }>(
      "select author_id as author from public.posts where title = $1",
      [title],
    );
    return found.rows;
  } finally {
    await client.end();
  }
}
