import { fail, ok, type Result } from '../../core/base/result.ts';
import { type Millis, millis, seconds } from '../../core/base/time.ts';
import { type PacketTools, type Ran, troubleOf } from './port.ts';

const COMMAND: Millis = seconds(2);

/**
 * Makes network namespaces, has something done with them, and removes them whatever came of it; also those that a process
 * which was killed has left behind. Devices within them go with them. `unavailable`: this process may not make any.
 */
export async function withNamespaces<T>(
  tools: PacketTools,
  count: number,
  signal: AbortSignal,
  work: (names: readonly string[]) => Promise<T>,
): Promise<Result<T, 'unavailable'>> {
  await removeLeftOvers(tools);
  const names = Array.from({ length: count }, () => tools.newName());
  try {
    const lines = names.map((name) => `netns add ${name}\n`).join('');
    const made = await tools.run('ip', ['-batch', '-'], { input: lines, timeout: COMMAND, signal });
    if (made.kind !== 'ended' || made.code !== 0) {
      return fail('unavailable', `no network namespace can be made: ${troubleOf('ip', made)}`);
    }
    return ok(await work(names));
  } finally {
    await remove(tools, names);
  }
}

/** Ends namespaces that processes which are gone have left behind, and with them what is in them. */
export async function removeLeftOvers(tools: PacketTools): Promise<void> {
  const listed = await tools.run('ip', ['netns', 'list'], { timeout: COMMAND });
  if (listed.kind !== 'ended') return;
  const names = listed.out.split('\n').map((line) => line.split(' ', 1)[0] ?? '');
  const left = names.filter((name) => name !== '' && tools.isLeftOver(name));
  if (left.length > 0) await remove(tools, left);
}

/** Not bound to the signal of what made them. */
const remove = (tools: PacketTools, names: readonly string[]): Promise<Ran> =>
  tools.run('ip', ['-force', '-batch', '-'], {
    input: names.map((name) => `netns del ${name}\n`).join(''),
    timeout: millis(2 * COMMAND),
  });
