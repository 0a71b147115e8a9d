import { type Fields, setName, setPeer } from '../fields.ts';
import type { MailAction } from './mail-actions.ts';

/**
 * What stands behind the name in a message of the authentication process, as 2.3 writes it, `pam(USER,IP,<SESSION>): `,
 * and as 2.4 does, `auth(USER,IP,sasl:plain)<SESSION>: `. The name may hold the like where `auth_username_chars` was
 * widened, and what follows may quote it; so of several such places none is believed.
 */
const BEHIND_NAME = /,([0-9a-f.:]+)(?:,<[A-Za-z0-9+/=]*>|,sasl:[a-z0-9-]+)?\)(?:<\d+>)?(?:<[A-Za-z0-9+/=]*>)?: /g;

export function authMessage(message: string, fields: Fields): MailAction {
  if (!fields.isCut) readSubject(message, fields);
  // Unknown to one of perhaps several databases: that another knows the user is said elsewhere, or nowhere.
  if (message.includes('unknown user')) return 'mail_auth_user_unknown';
  const isFailure =
    message.includes('pam_authenticate() failed') ||
    message.includes('Password mismatch') ||
    message.includes('Username character disallowed') ||
    message.includes('Invalid password') ||
    message.includes('user not found') ||
    message.includes('CRAM-MD5 mismatch');
  return isFailure ? 'mail_auth_failed' : 'mail_auth_other';
}

function readSubject(message: string, fields: Fields): void {
  const [only, another] = [...message.matchAll(BEHIND_NAME)];
  if (only === undefined || another !== undefined) return;
  setPeer(only[1] ?? '', undefined, fields);
  const name = message.slice(message.lastIndexOf('(', only.index) + 1, only.index);
  if (!name.includes(',')) setName(name, fields);
}
