import { mulberry32 } from './mulberry.ts';

const USERS = ['root', 'admin', 'test', 'oracle', 'ubuntu', 'git', 'postgres', 'pi', 'guest', 'deploy', 'www-data'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const KEY = 'ED25519 SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';

const pad = (value: number): string => String(value).padStart(2, '0');

/**
 * An sshd log as a busy host writes it, 50 lines a second: of 100 lines 55 failed passwords, 15 invalid users, 10
 * abandoned connections, 10 logins and their sessions, 10 of other programs. The same seed gives the same log.
 */
export function* authLog(lines: number, seed: number, attackers = 400): Generator<string> {
  const random = mulberry32(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const start = Date.UTC(2026, 10, 21, 10);
  for (let i = 0; i < lines; i++) {
    const at = new Date(start + i * 20);
    const day = String(at.getUTCDate()).padStart(2, ' ');
    const time = `${MONTHS[at.getUTCMonth()]} ${day} ${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`;
    const attacker = Math.floor(random() ** 2 * attackers);
    const ip = `203.0.${attacker >> 8}.${attacker & 255}`;
    const user = USERS[pick(USERS.length)];
    const peer = `${ip} port ${1025 + pick(60_000)}`;
    const sshd = `sshd[${1000 + (i % 60_000)}]`;
    const kind = random();
    if (kind < 0.35) yield `${time} edge01 ${sshd}: Failed password for ${user} from ${peer} ssh2\n`;
    else if (kind < 0.55) yield `${time} edge01 ${sshd}: Failed password for invalid user ${user} from ${peer} ssh2\n`;
    else if (kind < 0.7) yield `${time} edge01 ${sshd}: Invalid user ${user} from ${peer}\n`;
    else if (kind < 0.8)
      yield `${time} edge01 ${sshd}: Connection closed by authenticating user ${user} ${peer} [preauth]\n`;
    else if (kind < 0.85)
      yield `${time} edge01 ${sshd}: Accepted publickey for ops from 10.20.0.${pick(9)} port 5022 ssh2: ${KEY}\n`;
    else if (kind < 0.9)
      yield `${time} edge01 ${sshd}: pam_unix(sshd:session): session opened for user ops(uid=1000) by (uid=0)\n`;
    else yield `${time} edge01 systemd-logind[612]: New session ${i} of user ops.\n`;
  }
}

/** The same in chunks of about `size` bytes. */
export function* authLogChunks(lines: number, seed: number, size = 64 * 1024): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = '';
  for (const line of authLog(lines, seed)) {
    text += line;
    if (text.length < size) continue;
    yield encoder.encode(text);
    text = '';
  }
  yield encoder.encode(text);
}
