/**
 * Evaluates the bundle's scripts and writes what the engine has compiled of them beside them. Started by `keep.ts`, as
 * the daemon is, but with seeds, without which no two runs write the same bytes: `keeper.js DIST`.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { codeFile, type MadeScript, packedCode, requireKept, SCRIPTS } from './require-kept.ts';
import { CERTIFICATES, KEPT_SCRIPTS } from './scripts.ts';

const [dist = ''] = process.argv.slice(2);
const made: MadeScript[] = [];
subscribe(SCRIPTS.name, (script) => void made.push(script as MadeScript));
// What the library of certificates asks for while it is loaded (actors/identity/x509-library.ts).
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });

for (const name of [...Object.keys(KEPT_SCRIPTS), CERTIFICATES]) {
  try {
    // The folder of the build is in none of the bytes; whoever runs the code says where it lies.
    requireKept(join(dist, name), { place: `file:///${name}`, isAnew: true });
  } catch (thrown) {
    if (KEPT_SCRIPTS[name]?.isThread !== true) throw thrown;
  }
}
// Flags are compared: from here on they are the daemon's.
setFlagsFromString('--random-seed=0');
setFlagsFromString('--hash-seed=0');
for (const script of made) writeFileSync(codeFile(script.file), packedCode(script), { mode: 0o644 });
