import { parseIp } from '../../core/base/ip.ts';
import { printable, printableJson } from '../../core/base/printable.ts';
import { parseDuration } from '../../core/base/time.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { SEVERITIES } from '../../core/detect/finding.ts';
import type { CliDeps, ControlRequest } from './deps.ts';
import { type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';
import { complain, say, sayFacts, sayTable } from './say.ts';
import { statusFacts } from './status-facts.ts';

const API = '/api/v1';

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
    await say(deps, `${ip} is ${printable(textAt(facts, 'error_msg') ?? text)}\n`);
  });
}

export async function block(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const ip = await addressOf(invocation, deps);
  if (ip === undefined) return 'usage';
  const { for: duration = '24h', reason } = invocation.values;
  const length = parseDuration(duration);
  if (!length.ok) {
    await complain(deps, `--for: ${printable(length.public)}`);
    return 'usage';
  }
  const request = { ip, duration, ...(reason === undefined ? {} : { reason }) };
  const lasting = length.value === 'never' ? 'for good' : `for ${duration.trim()}`;
  return order(invocation, deps, '/block-ip', request, `${ip} is blocked ${lasting}`);
}

export async function unblock(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const ip = await addressOf(invocation, deps);
  return ip === undefined ? 'usage' : order(invocation, deps, '/unblock-ip', { ip }, `${ip} is no longer blocked`);
}

/** The address as the kernel would see it, so that what is said is about the right one. */
async function addressOf({ arguments: { IP: word = '' } }: Invocation, deps: CliDeps): Promise<string | undefined> {
  const ip = parseIp(word);
  if (ip.ok) return ip.value.text;
  await complain(deps, printable(ip.public));
  return undefined;
}

/** Asks, then prints the answer: as one line of JSON (a list as one line an entry) with `--json`, else for people. */
async function show(
  invocation: Invocation,
  deps: CliDeps,
  path: string,
  print: (body: unknown) => Promise<void>,
): Promise<ExitName> {
  const answer = await request(invocation, deps, { method: 'GET', path: `${API}${path}` });
  if (!answer.ok) return answer.exit;
  const { body } = answer;
  if (!invocation.flags.has('json')) {
    await print(body);
  } else {
    const values: readonly unknown[] = Array.isArray(body) ? body : body === null ? [] : [body];
    await say(deps, values.map((value) => `${printableJson(value)}\n`).join(''));
  }
  return 'ok';
}

async function order(invocation: Invocation, deps: CliDeps, path: string, body: Json, done: string): Promise<ExitName> {
  const answer = await request(invocation, deps, { method: 'POST', path: `${API}${path}`, body });
  if (!answer.ok) return answer.exit;
  await say(deps, `${done}\n`);
  const warning = textAt(objectIn(answer.body), 'warning');
  if (warning !== undefined) await complain(deps, `warning: ${printable(warning)}`);
  return 'ok';
}

type Outcome = { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly exit: ExitName };

async function request({ values: { state } }: Invocation, deps: CliDeps, what: ControlRequest): Promise<Outcome> {
  const answer = await deps.ask(state, what);
  if (!answer.ok) {
    await complain(deps, answer.public);
    return { ok: false, exit: answer.code === 'not_running' ? 'not_running' : 'failed' };
  }
  const { status: code, body } = answer.value;
  if (code >= 200 && code < 300) return { ok: true, body };
  await complain(deps, printable(textAt(objectIn(body), 'error') ?? `it answered with HTTP status ${code}`));
  return { ok: false, exit: what.method === 'POST' && REFUSALS.has(code) ? 'refused' : 'failed' };
}

/** Statuses that mean "I will not": a protected address (400, 403, 409, 422), nothing enforced at present (503). */
const REFUSALS: ReadonlySet<number> = new Set([400, 403, 409, 422, 503]);
