/** `npm run image`: see the usage in order.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AMD64 } from './architecture.ts';
import { assemble, BUILD, declaredPackages } from './assemble.ts';
import { imageDeb } from './deb/main.ts';
import { readOrder } from './order.ts';
import { findMirror, resolveNewest } from './rootfs/archive.ts';
import { differences, formatLock, type Pin, parseLock } from './rootfs/lock.ts';
import { CHECKOUT, productVersion } from './tree/checkout.ts';

const LOCK = join(CHECKOUT, 'image/packages.lock');

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

function pinned(): readonly Pin[] {
  const pins = parseLock(readFileSync(LOCK, 'utf8'));
  if (!pins.ok) throw new Error(`image/packages.lock: ${pins.public}`);
  return pins.value;
}

async function newest(): Promise<readonly Pin[]> {
  return resolveNewest(join(BUILD, 'apt'), await findMirror(), AMD64, declaredPackages());
}

/** @returns the exit code */
async function main(words: readonly string[]): Promise<number> {
  const read = readOrder(words);
  if (!read.ok) {
    tell(read.public);
    return 2;
  }
  const order = read.value;
  if (order.mode === 'build' && process.getuid?.() !== 0) {
    tell('bartizan: only root can build the image: it makes the files of all the accounts of another system');
    return 1;
  }
  switch (order.mode) {
    case 'lock': {
      const fresh = await newest();
      const changes = differences(pinned(), fresh);
      writeFileSync(LOCK, formatLock(fresh));
      for (const line of changes.length === 0 ? ['nothing has changed'] : changes) tell(line);
      return 0;
    }
    case 'build': {
      const pins = order.newest ? await newest() : pinned();
      if (order.newest) for (const line of differences(pinned(), pins)) tell(`not as pinned: ${line}`);
      const { version = productVersion(), overlay, fast } = order;
      await assemble({ version, pins, fast, ...(overlay !== undefined && { overlay }) }, tell);
      return 0;
    }
    case 'deb':
      await imageDeb();
      return 0;
    case 'test': {
      const { testImage } = await import('../test/image/main.ts');
      return testImage(order.rest);
    }
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (thrown: unknown) => {
    tell(`bartizan: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    process.exitCode = 1;
  },
);
