import { fail, type Result } from '../../core/base/result.ts';
import { type Millis, plus, seconds } from '../../core/base/time.ts';
import { standsOtherwise } from '../../core/controller/desired.ts';
import { type ApplianceRecord, appliances } from '../../core/controller/records.ts';
import { isMeant, type Labels, type Target } from '../../core/controller/targets.ts';
import type { ChangeOnTrial, DesiredState, Presence, Reported, StreamState } from '../../core/link/reported.ts';
import { shardOf } from '../../core/link/topics.ts';
import type { Records } from '../store/index.ts';
import type { Happenings } from './happenings.ts';

/** What is kept in memory of an appliance: small, there are thousands. */
export interface Member {
  readonly serial: string;
  readonly shard: number;
  record: ApplianceRecord;
  presence: Presence | undefined;
  /** What it reported last, a character a byte (Latin-1), decoded again when somebody asks: bytes of their own cost 200 more. */
  reported: string | undefined;
  reportedAt: Millis | undefined;
  standing: Standing | undefined;
}

/** Of what was reported, what orders and lists go by. */
export interface Standing {
  readonly hostname: string;
  readonly version: string;
  /** Subsystems that are not well. */
  readonly troubles: number;
  readonly mode: string;
  readonly blocks: number;
  readonly change: ChangeOnTrial | undefined;
  readonly desired: DesiredState;
  readonly streams: readonly StreamState[];
  readonly keysGeneration: number;
}

/** More appliances than a controller of this size keeps are not taken into its book. */
const MOST_MEMBERS = 50_000;
const NEW: ApplianceRecord = { labels: {}, certificates: [] };

/** The appliances a controller knows: enrolled here, or heard of. */
export class Fleet {
  readonly #members = new Map<string, Member>();
  readonly #records: Records;
  readonly #happenings: Happenings;

  private constructor(records: Records, happenings: Happenings) {
    this.#records = records;
    this.#happenings = happenings;
  }

  static async open(records: Records, happenings: Happenings): Promise<Fleet> {
    const fleet = new Fleet(records, happenings);
    for await (const [[serial], record] of records.list(appliances, [])) fleet.#add(serial, record);
    return fleet;
  }

  get size(): number {
    return this.#members.size;
  }

  member(serial: string): Member | undefined {
    return this.#members.get(serial);
  }

  /** Sorted by serial. */
  meant(target: Target): readonly Member[] {
    if (target.kind === 'one') {
      const one = this.#members.get(target.serial);
      return one === undefined ? [] : [one];
    }
    return [...this.#members.values()]
      .filter(({ serial, record }) => isMeant(target, serial, record.labels))
      .sort((a, b) => (a.serial < b.serial ? -1 : 1));
  }

  /** One that was heard of; undefined where the book is full. */
  heard(serial: string): Member | undefined {
    const known = this.#members.get(serial);
    if (known !== undefined || this.#members.size >= MOST_MEMBERS) return known;
    return this.#add(serial, NEW);
  }

  /**
   * Writes down what changes of an appliance, which may be new. The change is made of what is written down by then, one after the
   * other, so it sees whatever became of the appliance meanwhile.
   * @param change fails where it is not to be after all
   */
  async keep<C extends string>(
    serial: string,
    change: (record: ApplianceRecord) => Result<ApplianceRecord, C>,
  ): Promise<Result<Result<ApplianceRecord, C>, 'failed'>> {
    const member = this.heard(serial);
    if (member === undefined) return fail('failed', 'the book is full');
    const kept = await this.#records.write(
      async (writes) => {
        const after = change((await writes.get(appliances, [serial])) ?? NEW);
        if (after.ok) await writes.put(appliances, [serial], after.value);
        return after;
      },
      { sync: true },
    );
    if (!kept.ok) return fail('failed', kept.public);
    if (kept.value.ok) member.record = kept.value.value;
    return kept;
  }

  async relabel(members: readonly Member[], labelsOf: (labels: Labels) => Labels): Promise<boolean> {
    const kept = await this.#records.write(
      async (writes) => {
        const changed: (readonly [Member, ApplianceRecord])[] = [];
        for (const member of members) {
          const before = (await writes.get(appliances, [member.serial])) ?? NEW;
          const record = { ...before, labels: labelsOf(before.labels) };
          await writes.put(appliances, [member.serial], record);
          changed.push([member, record]);
        }
        return changed;
      },
      { sync: true },
    );
    if (kept.ok) for (const [member, record] of kept.value) member.record = record;
    return kept.ok;
  }

  /** @returns whether it is news: a will of an earlier connection is none */
  notePresence(member: Member, presence: Presence): boolean {
    const before = member.presence;
    if (before?.run === presence.run && presence.connection < before.connection) return false;
    member.presence = presence;
    if (before?.online !== presence.online || before.run !== presence.run) {
      this.#happenings.tell({
        kind: 'presence',
        serial: member.serial,
        online: presence.online,
        ...(presence.reason === '' ? {} : { reason: presence.reason }),
      });
    }
    return true;
  }

  /** @returns whether it stands otherwise with what is desired of it than it said last, as far as the controller goes by that */
  noteReported(member: Member, bytes: Uint8Array, reported: Reported, at: Millis): boolean {
    const before = member.standing?.desired;
    member.reported = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    member.reportedAt = at;
    member.standing = standingOf(reported);
    const { desired } = reported;
    const isNews = before === undefined || standsOtherwise(before, desired);
    const { generation, standing, text } = desired;
    if (isNews && standing !== 'none') {
      this.#happenings.tell({ kind: 'desired', serial: member.serial, generation, standing, text });
    }
    return isNews;
  }

  #add(serial: string, record: ApplianceRecord): Member {
    const none = { presence: undefined, reported: undefined, reportedAt: undefined, standing: undefined };
    const member: Member = { serial, shard: shardOf(serial), record, ...none };
    this.#members.set(serial, member);
    return member;
  }
}

const standingOf = ({ facts, components, firewall, change, desired, streams, keysGeneration }: Reported): Standing => ({
  hostname: facts.hostname,
  version: facts.version,
  troubles: components.length,
  mode: firewall.mode,
  blocks: firewall.blocks,
  change,
  desired,
  streams,
  keysGeneration,
});

/** What is on trial at an appliance and can be confirmed now. */
export const onTrial = (member: Member, now: Millis): ChangeOnTrial | undefined => {
  const change = member.standing?.change;
  return change !== undefined && plus(change.until, seconds(30)) > now ? change : undefined;
};
