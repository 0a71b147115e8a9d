import { Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import type { Finding } from '../../detect/finding.ts';
import { endpoint } from '../deps.ts';
import { severityInt } from './wire.ts';

/** CSM's Finding as far as this version attributes one, then `id`, which is ours. */
export const FindingEvent = Type.Object({
  severity: Type.Integer({ minimum: 0, maximum: 2 }),
  check: Type.String(),
  message: Type.String(),
  details: Type.Optional(Type.String()),
  source_ip: Type.Optional(Type.String()),
  timestamp: Type.String({ description: 'RFC 3339' }),
  id: Type.String(),
});

export const events = endpoint({
  name: 'events',
  method: 'GET',
  path: '/api/v1/events',
  scope: 'read',
  summary: 'Server-sent events: every finding as it is made; the event id is its serial number',
  response: FindingEvent,
  transport: 'sse',
  errors: ['unavailable'],
  handler: async ({ deps }) => ({
    ok: true,
    stream: (send, signal) => {
      const leave = deps.appliance.onFinding((finding, serial) =>
        send({ id: String(serial), data: findingEvent(finding) }),
      );
      signal.addEventListener('abort', leave, { once: true });
    },
  }),
});

export const findingEvent = ({ id, at, check, severity, message, details, subject }: Finding) => ({
  severity: severityInt(severity),
  check,
  message,
  ...(details === undefined ? {} : { details }),
  ...(subject.kind === 'ip' ? { source_ip: subject.value } : {}),
  timestamp: rfc3339(at),
  id,
});
