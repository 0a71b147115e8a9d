import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { type Failure, fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { rfc3339 } from '../../core/base/time.ts';
import type { Problem } from '../../core/config/problem.ts';
import type { Config } from '../../core/config/settings.ts';
import {
  CLAIMED,
  isTakenUp,
  markOf,
  markText,
  mayProvision,
  type ProvisionMark,
  type ProvisionRefusal,
  type Standing,
} from '../../core/field/provisioning.ts';
import { IdleConfig } from '../host-integration/config-file/index.ts';
import {
  type Device,
  firstAuthority,
  identityFolder,
  openDeviceIdentity,
  unusableTokens,
  wasClaimed,
} from '../identity/index.ts';
import { openStore } from '../store/index.ts';
import { absentAsUndefined, isThere, putDurably, remove } from './effects.ts';

/** That a config was taken, beside the config in the state directory. */
export const PROVISIONED = 'provisioned';
/** SHA-256 of the config that is being taken, in the state directory, until where it came from is marked. */
export const BEGUN = 'provisioning';
/** SHA-256 of configs taken from where they could not be marked as used, one a line, beside the device's key. */
export const USED = 'used-configs';

export interface ProvisionRequest {
  readonly bytes: Uint8Array;
  /** What problems call it. */
  readonly name: string;
  /** Where it came from, for the mark; one line. */
  readonly origin: string;
  /** Absolute. */
  readonly stateDir: string;
  /**
   * Whoever hands it over marks it as used where it came from, and then strikes it off `provisioning` and `used-configs`:
   * until then it is remembered, so that after a power cut it is marked and not taken again.
   */
  readonly isMarkedLater: boolean;
}

/** What was taken, and what this device is by then. */
export interface Provisioned extends ProvisionMark {
  readonly config: string;
  readonly device?: Pick<Device, 'serial' | 'keyFingerprint'>;
  /** SHA-256 of the authority that signs the web console's certificate, `AB:CD:…`. */
  readonly authority?: string;
}

export type ProvisionFailure = Failure<ProvisionRefusal> & { readonly problems?: readonly Problem[] };

export interface ProvisionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Names of the registered parsers, which a config may name. */
  readonly parsers: readonly string[];
}

/**
 * Takes a first config, once. Nothing is written before everything is known to be in order; then what is going to be taken
 * is written down, then the config is put in place, then the mark that says so. After a power cut in between the next run
 * with the same config goes on where this one ended; after one behind the mark it only says again what was taken. The device's identity and its authority are made by the way, so that whoever provisions can write them down.
 */
export async function provision(
  request: ProvisionRequest,
  deps: ProvisionDeps,
): Promise<Result<Provisioned, ProvisionRefusal> | ProvisionFailure> {
  const { bytes, name, origin, stateDir, isMarkedLater } = request;
  const idle = new IdleConfig(stateDir, deps.parsers);
  const sha256 = hash('sha256', bytes, 'hex');
  const known = await standingOf(stateDir);
  if (!known.ok) return known;
  const early = mayProvision(known.value, sha256);
  if (early !== undefined) return fail(early.code, early.message);
  const judged = idle.judge(bytes, name);
  if (!judged.ok) return { ...fail('invalid', judged.public), problems: judged.problems };
  const { config } = judged.value;
  if (isTakenUp(known.value, sha256)) {
    const mark = markOf(known.value.provisioned ?? '');
    return ok({ ...mark, config: idle.path, ...(await identityOf(stateDir, config, deps)) });
  }
  const unusable = await unusableTokens(config.webui.tokens);
  if (unusable !== undefined) return fail('invalid', `${name}: ${unusable}`);
  const isOurs = known.value.begun === sha256 && known.value.present === sha256;
  const claimed = await isClaimed(idle, { stateDir, isOurs }, deps);
  if (!claimed.ok) return claimed;
  const late = mayProvision({ ...known.value, isClaimed: claimed.value }, sha256);
  if (late !== undefined) return fail(late.code, late.message);
  const mark = { sha256, at: rfc3339(deps.clock.now()), origin };
  const begun = await begin(stateDir, sha256, isMarkedLater);
  if (!begun.ok) return begun;
  const put = isOurs ? ok(undefined) : await takeUp(idle, bytes);
  if (!put.ok) {
    await abandon(stateDir, sha256);
    return put;
  }
  const marked = await writeDown(join(stateDir, PROVISIONED), markText(mark));
  if (!marked.ok) return marked;
  if (!isMarkedLater) await remove(join(stateDir, BEGUN));
  return ok({ ...mark, config: idle.path, ...(await identityOf(stateDir, config, deps)) });
}

/** What plain files say; who administers it is not known yet. */
async function standingOf(stateDir: string): Promise<Result<Standing, 'unreadable'>> {
  const marked = await readOr(join(stateDir, PROVISIONED));
  if (!marked.ok) return marked;
  const used = await readOr(join(await identityFolder(stateDir), USED));
  if (!used.ok) return used;
  const begun = await readOr(join(stateDir, BEGUN));
  if (!begun.ok) return begun;
  const present = await readOr(new IdleConfig(stateDir, []).path);
  if (!present.ok) return present;
  const provisioned = marked.value;
  return ok({
    isClaimed: false,
    used: used.value?.split('\n') ?? [],
    ...(provisioned === undefined ? {} : { provisioned }),
    ...(begun.value === undefined ? {} : { begun: begun.value.trim() }),
    ...(present.value === undefined ? {} : { present: hash('sha256', present.value, 'hex') }),
  });
}

/** In the state it is gone with a factory reset, beside the key it is not: so a begun one is told from a used one. */
async function begin(stateDir: string, sha256: string, isMarkedLater: boolean): Promise<Result<void, 'failed'>> {
  const begun = await writeDown(join(stateDir, BEGUN), `${sha256}\n`);
  if (!begun.ok || !isMarkedLater) return begun;
  const folder = await identityFolder(stateDir);
  const used = await readOr(join(folder, USED));
  if (!used.ok) return fail('failed', used.public, used.cause);
  const before = used.value ?? '';
  if (before.split('\n').includes(sha256)) return ok(undefined);
  return writeDown(join(folder, USED), `${before}${sha256}\n`);
}

/** The disk refused: nothing was taken, and nothing is remembered. What cannot be struck off either stays. */
async function abandon(stateDir: string, sha256: string): Promise<void> {
  await remove(join(stateDir, BEGUN)).catch(() => undefined);
  const path = join(await identityFolder(stateDir), USED);
  const used = await readOr(path);
  if (!used.ok || used.value?.includes(sha256) !== true) return;
  await writeDown(path, used.value.replace(`${sha256}\n`, ''));
}

async function takeUp(config: IdleConfig, bytes: Uint8Array): Promise<Result<void, 'failed'>> {
  const kept = await config.keepCopy('before-provisioning');
  return kept.ok ? config.put(bytes) : kept;
}

async function writeDown(path: string, text: string): Promise<Result<void, 'failed'>> {
  try {
    await putDurably(path, text);
    return ok(undefined);
  } catch (thrown) {
    return fail('failed', `${path}: cannot be written (${messageOf(thrown)})`, thrown);
  }
}

/**
 * Whether anybody ever became admin: by a token that is stored, or one in the config that stands there, unless that is the
 * one that is being taken (`isOurs`). What cannot be read may hold one.
 */
async function isClaimed(
  config: IdleConfig,
  { stateDir, isOurs }: { readonly stateDir: string; readonly isOurs: boolean },
  { clock, log }: ProvisionDeps,
): Promise<Result<boolean, 'unreadable'>> {
  const present = await config.read();
  if (!present.ok && present.code !== 'missing')
    return fail('unreadable', `whether somebody administers it already cannot be told: ${present.public}`);
  if (present.ok && !isOurs && namesAdmin(present.value.config)) return ok(true);
  if (!(await isThere(join(stateDir, 'store')))) return ok(false);
  const troubles: string[] = [];
  const store = await openStore({
    stateDirectory: stateDir,
    clock,
    log,
    onDamage: ({ message }) => troubles.push(message),
  });
  const unknown = (why: string) => fail('unreadable', `whether somebody administers it already cannot be told: ${why}`);
  if (!store.ok) return unknown(store.code === 'locked' ? 'Bartizan is running; stop it first' : store.public);
  try {
    const was = await wasClaimed(store.value.port, log);
    return troubles.length > 0 ? unknown(troubles.join('; ')) : ok(was);
  } catch (thrown) {
    return unknown(messageOf(thrown));
  } finally {
    await store.value.service.stop();
  }
}

const namesAdmin = ({ webui: { tokens, auth_token } }: Config): boolean =>
  auth_token !== undefined || tokens.some(({ scope }) => scope === 'admin');

async function identityOf(
  stateDir: string,
  config: Config,
  { clock, random, log }: ProvisionDeps,
): Promise<Pick<Provisioned, 'device' | 'authority'>> {
  const device = await openDeviceIdentity({ stateDirectory: stateDir, random, log });
  const authority = await firstAuthority({
    stateDirectory: stateDir,
    hostname: config.hostname,
    webui: config.webui,
    clock,
    random,
    log,
  });
  return {
    ...(device.ok ? { device: device.value } : {}),
    ...(authority === undefined ? {} : { authority }),
  };
}

async function readOr(path: string): Promise<Result<string | undefined, 'unreadable'>> {
  try {
    return ok(await absentAsUndefined(readFile(path, 'utf8')));
  } catch (thrown) {
    return fail('unreadable', `${path}: cannot be read (${messageOf(thrown)})`, thrown);
  }
}

/** Says by the mark that an appliance which somebody administers takes no config any more; one that is there stays. */
export async function closeForProvisioning(stateDir: string, clock: Clock): Promise<void> {
  const path = join(stateDir, PROVISIONED);
  if (await isThere(path)) return;
  await putDurably(path, markText({ sha256: CLAIMED, at: rfc3339(clock.now()), origin: CLAIMED }));
}
