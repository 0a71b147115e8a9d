/** Lines as the programs write them. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const KEY = 'ED25519 SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** Which file a line stands in. */
export type LogName = 'auth' | 'mail' | 'web';

export interface MixedLine {
  /** Milliseconds since 1970; lines carry whole seconds. */
  readonly at: number;
  readonly log: LogName;
  readonly text: string;
}

const two = (value: number): string => String(value).padStart(2, '0');

const timeOf = (date: Date): string =>
  `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;

const syslog = (at: number, program: string, text: string): string => {
  const date = new Date(at);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  return `${MONTHS[date.getUTCMonth()]} ${day} ${timeOf(date)} edge01 ${program}: ${text}`;
};

const line =
  (log: LogName, program: string) =>
  (at: number, text: string): MixedLine => ({ at, log, text: syslog(at, program, text) });

const pidOf = (at: number): number => 1000 + (Math.floor(at / 20) % 60_000);

const sshd = (at: number, text: string): MixedLine => line('auth', `sshd[${pidOf(at)}]`)(at, text);

export interface Peer {
  readonly ip: string;
  readonly port: number;
}

const peerText = ({ ip, port }: Peer): string => `${ip} port ${port}`;

export const failedPassword = (at: number, user: string, peer: Peer): MixedLine =>
  sshd(at, `Failed password for ${user} from ${peerText(peer)} ssh2`);

export const repeatedFailure = (at: number, times: number, user: string, peer: Peer): MixedLine =>
  sshd(at, `message repeated ${times} times: [ Failed password for ${user} from ${peerText(peer)} ssh2]`);

export const invalidUser = (at: number, user: string, peer: Peer): MixedLine =>
  sshd(at, `Invalid user ${user} from ${peerText(peer)}`);

export const closedByUser = (at: number, user: string, peer: Peer): MixedLine =>
  sshd(at, `Connection closed by authenticating user ${user} ${peerText(peer)} [preauth]`);

export const acceptedKey = (at: number, user: string, peer: Peer): MixedLine =>
  sshd(at, `Accepted publickey for ${user} from ${peerText(peer)} ssh2: ${KEY}`);

export const acceptedPassword = (at: number, user: string, peer: Peer): MixedLine =>
  sshd(at, `Accepted password for ${user} from ${peerText(peer)} ssh2`);

export const sshSession = (at: number, user: string): MixedLine =>
  sshd(at, `pam_unix(sshd:session): session opened for user ${user}(uid=1000) by (uid=0)`);

export const cronSession = (at: number): MixedLine =>
  line('auth', `CRON[${pidOf(at)}]`)(at, 'pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)');

export const newSession = (at: number, number: number): MixedLine =>
  line('auth', 'systemd-logind[612]')(at, `New session ${number} of user ops.`);

const sudo = line('auth', 'sudo');

export const sudoCommand = (at: number): MixedLine =>
  sudo(at, '     ops : TTY=pts/0 ; PWD=/home/ops ; USER=root ; COMMAND=/usr/bin/systemctl status nginx');

export const sudoFailure = (at: number, user: string, attempts: number): MixedLine =>
  sudo(
    at,
    `${user.padStart(8)} : ${attempts} incorrect password attempt${attempts === 1 ? '' : 's'} ; TTY=pts/1 ; PWD=/home/${user} ; USER=root ; COMMAND=/usr/bin/id`,
  );

export const suFailure = (at: number, user: string): MixedLine =>
  line('auth', `su[${pidOf(at)}]`)(at, `FAILED SU (to root) ${user} on pts/1`);

export const mailFailure = (at: number, user: string, { ip }: Peer): MixedLine =>
  line('mail', 'dovecot')(
    at,
    `imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<${user}>, method=PLAIN, rip=${ip}, lip=192.0.2.10, TLS, session=<${(at % 1e9).toString(36)}>`,
  );

export const mailLogin = (at: number, user: string, { ip }: Peer): MixedLine =>
  line('mail', 'dovecot')(
    at,
    `imap-login: Login: user=<${user}>, method=PLAIN, rip=${ip}, lip=192.0.2.10, mpid=${pidOf(at)}, TLS, session=<${(at % 1e9).toString(36)}>`,
  );

export interface Request {
  readonly method?: string;
  readonly target: string;
  readonly status: number;
  readonly agent?: string;
}

/** nginx's and Apache's combined format. */
export function request(
  at: number,
  { ip }: Peer,
  { method = 'GET', target, status, agent = BROWSER }: Request,
): MixedLine {
  const date = new Date(at);
  const stamp = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${timeOf(date)} +0000`;
  const text = `${ip} - - [${stamp}] "${method} ${target} HTTP/1.1" ${status} 612 "-" "${agent}"`;
  return { at, log: 'web', text };
}
