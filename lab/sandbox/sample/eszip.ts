/** A bundle of modules by name, as the platform keeps an edge function's code (the crate eszip, https://docs.rs/eszip, `v2`). */
export function eszipOf(modules: Readonly<Record<string, Buffer | string>>): Buffer {
  const header: Buffer[] = [];
  const sources: Buffer[] = [];
  let offset = 0;
  for (const [name, source] of Object.entries(modules)) {
    const content = Buffer.from(source);
    // A module of JavaScript with neither source map nor its length.
    header.push(section(Buffer.from(name)), Buffer.of(0), number(offset), number(content.length), number(0), number(0));
    header.push(Buffer.of(0));
    sources.push(content);
    offset += content.length;
  }
  // Options: no checksums, of no bytes. No npm packages, no source maps.
  const parts = [
    Buffer.of(0, 0, 1, 0),
    Buffer.concat(header),
    Buffer.alloc(0),
    Buffer.concat(sources),
    Buffer.alloc(0),
  ];
  return Buffer.concat([Buffer.from("ESZIP2.3"), ...parts.map(section)]);
}

function section(content: Buffer): Buffer {
  return Buffer.concat([number(content.length), content]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
