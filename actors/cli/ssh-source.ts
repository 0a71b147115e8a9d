import { readFileSync } from 'node:fs';
import { canonicalIp, type Ip } from '../../core/base/ip.ts';

/** Shells within shells are not nested deeper. */
const MOST_PARENTS = 64;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The address at the other end of the ssh session that a process was started in. sshd names it to the session's first process;
 * `sudo` and `su -` take it from what they start, so where the own environment has none the parents' are looked at.
 * @param parent the process to begin with
 * @returns undefined on the console, under a terminal multiplexer that outlived its session, and where /proc does not tell
 */
export function cameFrom(parent: number, environment: Environment, read: typeof readText = readText): Ip | undefined {
  let found = sourceIn(environment);
  let pid = parent;
  for (let i = 0; i < MOST_PARENTS && found === undefined && pid > 1; i++) {
    found = sourceIn(environmentIn(read(`/proc/${pid}/environ`) ?? ''));
    pid = parentIn(read(`/proc/${pid}/stat`) ?? '');
  }
  return found;
}

/** `SSH_CONNECTION` is "address port address port", the client's first; `SSH_CLIENT` begins alike. */
function sourceIn({ SSH_CONNECTION: connection, SSH_CLIENT: client }: Environment): Ip | undefined {
  for (const text of [connection, client]) {
    const ip = canonicalIp(text?.split(' ', 1)[0] ?? '');
    if (ip !== undefined) return ip;
  }
  return undefined;
}

function environmentIn(text: string): Environment {
  const pairs = text.split('\0').map((entry) => entry.split('='));
  return Object.fromEntries(pairs.map(([name = '', ...value]) => [name, value.join('=')]));
}

/** The name of the process, in parentheses, may hold anything: what counts stands behind it. */
const parentIn = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
