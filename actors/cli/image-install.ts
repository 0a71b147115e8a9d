import { printable } from '../../core/base/printable.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { request } from './control.ts';
import type { CliDeps } from './deps.ts';
import { type Json, numberAt, objectIn, textAt } from './json.ts';
import { complain, say } from './say.ts';

const LOOK_EVERY: Millis = seconds(1);
/** Looks that may fail in a row: a daemon that is started anew is back by then. */
const MOST_UNANSWERED = 60;

/** Orders an installation, shows how far it is, and ends with it. Ctrl-C ends the waiting alone, and says so. */
export async function installImage(invocation: Invocation, deps: CliDeps, body: Json): Promise<ExitName> {
  using interrupts = deps.interrupts();
  const { signal } = interrupts;
  await complain(deps, 'the bundle is being checked: who signed it, and which version it is');
  const begun = await request(invocation, deps, { method: 'POST', path: '/api/v1/image/install', body, signal });
  if (!begun.ok) return signal.aborted ? left(deps, 'what was asked for') : begun.exit;
  const row = objectIn(begun.body);
  const version = printable(textAt(row, 'version') ?? 'the update');
  await say(deps, `${version} is being installed into slot ${textAt(row, 'slot') ?? '?'}\n`);
  return followed(invocation, deps, { version, signal });
}

interface Awaited {
  readonly version: string;
  readonly signal: AbortSignal;
}

async function followed(invocation: Invocation, deps: CliDeps, { version, signal }: Awaited): Promise<ExitName> {
  let shown = '';
  for (let unanswered = 0; ; await deps.pause(LOOK_EVERY, signal)) {
    if (signal.aborted) return left(deps, version);
    const answer = await deps.ask(invocation.values['state'], { method: 'GET', path: '/api/v1/image', signal });
    if (signal.aborted) continue;
    if (!answer.ok || answer.value.status !== 200) {
      if (++unanswered < MOST_UNANSWERED) continue;
      await complain(deps, `Bartizan does not answer any more; RAUC goes on with ${version} by itself`);
      return 'failed';
    }
    unanswered = 0;
    const image = objectIn(answer.value.body);
    const update = objectIn(image['update']);
    const ended = await endOf(deps, version, image, update);
    if (ended !== undefined) return ended;
    const line = stepOf(update);
    if (line !== shown) await say(deps, `${line}\n`);
    shown = line;
  }
}

/** What there is to say when it is over; undefined while it is not. */
async function endOf(deps: CliDeps, version: string, image: Json, update: Json): Promise<ExitName | undefined> {
  const phase = textAt(update, 'phase');
  if (phase === 'installing' || phase === 'unknown' || phase === 'checking') return undefined;
  if (phase === 'installed') {
    await say(deps, `${version} is installed; \`bartizan image reboot\` boots it\n`);
    return 'ok';
  }
  const last = objectIn(image['last']);
  const result = printable((textAt(last, 'result') ?? 'over').replace('_', ' '));
  await complain(deps, `${version} ${result}: ${printable(textAt(last, 'why') ?? 'it is not said why')}`);
  return 'failed';
}

function stepOf(update: Json): string {
  if (textAt(update, 'version') === undefined) return 'Bartizan was started anew, and finds out what became of it';
  const percent = `${numberAt(update, 'percent') ?? 0} %`.padStart(5);
  const alone = textAt(update, 'phase') === 'unknown' ? ' (RAUC goes on by itself)' : '';
  return `${percent}  ${printable(textAt(update, 'message') ?? '')}${alone}`.trimEnd();
}

async function left(deps: CliDeps, what: string): Promise<ExitName> {
  await complain(deps, `not waited for any longer: ${what} goes on; \`bartizan image\` shows how far it is`);
  return 'interrupted';
}
