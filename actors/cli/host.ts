import { printable } from '../../core/base/printable.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { request, show } from './control.ts';
import type { CliDeps } from './deps.ts';
import { type Json, objectIn, objectsIn, textAt } from './json.ts';
import { complain, say, sayFacts } from './say.ts';

const PATH = '/api/v1/settings/host';

const ACTIONS = ['set-dhcp', 'set-static'] as const;
type Action = (typeof ACTIONS)[number];

/** Shows how the machine is set up, or gives one of its links other addresses, on trial. */
export async function host(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ACTION: word, LINK: link, ADDRESS: address } = invocation.arguments;
  if (word === undefined) return show(invocation, deps, '/settings/host', (body) => sayHost(deps, objectIn(body)));
  const action = ACTIONS.find((known) => known === word);
  if (action === undefined) {
    await complain(deps, `"${printable(word)}" is nothing to do with the machine; there are ${ACTIONS.join(', ')}`);
    return 'usage';
  }
  if (link === undefined || (action === 'set-static') !== (address !== undefined)) {
    await complain(deps, action === 'set-dhcp' ? 'set-dhcp takes a link' : 'set-static takes a link and its address');
    return 'usage';
  }
  return order(invocation, deps, (interfaces) => withLink(interfaces, link, fieldsOf(action, invocation)));
}

function fieldsOf(action: Action, { arguments: { ADDRESS: address, GATEWAY: gateway, DNS: dns } }: Invocation): Json {
  if (action === 'set-dhcp') return { method: 'dhcp', addresses: [], gateways: [], gateway_on_link: false };
  return {
    method: 'static',
    addresses: [address],
    gateways: gateway === undefined ? [] : [gateway],
    dns: (dns ?? '').split(',').filter((server) => server !== ''),
  };
}

/** The link as it is to be, in its place among the others. */
function withLink(interfaces: readonly Json[], match: string, fields: Json): readonly Json[] {
  const isThere = interfaces.some((one) => textAt(one, 'match') === match);
  if (!isThere) return [...interfaces, { match, ...fields }];
  return interfaces.map((one) => (textAt(one, 'match') === match ? { ...one, ...fields } : one));
}

/** What is there is read and written back with the change, unless somebody else was faster. */
async function order(
  invocation: Invocation,
  deps: CliDeps,
  change: (interfaces: readonly Json[]) => readonly Json[],
): Promise<ExitName> {
  const read = await request(invocation, deps, { method: 'GET', path: PATH });
  if (!read.ok) return read.exit;
  const state = objectIn(read.body);
  const changes = { interfaces: change(objectsIn(objectIn(state['values'])['interfaces'])) };
  const ifMatch = textAt(state, 'etag') ?? '*';
  const written = await request(invocation, deps, {
    method: 'POST',
    path: PATH,
    body: { changes },
    ifMatch,
  });
  if (!written.ok) return written.exit;
  const until = textAt(objectIn(objectIn(written.body)['change']), 'expires_at');
  await say(
    deps,
    until === undefined
      ? 'nothing was changed\n'
      : `on trial until ${printable(until)}: bartizan change confirm keeps it\n`,
  );
  return 'ok';
}

async function sayHost(deps: CliDeps, state: Json): Promise<void> {
  const values = objectIn(state['values']);
  const listed = (json: Json, key: string): string | undefined => {
    const value = json[key];
    return Array.isArray(value) && value.length > 0 ? printable(value.map(String).join(', ')) : undefined;
  };
  const links = objectsIn(values['interfaces']);
  await sayFacts(deps, [
    ['host name', printable(textAt(values, 'hostname') ?? '')],
    ['time zone', printable(textAt(values, 'timezone') ?? '')],
    ['time servers', listed(values, 'ntp')],
    ['name servers', listed(values, 'dns')],
    ...(links.length === 0 ? [['every wired link', 'dhcp'] as const] : []),
    ...links.map((link): [string, string] => {
      const via = listed(link, 'gateways');
      const parts = [textAt(link, 'method') ?? '', listed(link, 'addresses'), via && `via ${via}`, listed(link, 'dns')];
      return [printable(textAt(link, 'match') ?? ''), parts.filter(Boolean).join('  ')];
    }),
  ]);
}
