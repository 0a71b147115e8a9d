import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { millis } from '../../core/base/time.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { ROOT } from '../support/root.ts';
import { declareBench } from './bench.ts';

const receivedAt = millis(Date.UTC(2026, 10, 22, 12));

/** Typical lines by parser, out of what real programs wrote: those that are events, in their order, over and over. */
const SOURCES: Readonly<Record<string, readonly [file: string, only: RegExp]>> = {
  sshd: ['debian-13-sshd-su-sudo-login.txt', / sshd/],
  pam: ['debian-12-vsftpd-dovecot-postfix.txt', /: pam_/],
  sudo: ['debian-13-sshd-su-sudo-login.txt', / sudo: /],
  su: ['debian-13-sshd-su-sudo-login.txt', / su\[/],
  login: ['debian-13-sshd-su-sudo-login.txt', / login: /],
  dovecot: ['debian-13-dovecot.txt', / dovecot: /],
  exim: ['own-exim-mainlog.txt', /./],
  postfix: ['debian-12-vsftpd-dovecot-postfix.txt', / postfix\/smtpd/],
  vsftpd: ['own-vsftpd.txt', /./],
  proftpd: ['own-proftpd.txt', /./],
  'nginx-access': ['own-nginx-access.txt', /./],
  'nginx-error': ['own-nginx-error.txt', /client: /],
  'apache-access': ['own-apache-combined.txt', /./],
  'apache-error': ['own-apache-error.txt', /client /],
  syslog: ['debian-12-vsftpd-dovecot-postfix.txt', /./],
};

const KERNEL =
  'Nov 22 01:02:03 edge kernel: [12345.678901] bartizan drop: IN=eth0 OUT= MAC=00:11:22:33:44:55:66:77:88:99:aa:bb:08:00 SRC=203.0.113.7 DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 TTL=51 ID=1 DF PROTO=TCP SPT=4242 DPT=22 WINDOW=64240 RES=0x00 SYN URGP=0';

const DECLARED = {
  name: 'declared',
  programs: ['sshd-session'],
  messages: [
    {
      regex: '^Failed (?P<method>\\S+) for (?P<user>.*) from (?P<source_ip>\\S+) port (?P<source_port>\\d+) ssh2$',
      action: 'x',
      category: 'authentication',
      outcome: 'failure',
    },
  ],
} as const;

function linesOf(name: string): readonly string[] {
  if (name === 'kernel') return [KERNEL];
  const [file, only] = SOURCES[name === 'declared' ? 'sshd' : name] ?? ['', /./];
  const rows = readFileSync(join(ROOT, 'test/fixtures/programs', file), 'utf8')
    .trimEnd()
    .split('\n');
  return rows
    .map((row) => row.slice(row.lastIndexOf('\t') + 1))
    .filter((line) => only.test(line) && line.length < 1000);
}

/** Every parser on typical lines: lines per CPU second, header and all; best of a few rounds. */
export const parsers = declareBench({
  name: 'parsers',
  about: 'every parser on typical lines: lines per CPU second',
  options: {
    lines: { about: 'lines a round', value: 100_000 },
    rounds: { about: 'rounds; the best one counts', value: 5 },
  },
  run: async ({ lines, rounds }, say) => {
    const figures: Record<string, number> = {};
    const made = createParsers({ zone: UTC, declared: [DECLARED] });
    for (const name of [...Object.keys(SOURCES), 'kernel', 'declared']) {
      const parse = made.get(name);
      if (parse === undefined) throw new Error(`no parser ${name}`);
      const typical = linesOf(name);
      const round = (): void => {
        for (let i = 0; i < lines; i++) {
          const text = typical[i % typical.length] as string;
          parse({ text, position: { source: 'bench', offset: i }, receivedAt, provenance: 'file' });
        }
      };
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < rounds; i++) {
        const before = process.cpuUsage();
        round();
        const { user, system } = process.cpuUsage(before);
        best = Math.min(best, user + system);
      }
      const rate = Math.round((lines / best) * 1e6);
      say(`${name.padEnd(16)} ${rate} lines/CPU-s`);
      figures[name.replaceAll('-', '_')] = rate;
    }
    return figures;
  },
});
