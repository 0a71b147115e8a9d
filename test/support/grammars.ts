/**
 * The grammars of the programs' logs, from their sources: what a line looks like once the program has put a client's
 * words into it, with whatever it does to them first.
 */

/** A client as a program knows it: its true address, and words of its own choosing. */
export interface Talker {
  readonly ip: string;
  readonly port: number;
  readonly user: string;
  readonly text: string;
}

type Line = (talker: Talker) => string;

export interface Grammar {
  readonly parser: string;
  /** Lines that name the client, each with words of its. */
  readonly lines: readonly Line[];
}

const each = (...lines: readonly Line[]): readonly Line[] => lines;

const STAMP = 'Nov 22 01:02:03 edge ';

/** What no program lets through: line ends and NUL end a command or a header. */
const oneLine = (text: string): string => text.replace(/[\r\n\0]/g, '');
const visible = (text: string): string => oneLine(text).replace(/[^ -~]/g, '?');
const noBlank = (text: string): string => visible(text).replaceAll(' ', '_');
/** sudo escapes control characters; quotes around what has blanks. */
const octal = (text: string): string =>
  text.replace(/\p{Cc}/gu, (c) => `#${c.charCodeAt(0).toString(8).padStart(3, '0')}`);

/** A syslog daemon hands on the first `limit` bytes. */
const cut = (line: string, limit = 8000): string => line.slice(0, limit);

const bytesOf = (text: string): readonly number[] => [...new TextEncoder().encode(text)];

/** nginx, `escape=default`. */
export const nginxEscaped = (text: string): string =>
  bytesOf(text)
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c
        ? `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('');

const APACHE_LETTERS: Readonly<Record<number, string>> = {
  8: 'b',
  9: 't',
  10: 'n',
  11: 'v',
  13: 'r',
  34: '"',
  92: '\\',
};

/** Apache, `ap_escape_logitem`. */
export const apacheEscaped = (text: string): string =>
  bytesOf(text)
    .map((byte) => {
      const letter = APACHE_LETTERS[byte];
      if (letter !== undefined) return `\\${letter}`;
      return byte < 0x20 || byte > 0x7e ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte);
    })
    .join('');

const jsonEscaped = (text: string): string => JSON.stringify(text).slice(1, -1);

const pam = (program: string, service: string) => (t: Talker) =>
  cut(
    `${STAMP}${program}: pam_unix(${service}:auth): authentication failure; logname= uid=0 euid=0 tty=x ruser=${oneLine(t.user)} rhost=${t.ip} `,
  );

const dovecotElements = (t: Talker): string =>
  `user=<${oneLine(t.user)}>, method=PLAIN, rip=${t.ip}, lip=198.51.100.1, TLS, session=<aB+/1>`;

const dovecot: Grammar = {
  parser: 'dovecot',
  lines: each(
    (t) =>
      `dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): ${dovecotElements(t)}`,
    (t) =>
      `dovecot: imap-login: Login aborted: Logged out (auth failed, 2 attempts in 5 secs) (auth_failed): ${dovecotElements(t)}`,
    (t) => `dovecot: pop3-login: Login: ${dovecotElements(t)}`,
    (t) => `dovecot: auth: passwd-file(${oneLine(t.user)},${t.ip},<aB+/1>): unknown user`,
    (t) => `dovecot: auth: ldap(${oneLine(t.user)},${t.ip}): Password mismatch (given password: ${oneLine(t.text)})`,
    (t) =>
      `dovecot: auth: plain(?,${t.ip}): Username character disallowed by auth_username_chars: 0x2c (username: ${oneLine(t.user)})`,
    (t) => `dovecot: auth(${oneLine(t.user)},${t.ip},sasl:plain)<aB+/1>: pf: unknown user`,
    (t) =>
      `dovecot: auth-worker(${oneLine(t.user)},${t.ip})<350><aB+/1>: request [1]: pam: pam_authenticate() failed: Authentication failure`,
  ).map((line) => (t: Talker) => cut(STAMP + line(t))),
};

const exim: Grammar = {
  parser: 'exim',
  lines: each(
    (t: Talker) =>
      `plain authenticator failed for (${visible(t.text)}) [${t.ip}]: 535 Incorrect authentication data (set_id=${oneLine(t.user)})`,
    (t: Talker) =>
      `login authenticator failed for host.example (${visible(t.text)}) [${t.ip}]:${t.port} I=[198.51.100.1]:25: 535 Incorrect authentication data`,
    (t: Talker) =>
      `login authenticator failed for (ok) [${t.ip}] U=${noBlank(t.text)}: 535 Incorrect authentication data (set_id=${oneLine(t.user)})`,
    (t: Talker) => `rejected EHLO from [${t.ip}]: syntactically invalid argument(s): ${visible(t.text)}`,
    (t: Talker) =>
      `H=(${visible(t.text)}) [${t.ip}] F=<${noBlank(t.user)}> rejected RCPT <${noBlank(t.text)}>: relay not permitted`,
    (t: Talker) =>
      `SMTP call from (${visible(t.text)}) [${t.ip}] dropped: too many syntax or protocol errors (last command was "${visible(t.user)}")`,
    (t: Talker) =>
      `SMTP protocol synchronization error (input sent without waiting for greeting): rejected "${visible(t.user)}" H=[${t.ip}] input="${visible(t.text)}"`,
    (t: Talker) =>
      `1xV0Ga-000000000Ad-3bMU <= ${visible(t.user)}@x.example H=(${visible(t.text)}) [${t.ip}] P=esmtpa A=plain:${noBlank(t.user)} S=465`,
    (t: Talker) => `TLS error on connection from (${visible(t.text)}) [${t.ip}] (gnutls_handshake): bad record`,
  ).flatMap((line) => [
    (t: Talker) => `2026-11-22 05:01:37 ${line(t)}`,
    (t: Talker) => cut(`${STAMP}exim[7]: 2026-11-22 05:01:37 ${line(t)}`, 1000),
  ]),
};

const postfix: Grammar = {
  parser: 'postfix',
  lines: each(
    (t) =>
      `warning: unknown[${t.ip}]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=${oneLine(t.user)}`,
    (t) =>
      `warning: host.example[${t.ip}]:${t.port}: SASL PLAIN authentication failed: authentication failure, sasl_username=${oneLine(t.user)}`,
    (t) => `lost connection after AUTH from unknown[${t.ip}]`,
    (t) => `warning: non-SMTP command from unknown[${t.ip}]: ${visible(t.text)}`,
    (t) =>
      `NOQUEUE: reject: RCPT from unknown[${t.ip}]: 454 4.7.1 <${visible(t.text)}>: Relay access denied; from=<${visible(t.user)}> to=<x> proto=ESMTP helo=<${visible(t.text)}>`,
    (t) => `4329D24A996: client=unknown[${t.ip}], sasl_method=PLAIN, sasl_username=${oneLine(t.user)}`,
    (t) => `improper command pipelining after EHLO from unknown[${t.ip}]: ${visible(t.text)}`,
    (t) => `PREGREET 11 after 0.05 from [${t.ip}]:${t.port}: EHLO ${visible(t.text)}`,
  ).map(
    (line) => (t: Talker) =>
      cut(`${STAMP}postfix/${line(t).startsWith('PREGREET') ? 'postscreen' : 'smtpd'}[7]: ${line(t)}`),
  ),
};

const vsftpd: Grammar = {
  parser: 'vsftpd',
  lines: each(
    (t: Talker) => `[${visible(t.user)}] FAIL LOGIN: Client "${t.ip}"`,
    (t: Talker) => `[${visible(t.user)}] OK LOGIN: Client "${t.ip}"`,
    (t: Talker) => `[ftp] OK LOGIN: Client "${t.ip}", anon password "${noBlank(t.text)}"`,
    (t: Talker) => `[anonymous] FAIL LOGIN: Client "${t.ip}", anon password "${visible(t.text)}"`,
    (t: Talker) => `[bob] FAIL DOWNLOAD: Client "${t.ip}", "/${visible(t.text)}", 0.00Kbyte/sec`,
    (t: Talker) => `[${visible(t.user)}] FTP command: Client "${t.ip}", "USER ${visible(t.text)}"`,
  ).flatMap((line) => [
    (t: Talker) => `Sun Nov 22 05:04:34 2026 [pid 289] ${line(t)}`,
    (t: Talker) => cut(`${STAMP}vsftpd[7]: ${line(t)}`),
  ]),
};

const proftpd: Grammar = {
  parser: 'proftpd',
  lines: each(
    (t: Talker) => `USER ${oneLine(t.user)} (Login failed): Incorrect password`,
    (t: Talker) => `USER ${oneLine(t.user)}: no such user found from ${t.ip} [${t.ip}] to ::ffff:198.51.100.1:21`,
    (t: Talker) => `USER ${oneLine(t.user)}: Login successful.`,
    (t: Talker) => `client sent HTTP command '${noBlank(t.text)}', disconnecting`,
  ).flatMap((line) => [
    (t: Talker) => `2026-11-22 05:04:04,184 edge proftpd[260] 198.51.100.1 (${t.ip}[${t.ip}]): ${line(t)}`,
    (t: Talker) => cut(`${STAMP}proftpd[7]: 198.51.100.1 (host.example[${t.ip}]) - ${line(t)}`, 1000),
  ]),
};

const login: Grammar = {
  parser: 'login',
  lines: each(
    (t) => `FAILED LOGIN 2 FROM ${t.ip} FOR ${visible(t.user)}, Authentication failure`,
    (t) => `TOO MANY LOGIN TRIES (5) FROM ${t.ip} FOR ${visible(t.user)}, Authentication failure`,
    (t) => `FAILED LOGIN (1) on '/dev/pts/1' from '${t.ip}' FOR '${visible(t.user)}', Authentication failure`,
  ).map((line) => (t: Talker) => cut(`${STAMP}login[7]: ${line(t)}`)),
};

/** Nothing of the client's is an address here, yet text of a local user's is everywhere. */
const local: Grammar = {
  parser: 'syslog',
  lines: each(
    (t) =>
      `sudo:      bob : command not allowed ; TTY=pts/0 ; PWD=/tmp/${octal(t.text)} ; USER=root ; COMMAND=/bin/cat ${octal(t.user)}`,
    (t) => `su[7]: FAILED SU (to ${visible(t.user)}) bob on pts/0`,
    pam('vsftpd[7]', 'vsftpd'),
    pam('auth', 'dovecot'),
    pam('xrdp-sesman[7]', 'xrdp-sesman'),
    (t) => `cron[7]: pam_access(cron:account): access denied for user \`${visible(t.user)}' from \`${t.ip}'`,
  ).map((line) => (t: Talker) => (line(t).startsWith(STAMP) ? line(t) : cut(STAMP + line(t)))),
};

const kernel: Grammar = {
  parser: 'kernel',
  lines: [
    (t) =>
      `${STAMP}kernel: [  12.3] drop: IN=eth0 OUT= MAC=00 SRC=${t.ip} DST=198.51.100.1 LEN=60 PROTO=ICMP TYPE=3 CODE=3 [SRC=192.0.2.9 DST=192.0.2.9 LEN=1 PROTO=UDP SPT=1 DPT=2 ]`,
    (t) => `${STAMP}kernel: IN=eth0 OUT= SRC=${t.ip} DST=198.51.100.1 PROTO=TCP SPT=${t.port} DPT=22 SYN`,
  ],
};

const request = (t: Talker): string => `GET /${oneLine(t.text).replaceAll(' ', '%20')} HTTP/1.1`;

const nginxAccess: Grammar = {
  parser: 'nginx-access',
  lines: [
    (t) =>
      `${t.ip} - ${nginxEscaped(t.user)} [22/Nov/2026:05:02:17 +0000] "${nginxEscaped(request(t))}" 401 179 "${nginxEscaped(t.text)}" "${nginxEscaped(t.user)}"`,
    (t) =>
      `${t.ip} - - [22/Nov/2026:05:02:17 +0000] "${nginxEscaped(t.text)}" 400 157 "-" "-" "${nginxEscaped(t.user)}"`,
  ],
};

/** Both web servers' access logs through syslog, cut on the way. */
const webThroughSyslog: Grammar = {
  parser: 'syslog',
  lines: each(
    (t) =>
      `nginx: ${t.ip} - ${nginxEscaped(t.user)} [22/Nov/2026:05:02:17 +0000] "${nginxEscaped(request(t))}" 401 179 "-" "x"`,
    (t) =>
      `apache2[7]: ${t.ip} - ${apacheEscaped(t.user) || '-'} [22/Nov/2026:05:02:17 +0000] "${apacheEscaped(request(t))}" 401 1`,
  ).map((line) => (t: Talker) => cut(STAMP + line(t), 1000)),
};

const apacheCommon = (t: Talker): string =>
  `${t.ip} - ${apacheEscaped(t.user) || '-'} [22/Nov/2026:05:02:17 +0000] "${apacheEscaped(request(t))}" 401 639`;

const apacheAccess: Grammar = {
  parser: 'apache-access',
  lines: [
    apacheCommon,
    (t) => `${apacheCommon(t)} "${apacheEscaped(t.text)}" "${apacheEscaped(t.user)}"`,
    (t) => `shop.example:443 ${apacheCommon(t)} "${apacheEscaped(t.text)}" "${apacheEscaped(t.user)}"`,
  ],
};

/** nginx cuts the line at 2,048 bytes. */
const nginxError: Grammar = {
  parser: 'nginx-error',
  lines: each(
    (t: Talker) =>
      `open() "/var/www/${t.text}" failed (2: No such file or directory), client: ${t.ip}, server: shop.example, request: "GET /${oneLine(t.text)} HTTP/1.1", host: "${oneLine(t.user)}", referrer: "${oneLine(t.text)}"`,
    (t: Talker) =>
      `user "${t.user.replaceAll(':', '')}": password mismatch, client: ${t.ip}, server: , request: "${oneLine(t.text)}"`,
    (t: Talker) =>
      `access forbidden by rule, client: ${t.ip}, server: x, request: "GET /${oneLine(t.text)} HTTP/1.1", host: "${oneLine(t.user)}"`,
  ).map((line) => (t: Talker) => cut(`2026/11/22 05:02:17 [error] 67#67: *2 ${line(t)}`, 2047)),
};

const apacheError: Grammar = {
  parser: 'apache-error',
  lines: each(
    (t: Talker) =>
      `[core:info] [pid 1:tid 2] [client ${t.ip}:${t.port}] AH00128: File does not exist: /var/www/${apacheEscaped(t.text)}, referer: ${apacheEscaped(t.user)}`,
    (t: Talker) =>
      `[auth_basic:error] [pid 1:tid 2] [client ${t.ip}:${t.port}] AH01618: user ${apacheEscaped(t.user)} not found: /${apacheEscaped(t.text)}`,
    (t: Talker) => `[error] [client ${t.ip}] File does not exist: /var/www/${apacheEscaped(t.text)}`,
  ).map((line) => (t: Talker) => `[Sun Nov 22 05:02:24.141433 2026] ${line(t)}`),
};

/** A declared format, for the compiled scanner. */
export const JSON_FORMAT =
  'escape=json {"u":"$remote_user","ip":"$remote_addr","t":"$time_iso8601","r":"$request","s":$status}';
const declaredJson: Grammar = {
  parser: 'declared-json',
  lines: [
    (t) =>
      `{"u":"${jsonEscaped(t.user)}","ip":"${t.ip}","t":"2026-11-22T05:02:17+00:00","r":"${jsonEscaped(t.text)}","s":404}`,
  ],
};

export const GRAMMARS: readonly Grammar[] = [
  dovecot,
  exim,
  postfix,
  vsftpd,
  proftpd,
  login,
  local,
  kernel,
  nginxAccess,
  apacheAccess,
  webThroughSyslog,
  nginxError,
  apacheError,
  declaredJson,
];
