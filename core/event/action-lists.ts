import type { Actions } from './action.ts';
import { FTP_ACTIONS } from './programs/ftp-actions.ts';
import { LOGIN_ACTIONS } from './programs/login.ts';
import { LOGIND_ACTIONS } from './programs/logind.ts';
import { MAIL_ACTIONS } from './programs/mail-actions.ts';
import { NETFILTER_ACTIONS } from './programs/netfilter.ts';
import { PAM_ACTIONS } from './programs/pam.ts';
import { SMTP_ACTIONS } from './programs/smtp-actions.ts';
import { SU_ACTIONS } from './programs/su.ts';
import { SUDO_ACTIONS } from './programs/sudo.ts';
import { SSH_ACTIONS } from './sshd/actions.ts';
import { HTTP_ACTIONS, WEB_ERROR_ACTIONS } from './web/http-actions.ts';

/** The closed lists of everything that built-in parsers can say; no word is on two of them. */
export const ACTION_LISTS = {
  ssh: { title: 'SSH', actions: SSH_ACTIONS },
  pam: { title: 'PAM', actions: PAM_ACTIONS },
  sudo: { title: 'sudo', actions: SUDO_ACTIONS },
  su: { title: 'su', actions: SU_ACTIONS },
  login: { title: 'login', actions: LOGIN_ACTIONS },
  logind: { title: 'systemd-logind', actions: LOGIND_ACTIONS },
  mail: { title: 'Mailboxes', actions: MAIL_ACTIONS },
  smtp: { title: 'SMTP', actions: SMTP_ACTIONS },
  ftp: { title: 'FTP', actions: FTP_ACTIONS },
  packets: { title: 'Packets', actions: NETFILTER_ACTIONS },
  http: { title: 'Web access', actions: HTTP_ACTIONS },
  web: { title: 'Web errors', actions: WEB_ERROR_ACTIONS },
} as const satisfies Readonly<Record<string, { readonly title: string; readonly actions: Actions }>>;

export type ActionListName = keyof typeof ACTION_LISTS;

export const ACTION_LIST_NAMES = Object.keys(ACTION_LISTS) as readonly ActionListName[];
