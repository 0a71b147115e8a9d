import { fail, ok, type Result } from '../../core/base/result.ts';
import { Turns } from '../../core/base/turns.ts';
import type { Change, Verdict } from '../../core/change/change.ts';
import { decodeChange, encodeChange, ended } from '../../core/change/record.ts';
import {
  countFailures,
  decodeAttributes,
  decodePath,
  decodeTrial,
  decodeVerdict,
  encodeAttributes,
  encodePath,
  encodeTrial,
  encodeVerdict,
  type FileAttributes,
  type TrialFacts,
  type VerdictFacts,
} from '../../core/change/texts.ts';
import { type ChangeDisk, directoryOf, PRIVATE_MODE, removeTree, writeWhole } from './disk.ts';
import type { Snapshot, SnapshotFile } from './port.ts';

/** A trial as it lies on disk. */
export interface FoundTrial {
  readonly facts: TrialFacts;
  readonly change: Change;
  readonly snapshot: Snapshot;
  /** An end that was decided on and did not come about. */
  readonly verdict: VerdictFacts | undefined;
  /** Starts that failed since it began. */
  readonly failures: number;
}

/**
 * The plain files of a trial, which are the truth about it: `pending/` is there while a change is on trial, and its rename
 * to `done/ID/` is the end. A reverter in sh reads and ends it without us. Every call may reject with errno errors, and
 * runs in its turn.
 */
export class TrialFolder {
  readonly #disk: ChangeDisk;
  readonly #root: string;
  readonly #own: FileAttributes;
  readonly #turns = new Turns();

  /** @param own what this process makes files with */
  constructor(disk: ChangeDisk, stateDirectory: string, own: Pick<FileAttributes, 'uid' | 'gid'>) {
    this.#disk = disk;
    this.#root = `${stateDirectory}/change`;
    this.#own = { mode: PRIVATE_MODE, ...own };
  }

  get #pending(): string {
    return `${this.#root}/pending`;
  }

  /** Makes the folders and clears away a trial that never began. */
  open(): Promise<void> {
    return this.#turns.run(async () => {
      await this.#disk.makeDirectory(this.#root);
      await this.#disk.sync(directoryOf(this.#root));
      await this.#disk.makeDirectory(`${this.#root}/done`);
      await this.#disk.sync(this.#root);
      await removeTree(this.#disk, `${this.#pending}.new`);
    });
  }

  /** The trial begins with the rename, before which nothing is changed anywhere. */
  begin(facts: TrialFacts, change: Change, snapshot: Snapshot): Promise<void> {
    return this.#turns.run(async () => {
      const aside = `${this.#pending}.new`;
      await removeTree(this.#disk, aside);
      await this.#disk.makeDirectory(aside);
      await this.#disk.makeDirectory(`${aside}/files`);
      for (const [n, file] of snapshot.files.entries()) await this.#writeSnapshot(`${aside}/files/${n}`, file);
      await this.#disk.sync(`${aside}/files`);
      if (snapshot.ruleset !== undefined) await this.#write(`${aside}/ruleset.nft`, snapshot.ruleset);
      await this.#write(`${aside}/record.json`, encodeChange(change));
      await this.#write(`${aside}/trial`, encodeTrial(facts));
      await this.#disk.sync(aside);
      await this.#disk.rename(aside, this.#pending);
      await this.#disk.sync(this.#root);
    });
  }

  /** After a `begin` that failed. @returns whether the trial has begun all the same */
  abandon(): Promise<boolean> {
    return this.#turns.run(async () => {
      if ((await this.#disk.names(this.#pending)) !== undefined) return true;
      await removeTree(this.#disk, `${this.#pending}.new`);
      return false;
    });
  }

  /** The new state is in place, or on trial in another boot: from now on a start goes by these facts. */
  place(facts: TrialFacts, change: Change): Promise<void> {
    return this.#turns.run(async () => {
      await this.#replace('record.json', encodeChange(change));
      await this.#replace('trial', encodeTrial(facts));
    });
  }

  /** What is known besides the facts. */
  keep(change: Change): Promise<void> {
    return this.#turns.run(() => this.#replace('record.json', encodeChange(change)));
  }

  /** An end is decided on: whoever finds the trial from now on brings it about. */
  decide(change: Change, verdict: Verdict): Promise<void> {
    return this.#turns.run(async () => {
      await this.#replace('record.json', encodeChange({ ...change, verdict }));
      await this.#replace('verdict', encodeVerdict(verdict));
    });
  }

  /** The end, once kernel and files are as the verdict says. When it rejects, the trial stands. */
  end(change: Change, verdict: VerdictFacts): Promise<void> {
    return this.#turns.run(async () => {
      await this.#replace('record.json', encodeChange(change));
      await this.#replace('verdict', encodeVerdict(verdict));
      const done = `${this.#root}/done`;
      await this.#disk.rename(this.#pending, `${done}/${change.id}`);
      try {
        await this.#disk.sync(done);
        await this.#disk.sync(this.#root);
      } catch (thrown) {
        // Not certain to survive a power cut, so nobody may be told: back to where it stood.
        await this.#disk.rename(`${done}/${change.id}`, this.#pending);
        throw thrown;
      }
    });
  }

  /** Undefined when nothing is on trial. `damaged`: what was before the trial can no longer be read. */
  read(): Promise<Result<FoundTrial | undefined, 'damaged'>> {
    return this.#turns.run(async () => {
      if ((await this.#disk.names(this.#pending)) === undefined) return ok(undefined);
      return await this.#read(this.#pending);
    });
  }

  /** Takes what cannot be read out of the way. @returns where it lies now */
  setAside(name: string): Promise<string> {
    return this.#turns.run(async () => {
      const aside = `${this.#root}/damaged-${name}`;
      await removeTree(this.#disk, aside);
      await this.#disk.rename(this.#pending, aside);
      await this.#disk.sync(this.#root);
      return aside;
    });
  }

  /** The whole start succeeded: those that failed before it no longer count. */
  forgetFailures(): Promise<void> {
    return this.#turns.run(async () => {
      const path = `${this.#pending}/failures`;
      if ((await this.#disk.read(path)) === undefined) return;
      await this.#disk.remove(path);
      await this.#disk.sync(this.#pending);
    });
  }

  /** Names in `done/`: ids of changes that ended, whoever ended them. */
  async done(): Promise<readonly string[]> {
    return (await this.#disk.names(`${this.#root}/done`)) ?? [];
  }

  /** A change that ended, as its end left it. */
  async readDone(id: string): Promise<Result<Change, 'damaged'>> {
    const read = await this.#read(`${this.#root}/done/${id}`);
    if (!read.ok) return read;
    const { change, verdict } = read.value;
    if (change.id !== id) return fail('damaged', 'it lies under the id of another');
    return verdict === undefined ? fail('damaged', 'its verdict is missing') : ok(ended(change, verdict));
  }

  /** Removes a change that ended, once it is in the history. */
  forget(id: string): Promise<void> {
    return this.#turns.run(() => removeTree(this.#disk, `${this.#root}/done/${id}`));
  }

  async #read(folder: string): Promise<Result<FoundTrial, 'damaged'>> {
    const facts = decodeTrial((await this.#text(`${folder}/trial`)) ?? '');
    if (!facts.ok) return facts;
    const snapshot = await this.#readSnapshot(folder);
    if (!snapshot.ok) return snapshot;
    const verdict = decodeVerdict((await this.#text(`${folder}/verdict`)) ?? '');
    return ok({
      facts: facts.value,
      change: decodeChange((await this.#text(`${folder}/record.json`)) ?? '', facts.value),
      snapshot: snapshot.value,
      verdict: verdict.ok ? verdict.value : undefined,
      failures: countFailures((await this.#text(`${folder}/failures`)) ?? ''),
    });
  }

  async #readSnapshot(folder: string): Promise<Result<Snapshot, 'damaged'>> {
    const names = await this.#disk.names(`${folder}/files`);
    if (names === undefined) return fail('damaged', 'its files are missing');
    const files: SnapshotFile[] = [];
    for (let n = 0; n < names.filter((name) => name.endsWith('.path')).length; n++) {
      const at = `${folder}/files/${n}`;
      const path = decodePath((await this.#text(`${at}.path`)) ?? '');
      if (!path.ok) return path;
      const attributes = decodeAttributes((await this.#text(`${at}.attributes`)) ?? '');
      if (!attributes.ok) return attributes;
      files.push({ path: path.value, content: await this.#disk.read(`${at}.content`), ...attributes.value });
    }
    const ruleset = await this.#text(`${folder}/ruleset.nft`);
    return ok({ files, ...(ruleset === undefined ? {} : { ruleset }) });
  }

  async #writeSnapshot(at: string, file: SnapshotFile): Promise<void> {
    await this.#write(`${at}.path`, encodePath(file.path));
    await this.#write(`${at}.attributes`, encodeAttributes(file));
    if (file.content !== undefined) await this.#write(`${at}.content`, file.content);
  }

  async #write(path: string, content: string | Uint8Array): Promise<void> {
    await this.#disk.write(path, typeof content === 'string' ? Buffer.from(content) : content, this.#own);
    await this.#disk.sync(path);
  }

  #replace(name: string, text: string): Promise<void> {
    return writeWhole(this.#disk, `${this.#pending}/${name}`, Buffer.from(text), this.#own);
  }

  async #text(path: string): Promise<string | undefined> {
    const bytes = await this.#disk.read(path);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  }
}
