import type { Chance } from '../mixed-log/chance.ts';
import { acceptedKey, type MixedLine, type Peer, request } from '../mixed-log/lines.ts';

/** What the mixed log has none of: attacks on FTP and mail submission, dropped packets, a false crawler, a new login. */
type Attack = (at: number, peer: Peer, random: Chance) => readonly MixedLine[];

const DAY = 86_400_000;
const CRAWLER = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

const times = (count: number, line: (i: number) => MixedLine): readonly MixedLine[] =>
  Array.from({ length: count }, (_, i) => line(i));

const syslog = (at: number, text: string): MixedLine => ({
  at,
  log: 'auth',
  text: `${new Date(at).toISOString()} edge01 ${text}`,
});

const ftpGuesser: Attack = (at, { ip }) =>
  times(11, (i) => syslog(at + i * 5000, `vsftpd[7]: [admin${i}] FAIL LOGIN: Client "${ip}"`));

const smtpGuesser: Attack = (at, { ip }) =>
  times(11, (i) =>
    syslog(
      at + i * 5000,
      `postfix/smtpd[7]: warning: unknown[${ip}]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=info${i}`,
    ),
  );

const portScanner: Attack = (at, { ip, port }) =>
  times(16, (i) =>
    syslog(at + i * 500, `kernel: drop: IN=eth0 OUT= SRC=${ip} DST=192.0.2.10 PROTO=TCP SPT=${port} DPT=${20 + i} SYN`),
  );

const suGuesser: Attack = (at, _, { below }) => {
  const user = `local${below(50)}`;
  return times(3, (i) => syslog(at + i * 1000, `su[9]: FAILED SU (to root) ${user} on pts/${i}`));
};

const falseCrawler: Attack = (at, peer) => [request(at, peer, { target: '/', status: 200, agent: CRAWLER })];

const stranger: Attack = (at, peer) => [acceptedKey(at, 'ops', peer)];

const ATTACKS = [ftpGuesser, smtpGuesser, portScanner, suGuesser, falseCrawler, stranger];

/** One attack of each kind, by a source of its own each. */
export function furtherAttacks(at: number, random: Chance): readonly MixedLine[] {
  const source = (): Peer => ({ ip: `100.64.${random.below(256)}.${1 + random.below(254)}`, port: 1025 });
  return ATTACKS.flatMap((attack) => attack(at, source(), random));
}

/** The login from which on sources are learnt, long enough ago that new ones are found. */
export const firstLogin = (at: number): MixedLine => acceptedKey(at - 10 * DAY, 'ops', { ip: '10.20.0.2', port: 1025 });
