import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Journald } from './journald.ts';
import type { Namespace } from './namespaces.ts';
import { perSourcePenalties } from './ssh-site.ts';
import { waitFor } from './wait-for.ts';

/** Starts a real sshd on port 22 beside a journald, as a service of this name. @param directory of its key and config */
export async function startJournalSshd(journald: Journald, unit: string, directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const key = join(directory, 'host_key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const config = join(directory, 'sshd_config');
  const settings = ['UsePAM no', 'PidFile none', 'UseDNS no', 'PasswordAuthentication yes', 'MaxStartups 100:30:200'];
  writeFileSync(config, `${['Port 22', `HostKey ${key}`, ...settings, ...perSourcePenalties(key)].join('\n')}\n`);
  journald.spawnAs(unit, '/usr/sbin/sshd', ['-D', '-f', config]);
  await waitFor('sshd to listen', () => {
    const said = journald.run('journalctl', ['-q', '--no-pager', '-o', 'cat', '-t', 'sshd']);
    return said.includes('Server listening') ? true : undefined;
  });
}

/** So many connections side by side of the real ssh client, each with one wrong password. Not waited for: some will be cut. */
export function tryPasswords(from: Namespace, to: string, users: readonly string[]): void {
  const settings = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'PubkeyAuthentication=no'];
  const options = [...settings, 'NumberOfPasswordPrompts=1', 'ConnectTimeout=5'].flatMap((one) => ['-o', one]);
  for (const user of users) {
    const client = from.spawn('sshpass', ['-p', 'wrong', 'ssh', '-F', 'none', ...options, `${user}@${to}`, 'true']);
    client.stdin?.end();
    client.stdout?.resume();
    client.stderr?.resume();
  }
}
