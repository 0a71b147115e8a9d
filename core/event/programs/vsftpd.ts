import { readCtime } from '../clock-text.ts';
import { onlyIndexOf, SYSLOG_BYTES, setName, setPeer } from '../fields.ts';
import type { OwnHeader } from '../message-parser.ts';
import { ownMessage } from '../own-header.ts';
import { messageReader } from '../reader.ts';
import { Scan } from '../scan.ts';
import type { ZoneOffset } from '../syslog-time.ts';
import { FTP_ACTIONS, type FtpAction } from './ftp-actions.ts';

const CLIENT = ': Client "';

const ACTIONS: Readonly<Record<string, FtpAction>> = {
  'OK LOGIN': 'ftp_login',
  'FAIL LOGIN': 'ftp_login_failed',
  CONNECT: 'ftp_connection',
  'FTP command': 'ftp_session',
  'FTP response': 'ftp_session',
  DEBUG: 'ftp_server',
};

const FILE_ACTION = /^(?:OK|FAIL) (?:DOWNLOAD|UPLOAD|MKDIR|RMDIR|DELETE|RENAME|CHMOD)$/;

/**
 * vsftpd's log: `[USER] FAIL LOGIN: Client "ADDRESS"`, then perhaps an anonymous user's password, a file name or an FTP
 * command. The client's words stand on both sides of its address. A login by name has nothing behind the address; of
 * every other line that holds `: Client "` twice neither is believed.
 */
export const VSFTPD = messageReader<FtpAction>({
  name: 'vsftpd',
  description: 'vsftpd: its own log or through syslog',
  programs: ['vsftpd'],
  senders: [
    { who: 'root', exes: ['/usr/sbin/vsftpd'], units: ['vsftpd.service', 'vsftpd@*.service'] },
    { who: 'unit', exes: ['/usr/sbin/vsftpd'], units: ['vsftpd.service', 'vsftpd@*.service'] },
  ],
  actions: FTP_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields) {
    fields.service = 'ftp';
    const start = clientOf(message, fields.isCut);
    if (start < 0) return message.includes(CLIENT) ? 'ftp_server' : undefined;
    const end = message.indexOf('"', start + CLIENT.length);
    if (end < 0) return 'ftp_server';
    const head = message.slice(0, start);
    const named = head.startsWith('[') ? head.lastIndexOf('] ') : -1;
    const what = named < 0 ? head : head.slice(named + 2);
    setPeer(message.slice(start + CLIENT.length, end), undefined, fields);
    if (named > 0) setName(head.slice(1, named), fields);
    const refused = what === 'CONNECT' && message.startsWith('", "Connection refused', end);
    if (refused) return 'ftp_refused';
    return (
      (Object.hasOwn(ACTIONS, what) ? ACTIONS[what] : undefined) ?? (FILE_ACTION.test(what) ? 'ftp_file' : 'ftp_server')
    );
  },
});

/** Users who log in with a password of their own choosing, which is logged behind the address. */
const ANONYMOUS = /^\[(?:ftp|anonymous)\] /i;
const LOGIN_AT_END = /^\[.*\] (?:OK|FAIL) LOGIN: Client "[0-9a-f.:]+"$/;

/** Where the true `: Client "` stands, or -1 when that is not certain. */
function clientOf(message: string, isCut: boolean): number {
  const only = onlyIndexOf(message, CLIENT);
  if (only >= 0 || isCut) return only;
  return LOGIN_AT_END.test(message) && !ANONYMOUS.test(message) ? message.lastIndexOf(CLIENT) : -1;
}

/** `Sat Nov 22 05:04:34 2026 [pid 289] message` */
export const vsftpdHeader =
  (zone: ZoneOffset): OwnHeader =>
  (text, receivedAt) => {
    if (text.charCodeAt(3) !== 0x20 || text.charCodeAt(7) !== 0x20) return undefined;
    const scan = new Scan(text);
    const at = readCtime(scan, zone);
    if (at === undefined || !text.startsWith(' [pid ', scan.at)) return undefined;
    const close = text.indexOf('] ', scan.at);
    if (close < 0) return undefined;
    return ownMessage({
      at,
      receivedAt,
      program: 'vsftpd',
      pid: text.slice(scan.at + 6, close),
      message: text.slice(close + 2),
    });
  };
