import { Type } from 'typebox';
import { ok, type Result } from '../../base/result.ts';
import { type Deadline, type Millis, parseDuration, plus } from '../../base/time.ts';
import type { Origin } from '../../respond/decision.ts';
import type { Principal } from '../auth.ts';

/** Fields of whatever an operator orders for a time. */
export const ORDER_FIELDS = {
  reason: Type.Optional(Type.String({ maxLength: 512 })),
  duration: Type.Optional(Type.String({ maxLength: 64, description: '30m, 24h, 7d; empty or 0 is permanent' })),
};

const ORIGINS: Readonly<Record<Principal['kind'], Origin>> = {
  session: 'web_ui',
  token: 'api',
  local: 'cli',
  anonymous: 'api',
};

/** By which door an order came in. */
export const originOf = ({ kind }: Principal): Origin => ORIGINS[kind];

/** When an order of this length, given now, ends. */
export function deadlineOf(duration: string, now: Millis): Result<Deadline, 'bad_duration'> {
  const length = parseDuration(duration);
  if (!length.ok) return length;
  return ok(length.value === 'never' ? 'never' : plus(now, length.value));
}

export const Warning = Type.Optional(Type.String({ description: 'Own: the kernel could not follow yet' }));

export const UndoToken = Type.String({
  description: 'For POST /api/v1/undo/run within 30 s; empty where there is nothing to take back',
});

/** `1 address`, `12 addresses and 1 network`. */
export function countText(addresses: number, networks = 0): string {
  const parts = [
    ...(addresses > 0 || networks === 0 ? [`${addresses} ${addresses === 1 ? 'address' : 'addresses'}`] : []),
    ...(networks > 0 ? [`${networks} ${networks === 1 ? 'network' : 'networks'}`] : []),
  ];
  return parts.join(' and ');
}

/** Under which refusal the lifting of blocks fails. */
export const liftRefusal = (code: 'observing' | 'failed'): 'unavailable' | 'internal' =>
  code === 'observing' ? 'unavailable' : 'internal';
