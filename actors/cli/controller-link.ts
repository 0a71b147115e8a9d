import { printable } from '../../core/base/printable.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { order, show } from './control.ts';
import type { CliDeps } from './deps.ts';
import { isTrue, type Json, numberAt, objectIn, textAt } from './json.ts';
import { complain, sayFacts } from './say.ts';

const ACTIONS = ['status', 'leave'] as const;
const LONGEST_TOKEN = 4096;

/** Takes this appliance into a fleet. */
export async function enroll(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { TOKEN: given = '-' } = invocation.arguments;
  const token = given === '-' ? await fromInput(deps) : given;
  if (token === undefined) return 'failed';
  const done = (row: Json): string => {
    const as = objectIn(row['enrolled']);
    const hint = isTrue(row, 'enabled') ? '' : '; the link is there once controller.enabled is true';
    return `enrolled in ${printable(textAt(as, 'tenant') ?? '')} as ${textAt(as, 'serial') ?? ''}, until ${textAt(as, 'certificate_until') ?? ''}${hint}`;
  };
  return order(invocation, deps, { path: '/controller-link/enroll', body: { token: token.trim() }, done });
}

async function fromInput(deps: CliDeps): Promise<string | undefined> {
  const opened = await deps.openLog('-');
  if (!opened.ok) {
    await complain(deps, opened.public);
    return undefined;
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of opened.value) {
    length += piece.length;
    if (length > LONGEST_TOKEN) break;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** How the link to a controller stands, and its end. */
export async function controllerLink(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ACTION: word = 'status' } = invocation.arguments;
  const action = ACTIONS.find((known) => known === word);
  if (action === undefined) {
    await complain(deps, `"${printable(word)}" is nothing to do with the link; there are ${ACTIONS.join(', ')}`);
    return 'usage';
  }
  if (action === 'leave') {
    const done = 'this appliance has left its fleet: key and certificate are deleted';
    return order(invocation, deps, { path: '/controller-link/leave', body: {}, done });
  }
  return show(invocation, deps, '/controller-link', (body) => sayLink(deps, objectIn(body)));
}

async function sayLink(deps: CliDeps, link: Json): Promise<void> {
  const as = objectIn(link['enrolled']);
  const tenant = textAt(as, 'tenant');
  const since = textAt(link, 'since');
  await sayFacts(deps, [
    ['link', `${textAt(link, 'state') ?? ''}${isTrue(link, 'enabled') ? '' : ' (controller.enabled is false)'}`],
    ['broker', textAt(link, 'broker')],
    ['since', since],
    ['fleet', tenant === undefined ? 'not enrolled: bartizan enroll TOKEN' : printable(tenant)],
    ['serial', textAt(as, 'serial')],
    ['shard', numberAt(as, 'shard')?.toString(16).padStart(2, '0')],
    ['certificate', tenant === undefined ? undefined : `until ${textAt(as, 'certificate_until') ?? ''}`],
    ['revoked', textAt(as, 'revoked')],
    ['waits', `${numberAt(link, 'waiting_bytes') ?? 0} bytes`],
    ['trouble', textAt(link, 'trouble')],
  ]);
}
