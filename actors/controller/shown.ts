import { type Millis, rfc3339 } from '../../core/base/time.ts';
import { shardName } from '../../core/link/topics.ts';
import { decodeReported } from '../link-wire/index.ts';
import type { Controller } from './controller.ts';
import type { Member } from './fleet.ts';

type Json = Readonly<Record<string, unknown>>;

/** An appliance in one row. */
export function memberFacts({ serial, shard, record, presence, standing, reportedAt }: Member): Json {
  return {
    serial,
    shard: shardName(shard),
    labels: record.labels,
    online: presence === undefined ? null : presence.online,
    since: presence === undefined ? null : momentOf(presence.since),
    ...(presence?.reason ? { reason: presence.reason } : {}),
    version: standing?.version ?? presence?.version ?? null,
    hostname: standing?.hostname ?? null,
    mode: standing?.mode ?? null,
    blocks: standing?.blocks ?? null,
    troubles: standing?.troubles ?? null,
    desired:
      standing === undefined ? null : { generation: standing.desired.generation, standing: standing.desired.standing },
    on_trial: standing?.change?.summary ?? null,
    reported_at: reportedAt === undefined ? null : rfc3339(reportedAt),
    revoked: record.revoked !== undefined,
  };
}

/** All that is known of one. */
export function shownMember({ streams, clock }: Controller, member: Member): Json {
  const { record, reported } = member;
  const read = reported === undefined ? undefined : decodeReported(Buffer.from(reported, 'latin1'));
  const now = clock.now();
  return {
    ...memberFacts(member),
    enrolled_at: record.enrolledAt === undefined ? null : rfc3339(record.enrolledAt),
    token: record.token ?? null,
    device_key: record.deviceKey ?? null,
    certificates: record.certificates.map(({ serial, until, revokedAt }) => ({
      serial,
      until: rfc3339(until),
      state: revokedAt !== undefined ? 'revoked' : until < now ? 'over' : 'good',
    })),
    ...(record.revoked === undefined
      ? {}
      : { revoked_at: rfc3339(record.revoked.at), revoked_because: record.revoked.reason }),
    streams: streams.positionOf(member.serial).map(([stream, { epoch, taken, held }]) => ({
      stream,
      epoch,
      taken,
      held: held.length,
    })),
    reported: read?.ok === true ? read.value : null,
  };
}

/** A clock that was not set yet tells moments that no calendar has. */
const momentOf = (at: Millis): string | null => (at > 0 && at <= 8.64e15 ? rfc3339(at) : null);
