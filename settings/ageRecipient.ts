/** The kinds of age recipients: the part before the last "1", and the length of the key in bytes. */
const KINDS: Readonly<Record<string, number>> = { age: 32, age1pq: 1216, age1tag: 33, age1tagpq: 1249 };

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM_LENGTH = 6;

/**
 * Whether a text is an age recipient, by its kind, its length and its checksum, so that a mistyped one is found before a backup is sealed to
 * it. Sources: https://age-encryption.org/v1, BIP 173 (Bech32),
 * and https://c2sp.org/age for the kinds with a hybrid or tagged key.
 */
export function isAgeRecipient(text: string): boolean {
  const at = text.lastIndexOf("1");
  const [kind, data] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  const bytes = KINDS[kind];
  const words = Array.from(data, (letter) => ALPHABET.indexOf(letter));
  if (bytes === undefined || words.includes(-1)) return false;
  const letters = Array.from(kind, (letter) => letter.charCodeAt(0));
  const expanded = [...letters.map((code) => code >> 5), 0, ...letters.map((code) => code & 31)];
  // Five bits a letter, filled up with zeros.
  return words.length === Math.ceil((bytes * 8) / 5) + CHECKSUM_LENGTH && checksum([...expanded, ...words]) === 1;
}

function checksum(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, factor] of GENERATOR.entries()) if ((top >>> bit) & 1) sum ^= factor;
  }
  return sum;
}
