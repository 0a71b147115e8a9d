import { printable } from '../../core/base/printable.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { SLOT_NAMES, TRIES } from '../../core/image/slots.ts';
import { order, show } from './control.ts';
import type { CliDeps } from './deps.ts';
import { installImage } from './image-install.ts';
import { isTrue, type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';
import { complain, say, sayFacts, sayTable } from './say.ts';

const ACTIONS = ['status', 'install', 'reboot', 'factory-reset'] as const;
type Action = (typeof ACTIONS)[number];

/** The appliance image: its slots, updates by hand, a reboot, a factory reset. */
export async function image(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ACTION: word = 'status', WHAT: what } = invocation.arguments;
  const action = ACTIONS.find((known) => known === word);
  if (action === undefined) {
    await complain(deps, `"${printable(word)}" is nothing to do with the image; there are ${ACTIONS.join(', ')}`);
    return 'usage';
  }
  return DOES[action](invocation, deps, what);
}

type Does = (invocation: Invocation, deps: CliDeps, what: string | undefined) => Promise<ExitName>;

const DOES: Readonly<Record<Action, Does>> = {
  status: (invocation, deps) => show(invocation, deps, '/image', (body) => sayImage(deps, objectIn(body))),
  install: async (invocation, deps, source) => {
    if (source === undefined) {
      await complain(deps, 'install needs a bundle: STICK/FILE.raucb of a USB stick, or a URL');
      return 'usage';
    }
    const body = {
      source,
      ...(invocation.flags.has('older') ? { allow_older: true } : {}),
      ...(invocation.flags.has('again') ? { retry_failed: true } : {}),
    };
    return installImage(invocation, deps, body);
  },
  reboot: async (invocation, deps) => {
    await complain(deps, 'the appliance is asked to reboot');
    return order(invocation, deps, { path: '/image/reboot', body: {}, done: 'the appliance reboots' });
  },
  'factory-reset': async (invocation, deps, serial) => {
    if (serial === undefined) {
      await complain(deps, 'factory-reset needs the serial of this device, as `bartizan identity` prints it');
      return 'usage';
    }
    const done = 'everything but the identity of the device is erased, and the appliance reboots';
    return order(invocation, deps, { path: '/image/factory-reset', body: { confirm: serial }, done });
  },
};

async function sayImage(deps: CliDeps, body: Json): Promise<void> {
  if (!isTrue(body, 'appliance')) return say(deps, `${printable(textAt(body, 'message') ?? '')}\n`);
  const lab = isTrue(body, 'lab') ? ' (lab: signed with keys that everybody has)' : '';
  const last = objectIn(body['last']);
  await sayFacts(deps, [
    ['version', `${printable(textAt(body, 'version') ?? '')}${lab}`],
    ['slot', textAt(body, 'slot')],
    ['health', healthOf(objectIn(body['health']))],
    ['boot', bootOf(objectIn(body['confirmation']))],
    ['tries', triesOf(objectIn(body['boot_loader']))],
    ['update', updateOf(objectIn(body['update']))],
    ['last update', lastOf(last)],
    ['trouble', textAt(body, 'trouble')],
  ]);
  const rows = objectsIn(body['slots']).map((slot) => [
    textAt(slot, 'name') ?? '',
    textAt(slot, 'version') ?? '',
    textAt(slot, 'state') ?? '',
    [isTrue(slot, 'booted') ? 'runs' : '', isTrue(slot, 'first') ? 'booted next' : ''].filter(Boolean).join(', '),
    textAt(slot, 'installed_at') ?? '',
  ]);
  if (rows.length > 0) await sayTable(deps, { heads: ['SLOT', 'VERSION', 'STATE', '', 'INSTALLED'], rows });
  for (const one of objectsIn(body['failed_versions'])) {
    await say(deps, `failed  ${printable(textAt(one, 'version') ?? '')}: ${printable(textAt(one, 'why') ?? '')}\n`);
  }
  for (const one of objectsIn(body['media'])) await say(deps, `bundle  ${printable(textAt(one, 'source') ?? '')}\n`);
}

function healthOf(health: Json): string {
  const told = health['reasons'];
  const reasons = (Array.isArray(told) ? told : []).map((one) => printable(String(one))).join('; ');
  const steady = `${numberAt(health, 'readings') ?? 0} good readings over ${numberAt(health, 'steady_seconds') ?? 0} s`;
  return [textAt(health, 'verdict') ?? '', textAt(health, 'verdict') === 'good' ? steady : '', reasons]
    .filter((part) => part !== '')
    .join(', ');
}

function bootOf(confirmation: Json): string | undefined {
  const state = textAt(confirmation, 'state');
  const why = printable(textAt(confirmation, 'why') ?? '');
  return state === undefined ? undefined : why === '' ? state : `${state}: ${why}`;
}

/** Of each slot; nothing where they are not known. */
function triesOf(loader: Json): string | undefined {
  const used = objectIn(loader['tries_used']);
  const told = SLOT_NAMES.map((name) => `${name} ${numberAt(used, name) ?? '?'} of ${TRIES} used`);
  return 'A' in used ? `${told.join(', ')}; ${listOf(loader['order'])} is tried first` : undefined;
}

const listOf = (value: unknown): string => printable(String(Array.isArray(value) ? (value[0] ?? 'none') : 'none'));

function updateOf(update: Json): string | undefined {
  const phase = textAt(update, 'phase');
  if (phase === undefined || phase === 'idle') return undefined;
  const percent = numberAt(update, 'percent');
  const how = percent === undefined ? '' : ` ${percent} %`;
  const hint = phase === 'installed' ? '; `bartizan image reboot` boots it' : '';
  return `${printable(textAt(update, 'version') ?? textAt(update, 'source') ?? '')} ${phase}${how}${hint}`;
}

function lastOf(last: Json): string | undefined {
  const result = textAt(last, 'result');
  if (result === undefined) return undefined;
  return `${printable(textAt(last, 'version') ?? '')} ${result.replace('_', ' ')}: ${printable(textAt(last, 'why') ?? '')}`;
}
