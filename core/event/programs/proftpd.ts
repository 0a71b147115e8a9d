import { readLocalTime } from '../clock-text.ts';
import { type Fields, SYSLOG_BYTES, setName, setPeer } from '../fields.ts';
import type { OwnHeader } from '../message-parser.ts';
import { ownMessage } from '../own-header.ts';
import { messageReader } from '../reader.ts';
import { Scan } from '../scan.ts';
import type { ZoneOffset } from '../syslog-time.ts';
import { FTP_ACTIONS, type FtpAction } from './ftp-actions.ts';

/**
 * ProFTPD: `SERVER (NAME[ADDRESS]) - message` through syslog, `SERVER (NAME[ADDRESS]): message` in its own log. Nothing of
 * the client's stands before its address, and a host name has no bracket.
 */
export const PROFTPD = messageReader<FtpAction>({
  name: 'proftpd',
  description: 'ProFTPD: its own log or through syslog',
  programs: ['proftpd'],
  senders: [
    { who: 'root', exes: ['/usr/sbin/proftpd'], units: ['proftpd.service', 'proftpd@*.service'] },
    { who: 'unit', exes: ['/usr/sbin/proftpd'], units: ['proftpd.service', 'proftpd@*.service'] },
  ],
  actions: FTP_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields) {
    fields.service = 'ftp';
    const client = CLIENT.exec(message);
    if (client === null) return / - |^\S+: /.test(message) ? 'ftp_server' : undefined;
    setPeer(client[1] ?? '', undefined, fields);
    return said(message.slice(client[0].length), fields);
  },
});

const CLIENT = /^\S+ \([^[\]() ]*\[([0-9A-Fa-f.:]+)\]\)(?: - |: )/;

const FAILED = ' (Login failed): ';
const NO_SUCH_USER = ': no such user found from ';
const NOT_AUTHORIZED = ': not authorized';

function said(text: string, fields: Fields): FtpAction {
  if (text.startsWith('USER ')) return ofUser(text.slice('USER '.length), fields);
  if (text.startsWith('SECURITY VIOLATION')) {
    if (text.includes('oot login')) fields.user = 'root';
    return 'ftp_root_refused';
  }
  if (text.startsWith('Maximum login attempts')) return 'ftp_max_attempts';
  if (
    text.startsWith('FTP session opened') ||
    text.startsWith('FTP session closed') ||
    text.includes(' session opened.')
  ) {
    return 'ftp_session';
  }
  const anonymous = 'ANON ';
  if (text.startsWith(anonymous) && text.includes(': Login successful')) return 'ftp_login';
  if (text.startsWith('client sent ') && text.includes(' disconnecting')) return 'ftp_protocol_error';
  if (/^(?:Connection (?:refused|denied)|Refused |Host access denied|notice: user)/.test(text)) return 'ftp_refused';
  return /timeout|timed out|session closed/i.test(text) ? 'ftp_session' : 'ftp_server';
}

/** The name is the client's: its end is where the server's words stand last. */
function ofUser(text: string, fields: Fields): FtpAction {
  const unknown = text.lastIndexOf(NO_SUCH_USER);
  const failed = text.lastIndexOf(FAILED);
  if (unknown > failed) {
    setName(text.slice(0, unknown), fields);
    fields.userUnknown = true;
    return 'ftp_login_failed';
  }
  if (failed >= 0) {
    setName(text.slice(0, failed), fields);
    return 'ftp_login_failed';
  }
  const success = text.lastIndexOf(': Login successful');
  if (success >= 0) {
    setName(text.slice(0, success), fields);
    return 'ftp_login';
  }
  const refused = text.lastIndexOf(NOT_AUTHORIZED);
  if (refused >= 0) setName(text.slice(0, refused), fields);
  return refused >= 0 ? 'ftp_login_failed' : 'ftp_server';
}

/** `2026-11-22 05:04:04,184 host proftpd[260] SERVER (NAME[ADDRESS]): message` */
export const proftpdHeader =
  (zone: ZoneOffset): OwnHeader =>
  (text, receivedAt) => {
    if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(10) !== 0x20) return undefined;
    const scan = new Scan(text);
    const at = readLocalTime(scan, '-', zone);
    if (at === undefined || !scan.skip(0x20)) return undefined;
    const host = scan.word();
    const tag = 'proftpd[';
    const close = text.indexOf('] ', scan.at);
    if (!text.startsWith(tag, scan.at) || close < 0) return undefined;
    const pid = text.slice(scan.at + tag.length, close);
    return ownMessage({ at, receivedAt, host, program: 'proftpd', pid, message: text.slice(close + 2) });
  };
