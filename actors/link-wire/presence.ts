import type { Result } from '../../core/base/result.ts';
import type { Presence, RunId } from '../../core/link/reported.ts';
import { v1 } from '../../proto/index.ts';
import { count, hex, moment, text, word } from './checks.ts';
import { decoder, type Unreadable } from './codec.ts';
import { saidCount, saidHex, saidMoment, saidText } from './said.ts';

const REASONS = ['', 'will', 'stopped', 'restarting', 'revoked'] as const;

export const decodePresence: (bytes: Uint8Array) => Result<Presence, Unreadable> = decoder(
  'Presence',
  v1.Presence,
  (message): Presence => ({
    online: message.online,
    since: moment(message.since, 'since'),
    bootId: text(message.bootId, 'boot_id', 64),
    connection: count(message.connection, 'connection'),
    version: text(message.version, 'version', 64),
    reason: word(message.reason, 'reason', REASONS),
    run: hex(message.run, 'run', 16) as RunId,
  }),
);

export const encodePresence = (presence: Presence): Uint8Array =>
  v1.Presence.encode({
    online: presence.online,
    since: saidMoment(presence.since),
    bootId: saidText(presence.bootId, 64),
    connection: saidCount(presence.connection),
    version: saidText(presence.version, 64),
    reason: presence.reason,
    run: saidHex(presence.run),
  }).finish();
