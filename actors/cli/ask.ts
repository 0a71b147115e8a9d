import { parseCidr, parseIp } from '../../core/base/ip.ts';
import { printable } from '../../core/base/printable.ts';
import { parseDuration } from '../../core/base/time.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { SEVERITIES } from '../../core/detect/finding.ts';
import { subjectOf } from '../../core/respond/allow.ts';
import { order, show } from './control.ts';
import type { CliDeps } from './deps.ts';
import { type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';
import { complain, say, sayFacts, sayTable } from './say.ts';
import { statusFacts } from './status-facts.ts';

export const status = (invocation: Invocation, deps: CliDeps): Promise<ExitName> =>
  show(invocation, deps, '/status', (body) => sayFacts(deps, statusFacts(objectIn(body))));

export const health = (invocation: Invocation, deps: CliDeps): Promise<ExitName> =>
  show(invocation, deps, '/health', (body) => {
    const facts = objectIn(body);
    return sayFacts(deps, [
      ['running', textAt(facts, 'uptime') ?? 'yes'],
      ['checks', numberAt(facts, 'rules_loaded')?.toString()],
      ['log watchers', numberAt(facts, 'log_watchers')?.toString()],
    ]);
  });

export const findings = (invocation: Invocation, deps: CliDeps): Promise<ExitName> =>
  show(invocation, deps, '/findings', (body) => {
    const rows = objectsIn(body).map((finding) => [
      textAt(finding, 'last_seen') ?? textAt(finding, 'time') ?? '',
      severityOf(finding),
      textAt(finding, 'check') ?? '',
      textAt(finding, 'message') ?? '',
    ]);
    if (rows.length === 0) return say(deps, 'no active findings\n');
    return sayTable(deps, { heads: ['LAST SEEN', 'SEVERITY', 'CHECK', 'MESSAGE'], rows });
  });

const severityOf = (finding: Json): string => {
  const severity = numberAt(finding, 'severity');
  return severity === undefined ? '' : (SEVERITIES[severity] ?? String(severity));
};

export async function check(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const ip = await addressOf(invocation, deps);
  if (ip === undefined) return 'usage';
  return show(invocation, deps, `/firewall/check?ip=${encodeURIComponent(ip)}`, async (body) => {
    const facts = objectIn(body);
    const permanent = textAt(facts, 'permanent');
    const reason = permanent ?? textAt(facts, 'temporary');
    const text =
      reason === undefined ? 'not blocked' : `blocked${permanent === undefined ? '' : ' for good'}: ${reason}`;
    await say(
      deps,
      `${ip} is ${printable(textAt(facts, 'error_msg') ?? text + allowedText(objectIn(facts['allowed'])))}\n`,
    );
  });
}

/** `, and always let in: 192.0.2.0/24 is allowed until …: office`; nothing where it is not allowed. */
function allowedText(allowed: Json): string {
  const subject = textAt(allowed, 'subject');
  if (subject === undefined) return '';
  const reason = textAt(allowed, 'reason');
  return `, and always let in: ${subject} is allowed ${untilText(allowed)}${reason === undefined ? '' : `: ${reason}`}`;
}

/** For what has an `expires_at`, which is empty when it never does. */
export function untilText(entry: Json): string {
  const expires = textAt(entry, 'expires_at');
  return expires === undefined ? 'for good' : `until ${expires}`;
}

export async function block(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const ip = await addressOf(invocation, deps);
  if (ip === undefined) return 'usage';
  const { for: duration = '24h', reason } = invocation.values;
  const lasting = await lastingOf(duration, deps);
  if (lasting === undefined) return 'usage';
  const request = { ip, duration, ...(reason === undefined ? {} : { reason }) };
  return order(invocation, deps, { path: '/block-ip', body: request, done: `${ip} is blocked ${lasting}` });
}

/** An address, or a network that is one in CIDR form. */
export async function unblock(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { IP: word = '' } = invocation.arguments;
  const net = parseCidr(word);
  if (!net.ok) {
    await complain(deps, printable(net.public));
    return 'usage';
  }
  const subject = subjectOf(net.value);
  const asked = subject.includes('/')
    ? { path: '/firewall/remove-subnet', body: { cidr: subject } }
    : { path: '/unblock-ip', body: { ip: subject } };
  return order(invocation, deps, { ...asked, done: `${subject} is no longer blocked` });
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
