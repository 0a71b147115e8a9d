import { readFile } from 'node:fs/promises';
import { isId } from '../../core/base/ids.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { type Deadline, type Millis, millis, parseDuration, plus, rfc3339 } from '../../core/base/time.ts';
import { readShards, shardsText } from '../../core/controller/shards.ts';
import { readTarget, relabelled } from '../../core/controller/targets.ts';
import { readSerial } from '../../core/field/serial.ts';
import { ORDER_KINDS, type OrderKind } from '../../core/link/order.ts';
import { askCommand, askConfirm } from './control-commands.ts';
import { askDesired, askDiff, askHistory } from './control-desired.ts';
import { askRewind, askStreams } from './control-streams.ts';
import type { Controller } from './controller.ts';
import type { Member } from './fleet.ts';
import type { KeyChange } from './key-ring.ts';
import { memberFacts, shownMember } from './shown.ts';

/** A question of the command line. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Status 409: refused; 422: the words are wrong. A body of bytes is handed on as it is. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

type Answer = (controller: Controller, asked: Asked & { readonly json: Json; readonly rest: string }) => Promise<Reply>;
export type Json = Readonly<Record<string, unknown>>;

/** By method and the beginning of the path; what follows it is `rest`. */
const ANSWERS: readonly (readonly [method: string, path: string, answer: Answer])[] = [
  ['GET', '/v1/status', async (controller) => said(statusOf(controller))],
  ['GET', '/v1/appliances', askAppliances],
  ['GET', '/v1/appliances/', askAppliance],
  ['POST', '/v1/labels', askLabels],
  ['POST', '/v1/desired', askDesired],
  ['POST', '/v1/diff', askDiff],
  ['GET', '/v1/desired/', askHistory],
  ['POST', '/v1/commands', askCommand],
  ['POST', '/v1/confirm', askConfirm],
  ['GET', '/v1/results/', askDetail],
  ['GET', '/v1/keys', async (controller) => said(await keysOf(controller))],
  ['POST', '/v1/keys', askKeys],
  ['GET', '/v1/lists', async (controller) => said((await controller.lists.all()).map(listFacts))],
  ['PUT', '/v1/lists/', askPublish],
  ['DELETE', '/v1/lists/', askWithdraw],
  ['GET', '/v1/tokens', askTokens],
  ['POST', '/v1/tokens', askToken],
  ['DELETE', '/v1/tokens/', askTokenEnd],
  ['POST', '/v1/revoke', askRevoke],
  ['GET', '/v1/streams', askStreams],
  ['POST', '/v1/streams/rewind', askRewind],
  ['GET', '/v1/shards', async (controller) => said(controller.shards.overview().map(withTimes))],
  ['POST', '/v1/shards/give', askGive],
];

export async function answer(controller: Controller, asked: Asked): Promise<Reply> {
  const found = ANSWERS.find(
    ([method, path]) =>
      method === asked.method && (path.endsWith('/') ? asked.path.startsWith(path) : path === asked.path),
  );
  if (found === undefined) return { status: 404, body: { error: 'there is no such question' } };
  const [method, path, run] = found;
  const json = method === 'POST' ? jsonOf(asked.body) : ok({});
  if (!json.ok) return refusal(json);
  return run(controller, { ...asked, json: json.value, rest: decodeURIComponent(asked.path.slice(path.length)) });
}

export const said = (body: unknown): Reply => ({ status: 200, body });

/** `usage`: the words are wrong; `failed`: it could not be done; else it may not be. */
export const refusal = ({ code, public: error }: { readonly code: string; readonly public: string }): Reply => ({
  status: code === 'usage' ? 422 : code === 'failed' ? 500 : 409,
  body: { error },
});

/** Appliances that a word means. @returns refused: there are none */
export function meant(controller: Controller, who: unknown): Result<readonly Member[], 'usage' | 'refused'> {
  const target = readTarget(typeof who === 'string' ? who : '');
  if (!target.ok) return target;
  const members = controller.fleet.meant(target.value);
  return members.length === 0 ? fail('refused', `${String(who)}: there is no such appliance`) : ok(members);
}

/** Those that are ordered something from here, and why not the others: one controller at a time speaks to an appliance. */
export function servedHere(
  { shards }: Controller,
  members: readonly Member[],
): { readonly here: readonly Member[]; readonly others: readonly { readonly serial: string; readonly why: string }[] } {
  const here: Member[] = [];
  const others: { serial: string; why: string }[] = [];
  for (const member of members) {
    // It would be kept, and done once the appliance is enrolled again.
    const why = member.record.revoked ? 'its certificates are revoked' : shards.whyNotServed(member.shard);
    if (why === undefined) here.push(member);
    else others.push({ serial: member.serial, why });
  }
  return { here, others };
}

/** A time as `parseDuration` reads it, `0` being none. */
export function timeIn(json: Json, name: string, otherwise: Millis): Result<Millis, 'usage'> {
  const text = json[name];
  if (text === undefined) return ok(otherwise);
  const read = parseDuration(String(text));
  if (!read.ok) return fail('usage', `--${name}: ${read.public}`);
  return ok(read.value === 'never' ? millis(0) : read.value);
}

export const textIn = (json: Json, name: string): string | undefined => {
  const value = json[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

function jsonOf(body: Buffer): Result<Json, 'usage'> {
  if (body.length === 0) return ok({});
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return ok(value as Json);
  } catch {
    // Said below.
  }
  return fail('usage', 'the question is no JSON object');
}

function statusOf(controller: Controller): Json {
  const { settings, fleet, shards, streams, refused, isConnected, hasAuthority } = controller;
  const members = fleet.meant({ kind: 'all' });
  const memory = process.memoryUsage();
  return {
    tenant: settings.tenant,
    name: settings.name,
    connected: isConnected,
    authority: hasAuthority,
    shards: shardsText(shards.served()),
    appliances: fleet.size,
    online: members.filter(({ presence }) => presence?.online === true).length,
    desired: countedBy(members, ({ standing }) => standing?.desired.standing ?? 'unknown'),
    streams: streams.counters,
    refused: refused.counts,
    memory_mb: Math.round(memory.rss / 1e6),
    heap_mb: Math.round(memory.heapTotal / 1e6),
    external_mb: Math.round((memory.external + memory.arrayBuffers) / 1e6),
  };
}

function countedBy<T>(list: readonly T[], keyOf: (one: T) => string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const one of list) counts[keyOf(one)] = (counts[keyOf(one)] ?? 0) + 1;
  return counts;
}

async function askAppliances(controller: Controller, { query }: Asked): Promise<Reply> {
  const target = readTarget(query['who'] ?? 'all');
  if (!target.ok) return refusal(target);
  const members = controller.fleet.meant(target.value);
  const wanted = query['offline'] === '1' ? members.filter(({ presence }) => presence?.online !== true) : members;
  return said(wanted.map((member) => memberFacts(member)));
}

async function askAppliance(controller: Controller, { rest }: { readonly rest: string }): Promise<Reply> {
  const serial = readSerial(rest);
  if (serial === undefined) return refusal(fail('usage', `"${rest.slice(0, 60)}" is no serial`));
  const member = controller.fleet.member(serial);
  return member === undefined
    ? refusal(fail('refused', `there is no ${serial}`))
    : said(shownMember(controller, member));
}

async function askLabels(controller: Controller, { json }: { readonly json: Json }): Promise<Reply> {
  const members = meant(controller, json['who']);
  if (!members.ok) return refusal(members);
  const text = textIn(json, 'labels') ?? '';
  const wrong = members.value.map(({ record }) => relabelled(record.labels, text)).find((one) => !one.ok);
  if (wrong !== undefined && !wrong.ok) return refusal(wrong);
  const kept = await controller.fleet.relabel(members.value, (labels) => {
    const changed = relabelled(labels, text);
    return changed.ok ? changed.value : labels;
  });
  if (!kept) return refusal(fail('failed', 'it could not be written down'));
  return said(members.value.map(({ serial, record: { labels } }) => ({ serial, labels })));
}

async function askDetail(controller: Controller, { rest }: { readonly rest: string }): Promise<Reply> {
  if (!isId(rest)) return refusal(fail('usage', 'that is no id of a command'));
  try {
    return said(new Uint8Array(await readFile(controller.detailFile(rest))));
  } catch {
    return { status: 404, body: { error: 'nothing came of it that is data' } };
  }
}

async function keysOf({ keys, folder }: Controller): Promise<unknown> {
  const here = new Set<string>();
  for (const name of await folder.names()) {
    const key = await folder.key(name);
    if (key.ok) here.add(key.value.publicKey);
  }
  return keys.ring.keys.map(({ publicKey, name, kinds, notBefore, notAfter }) => ({
    name,
    public_key: publicKey,
    kinds,
    from: notBefore === 0 ? null : rfc3339(notBefore),
    until: notAfter === 'never' ? null : rfc3339(notAfter),
    here: here.has(publicKey),
    generation: keys.ring.generation,
  }));
}

async function askKeys(controller: Controller, { json }: { readonly json: Json }): Promise<Reply> {
  const change = keyChangeIn(json, controller.clock.now());
  if (!change.ok) return refusal(change);
  const by = textIn(json, 'key') ?? 'ops';
  const before = controller.keys.set;
  const done = await controller.keys.change(change.value, by);
  if (!done.ok) return refusal(done);
  await controller.signAnew(change.value, by, before);
  return said({ generation: done.value, keys: await keysOf(controller) });
}

function keyChangeIn(json: Json, now: Millis): Result<KeyChange, 'usage'> {
  const name = textIn(json, 'name');
  if (name === undefined) return fail('usage', 'the name of the key is missing');
  const action = textIn(json, 'action');
  if (action === 'rotate' || action === 'remove') return ok({ kind: action, name });
  if (action !== 'add' && action !== 'limit') return fail('usage', 'an action is list, add, rotate, limit or remove');
  const kinds = kindsIn(textIn(json, 'kinds'));
  if (!kinds.ok) return kinds;
  const lasts = timeIn(json, 'for', millis(0));
  if (!lasts.ok) return lasts;
  const until: Deadline = lasts.value === 0 ? 'never' : plus(now, lasts.value);
  const publicKey = textIn(json, 'public');
  return ok({ kind: action, name, kinds: kinds.value, until, ...(publicKey === undefined ? {} : { publicKey }) });
}

function kindsIn(text: string | undefined): Result<readonly OrderKind[], 'usage'> {
  if (text === undefined) return fail('usage', `--kinds is missing: ${ORDER_KINDS.join(', ')}`);
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !ORDER_KINDS.some((kind) => kind === word));
  if (unknown !== undefined)
    return fail('usage', `--kinds: there is no "${unknown.slice(0, 40)}"; there are ${ORDER_KINDS.join(', ')}`);
  return ok(ORDER_KINDS.filter((kind) => words.includes(kind)));
}

const listFacts = (list: Awaited<ReturnType<Controller['lists']['all']>>[number]): Json => ({
  name: list.name,
  purpose: list.purpose,
  generation: list.generation,
  entries: list.entries,
  withdrawn: list.withdrawn,
  at: rfc3339(list.at),
  key: list.key,
  bytes: list.whole.reduce((sum, { bytes }) => sum + bytes, 0),
  deltas: list.deltas.map(({ fromGeneration, part }) => ({ from_generation: fromGeneration, bytes: part.bytes })),
});

async function askPublish(
  controller: Controller,
  { rest, query, body }: Asked & { readonly rest: string },
): Promise<Reply> {
  const signer = await controller.keys.signerFor(query['key'] ?? 'ops', 'list');
  if (!signer.ok) return refusal(signer);
  async function* text(): AsyncIterable<Uint8Array> {
    yield body;
  }
  const done = await controller.lists.publish(
    rest,
    query['purpose'] === 'allow' ? 'allow' : 'block',
    text(),
    signer.value,
  );
  if (!done.ok) return refusal(done);
  const { wholeBytes, deltaBytes, ...facts } = done.value;
  return said({ ...facts, whole_bytes: wholeBytes, delta_bytes: deltaBytes ?? null });
}

async function askWithdraw(controller: Controller, { rest, query }: Asked & { readonly rest: string }): Promise<Reply> {
  const signer = await controller.keys.signerFor(query['key'] ?? 'ops', 'list');
  if (!signer.ok) return refusal(signer);
  const done = await controller.lists.withdraw(rest, signer.value);
  return done.ok ? said({ name: rest, generation: done.value, withdrawn: true }) : refusal(done);
}

const NO_AUTHORITY = fail('refused', 'this controller has no issuing authority; ask the one that has');

async function askTokens({ enrolment }: Controller): Promise<Reply> {
  if (enrolment === undefined) return refusal(NO_AUTHORITY);
  const tokens = await enrolment.tokens();
  return said(
    tokens.map(({ name, uses, used, madeAt, until, serial, labels, revokedAt }) => ({
      name,
      uses,
      used: used.length,
      made_at: rfc3339(madeAt),
      until: until === 'never' ? null : rfc3339(until),
      serial: serial ?? null,
      labels,
      revoked: revokedAt !== undefined,
    })),
  );
}

async function askToken({ enrolment, clock }: Controller, { json }: { readonly json: Json }): Promise<Reply> {
  if (enrolment === undefined) return refusal(NO_AUTHORITY);
  const uses = Number(json['uses'] ?? 1);
  if (!Number.isInteger(uses) || uses < 1 || uses > 100_000) return refusal(fail('usage', '--uses: 1 to 100000'));
  const lasts = timeIn(json, 'for', millis(86_400_000));
  if (!lasts.ok) return refusal(lasts);
  const typed = textIn(json, 'serial');
  const serial = typed === undefined ? undefined : readSerial(typed);
  if (typed !== undefined && serial === undefined)
    return refusal(fail('usage', `--serial: "${typed.slice(0, 40)}" is no serial`));
  const labels = relabelled({}, textIn(json, 'label') ?? '');
  if (textIn(json, 'label') !== undefined && !labels.ok) return refusal(labels);
  const until: Deadline = lasts.value === 0 ? 'never' : plus(clock.now(), lasts.value);
  const made = await enrolment.makeToken({
    uses,
    until,
    ...(serial === undefined ? {} : { serial }),
    labels: labels.ok ? labels.value : {},
  });
  if (!made.ok) return refusal(made);
  return said({ ...made.value, uses, until: until === 'never' ? null : rfc3339(until) });
}

async function askTokenEnd({ enrolment }: Controller, { rest }: { readonly rest: string }): Promise<Reply> {
  if (enrolment === undefined) return refusal(NO_AUTHORITY);
  const done = await enrolment.revokeToken(rest);
  return done.ok ? said({ name: rest, revoked: true }) : refusal(done);
}

async function askRevoke({ enrolment }: Controller, { json }: { readonly json: Json }): Promise<Reply> {
  if (enrolment === undefined) return refusal(NO_AUTHORITY);
  const serial = readSerial(String(json['serial'] ?? ''));
  if (serial === undefined) return refusal(fail('usage', 'that is no serial'));
  const done = await enrolment.revoke(serial, textIn(json, 'reason') ?? '');
  return done.ok ? said({ serial, revoked: done.value }) : refusal(done);
}

async function askGive(controller: Controller, { json }: { readonly json: Json }): Promise<Reply> {
  const shards = readShards(String(json['shards'] ?? ''));
  if (!shards.ok) return refusal(shards);
  return said({ given: shardsText(await controller.shards.give(shards.value)) });
}

const withTimes = ({ until, ...shard }: ReturnType<Controller['shards']['overview']>[number]): Json => ({
  ...shard,
  ...(until === undefined ? {} : { until: rfc3339(until) }),
});
