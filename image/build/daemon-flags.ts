import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const STARTED = /^ExecStart=\/usr\/lib\/bartizan\/node (--.+) \/usr\/lib\/bartizan\/dist\//m;

/** What Node is told when it is the daemon, as its unit has it. @param root of the checkout. @throws when the unit is not as expected */
export function daemonFlags(root: string): readonly string[] {
  const flags = STARTED.exec(readFileSync(join(root, 'systemd/bartizan.service'), 'utf8'))?.[1];
  if (flags === undefined) throw new Error('systemd/bartizan.service starts no Node with flags');
  return flags.split(' ');
}
