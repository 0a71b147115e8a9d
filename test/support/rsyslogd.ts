import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { tlsFiles } from './syslog-site.ts';
import { until } from './until.ts';

export const noRsyslog = !existsSync('/usr/sbin/rsyslogd') && 'needs rsyslogd';
const hasGnutls = readdirSync('/usr/lib').some((folder) => existsSync(`/usr/lib/${folder}/rsyslog/lmnsd_gtls.so`));
export const noRsyslogTls = noRsyslog || (!hasGnutls && 'needs rsyslog-gnutls');

/** A real rsyslogd that forwards what is logged to a socket of its own. @returns a function that logs there as sshd, each text a message */
export async function rsyslogd(
  t: TestContext,
  forward: string,
  globals = '',
): Promise<(...texts: readonly string[]) => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-rsyslog-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const socket = join(directory, 'log');
  const config = join(directory, 'rsyslog.conf');
  writeFileSync(
    config,
    `global(workDirectory="${directory}" localHostname="web1" ${globals})
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="${socket}" createPath="off" rateLimit.interval="0" usePIDFromSystem="off")
*.* action(type="omfwd" target="127.0.0.1" queue.type="LinkedList" action.resumeRetryCount="-1" action.resumeInterval="1" ${forward})
`,
  );
  const daemon = spawn('rsyslogd', ['-n', '-f', config, '-i', join(directory, 'pid')], { stdio: 'pipe' });
  let said = '';
  daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  t.after(() => ended(daemon));
  await until('rsyslogd', () => existsSync(socket)).catch((cause: unknown) => {
    throw new Error(said, { cause });
  });
  return async (...texts) => {
    const logger = spawn('logger', ['-u', socket, '-p', 'auth.info', '-t', 'sshd', '--id=4242'], { stdio: 'pipe' });
    logger.stdin.end(`${texts.join('\n')}\n`);
    await once(logger, 'exit');
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** What makes rsyslogd speak TLS to a listener with these files. @param name in its certificate; without one it has none */
export function tlsForward(
  { authority, caFile, write }: ReturnType<typeof tlsFiles>,
  name: string | undefined,
): { readonly forward: string; readonly globals: string } {
  const forward =
    'protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"';
  const trusted = `defaultNetstreamDriverCAFile="${caFile}"`;
  if (name === undefined) return { forward, globals: trusted };
  const { cert, key } = authority.issue({ commonName: name, usage: 'client' });
  const own = `defaultNetstreamDriverCertFile="${write(`${name}.pem`, cert)}" defaultNetstreamDriverKeyFile="${write(`${name}.key`, key)}"`;
  return { forward, globals: `${trusted} ${own}` };
}
