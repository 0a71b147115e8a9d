import { fail } from '../../core/base/result.ts';
import { STREAMS } from '../../core/link/stream.ts';
import { shardOf } from '../../core/link/topics.ts';
import { type Asked, type Json, meant, type Reply, refusal, said, textIn } from './control.ts';
import type { Controller } from './controller.ts';
import type { Member } from './fleet.ts';

/** How far the streams of appliances were taken, beside what they report. */
export async function askStreams(controller: Controller, { query }: Asked): Promise<Reply> {
  const members = meant(controller, query['who'] ?? 'all');
  return members.ok ? said(members.value.flatMap((member) => rowsOf(controller, member))) : refusal(members);
}

function rowsOf({ streams }: Controller, { serial, standing }: Member): readonly Json[] {
  const positions = new Map(streams.positionOf(serial));
  return STREAMS.flatMap((stream) => {
    const taken = positions.get(stream);
    const reported = standing?.streams.find((one) => one.stream === stream);
    if (taken === undefined && reported === undefined) return [];
    return [
      {
        serial,
        stream,
        epoch: taken?.epoch ?? null,
        taken: taken?.taken ?? null,
        held: taken?.held.length ?? 0,
        reported_epoch: reported?.epoch ?? null,
      },
    ];
  });
}

/** Takes a stream up behind a number of the numbering that the appliance reports. */
export async function askRewind(controller: Controller, { json }: { readonly json: Json }): Promise<Reply> {
  const members = meant(controller, json['who']);
  if (!members.ok) return refusal(members);
  const stream = STREAMS.find((name) => name === textIn(json, 'stream'));
  const number = Number(json['number'] ?? Number.NaN);
  if (stream === undefined) return refusal(fail('usage', `the stream is missing: ${STREAMS.join(', ')}`));
  if (!Number.isSafeInteger(number) || number < 0) {
    return refusal(fail('usage', 'the NUMBER of the last item that is to count is missing; 0: none'));
  }
  const rows: Json[] = [];
  for (const member of members.value) {
    const { serial, standing } = member;
    const epoch = standing?.streams.find((one) => one.stream === stream)?.epoch;
    if (!controller.shards.isServed(shardOf(serial))) {
      return refusal(fail('refused', `${serial}: another controller serves its shard`));
    }
    if (epoch === undefined) return refusal(fail('refused', `${serial} has reported no numbering of ${stream}`));
    await controller.streams.rewind(serial, stream, epoch, number);
    rows.push(...rowsOf(controller, member).filter((row) => row['stream'] === stream));
  }
  return said(rows);
}
