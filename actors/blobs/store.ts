import { createHash } from 'node:crypto';
import type { BlobRefusal, Blobs, NewBlob } from '../../core/api/blobs.ts';
import type { ReplySource } from '../../core/api/http.ts';
import type { BlobRecord } from '../../core/base/blob.ts';
import type { Component } from '../../core/base/component.ts';
import { uuidv7 } from '../../core/base/ids.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { days, hasPassed, type Millis, minutes, plus } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import { blobs as collection } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';
import type { Service } from '../supervisor/index.ts';
import type { BlobDisk, StagedFile } from './disk.ts';

export interface BlobStoreDeps {
  readonly disk: BlobDisk;
  readonly records: Records;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Bytes of content, what is arriving included. */
  readonly quota: number;
}

/** How often expired records are looked for. */
const SWEEP: Millis = minutes(10);
const FULL_CODES: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** How long content that has lost its record is kept for somebody to find it. */
const RECOVERED_FOR: Millis = days(7);

/**
 * Files by content, each as long as a record refers to it. Content is on disk before its record and goes after it: a
 * death in between leaves content without a record, never the reverse. Such content, or all of it when the store has
 * lost its records, gets a record for a week at the next start and is not removed in silence.
 */
export class BlobStore implements Blobs, Service {
  readonly id = 'blobs';
  readonly #deps: BlobStoreDeps;
  /** Content and record change together, one blob at a time. */
  readonly #turns = new Turns();
  /** Sizes by SHA-256; undefined while stopped. */
  #content: Map<string, number> | undefined;
  /** Of content. */
  #bytes = 0;
  /** Of what is staged and may become content. */
  #arriving = 0;
  /** SHA-256 of content that a record refers to and that is not on disk. */
  #missing = new Set<string>();
  #cancelSweep = () => {};
  #since: Millis;

  constructor(deps: BlobStoreDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
  }

  /** Rejects when folder or records cannot be read. */
  async start(): Promise<void> {
    const { disk, clock, log } = this.#deps;
    const content = new Map((await disk.open()).map(({ sha256, size }) => [sha256, size]));
    const wanted = new Set<string>();
    for await (const [, { sha256 }] of this.#deps.records.list(collection, [])) wanted.add(sha256);
    this.#missing = new Set([...wanted].filter((sha256) => !content.has(sha256)));
    if (this.#missing.size > 0) log('warn', 'files are missing', { sha256: [...this.#missing].slice(0, 10) });
    for (const [sha256, size] of content) if (!wanted.has(sha256)) await this.#recover(sha256, size);
    this.#content = content;
    this.#bytes = [...content.values()].reduce((sum, size) => sum + size, 0);
    this.#since = clock.now();
    this.#sweepLater();
  }

  async stop(): Promise<void> {
    this.#cancelSweep();
    await this.#turns.run(async () => {
      this.#content = undefined;
    });
  }

  async put(blob: NewBlob): Promise<Result<BlobRecord, BlobRefusal>> {
    if (this.#content === undefined) return stopped;
    let staged: StagedFile | undefined;
    const arriving = { size: 0 };
    try {
      staged = await this.#deps.disk.stage();
      const taken = await this.#take(blob, staged, arriving);
      if (!taken.ok) return taken;
      const file = staged;
      return await this.#turns.run(() => this.#keep(blob, { file, sha256: taken.value, size: arriving.size }));
    } catch (thrown) {
      return this.#refusal(thrown);
    } finally {
      this.#arriving -= arriving.size;
      await staged?.discard();
    }
  }

  async find(id: string): Promise<BlobRecord | undefined> {
    const found = await this.#deps.records.get(collection, [id]);
    return found === undefined || hasPassed(found.expiresAt, this.#deps.clock.now()) ? undefined : found;
  }

  async list({ limit, before }: Parameters<Blobs['list']>[0]): Promise<readonly BlobRecord[]> {
    const page: BlobRecord[] = [];
    const range = { reverse: true, ...(before === undefined ? {} : { after: [before] as const }) };
    const now = this.#deps.clock.now();
    for await (const [, record] of this.#deps.records.list(collection, [], range)) {
      if (page.length >= limit) break;
      if (!hasPassed(record.expiresAt, now)) page.push(record);
    }
    return page;
  }

  async open({ sha256 }: BlobRecord, from: number, length: number): Promise<Result<ReplySource, 'gone'>> {
    const source = await this.#deps.disk.read(sha256, from, length);
    return source === undefined ? fail('gone', 'the content is no longer on disk') : ok(source);
  }

  delete(id: string): Promise<Result<BlobRecord, 'not_found' | 'failed'>> {
    return this.#turns.run(async () => {
      const record = await this.find(id);
      return record === undefined ? fail('not_found', 'there is no such file') : this.#forget(record);
    });
  }

  component(): Component {
    const counters = { bytes: this.#bytes, quota: this.#deps.quota, files: this.#content?.size ?? 0 };
    const about = { name: this.id, since: this.#since, counters };
    if (this.#content === undefined) return { ...about, state: 'off' };
    if (this.#missing.size === 0) return { ...about, state: 'ok' };
    return { ...about, state: 'degraded', message: `${this.#missing.size} files that should be there are not on disk` };
  }

  /** @returns the SHA-256 of what arrived */
  async #take(
    { content }: NewBlob,
    file: StagedFile,
    arriving: { size: number },
  ): Promise<Result<string, BlobRefusal>> {
    const hash = createHash('sha256');
    for (;;) {
      const piece = await content.next();
      if (!piece.ok) return piece;
      if (piece.value === undefined) return ok(hash.digest('hex'));
      if (this.#bytes + this.#arriving + piece.value.length > this.#deps.quota) {
        return fail('full', `there is room for ${this.#deps.quota} bytes of files in all, and it is used up`);
      }
      arriving.size += piece.value.length;
      this.#arriving += piece.value.length;
      hash.update(piece.value);
      await file.write(piece.value);
    }
  }

  async #keep(
    { name, mediaType, owner, expiresAt }: NewBlob,
    { file, sha256, size }: { readonly file: StagedFile; readonly sha256: string; readonly size: number },
  ): Promise<Result<BlobRecord, BlobRefusal>> {
    const { records, clock, random } = this.#deps;
    if (this.#content === undefined) return stopped;
    if (!this.#content.has(sha256)) {
      await file.keep(sha256);
      this.#content.set(sha256, size);
      this.#missing.delete(sha256);
      this.#bytes += size;
    }
    const now = clock.now();
    const record: BlobRecord = {
      id: uuidv7(now, random),
      sha256,
      size,
      name,
      mediaType,
      createdAt: now,
      owner,
      expiresAt,
    };
    const written = await records.write((writes) => writes.put(collection, [record.id], record), { sync: true });
    if (written.ok) return ok(record);
    await this.#removeUnused(sha256);
    return fail('failed', 'the record of the file could not be stored', written);
  }

  async #forget(record: BlobRecord): Promise<Result<BlobRecord, 'failed'>> {
    const { records } = this.#deps;
    const written = await records.write((writes) => writes.delete(collection, [record.id]), { sync: true });
    if (!written.ok) return fail('failed', 'the record of the file could not be removed', written);
    await this.#removeUnused(record.sha256);
    return ok(record);
  }

  /** Content that cannot be removed now is removed at the next start. */
  async #removeUnused(sha256: string): Promise<void> {
    const { records, disk, log } = this.#deps;
    try {
      for await (const _ of records.find(collection, 'content', [sha256], { limit: 1 })) return;
      await disk.remove(sha256);
      this.#bytes -= this.#content?.get(sha256) ?? 0;
      this.#content?.delete(sha256);
      this.#missing.delete(sha256);
    } catch (cause) {
      log('warn', 'a file that nobody needs could not be removed', { sha256, cause: messageOf(cause) });
    }
  }

  async #recover(sha256: string, size: number): Promise<void> {
    const { records, clock, random, log } = this.#deps;
    const now = clock.now();
    const record: BlobRecord = {
      id: uuidv7(now, random),
      sha256,
      size,
      name: `recovered-${sha256.slice(0, 12)}`,
      mediaType: 'application/octet-stream',
      createdAt: now,
      owner: 'recovered',
      expiresAt: plus(now, RECOVERED_FOR),
    };
    const written = await records.write((writes) => writes.put(collection, [record.id], record));
    log('warn', 'a file without a record was found', { sha256, kept: written.ok });
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#deps.clock.after(SWEEP, () => {
      this.#turns
        .run(() => this.#sweep())
        .catch((cause: unknown) =>
          this.#deps.log('warn', 'expired files were not removed', { cause: messageOf(cause) }),
        )
        .finally(() => {
          if (this.#content !== undefined) this.#sweepLater();
        });
    });
  }

  async #sweep(): Promise<void> {
    const { records, clock } = this.#deps;
    const expired: BlobRecord[] = [];
    for await (const [, record] of records.list(collection, [])) {
      if (hasPassed(record.expiresAt, clock.now())) expired.push(record);
    }
    for (const record of expired) await this.#forget(record);
  }

  #refusal(thrown: unknown): Result<never, BlobRefusal> {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    return FULL_CODES.includes(code)
      ? fail('full', 'the disk is full', thrown)
      : fail('failed', 'the file could not be written', thrown);
  }
}

const stopped = fail('failed', 'files are not taken at present');
