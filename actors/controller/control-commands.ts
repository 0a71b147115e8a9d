import { parseCidr } from '../../core/base/ip.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { hours, type Millis, millis, rfc3339, seconds } from '../../core/base/time.ts';
import { type Command, kindOfCommand, LONGEST_COMMAND } from '../../core/link/order.ts';
import { MOST_REPLAYED } from '../../core/link/positions.ts';
import { STREAMS } from '../../core/link/stream.ts';
import { type Json, meant, type Reply, refusal, said, servedHere, textIn, timeIn } from './control.ts';
import type { Controller } from './controller.ts';
import { type Member, onTrial } from './fleet.ts';
import type { SigningKey } from './key-folder.ts';

const STREAM_WORDS = STREAMS.join(', ');
const LONGEST_REASON = 256;

/** What is ordered of each. Undefined: not of this one, e.g. nothing is on trial there. */
type Plan = Command | ((member: Member) => Command | undefined);

export async function askCommand(controller: Controller, { json }: { readonly json: Json }): Promise<Reply> {
  const members = meant(controller, json['who']);
  if (!members.ok) return refusal(members);
  const plan = planIn(json, controller);
  if (!plan.ok) return refusal(plan);
  return carryOut(controller, json, members.value, { verb: verbIn(json) as Command['kind'], plan: plan.value });
}

export async function askConfirm(controller: Controller, { json }: { readonly json: Json }): Promise<Reply> {
  const members = meant(controller, json['who']);
  if (!members.ok) return refusal(members);
  return carryOut(controller, json, members.value, { verb: 'confirm', plan: confirmation(controller) });
}

async function carryOut(
  controller: Controller,
  json: Json,
  members: readonly Member[],
  { verb, plan }: { readonly verb: Command['kind']; readonly plan: Plan },
): Promise<Reply> {
  const signer = await controller.keys.signerFor(textIn(json, 'key') ?? 'ops', kindOfCommand(verb));
  if (!signer.ok) return refusal(signer);
  const within = timeIn(json, 'within', seconds(30));
  if (!within.ok) return refusal(within);
  const stands = timeIn(json, 'valid', hours(1));
  if (!stands.ok) return refusal(stands);
  if (stands.value < 1000 || stands.value > LONGEST_COMMAND) return refusal(fail('usage', '--valid: 1s to 24h'));
  return sendAndWait(controller, members, plan, { signer: signer.value, within: within.value, stands: stands.value });
}

interface Sending {
  readonly signer: SigningKey;
  readonly within: Millis;
  readonly stands: Millis;
}

async function sendAndWait(
  controller: Controller,
  members: readonly Member[],
  plan: Plan,
  { signer, within, stands }: Sending,
): Promise<Reply> {
  const { commands, fleet } = controller;
  const { here, others } = servedHere(controller, members);
  const commandFor = (serial: string): Command | undefined => {
    if (typeof plan !== 'function') return plan;
    const member = fleet.member(serial);
    return member === undefined ? undefined : plan(member);
  };
  const serials = here.map(({ serial }) => serial);
  const sent = await commands.send(serials, commandFor, { signer, stands, about: 'by hand' });
  if (!sent.ok) return refusal(sent);
  const rows = await Promise.all(
    serials.map(async (serial) => {
      const id = sent.value.get(serial);
      if (id === undefined) return { serial, state: 'none', text: 'nothing is on trial there' };
      const result = await commands.result(id, within);
      if (result === undefined) return { serial, id, state: 'sent', text: noAnswer(controller) };
      const { state, text, code, at } = result;
      return { serial, id, state, text, ...(code === '' ? {} : { code }), at: rfc3339(at) };
    }),
  );
  return said([...others.map(({ serial, why }) => ({ serial, state: 'none', text: why })), ...rows]);
}

/** A command stands for its time, whether or not somebody waits for it. */
const noAnswer = ({ isConnected }: Controller): string =>
  isConnected ? 'no answer yet' : 'it goes out once the controller is connected to the broker again; its log says why';

const verbIn = (json: Json): string => String(json['verb'] ?? '').replaceAll('-', '_');

function planIn(json: Json, controller: Controller): Result<Plan, 'usage'> {
  const verb = verbIn(json);
  const what = textIn(json, 'what');
  const reason = textIn(json, 'reason') ?? '';
  if (reason.length > LONGEST_REASON) return fail('usage', `--reason: at most ${LONGEST_REASON} characters`);
  switch (verb) {
    case 'block':
    case 'allow': {
      const target = targetIn(what);
      if (!target.ok) return target;
      const lasts = timeIn(json, 'for', hours(24));
      if (!lasts.ok) return lasts;
      const forever = lasts.value === 0;
      return ok({ kind: verb, target: target.value, reason, lasts: forever ? 'forever' : wholeSeconds(lasts.value) });
    }
    case 'unblock':
    case 'remove_allow': {
      const target = targetIn(what);
      return target.ok ? ok({ kind: verb, target: target.value }) : target;
    }
    case 'scan':
      return ok({ kind: 'scan', what: what ?? '' });
    case 'restart':
      return ok({ kind: 'restart', reason });
    case 'replay':
      return replayIn(json, what, controller);
    case 'confirm':
      return ok(confirmation(controller));
    case 'revert':
      return ok((member) => {
        const change = onTrial(member, controller.clock.now());
        return change === undefined ? undefined : { kind: 'revert', change: change.id, reason };
      });
    case 'diagnostics': {
      const log = timeIn(json, 'log', hours(1));
      if (!log.ok) return log;
      if (log.value > hours(24)) return fail('usage', '--log: at most 24h');
      return ok({ kind: 'diagnostics', log: wholeSeconds(log.value) });
    }
    default:
      return fail(
        'usage',
        `there is no "${verb.slice(0, 40)}"; there are block, unblock, allow, remove-allow, scan, restart, replay, confirm, revert, diagnostics`,
      );
  }
}

const confirmation =
  ({ clock }: Controller): Plan =>
  (member) => {
    const change = onTrial(member, clock.now());
    return change?.nonce === undefined ? undefined : { kind: 'confirm', change: change.id, nonce: change.nonce };
  };

/** Addresses and networks as the appliance wants them: canonical, an address without a prefix. */
function targetIn(what: string | undefined): Result<string, 'usage'> {
  if (what === undefined) return fail('usage', 'the address or network is missing');
  const net = parseCidr(what);
  if (!net.ok) return fail('usage', net.public);
  const { text, prefix, family } = net.value;
  return ok(prefix === (family === 4 ? 32 : 128) ? (text.split('/')[0] ?? text) : text);
}

function replayIn(json: Json, what: string | undefined, { streams }: Controller): Result<Plan, 'usage'> {
  if (what === undefined) return fail('usage', `the stream is missing: ${STREAM_WORDS}`);
  const stream = STREAMS.find((name) => name === what);
  if (stream === undefined) return fail('usage', `"${what.slice(0, 40)}" is none of the streams: ${STREAM_WORDS}`);
  const numbers = textIn(json, 'numbers');
  if (numbers === undefined) return fail('usage', 'the numbers are missing: FROM-TO');
  const [, first, last] = /^(\d{1,15})-(\d{1,15})$/.exec(numbers) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined) return fail('usage', `"${numbers.slice(0, 40)}" is no FROM-TO, like 1-500`);
  if (from < 1 || to < from)
    return fail('usage', `"${numbers}": the first is 1 or more, and none comes behind the last`);
  if (to - from >= MOST_REPLAYED) return fail('usage', `at most ${MOST_REPLAYED} numbers at a time`);
  return ok((member) => {
    const epoch = streams.positionOf(member.serial).find(([name]) => name === stream)?.[1].epoch;
    const reported = member.standing?.streams.find((state) => state.stream === stream)?.epoch;
    const known = reported ?? epoch;
    return known === undefined ? undefined : { kind: 'replay', stream, epoch: known, from, to };
  });
}

const wholeSeconds = (time: Millis): Millis => millis(Math.max(1000, Math.round(time / 1000) * 1000));
