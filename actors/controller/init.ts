import { join } from 'node:path';
import type { Clock, Random } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { days, type Millis, millis } from '../../core/base/time.ts';
import {
  type ControllerSettings,
  isControllerName,
  readSettings,
  settingsText,
} from '../../core/controller/settings.ts';
import type { Hex } from '../../core/link/hex.ts';
import type { Key } from '../../core/link/keys.ts';
import { ORDER_KINDS, type OrderKind } from '../../core/link/order.ts';
import { validFor } from './authority.ts';
import { issueIssuing, issueRevocations, issueRoot, issueWithKey, type KeyPair } from './certificates.ts';
import { namesIn, readIfThere, writeWhole } from './files.ts';
import { KeyFolder } from './key-folder.ts';
import { type Place, placeIn } from './place.ts';

const ROOT_LASTS = days(20 * 365);
const ISSUING_LASTS = days(10 * 365);
/** Of brokers, controllers and the enrolment server: `ca renew` makes others. */
const SERVER_LASTS = days(3 * 365);
const REVOCATIONS_LAST = days(400);

/** What a serving controller itself has to sign. */
export const SERVING_KINDS: readonly OrderKind[] = ['lease', 'replay', 'confirm'];
/** The key with which people order. */
export const OPERATORS = 'ops';

interface World {
  readonly clock: Clock;
  readonly random: Random;
}

export interface InitOptions {
  readonly state: string;
  readonly tenant: string;
  readonly name: string;
  readonly brokers: readonly string[];
  readonly enrolmentUrl: string;
}

export interface Made {
  readonly state: string;
  /** SHA-256 of the root. */
  readonly keys: readonly { readonly name: string; readonly publicKey: Hex; readonly kinds: readonly OrderKind[] }[];
}

/** Makes a fleet. @returns refused: something is there already, or a word is no such */
export async function initFleet(options: InitOptions, world: World): Promise<Result<Made, 'refused'>> {
  const place = placeIn(options.state);
  const url = URL.canParse(options.enrolmentUrl) ? new URL(options.enrolmentUrl) : undefined;
  const listen = `0.0.0.0:${url?.port === undefined || url.port === '' ? '443' : url.port}`;
  const settings = { ...options, enrolment: { listen, url: options.enrolmentUrl } };
  const judged = readSettings({
    tenant: options.tenant,
    name: options.name,
    brokers: options.brokers,
    enrolment: settings.enrolment,
  });
  if (!judged.ok) return fail('refused', judged.public);
  const there = [...(await namesIn(options.state))].filter((name) => !name.startsWith('.'));
  if (there.length > 0) return fail('refused', `${options.state} is not empty: it has ${there.slice(0, 3).join(', ')}`);

  const root = await issueRoot(`${options.tenant} root`, validFor(ROOT_LASTS, world));
  const issuing = await issueIssuing(`${options.tenant} issuing`, root, validFor(ISSUING_LASTS, world));
  await writePair(place.root, root);
  await writePair(place.issuing, issuing);
  await writeServers(place, { rootCert: root.cert, issuing }, judged.value, world);
  const revoked = { at: world.clock.now(), until: millis(world.clock.now() + REVOCATIONS_LAST), revoked: [] };
  await writeWhole(place.revocations, await issueRevocations(issuing, revoked), 0o644);
  await writeOwn(place, issuing, options.name, world);
  await writeWhole(join(place.controllers, options.name), '', 0o644);

  const keys = await firstKeys(place, options.name, world);
  if (!keys.ok) return keys;
  await writeWhole(place.settings, settingsText(settings), 0o600);
  return ok({ state: options.state, keys: keys.value });
}

/** Makes the directory of a further controller. */
export async function addController(
  place: Place,
  name: string,
  out: string,
  world: World,
): Promise<Result<Made, 'refused'>> {
  if (!isControllerName(name))
    return fail('refused', `"${name.slice(0, 60)}" is no name of a controller: small letters, digits and -`);
  const [root, issuing, key, settings, keys, revoked] = await Promise.all(
    [place.root.cert, place.issuing.cert, place.issuing.key, place.settings, place.firstKeys, place.revocations].map(
      readIfThere,
    ),
  );
  if (root === undefined || issuing === undefined || key === undefined || settings === undefined) {
    return fail('refused', `${place.state} holds no authority; it has to be done where \`ca init\` was`);
  }
  if ((await namesIn(place.controllers)).includes(name))
    return fail('refused', `there is a controller "${name}" already`);
  if ((await namesIn(out)).length > 0) return fail('refused', `${out} is not empty`);
  const there = placeIn(out);
  await writeWhole(there.root.cert, root, 0o644);
  await writeWhole(there.issuing.cert, issuing, 0o644);
  if (revoked !== undefined) await writeWhole(there.revocations, revoked, 0o644);
  await writeOwn(there, { cert: issuing, key }, name, world);
  await writeWhole(there.firstKeys, keys ?? '[]', 0o600);
  await writeWhole(there.settings, settings.replace(/^name: .*$/m, `name: ${name}`), 0o600);
  const made = await new KeyFolder(there.keys, world.random).make(name);
  if (!made.ok) return made;
  await writeWhole(join(place.controllers, name), '', 0o644);
  return ok({ state: out, keys: [{ name, publicKey: made.value.publicKey, kinds: SERVING_KINDS }] });
}

/** What a further controller is renewed for, and where its new certificate is put. */
export interface Elsewhere {
  readonly name: string;
  readonly out: string;
}

/**
 * New certificates, with new keys, in the place of those that end: of this controller, its enrolment server and the broker, or
 * of a further controller. @returns until when, and which files are new
 */
export async function renewServers(
  place: Place,
  settings: ControllerSettings,
  elsewhere: Elsewhere | undefined,
  world: World,
): Promise<Result<{ readonly until: Millis; readonly files: readonly string[] }, 'refused'>> {
  const [rootCert, cert, key] = await Promise.all(
    [place.root.cert, place.issuing.cert, place.issuing.key].map(readIfThere),
  );
  if (rootCert === undefined || cert === undefined || key === undefined) {
    return fail('refused', `${place.state} holds no authority; it has to be done where \`ca init\` was`);
  }
  const issuing = { cert, key };
  const until = millis(world.clock.now() + SERVER_LASTS);
  if (elsewhere === undefined) {
    await writeServers(place, { rootCert, issuing }, settings, world);
    await writeOwn(place, issuing, settings.name, world);
    const pairs = [place.own, place.enrolment, place.broker];
    return ok({ until, files: pairs.flatMap((pair) => [pair.key, pair.cert]) });
  }
  const { name, out } = elsewhere;
  if (!(await namesIn(place.controllers)).includes(name)) {
    return fail('refused', `there is no controller "${name.slice(0, 60)}" of this fleet; \`ca add\` makes one`);
  }
  const { own } = placeIn(out);
  await writeOwn(placeIn(out), issuing, name, world);
  return ok({ until, files: [own.key, own.cert] });
}

async function writeOwn(place: Place, issuing: KeyPair, name: string, world: World): Promise<void> {
  const request = { authority: issuing, commonName: `controller:${name}`, use: 'client' } as const;
  const own = await issueWithKey(request, validFor(SERVER_LASTS, world));
  await writePair(place.own, { key: own.key, cert: own.cert + issuing.cert });
}

async function writeServers(
  place: Place,
  { rootCert, issuing }: { readonly rootCert: string; readonly issuing: KeyPair },
  settings: ControllerSettings,
  world: World,
): Promise<void> {
  const server = async (commonName: string, names: readonly string[]): Promise<KeyPair> => {
    const request = { authority: issuing, commonName, use: 'server', names } as const;
    const { key, cert } = await issueWithKey(request, validFor(SERVER_LASTS, world));
    // With the root: who enrols knows nothing but its fingerprint.
    return { key, cert: cert + issuing.cert + rootCert };
  };
  const brokers = [...new Set([...settings.brokers.map(hostOf), 'localhost', '127.0.0.1'])];
  await writePair(place.broker, await server('broker', brokers));
  await writePair(place.enrolment, await server('enrolment', [hostOf(settings.enrolment.url)]));
}

const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, '');

async function firstKeys(place: Place, name: string, { random }: World): Promise<Result<Made['keys'], 'refused'>> {
  const folder = new KeyFolder(place.keys, random);
  const serving = name === OPERATORS ? `${name}-serving` : name;
  const [ops, own] = [await folder.make(OPERATORS), await folder.make(serving)];
  if (!ops.ok) return ops;
  if (!own.ok) return own;
  const keys = [
    { name: OPERATORS, publicKey: ops.value.publicKey, kinds: ORDER_KINDS },
    { name: serving, publicKey: own.value.publicKey, kinds: SERVING_KINDS },
  ];
  const set: readonly Key[] = keys.map((key) => ({ ...key, notBefore: millis(0), notAfter: 'never' }));
  await writeWhole(place.firstKeys, `${JSON.stringify(set, null, 2)}\n`, 0o600);
  return ok(keys);
}

async function writePair(to: { readonly cert: string; readonly key: string }, { cert, key }: KeyPair): Promise<void> {
  // Key first: a certificate without key would look whole.
  await writeWhole(to.key, key, 0o600);
  await writeWhole(to.cert, cert, 0o644);
}
