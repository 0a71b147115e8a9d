import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { fleetLists, type ListRecord } from '../../core/controller/records.ts';
import type { ListContent, ListDelta, ListManifest, ListPart } from '../../core/link/list.ts';
import {
  composed,
  contentOf,
  cut,
  decodeChange,
  decodeRows,
  differenceOf,
  encodeChange,
  type RowsChange,
} from '../../core/link/list-content.ts';
import { type ListRows, rowsOf } from '../../core/link/list-rows.ts';
import { isListName, listManifestTopic, listPartTopic } from '../../core/link/topics.ts';
import { totalOf } from '../../core/respond/lists/columns.ts';
import { ListReader } from '../../core/respond/lists/reader.ts';
import {
  decodeListChange,
  decodeListContent,
  digestOf,
  encodeListChange,
  encodeListContent,
} from '../link-wire/index.ts';
import type { Records } from '../store/index.ts';
import type { BrokerLink } from './broker-link.ts';
import { namesIn, writeWhole } from './files.ts';
import type { Happenings } from './happenings.ts';
import type { SigningKey } from './key-folder.ts';
import type { Press } from './press.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export interface FleetListsDeps {
  readonly tenant: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly records: Records;
  readonly happenings: Happenings;
  readonly press: Press;
  readonly link: () => BrokerLink;
  /** Where the content of the last generation is kept, and how those before it differ. */
  readonly folder: string;
}

export interface PublishedList {
  readonly name: string;
  readonly generation: number;
  readonly entries: number;
  /** What an appliance without the list fetches. */
  readonly wholeBytes: number;
  /** What one with the generation before fetches; undefined where there is none. */
  readonly deltaBytes: number | undefined;
  /** Lines of the file that are no entries. */
  readonly bad: number;
  /** Networks wider than is taken. */
  readonly wide: number;
}

/** As appliances take them; a fleet whose appliances take fewer says so in their reports. */
const MOST_ENTRIES = 1_000_000;
/** Entries a part has at most: some 200 KiB compressed. */
const PART = 65_536;
/** Generations whose difference to the last is published. */
const MOST_DELTAS = 8;
const WIDEST = { v4: 8, v6: 16 } as const;

/** A part as it is published. */
interface Carried extends ListPart {
  readonly payload: Uint8Array;
}

type Delta = Omit<ListDelta, 'part'> & { readonly part: Carried };
type Earlier = ListRecord['earlier'][number];

/** Publishes lists of addresses to the whole fleet: content in parts by their SHA-256, a signed manifest that names them. */
export class FleetLists {
  readonly #deps: FleetListsDeps;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: FleetListsDeps) {
    this.#deps = deps;
  }

  async all(): Promise<readonly (ListRecord & { readonly name: string })[]> {
    const found: (ListRecord & { readonly name: string })[] = [];
    for await (const [[name], record] of this.#deps.records.list(fleetLists, [])) found.push({ name, ...record });
    return found;
  }

  /** A new generation of a text in any format that bulk lists take. One publication at a time. */
  publish(
    name: string,
    purpose: ListManifest['purpose'],
    text: AsyncIterable<Uint8Array>,
    signer: SigningKey,
  ): Promise<Result<PublishedList, 'refused' | 'failed'>> {
    const turn = this.#last.then(() => this.#publish(name, purpose, text, signer));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Nothing of it is enforced any more. */
  withdraw(name: string, signer: SigningKey): Promise<Result<number, 'refused' | 'failed'>> {
    const turn = this.#last.then(() => this.#withdraw(name, signer));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Signs anew what was signed by a key that is believed no longer: who comes later would not take it. */
  signAnew(key: string, signer: SigningKey): Promise<void> {
    const turn = this.#last.then(async () => {
      for (const record of await this.all()) if (record.key === key) await this.#signAnew(record, signer);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Publishes manifests that the broker did not get before this controller stopped. */
  publishLeft(): Promise<void> {
    const turn = this.#last.then(async () => {
      for (const { name, envelope, ...record } of await this.all()) {
        if (envelope === undefined) continue;
        await this.#announce(name, Buffer.from(envelope, 'base64'));
        await this.#keep(name, record);
      }
    });
    this.#last = turn.catch((cause: unknown) =>
      this.#deps.log('warn', 'lists were not published', { cause: messageOf(cause) }),
    );
    return turn.catch(() => undefined);
  }

  async #withdraw(name: string, signer: SigningKey): Promise<Result<number, 'refused' | 'failed'>> {
    const before = await this.#deps.records.get(fleetLists, [name]);
    if (before === undefined) return fail('refused', `there is no list "${name.slice(0, 60)}"`);
    const manifest: ListManifest = {
      name,
      purpose: before.purpose,
      entries: 0,
      contentSha256: digestOf(contentBytes({ v4: NONE, v6: NONE })),
      whole: [],
      deltas: [],
      withdrawn: true,
    };
    const signed = await this.#sign(manifest, signer);
    if (!signed.ok) return signed;
    const { bytes, generation, at } = signed.value;
    const record = { ...manifest, generation, at, key: signer.name, retired: [], earlier: [] };
    const issued = await this.#issue(name, record, bytes, [...partsOf(before), ...before.retired]);
    if (!issued.ok) return issued;
    await rm(join(this.#deps.folder, name), { recursive: true, force: true });
    return ok(generation);
  }

  /**
   * Written down before it is said, and said before parts go that nobody needs behind it: whenever this controller is killed, what is
   * written down is what it says next.
   */
  async #issue(
    name: string,
    record: ListRecord & { readonly name?: string },
    bytes: Uint8Array,
    gone: readonly ListPart[],
  ): Promise<Result<void, 'failed'>> {
    const envelope = Buffer.from(bytes).toString('base64');
    const kept = await this.#keep(name, { ...record, envelope, retired: [...record.retired, ...gone] });
    if (!kept.ok) return kept;
    await this.#announce(name, bytes);
    await this.#clear(gone, [...partsOf(record), ...record.retired]);
    return this.#keep(name, record);
  }

  async #signAnew(record: ListRecord & { readonly name: string }, signer: SigningKey): Promise<void> {
    const { name, purpose, entries, contentSha256, whole, deltas, withdrawn } = record;
    const signed = await this.#sign({ name, purpose, entries, contentSha256, whole, deltas, withdrawn }, signer);
    if (!signed.ok) throw new Error(signed.public);
    const { bytes, generation, at } = signed.value;
    const { envelope: _, ...rest } = record;
    const issued = await this.#issue(name, { ...rest, generation, at, key: signer.name }, bytes, []);
    if (!issued.ok) throw new Error(issued.public);
  }

  async #publish(
    name: string,
    purpose: ListManifest['purpose'],
    text: AsyncIterable<Uint8Array>,
    signer: SigningKey,
  ): Promise<Result<PublishedList, 'refused' | 'failed'>> {
    if (!isListName(name))
      return fail('refused', `"${name.slice(0, 60)}" is no name of a list: small letters, digits and -`);
    const reader = new ListReader({ format: 'auto', maxEntries: MOST_ENTRIES, widest: WIDEST });
    for await (const chunk of text) reader.feed(chunk);
    const read = reader.end();
    if (!read.ok) return read;
    const { columns, bad, wide } = read.value;
    const before = await this.#deps.records.get(fleetLists, [name]);
    const rows = rowsOf(columns);
    const content = contentBytes(contentOf(rows));
    const contentSha256 = digestOf(content);
    const isSame = before?.contentSha256 === contentSha256 && before.purpose === purpose && !before.withdrawn;
    if (isSame && before.envelope === undefined)
      return fail('refused', `"${name}" is so already, in generation ${before.generation}`);
    const [whole, deltas] = [await wholeOf(rows), await this.#deltas(name, before, rows)];
    const wholeBytes = sizeOf(whole);
    const worth = deltas.filter(({ part }) => part.bytes < wholeBytes);
    const manifest: ListManifest = {
      name,
      purpose,
      entries: totalOf(columns),
      contentSha256,
      whole: whole.map(partOf),
      deltas: worth.map(({ part, ...delta }) => ({ ...delta, part: partOf(part) })),
      withdrawn: false,
    };
    const signed = await this.#sign(manifest, signer);
    if (!signed.ok) return signed;
    const { bytes, generation, at } = signed.value;
    await this.#write(name, generation, await compress(content), deltas);
    // What a manifest names is there before it is.
    for (const part of [...worth.map((delta) => delta.part), ...whole]) await this.#carry(part);
    const earlier = [{ generation, contentSha256 }, ...(before?.earlier ?? [])].slice(0, MOST_DELTAS);
    const named = [...manifest.whole, ...manifest.deltas.map(({ part }) => part)];
    const retired = before === undefined ? [] : partsOf(before).filter((part) => !isAmong(part, named));
    const record = { ...manifest, generation, at, key: signer.name, retired, earlier };
    const issued = await this.#issue(name, record, bytes, before?.retired ?? []);
    if (!issued.ok) return issued;
    await this.#removeOthers(name, generation, deltas);
    const [delta] = worth;
    this.#deps.happenings.tell({ kind: 'list', name, generation, entries: manifest.entries });
    return ok({ name, generation, entries: manifest.entries, wholeBytes, deltaBytes: delta?.part.bytes, bad, wide });
  }

  /** How the generations before differ; those that are not worth being fetched, too. */
  async #deltas(name: string, before: ListRecord | undefined, after: ListRows): Promise<readonly Delta[]> {
    const deltas: Delta[] = [];
    const [last, ...older] = before?.earlier ?? [];
    const old = last === undefined ? undefined : await this.#content(name, last);
    if (last === undefined || old === undefined) return deltas;
    const step = differenceOf(old, after);
    for (const from of [last, ...older]) {
      const change = from === last ? step : await this.#changeSince(name, from, last, step);
      const message = change === undefined ? undefined : encodeListChange(encodeChange(change));
      if (message?.ok !== true) continue;
      const { generation, contentSha256 } = from;
      deltas.push({ fromGeneration: generation, fromSha256: contentSha256, part: await carried(message.value) });
    }
    return deltas;
  }

  /** From an earlier generation to what comes, by way of the last one. */
  async #changeSince(
    name: string,
    { generation }: Earlier,
    last: Earlier,
    step: RowsChange,
  ): Promise<RowsChange | undefined> {
    const message = await this.#read(name, changeFile(generation, last.generation));
    const change = message === undefined ? undefined : decodeListChange(message);
    const first = change?.ok === true ? decodeChange(change.value) : undefined;
    const whole = first?.ok === true ? composed(first.value, step) : undefined;
    return whole?.ok === true ? whole.value : undefined;
  }

  /** The content of the last generation; undefined where the file is lost or damaged: then there are no deltas. */
  async #content(name: string, { generation, contentSha256 }: Earlier): Promise<ListRows | undefined> {
    const bytes = await this.#read(name, wholeFile(generation));
    if (bytes === undefined || digestOf(bytes) !== contentSha256) return undefined;
    const content = decodeListContent(bytes);
    const rows = content.ok ? decodeRows([content.value], MOST_ENTRIES) : content;
    return rows.ok ? rows.value : undefined;
  }

  async #read(name: string, file: string): Promise<Uint8Array | undefined> {
    try {
      return await decompress(await readFile(join(this.#deps.folder, name, file)));
    } catch (cause) {
      const about = { name, file, cause: messageOf(cause) };
      this.#deps.log('warn', 'an earlier generation of a list cannot be read', about);
      return undefined;
    }
  }

  async #write(name: string, generation: number, content: Uint8Array, deltas: readonly Delta[]): Promise<void> {
    const folder = join(this.#deps.folder, name);
    for (const { fromGeneration, part } of deltas) {
      await writeWhole(join(folder, changeFile(fromGeneration, generation)), part.payload, 0o600);
    }
    await writeWhole(join(folder, wholeFile(generation)), content, 0o600);
  }

  async #removeOthers(name: string, generation: number, deltas: readonly Delta[]): Promise<void> {
    const folder = join(this.#deps.folder, name);
    const kept = [wholeFile(generation), ...deltas.map((delta) => changeFile(delta.fromGeneration, generation))];
    for (const file of await namesIn(folder)) {
      if (!kept.includes(file)) await rm(join(folder, file), { force: true });
    }
  }

  async #sign(
    manifest: ListManifest,
    signer: SigningKey,
  ): Promise<Result<{ bytes: Uint8Array; generation: number; at: ListRecord['at'] }, 'refused' | 'failed'>> {
    const body = { kind: 'list', list: manifest } as const;
    const pressed = await this.#deps.press.one({ body, to: 'everybody' }, [signer]);
    if (!pressed.ok) return pressed;
    const { bytes, order } = pressed.value;
    return ok({ bytes, generation: order.generation, at: order.issuedAt });
  }

  async #keep(name: string, record: ListRecord & { readonly name?: string }): Promise<Result<void, 'failed'>> {
    const { name: _, ...kept } = record;
    const written = await this.#deps.records.write((writes) => writes.put(fleetLists, [name], kept), { sync: true });
    return written.ok ? ok(undefined) : fail('failed', written.public);
  }

  async #announce(name: string, payload: Uint8Array): Promise<void> {
    const { link, tenant } = this.#deps;
    await link().publish({ topic: listManifestTopic(tenant, name), payload, retain: true, message: 'Envelope' });
  }

  async #carry({ sha256, payload }: Carried): Promise<void> {
    const { link, tenant } = this.#deps;
    await link().publish({ topic: listPartTopic(tenant, sha256), payload, retain: true });
  }

  /** Has the broker keep parts no longer. */
  async #clear(parts: readonly ListPart[], kept: readonly ListPart[]): Promise<void> {
    const { link, tenant } = this.#deps;
    for (const { sha256 } of parts) {
      if (kept.some((part) => part.sha256 === sha256)) continue;
      await link().publish({ topic: listPartTopic(tenant, sha256), payload: NONE, retain: true });
    }
  }
}

const NONE = new Uint8Array(0);
const partsOf = (record: ListRecord): readonly ListPart[] => [
  ...record.whole,
  ...record.deltas.map(({ part }) => part),
];
const partOf = ({ sha256, bytes }: ListPart): ListPart => ({ sha256, bytes });
const isAmong = ({ sha256 }: ListPart, parts: readonly ListPart[]): boolean =>
  parts.some((part) => part.sha256 === sha256);
const sizeOf = (parts: readonly ListPart[]): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);

const wholeFile = (generation: number): string => `${generation}.zst`;
const changeFile = (from: number, to: number): string => `${from}-${to}.zst`;

/** One part after the other: compressing takes some megabytes. */
async function wholeOf(rows: ListRows): Promise<readonly Carried[]> {
  const parts: Carried[] = [];
  for (const some of cut(rows, PART)) parts.push(await carried(contentBytes(contentOf(some))));
  return parts;
}

async function carried(message: Uint8Array): Promise<Carried> {
  const payload = await compress(message);
  return { payload, sha256: digestOf(payload), bytes: payload.length };
}

/** @throws Error for a content beyond the largest that is taken, which `MOST_ENTRIES` rules out */
function contentBytes(content: ListContent): Uint8Array {
  const bytes = encodeListContent(content);
  if (!bytes.ok) throw new Error(bytes.public);
  return bytes.value;
}
