/** The beginning of a bundle without checksums (the crate eszip, https://docs.rs/eszip, `v2`). */
const BEGINNING = Buffer.from("ESZIP2.3\0\0\0\x04\0\0\x01\0", "latin1");

/**
 * Names and sources of the modules in an edge function's bundle, as one text that two bundles of the same modules share. All other code is
 * its own text.
 */
export function functionSources(code: Buffer): string {
  if (!code.subarray(0, BEGINNING.length).equals(BEGINNING)) return code.toString("base64");
  const parts: Buffer[] = [];
  for (let at = BEGINNING.length; parts.length < 3;) {
    const length = code.readUInt32BE(at);
    parts.push(code.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const [header, , sources] = parts as [Buffer, Buffer, Buffer];
  const found: Record<string, string> = {};
  // A name with its length, a kind, four numbers (of them the source's place and length), the kind of module.
  for (let at = 0; at < header.length;) {
    const end = at + 4 + header.readUInt32BE(at);
    const [from, length] = [header.readUInt32BE(end + 1), header.readUInt32BE(end + 5)];
    found[header.toString("utf8", at + 4, end)] = sources.subarray(from, from + length).toString("base64");
    at = end + 18;
  }
  return JSON.stringify(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}
