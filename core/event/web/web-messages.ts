import { millis } from '../../base/time.ts';
import type { Fields } from '../fields.ts';
import { type MessageReader, messageReader } from '../reader.ts';
import { UTC } from '../syslog-time.ts';
import { apacheAccess, nginxAccess } from './access.ts';
import type { AccessReader } from './access-reader.ts';
import { APACHE_ERROR } from './apache-error.ts';
import { HTTP_ACTIONS, type HttpAction, WEB_ERROR_ACTIONS, type WebErrorAction } from './http-actions.ts';
import { NGINX_ERROR } from './nginx-error.ts';

type WebAction = HttpAction | WebErrorAction;

/** A web server that sends both its logs to syslog under the same tag. The error log's form is tried first: it is the stricter. */
const bothLogs = (errors: MessageReader<WebErrorAction>, access: AccessReader): MessageReader<WebAction> =>
  messageReader<WebAction>({
    ...errors,
    actions: { ...HTTP_ACTIONS, ...WEB_ERROR_ACTIONS },
    read(message: string, fields: Fields, program: string) {
      const error = errors.read(message, fields, program);
      if (error !== undefined) return error;
      const found = access(message, EPOCH, UTC);
      if (found === undefined) return undefined;
      Object.assign(fields, found.fields, { isCut: fields.isCut });
      return found.action;
    },
  });

/** The line's time is syslog's; the one within it is read only to see its form. */
const EPOCH = millis(0);

export const nginxMessages = (): MessageReader<WebAction> => bothLogs(NGINX_ERROR, nginxAccess());

export const apacheMessages = (): MessageReader<WebAction> => bothLogs(APACHE_ERROR, apacheAccess());
