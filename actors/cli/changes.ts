import { printable } from '../../core/base/printable.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { order, request, show, showRows } from './control.ts';
import type { CliDeps } from './deps.ts';
import { isTrue, type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';
import { complain, say, sayFacts, sayTable } from './say.ts';

const ACTIONS = ['list', 'show', 'confirm', 'revert'] as const;
type Action = (typeof ACTIONS)[number];

/** What is on trial, and what is to become of it. */
export async function change(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ACTION: word = 'show', ID: id } = invocation.arguments;
  const action = ACTIONS.find((known) => known === word);
  if (action === undefined) {
    await complain(deps, `"${printable(word)}" is nothing to do with a change; there are ${ACTIONS.join(', ')}`);
    return 'usage';
  }
  return DOES[action](invocation, deps, id);
}

const changesIn = (body: unknown): readonly Json[] => objectsIn(objectIn(body)['changes']);

type Does = (invocation: Invocation, deps: CliDeps, id: string | undefined) => Promise<ExitName>;

const DOES: Readonly<Record<Action, Does>> = {
  list: (invocation, deps) =>
    showRows(invocation, deps, { path: '/changes', rowsOf: changesIn }, (changes) => {
      const rows = changes.map((row) => [
        textAt(row, 'id') ?? '',
        textAt(row, 'proposed_at') ?? '',
        stateOf(row),
        textAt(objectIn(row['by']), 'actor') ?? '',
        textAt(row, 'summary') ?? '',
      ]);
      if (rows.length === 0) return say(deps, 'nothing was ever on trial\n');
      return sayTable(deps, { heads: ['ID', 'TIME', 'STATE', 'BY', 'WHAT'], rows });
    }),
  show: (invocation, deps, id) =>
    id === undefined
      ? show(invocation, deps, '/changes/pending', (body) => sayPending(deps, objectIn(body)))
      : show(invocation, deps, `/changes/${encodeURIComponent(id)}`, (body) => sayChange(deps, objectIn(body))),
  confirm: (invocation, deps, id) => end(invocation, deps, { id, verb: 'confirm', done: 'is confirmed: it stays' }),
  revert: (invocation, deps, id) => end(invocation, deps, { id, verb: 'revert', done: 'is taken back' }),
};

interface End {
  readonly id: string | undefined;
  readonly verb: 'confirm' | 'revert';
  readonly done: string;
}

async function end(invocation: Invocation, deps: CliDeps, { id, verb, done }: End): Promise<ExitName> {
  const wanted = id === undefined ? await pendingId(invocation, deps) : { id };
  if ('exit' in wanted) return wanted.exit;
  return order(invocation, deps, {
    path: `/changes/${encodeURIComponent(wanted.id)}/${verb}`,
    done: (answer) => `${printable(textAt(answer, 'summary') ?? wanted.id)} ${done}`,
  });
}

/** Nothing on trial is nothing to decide about, which a script has to learn. */
async function pendingId(
  invocation: Invocation,
  deps: CliDeps,
): Promise<{ readonly id: string } | { readonly exit: ExitName }> {
  const answer = await request(invocation, deps, { method: 'GET', path: '/api/v1/changes/pending' });
  if (!answer.ok) return answer;
  const id = textAt(objectIn(objectIn(answer.body)['change']), 'id');
  if (id !== undefined) return { id };
  await complain(deps, 'nothing is on trial');
  return { exit: 'refused' };
}

async function sayPending(deps: CliDeps, body: Json): Promise<void> {
  const pending = objectIn(body['change']);
  if (!isTrue(body, 'pending')) return say(deps, 'nothing is on trial\n');
  const left = numberAt(pending, 'seconds_remaining');
  await sayFacts(deps, [
    ['ON TRIAL', textAt(pending, 'summary')],
    ['time left', left === undefined ? undefined : countdown(left)],
    ['taken back at', textAt(pending, 'deadline')],
    ...factsOf(pending),
  ]);
  await sayEvidence(deps, pending);
  const by = textAt(pending, 'confirmed_by') === 'probes' ? 'its probes pass or ' : '';
  await say(deps, `\nIt is taken back unless ${by}somebody says: bartizan change confirm\n`);
}

async function sayChange(deps: CliDeps, body: Json): Promise<void> {
  const verdict = objectIn(body['verdict']);
  const fresh = objectIn(verdict['fresh_connection']);
  await sayFacts(deps, [
    ['change', textAt(body, 'summary')],
    ...factsOf(body),
    ['ended', textAt(verdict, 'at')],
    ['why', textAt(verdict, 'why')],
    ['by the word of', whoOf(objectIn(verdict['word']))],
    ['connection', isTrue(fresh, 'proved') ? 'new: it shows that the way in was open' : textAt(fresh, 'why')],
  ]);
  await sayEvidence(deps, body);
}

const factsOf = (body: Json): readonly (readonly [string, string | undefined])[] => [
  ['id', textAt(body, 'id')],
  ['state', stateOf(body)],
  ['proposed by', whoOf(objectIn(body['by']))],
  ['proposed at', textAt(body, 'proposed_at')],
  ['forced because', textAt(body, 'forced_because')],
];

function whoOf(word: Json): string | undefined {
  const [actor, peer] = [textAt(word, 'actor'), textAt(word, 'peer')];
  if (actor === undefined) return undefined;
  return peer === undefined || peer === 'local' ? `${actor} (on this machine)` : `${actor} from ${peer}`;
}

/** The end where it has one, else the state, and that loudly where it needs somebody. */
function stateOf(body: Json): string {
  const state = textAt(body, 'state') ?? '';
  const by = textAt(objectIn(body['verdict']), 'by');
  if (state === 'stuck') return 'STUCK: it could not be taken back yet, and is tried again';
  return by === undefined ? state.replace('awaiting', 'on trial') : `${state} by ${by.replaceAll('_', ' ')}`;
}

async function sayEvidence(deps: CliDeps, body: Json): Promise<void> {
  const rows = objectsIn(body['evidence']).map((row) => [
    textAt(row, 'at') ?? '',
    textAt(row, 'probe') ?? '',
    (textAt(row, 'result') ?? '').replace('failed', 'FAILED'),
    textAt(row, 'detail') ?? '',
  ]);
  if (rows.length === 0) return;
  await say(deps, '\n');
  await sayTable(deps, { heads: ['TIME', 'PROBE', 'RESULT', 'WHAT CAME OF IT'], rows });
}

/** `4 min 07 s`. */
const countdown = (left: number): string => {
  const [minutes, rest] = [Math.floor(left / 60), Math.floor(left % 60)];
  return minutes === 0 ? `${rest} s` : `${minutes} min ${String(rest).padStart(2, '0')} s`;
};
