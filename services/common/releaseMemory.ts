/**
 * Frees the memory of large bytes at once; afterwards they are empty. Otherwise Node searches its whole heap after every 64 MB, which
 * costs as much time as all the other work of a restore. Bytes that share their memory with others are not touched.
 */
export function release(bytes: Uint8Array): void {
  if (bytes.byteLength > 0 && bytes.buffer.byteLength === bytes.byteLength) detach(bytes.buffer);
}

/** The same for bytes that may be a part of a larger memory, if the caller knows that the rest is not needed either. */
export function releaseAround({ buffer }: Uint8Array): void {
  // Node cuts small buffers out of one that they share.
  if (buffer.byteLength > Buffer.poolSize) detach(buffer);
}

function detach(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
