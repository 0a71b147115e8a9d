import type { ConfigFile, ConfigFileFailure, ConfigOnDisk } from '../../actors/host-integration/config-file/index.ts';
import type { ConfigContent } from '../../actors/host-integration/config-file/port.ts';
import { sha256Hex } from '../../core/base/ids.ts';
import { fail, type Ok, ok, type Result } from '../../core/base/result.ts';
import type { Change } from '../../core/config/change.ts';
import { editConfig } from '../../core/config/edit.ts';
import { inEffect } from '../../core/config/in-effect.ts';
import { decodeConfig, type LoadedConfig, parseConfig } from '../../core/config/read.ts';
import type { Surroundings } from '../../core/config/setting.ts';
import type { Config } from '../../core/config/settings.ts';

const AROUND: Surroundings = { hostname: 'edge01', stateDir: '/var/lib/bartizan', parsers: ['sshd', 'syslog'] };

/** A config file whose disk is a text; `disk` may be set as another hand would edit it. */
export class MemoryConfigFile implements ConfigFile {
  readonly path: string;
  disk: string;
  /** The disk takes nothing. */
  isFull = false;
  readonly copies = new Map<string, string>();
  readonly started: Config;
  loaded: LoadedConfig;
  held: string | undefined;

  constructor(text = '', path = '/etc/bartizan.yaml') {
    this.path = path;
    this.disk = text;
    const loaded = this.judge(new TextEncoder().encode(text));
    if (!loaded.ok) throw new Error(loaded.public);
    this.loaded = loaded.value;
    this.started = loaded.value.config;
  }

  get inEffect(): Config {
    return inEffect(this.started, this.loaded.config);
  }

  async change(changes: readonly Change[]): Promise<Ok<LoadedConfig> | ConfigFileFailure> {
    if (this.held !== undefined) return fail('held', this.held);
    const edited = this.plan(changes);
    if (!edited.ok) return edited;
    const put = await this.put({ ...ATTRIBUTES, bytes: new TextEncoder().encode(edited.value.text) }, [
      this.loaded.hash,
    ]);
    if (!put.ok) return put;
    this.loaded = edited.value;
    return edited;
  }

  plan(changes: readonly Change[]) {
    return editConfig(this.loaded, changes, AROUND);
  }

  async look(): Promise<Result<ConfigOnDisk, 'failed'>> {
    const bytes = new TextEncoder().encode(this.disk);
    return ok({ path: this.path, bytes, hash: sha256Hex(bytes), ...ATTRIBUTES });
  }

  async read() {
    return this.judge(new TextEncoder().encode(this.disk));
  }

  judge(bytes: Uint8Array) {
    const text = decodeConfig(bytes, this.path);
    return text.ok ? parseConfig(text.value, this.path, AROUND) : text;
  }

  adopt(loaded: LoadedConfig): void {
    this.loaded = loaded;
  }

  async put({ bytes }: ConfigContent, over: readonly string[]): Promise<Result<void, 'edited' | 'failed'>> {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    if (text === this.disk) return ok(undefined);
    if (this.isFull) return fail('failed', 'no room');
    if (!over.includes(sha256Hex(new TextEncoder().encode(this.disk)))) return fail('edited', 'edited');
    this.disk = text;
    return ok(undefined);
  }

  async keepCopy(suffix: string) {
    this.copies.set(suffix, this.disk);
    return ok(`${this.path}.${suffix}`);
  }

  hold(why: string | undefined): void {
    this.held = why;
  }
}

const ATTRIBUTES = { mode: 0o600, uid: 0, gid: 0 };
