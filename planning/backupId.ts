/** `YYYYMMDDTHHMMSSZ-<6 hex digits>`: the UTC second in which the run began, and random digits that keep two runs apart. */
const BACKUP_ID = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-[0-9a-f]{6}$/;

/** Makes a backup's id from its start and 6 random hexadecimal digits. Ids sort by time. */
export function backupIdFor(startedAt: Date, randomHex: string): string {
  const id = `${startedAt.toISOString().replaceAll(/[-:]|\.\d{3}/g, "")}-${randomHex}`;
  if (!BACKUP_ID.test(id)) throw new Error(`"${id}" is not a backup id`);
  return id;
}

/** The start time in a backup's id, or undefined when the text is not a backup id. */
export function startOfBackup(id: string): Date | undefined {
  const [, year, month, day, hour, minute, second] = BACKUP_ID.exec(id) ?? [];
  if (second === undefined) return undefined;
  const start = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(start.getTime()) ? undefined : start;
}
