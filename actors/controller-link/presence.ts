import { type Millis, seconds } from '../../core/base/time.ts';
import type { Presence, RunId } from '../../core/link/reported.ts';
import { type ApplianceAddress, topicOf } from '../../core/link/topics.ts';
import { encodePresence } from '../link-wire/index.ts';
import type { Outgoing, Will } from './port.ts';

/** A connection that is back within this was not away. */
const WILL_DELAY: Millis = seconds(30);

export interface PresenceFacts {
  readonly address: ApplianceAddress;
  readonly bootId: string;
  readonly version: string;
  readonly run: RunId;
  readonly connection: number;
  readonly since: Millis;
}

export function presence(facts: PresenceFacts, reason: Presence['reason']): Outgoing {
  const { address, bootId, version, run, connection, since } = facts;
  return {
    topic: topicOf(address, { kind: 'presence' }),
    payload: encodePresence({ online: reason === '', since, bootId, connection, version, reason, run }),
    isRetained: true,
    message: 'Presence',
  };
}

/** What the broker says of us when we are gone. */
export const will = (facts: PresenceFacts): Will => ({ ...presence(facts, 'will'), delay: WILL_DELAY });
