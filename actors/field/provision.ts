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
import { absentAsUndefined, isThere, putDurably } from './effects.ts';

/** That a config was taken, beside the config in the state directory. */
export const PROVISIONED = 'provisioned';
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
 * Takes a first config, once. Nothing is written before everything is known to be in order; then the config is put in
 * place, then the mark that says so. A power cut in between leaves a config without a mark, and the next run does the same
 * again. The device's identity and its authority are made by the way, so that whoever provisions can write them down.
 */
export async function provision(
  request: ProvisionRequest,
  deps: ProvisionDeps,
): Promise<Result<Provisioned, ProvisionRefusal> | ProvisionFailure> {
  const { bytes, name, origin, stateDir } = request;
  const idle = new IdleConfig(stateDir, deps.parsers);
  const sha256 = hash('sha256', bytes, 'hex');
  const known = await standingOf(stateDir);
  if (!known.ok) return known;
  const early = mayProvision(known.value, sha256);
  if (early !== undefined) return fail(early.code, early.message);
  const judged = idle.judge(bytes, name);
  if (!judged.ok) return { ...fail('invalid', judged.public), problems: judged.problems };
  const { config } = judged.value;
  const unusable = await unusableTokens(config.webui.tokens);
  if (unusable !== undefined) return fail('invalid', `${name}: ${unusable}`);
  const claimed = await isClaimed(idle, stateDir, deps);
  if (!claimed.ok) return claimed;
  const late = mayProvision({ ...known.value, isClaimed: claimed.value }, sha256);
  if (late !== undefined) return fail(late.code, late.message);
  const mark = { sha256, at: rfc3339(deps.clock.now()), origin };
  const put = await takeUp(idle, bytes, join(stateDir, PROVISIONED), mark);
  return put.ok ? ok({ ...mark, config: idle.path, ...(await identityOf(stateDir, config, deps)) }) : put;
}

/** What plain files say; who administers it is not known yet. */
async function standingOf(stateDir: string): Promise<Result<Standing, 'unreadable'>> {
  const marked = await readOr(join(stateDir, PROVISIONED));
  if (!marked.ok) return marked;
  const used = await readOr(join(await identityFolder(stateDir), USED));
  if (!used.ok) return used;
  const provisioned = marked.value;
  return ok({
    isClaimed: false,
    used: used.value?.split('\n') ?? [],
    ...(provisioned === undefined ? {} : { provisioned }),
  });
}

async function takeUp(
  config: IdleConfig,
  bytes: Uint8Array,
  markPath: string,
  mark: ProvisionMark,
): Promise<Result<void, 'failed'>> {
  const kept = await config.keepCopy('before-provisioning');
  if (!kept.ok) return kept;
  const put = await config.put(bytes);
  if (!put.ok) return put;
  try {
    await putDurably(markPath, markText(mark));
    return ok(undefined);
  } catch (thrown) {
    return fail('failed', `${markPath}: cannot be written (${messageOf(thrown)})`, thrown);
  }
}

/**
 * Whether anybody ever became admin: by a token that is stored, or one in the config. What cannot be read may hold one.
 */
async function isClaimed(
  config: IdleConfig,
  stateDir: string,
  { clock, log }: ProvisionDeps,
): Promise<Result<boolean, 'unreadable'>> {
  const present = await config.read();
  if (!present.ok && present.code !== 'missing')
    return fail('unreadable', `whether somebody administers it already cannot be told: ${present.public}`);
  if (present.ok && namesAdmin(present.value.config)) return ok(true);
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
