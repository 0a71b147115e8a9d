import { parseCidr, parseIp } from '../../core/base/ip.ts';
import { printable } from '../../core/base/printable.ts';
import { parseDuration } from '../../core/base/time.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { subjectOf } from '../../core/respond/allow.ts';
import { order, request, show } from './control.ts';
import type { CliDeps } from './deps.ts';
import { isTrue, type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';
import { complain, say, sayFacts } from './say.ts';

export async function check(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const ip = await addressOf(invocation, deps);
  if (ip === undefined) return 'usage';
  return show(invocation, deps, `/firewall/check?ip=${encodeURIComponent(ip)}`, async (body) => {
    const facts = objectIn(body);
    const problem = textAt(facts, 'error_msg');
    await say(deps, `${ip} is ${printable(problem ?? verdictText(facts))}\n`);
    await sayFacts(deps, [...blockRows(facts), ...besideRows(facts), ...listRows(facts)]);
  });
}

const VERDICTS: Readonly<Record<string, string>> = {
  guarded: 'never blocked',
  allowed: 'always let in',
  blocked: 'blocked',
  denied: 'blocked by the configuration',
  waiting: 'not blocked yet: its block waits for its turn',
  free: 'not blocked',
};

const verdictText = (facts: Json): string => VERDICTS[textAt(facts, 'verdict') ?? ''] ?? 'not known';

const blockRows = (facts: Json): readonly (readonly [string, string])[] =>
  objectsIn(facts['blocks']).map((block) => {
    const kernel = isTrue(block, 'enforced') ? '' : ', NOT YET in the kernel';
    return [`block of ${textAt(block, 'subject') ?? ''}`, `${untilText(block)}${kernel}${reasonText(block)}`] as const;
  });

function besideRows(facts: Json): readonly (readonly [string, string])[] {
  const [waiting, allowed, guarded] = [facts['waiting'], facts['allowed'], facts['guarded']].map(objectIn);
  const denied = textAt(objectIn(facts['denied']), 'network');
  const since = textAt(waiting ?? {}, 'since');
  const subject = textAt(allowed ?? {}, 'subject');
  const network = textAt(guarded ?? {}, 'network');
  return [
    ...(since === undefined ? [] : [['waits', `since ${since}${reasonText(waiting ?? {})}`] as const]),
    ...(subject === undefined
      ? []
      : [[`allow of ${subject}`, `${untilText(allowed ?? {})}${reasonText(allowed ?? {})}`] as const]),
    ...objectsIn(facts['port_allowed']).map(portRow),
    ...(denied === undefined ? [] : [['denied', `${denied}: listed in firewall.denied_networks`] as const]),
    ...(network === undefined ? [] : [['guarded', `${network}: ${textAt(guarded ?? {}, 'why') ?? ''}`] as const]),
  ];
}

const portRow = (row: Json): readonly [string, string] => [
  `allow to ${numberAt(row, 'port') ?? ''}/${textAt(row, 'proto') ?? ''}`,
  `${untilText(row)}${reasonText(row)}`,
];

const listRows = (facts: Json): readonly (readonly [string, string])[] =>
  objectsIn(facts['lists']).map((list) => {
    const verb = textAt(list, 'mode') === 'count' ? 'only counted' : `${textAt(list, 'kind') ?? ''}ed`;
    return [`list ${textAt(list, 'name') ?? ''}`, verb] as const;
  });

const reasonText = (entry: Json): string => {
  const reason = textAt(entry, 'reason');
  return reason === undefined ? '' : `: ${reason}`;
};

/** For what has an `expires_at`, which is empty when it never does. */
export function untilText(entry: Json): string {
  const expires = textAt(entry, 'expires_at');
  return expires === undefined ? 'for good' : `until ${expires}`;
}

/** An address, or a network that is one in CIDR form. Where this shell came from by ssh is told, lest it be cut off. */
export async function block(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const subject = await subjectIn(invocation, deps);
  if (subject === undefined) return 'usage';
  const { for: duration = '24h', reason, force } = invocation.values;
  const lasting = await lastingOf(duration, deps);
  if (lasting === undefined) return 'usage';
  const [path, key] = subject.includes('/') ? ['/firewall/deny-subnet', 'cidr'] : ['/block-ip', 'ip'];
  const from = deps.cameFrom();
  const body = {
    [key]: subject,
    duration,
    ...(reason === undefined ? {} : { reason }),
    ...(force === undefined ? {} : { force_reason: force }),
    ...(from === undefined ? {} : { asking_from: from }),
  };
  return order(invocation, deps, { path, body, done: `${subject} is blocked ${lasting}` });
}

/** As `block`. What was never blocked is no error, but said. */
export async function unblock(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const subject = await subjectIn(invocation, deps);
  if (subject === undefined) return 'usage';
  const asked = subject.includes('/')
    ? { path: '/firewall/remove-subnet', body: { cidr: subject } }
    : { path: '/unblock-ip', body: { ip: subject } };
  const done = (answer: Json) =>
    answer['was_blocked'] === false ? `${subject} was not blocked` : `${subject} is no longer blocked`;
  return order(invocation, deps, { ...asked, done });
}

export async function unban(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const ip = await addressOf(invocation, deps);
  if (ip === undefined) return 'usage';
  const answer = await request(invocation, deps, { method: 'POST', path: '/api/v1/firewall/unban', body: { ip } });
  if (!answer.ok) return answer.exit;
  const facts = objectIn(answer.body);
  if (!isTrue(facts, 'success')) {
    await complain(deps, printable(textAt(facts, 'error_msg') ?? 'it was refused'));
    return 'refused';
  }
  const network = textAt(facts, 'subnet_removed');
  const around = network === undefined ? '' : `, and ${network} with it`;
  await say(deps, `${ip} is free${printable(around)}; nothing counts against it\n`);
  const warning = textAt(facts, 'warning');
  if (warning !== undefined) await complain(deps, `warning: ${printable(warning)}`);
  return 'ok';
}

/** Where nobody can be asked, `--yes` has to say it. */
export async function flush(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const said = invocation.flags.has('yes') ? 'yes' : await deps.confirm('Lift every block there is?');
  if (said === 'nobody') {
    await complain(deps, 'flush: there is nobody to ask; --yes does it without asking');
    return 'usage';
  }
  if (said === 'no') {
    await complain(deps, 'nothing was lifted');
    return 'refused';
  }
  const done = (answer: Json) => {
    const [addresses, networks] = [numberAt(answer, 'addresses') ?? 0, numberAt(answer, 'networks') ?? 0];
    return `every block is lifted: ${addresses} addresses, ${networks} networks; undo takes it back for half a minute`;
  };
  return order(invocation, deps, { path: '/firewall/flush', done });
}

export function undo(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ID: id = '' } = invocation.arguments;
  const done = (answer: Json) => {
    const action = (textAt(answer, 'action') ?? 'it').replaceAll('_', ' ');
    return printable(`taken back: ${action}, ${numberAt(answer, 'count') ?? 0} in all`);
  };
  return order(invocation, deps, { path: '/undo/run', body: { id }, done });
}

/** What `--for` means, for a person; undefined when it means nothing. */
export async function lastingOf(duration: string, deps: CliDeps): Promise<string | undefined> {
  const length = parseDuration(duration);
  if (length.ok) return length.value === 'never' ? 'for good' : `for ${duration.trim()}`;
  await complain(deps, `--for: ${printable(length.public)}`);
  return undefined;
}

/** The address as the kernel would see it, so that what is said is about the right one. */
async function addressOf({ arguments: { IP: word = '' } }: Invocation, deps: CliDeps): Promise<string | undefined> {
  const ip = parseIp(word);
  if (ip.ok) return ip.value.text;
  await complain(deps, printable(ip.public));
  return undefined;
}

/** An address or a network, as the kernel would see it. */
async function subjectIn({ arguments: { IP: word = '' } }: Invocation, deps: CliDeps): Promise<string | undefined> {
  const net = parseCidr(word);
  if (net.ok) return subjectOf(net.value);
  await complain(deps, printable(net.public));
  return undefined;
}
