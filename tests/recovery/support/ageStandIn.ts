import { readFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";

import { Decrypter } from "age-encryption";

/** Stands in for `age --decrypt -i FILE` (standard input to standard output) on a machine without age. */
const [mode, option, file] = process.argv.slice(2);
if (mode !== "--decrypt" || option !== "-i" || file === undefined) throw new Error("only: --decrypt -i FILE");
const decrypter = new Decrypter();
for (const line of readFileSync(file, "utf8").split("\n"))
  if (line.startsWith("AGE-SECRET-KEY-")) decrypter.addIdentity(line.trim());
process.stdout.write(await decrypter.decrypt(await buffer(process.stdin)));
