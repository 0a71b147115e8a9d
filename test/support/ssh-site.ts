import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Namespace } from './namespaces.ts';
import { waitFor } from './wait-for.ts';

const SSHD_PORT = 22;

/**
 * Real sshd and real rsyslogd in one namespace, behind a /dev and /run of their own, so that what sshd says through
 * syslog(3) lands in a log file of the test's and nowhere else.
 */
export async function startSshSite(edge: Namespace, directory: string): Promise<{ readonly log: string }> {
  const log = join(directory, 'auth.log');
  const hostKey = join(directory, 'host_key');
  await mkdir(directory, { recursive: true });
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey]);
  await writeFile(join(directory, 'rsyslog.conf'), rsyslogConf(log));
  await writeFile(join(directory, 'sshd_config'), sshdConf(hostKey));
  await writeFile(join(directory, 'site.sh'), SITE);
  const site = edge.spawn('unshare', [
    '--mount',
    '--propagation',
    'private',
    'sh',
    join(directory, 'site.sh'),
    directory,
  ]);
  let said = '';
  site.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await waitFor('sshd to log that it listens', async () =>
    /Server listening/.test(await readFile(log, 'utf8').catch(() => '')) ? true : undefined,
  ).catch((cause: unknown) => {
    throw new Error(`sshd and rsyslogd did not come up: ${said}`, { cause });
  });
  return { log };
}

/** One connection of the real ssh client with three wrong passwords; resolves when the client has given up. */
export async function failToLogIn(from: Namespace, to: string, user: string, directory: string): Promise<void> {
  const askpass = join(directory, 'askpass.sh');
  await writeFile(askpass, '#!/bin/sh\necho wrong\n');
  await chmod(askpass, 0o755);
  const client = from.spawn(
    'setsid',
    [
      'ssh',
      '-F',
      'none',
      '-o',
      'StrictHostKeyChecking=no',
      '-o',
      'UserKnownHostsFile=/dev/null',
      '-o',
      'ConnectTimeout=3',
      '-o',
      'PubkeyAuthentication=no',
      '-o',
      'NumberOfPasswordPrompts=3',
      '-p',
      String(SSHD_PORT),
      `${user}@${to}`,
      'true',
    ],
    { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: 'none' },
  );
  client.stdin?.end();
  client.stdout?.resume();
  client.stderr?.resume();
  await new Promise((resolve) => client.once('exit', resolve));
}

const rsyslogConf = (log: string): string => `
module(load="imuxsock" SysSock.Use="on")
$FileCreateMode 0640
template(name="traditional" type="string" string="%TIMESTAMP% %HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg:::drop-last-lf%\\n")
*.* action(type="omfile" file="${log}" template="traditional")
`;

function sshdConf(hostKey: string): string {
  const lines = [
    'Port 22',
    `HostKey ${hostKey}`,
    'UsePAM no',
    'PasswordAuthentication yes',
    'UseDNS no',
    'PidFile none',
    'MaxStartups 100:30:200',
    'MaxAuthTries 6',
    'LogLevel INFO',
    ...perSourcePenalties(hostKey),
  ];
  return `${lines.join('\n')}\n`;
}

/** OpenSSH from 9.8 on slows repeated failures down by itself; the tests want to see us do it. */
export function perSourcePenalties(hostKey: string): readonly string[] {
  try {
    execFileSync('sshd', ['-T', '-o', 'PerSourcePenalties=no', '-h', hostKey], { stdio: 'ignore' });
    return ['PerSourcePenalties no'];
  } catch {
    // An sshd that does not know the word has no penalties either.
    return [];
  }
}

const SITE = `set -e
mount -t tmpfs -o size=1m,mode=755 tmpfs /run
mkdir -p /run/sshd
mount -t tmpfs -o size=1m,mode=755 tmpfs /dev
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/zero c 1 5
mknod -m 666 /dev/random c 1 8
mknod -m 666 /dev/urandom c 1 9
mkdir /dev/pts
mount -t devpts devpts /dev/pts
rsyslogd -n -f "$1/rsyslog.conf" -i NONE &
while [ ! -S /dev/log ]; do sleep 0.05; done
exec "$(command -v sshd)" -D -f "$1/sshd_config"
`;
