import { Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import { type ControllerLinkStatus, type EnrollRefusal, LINK_STATES } from '../controller-link.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import type { ErrorCode } from '../problem.ts';

const Time = Type.String({ description: 'RFC 3339' });

export const LinkAnswer = Type.Object({
  enabled: Type.Boolean({ description: 'controller.enabled, as it is in effect' }),
  state: Type.Enum([...LINK_STATES], {
    description: 'off: there is to be no connection. pausing: every broker was tried, and the next round waits',
  }),
  enrolled: Type.Optional(
    Type.Object({
      tenant: Type.String({ description: 'The fleet' }),
      shard: Type.Integer({ minimum: 0, maximum: 63 }),
      serial: Type.String(),
      url: Type.String({ description: 'Of the enrolment server, which renews the certificate, too' }),
      certificate_until: Time,
      revoked: Type.Optional(Type.String({ description: 'Why the controller does not want it any more' })),
    }),
  ),
  broker: Type.Optional(Type.String({ description: 'Where it is connected' })),
  since: Type.Optional(Time),
  trouble: Type.Optional(Type.String()),
  waiting_bytes: Type.Integer({ minimum: 0, description: 'What waits to be sent' }),
});

export const controllerLink = endpoint({
  name: 'controllerLink',
  method: 'GET',
  path: '/api/v1/controller-link',
  scope: 'read',
  summary: 'The link to a controller: as whom this appliance is enrolled, and where it is connected',
  response: LinkAnswer,
  errors: [],
  handler: async ({ deps: { controllerLink: link } }) => ({ ok: true, value: answerOf(await link.status()) }),
});

export const enroll = endpoint({
  name: 'enroll',
  method: 'POST',
  path: '/api/v1/controller-link/enroll',
  scope: 'admin',
  summary: 'Take this appliance into the fleet that an enrolment token names',
  body: Type.Object({
    token: Type.String({
      minLength: 1,
      maxLength: 4096,

      description: 'As the controller made it: bze1.…',
    }),
  }),
  example: { body: { token: 'bze1.e30' } },
  response: LinkAnswer,
  errors: ['bad_request', 'conflict', 'unavailable', 'internal'],
  audit: { action: 'enroll' },
  handler: async ({ deps: { controllerLink: link }, body }) => {
    const enrolled = await link.enroll(body.token);
    return enrolled.ok
      ? { ok: true, value: answerOf(enrolled.value) }
      : refuse(CODES[enrolled.code], enrolled.public, enrolled.cause);
  },
});

const CODES: Readonly<Record<EnrollRefusal, ErrorCode>> = {
  bad_token: 'bad_request',
  unreachable: 'unavailable',
  untrusted: 'conflict',
  refused: 'conflict',
  revoked: 'conflict',
  bad_answer: 'conflict',
  failed: 'internal',
};

export const leaveController = endpoint({
  name: 'leaveController',
  method: 'POST',
  path: '/api/v1/controller-link/leave',
  scope: 'admin',
  summary: 'Leave the fleet: key and certificate are deleted',
  response: Type.Object({ status: Type.String() }),
  errors: ['internal'],
  audit: { action: 'leave_controller' },
  handler: async ({ deps: { controllerLink: link } }) => {
    const left = await link.leave();
    return left.ok ? { ok: true, value: { status: 'left' } } : refuse('internal', left.public, left.cause);
  },
});

function answerOf({ isEnabled, enrolled, since, waitingBytes, ...rest }: ControllerLinkStatus) {
  return {
    ...rest,
    enabled: isEnabled,
    waiting_bytes: waitingBytes,
    ...(since === undefined ? {} : { since: rfc3339(since) }),
    ...(enrolled === undefined ? {} : { enrolled: enrolledAs(enrolled) }),
  };
}

function enrolledAs({ certificateUntil, ...as }: NonNullable<ControllerLinkStatus['enrolled']>) {
  return { ...as, certificate_until: rfc3339(certificateUntil) };
}
