import { parseCidr } from '../../core/base/ip.ts';
import { printable } from '../../core/base/printable.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { MODES } from '../../core/respond/mode.ts';
import { lastingOf, untilText } from './blocks.ts';
import { order, show } from './control.ts';
import type { CliDeps } from './deps.ts';
import { isObject, type Json, objectIn, textAt } from './json.ts';
import { complain, say } from './say.ts';

/** Tells the mode, or sets it where one is named. */
export async function mode(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { MODE: wanted } = invocation.arguments;
  if (wanted === undefined)
    return show(invocation, deps, '/mode', (body) => {
      const reason = textAt(objectIn(body), 'mode_reason');
      const name = textAt(objectIn(body), 'mode') ?? 'unknown';
      return say(deps, `${printable(reason === undefined ? name : `${name} (${reason})`)}\n`);
    });
  if (!MODES.some((known) => known === wanted)) {
    await complain(deps, `"${printable(wanted)}" is no mode; there are ${MODES.join(', ')}`);
    return 'usage';
  }
  return order(invocation, deps, { path: '/mode', body: { mode: wanted }, done: `the mode is ${wanted}` });
}

export async function allow(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const ip = await networkOf(invocation, deps);
  const { for: duration = '0', reason } = invocation.values;
  const lasting = ip === undefined ? undefined : await lastingOf(duration, deps);
  if (ip === undefined || lasting === undefined) return 'usage';
  const body = { ip, duration, ...(reason === undefined ? {} : { reason }) };
  const done = (answer: Json): string => {
    const before = isObject(answer['replaced']) ? `; before it was ${untilText(objectIn(answer['replaced']))}` : '';
    return printable(`${textAt(answer, 'ip') ?? ip} is allowed ${lasting}${before}`);
  };
  return order(invocation, deps, { path: '/firewall/allow-ip', body, done });
}

export async function disallow(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { force } = invocation.values;
  const ip = await networkOf(invocation, deps);
  if (ip === undefined) return 'usage';
  return order(invocation, deps, {
    path: '/firewall/remove-allow',
    body: { ip, ...(force === undefined ? {} : { force_reason: force }) },
    done: (answer) => printable(`${textAt(answer, 'ip') ?? ip} is let in no more than any other`),
  });
}

/** Prints the secret and nothing else, so that a script can take it as it is. */
export function tokenCreate(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { NAME: name = '' } = invocation.arguments;
  const { scope = 'read', for: lasting = '0' } = invocation.values;
  return order(invocation, deps, {
    path: '/tokens',
    body: { name, scope, expires_in: lasting },
    done: (answer) => textAt(answer, 'token') ?? '',
  });
}

export function tokenRevoke(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ID: id = '' } = invocation.arguments;
  return order(invocation, deps, {
    method: 'DELETE',
    path: `/tokens/${encodeURIComponent(id)}`,
    done: (answer) => `${printable(textAt(answer, 'name') ?? id)} opens nothing any more`,
  });
}

export function configReload(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { force } = invocation.values;
  return order(invocation, deps, {
    path: '/settings/reload',
    body: force === undefined ? {} : { force_reason: force },
    done: reloaded,
  });
}

export const restart = (invocation: Invocation, deps: CliDeps): Promise<ExitName> =>
  order(invocation, deps, { path: '/settings/restart', done: 'Bartizan starts anew; blocks stay in force meanwhile' });

/** What was taken over, and what it waits for. */
function reloaded(answer: Json): string {
  const [applied, waiting] = ['applied', 'requires_restart'].map((key) => wordsAt(answer, key));
  if (applied === undefined || applied === '') return 'nothing was changed';
  const change = objectIn(answer['change']);
  const until = textAt(change, 'expires_at');
  return [
    `taken over: ${printable(applied)}`,
    ...(until === undefined
      ? []
      : [`on trial until ${printable(until)}: confirm change ${textAt(change, 'id') ?? ''}`]),
    ...(waiting === undefined || waiting === '' ? [] : [`at the next start: ${printable(waiting)}`]),
  ].join('\n');
}

const wordsAt = (json: Json, key: string): string => {
  const value = json[key];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string').join(', ') : '';
};

/** As it was written: what is said of it is told by who answers. */
async function networkOf({ arguments: { IP: word = '' } }: Invocation, deps: CliDeps): Promise<string | undefined> {
  const network = parseCidr(word);
  if (!network.ok) {
    await complain(deps, printable(network.public));
    return undefined;
  }
  return word;
}
