/**
 * Gives the memory of large bytes back at once; whoever looks at them afterwards finds them empty. Otherwise the runtime would
 * look through its whole heap for every 64 MB that came and went, which costs as much as all the other work of a restore, and
 * would hold on to the memory until then. Bytes that share their memory with others are left alone.
 */
export function release(bytes: Uint8Array): void {
  if (bytes.byteLength > 0 && bytes.buffer.byteLength === bytes.byteLength) detach(bytes.buffer);
}

/** The same for bytes that may be a part of a larger memory, where the caller knows that nobody needs the rest of it. */
export function releaseAround({ buffer }: Uint8Array): void {
  // Small buffers are cut out of one that all of Node's share.
  if (buffer.byteLength > Buffer.poolSize) detach(buffer);
}

/** ES2024, which every Node that this project runs on has. */
interface Transferable extends ArrayBuffer {
  transfer(length: number): ArrayBuffer;
}

function detach(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer) (buffer as Transferable).transfer(0);
}
