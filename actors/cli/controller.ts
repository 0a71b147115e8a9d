import { basename, dirname, join } from 'node:path';
import { printable, printableJson } from '../../core/base/printable.ts';
import { messageOf } from '../../core/base/result.ts';
import { parseDuration } from '../../core/base/time.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ControllerCommandName } from '../../core/cli/controller.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { brokerConfig, caAdd, caInit, caRenew, simulateFleet, stateOf } from './controller-local.ts';
import { type Columns, desiredColumns, isOpen, outcomeColumns, TABLES, wasDone } from './controller-tables.ts';
import type { CliDeps } from './deps.ts';
import { type Json, objectIn, objectsIn, textAt } from './json.ts';
import { complain, OutputClosed, say, sayFacts, sayTable } from './say.ts';

type Run = (invocation: Invocation, deps: CliDeps) => Promise<ExitName>;
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A running controller is given longer than it was told to wait itself. */
const MARGIN_MS = 15_000;
const DEFAULT_WITHIN = '30s';

/** Everything but `controller serve`, which has its own exit code. */
export const CONTROLLER_RUNS: Readonly<Record<Exclude<ControllerCommandName, 'controller serve'>, Run>> = {
  'controller ca init': caInit,
  'controller ca add': caAdd,
  'controller ca renew': caRenew,
  'controller broker-config': brokerConfig,
  'controller simulate': simulateFleet,
  'controller enroll': enroll,
  'controller list': listFleet,
  'controller show': (invocation, deps) => {
    const { SERIAL: serial = '' } = invocation.arguments;
    return ask(invocation, deps, 'GET', `/v1/appliances/${encodeURIComponent(serial)}`, undefined, (body) =>
      sayObject(deps, body),
    );
  },
  'controller label': (invocation, deps) => {
    const { WHO: who, LABELS: labels } = invocation.arguments;
    return ask(invocation, deps, 'POST', '/v1/labels', { who, labels }, rows(deps, TABLES.labels));
  },
  'controller watch': watch,
  'controller desired set': desiredSet,
  'controller desired diff': desiredDiff,
  'controller desired history': (invocation, deps) => {
    const { SERIAL: serial = '' } = invocation.arguments;
    const path = `/v1/desired/${encodeURIComponent(serial)}`;
    return ask(invocation, deps, 'GET', path, undefined, rows(deps, TABLES.history));
  },
  'controller cmd': command,
  'controller confirm': (invocation, deps) =>
    outcomes(invocation, deps, {
      path: '/v1/confirm',
      body: { who: invocation.arguments['WHO'], ...waits(invocation) },
    }),
  'controller keys': keys,
  'controller lists': lists,
  'controller revoke': (invocation, deps) => {
    const body = { serial: invocation.arguments['SERIAL'], reason: invocation.values['reason'] };
    return ask(invocation, deps, 'POST', '/v1/revoke', body, (answer) =>
      say(deps, `${textAt(objectIn(answer), 'serial')}: ${String(objectIn(answer)['revoked'])} certificates revoked\n`),
    );
  },
  'controller shards': shards,
  'controller streams': streams,
};

/** `controller serve`. @returns its exit code */
export async function serveFleet(invocation: Invocation, deps: CliDeps): Promise<number> {
  const { serveController } = await deps.controller();
  const { shards: list } = invocation.values;
  const options = { state: await stateOf(invocation, deps), exports: invocation.flags.has('export') };
  return serveController({ ...options, ...(list === undefined ? {} : { shards: list }) }, (text) =>
    complain(deps, printable(text)),
  );
}

function enroll(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ACTION: action = 'new', NAME: name } = invocation.arguments;
  const { uses, for: lasts, serial, label } = invocation.values;
  switch (action) {
    case 'new':
      return ask(invocation, deps, 'POST', '/v1/tokens', { uses, for: lasts, serial, label }, (body) =>
        say(deps, `${textAt(objectIn(body), 'token') ?? ''}\n`),
      );
    case 'list':
      return ask(invocation, deps, 'GET', '/v1/tokens', undefined, rows(deps, TABLES.tokens));
    case 'revoke':
      if (name === undefined) return wrong(deps, 'enroll revoke: NAME is missing');
      return ask(invocation, deps, 'DELETE', `/v1/tokens/${encodeURIComponent(name)}`, undefined, () =>
        say(deps, `${printable(name)} opens nothing any more\n`),
      );
    default:
      return wrong(deps, `enroll: there is no "${printable(action)}"; there are new, list, revoke`);
  }
}

function listFleet(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { WHO: who = 'all' } = invocation.arguments;
  const query = new URLSearchParams({ who, offline: invocation.flags.has('offline') ? '1' : '0' });
  return ask(invocation, deps, 'GET', `/v1/appliances?${query}`, undefined, rows(deps, TABLES.appliances));
}

async function watch(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { watchController, placeIn, stopSignal } = await deps.controller();
  const lasts = parseDuration(invocation.values['for'] ?? '0');
  if (!lasts.ok) return wrong(deps, `--for: ${lasts.public}`);
  const end = new AbortController();
  void stopSignal().then(() => end.abort());
  const { WHO: who } = invocation.arguments;
  const until = lasts.value === 'never' ? end.signal : AbortSignal.any([end.signal, AbortSignal.timeout(lasts.value)]);
  const path = `/v1/watch?${new URLSearchParams({ streams: invocation.flags.has('streams') ? '1' : '0', ...(who === undefined ? {} : { who }) })}`;
  const { socket } = placeIn(await stateOf(invocation, deps));
  const isJson = invocation.flags.has('json');
  let isClosed = false;
  const line = async (text: string): Promise<void> => {
    if (isClosed) return;
    const told = objectIn(JSON.parse(text));
    await say(deps, `${isJson ? printableJson(told) : printable(toldText(told))}\n`).catch((cause: unknown) => {
      if (!(cause instanceof OutputClosed)) throw cause;
      isClosed = true;
      end.abort();
    });
  };
  const watched = await watchController(socket, path, line, until);
  if (watched.ok) return 'ok';
  await complain(deps, watched.public);
  return watched.code;
}

function toldText({ at, kind, serial, ...rest }: Json): string {
  const facts = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return [at, kind, serial, ...facts].filter((part) => part !== undefined).join(' ');
}

async function desiredSet(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const read = await sectionsIn(invocation, deps);
  if (read === undefined) return 'failed';
  const { merge, over } = { merge: invocation.flags.has('merge'), over: invocation.flags.has('over') };
  const { trial } = invocation.values;
  const body = { who: invocation.arguments['WHO'], ...read, merge, over, trial, ...waits(invocation) };
  return outcomes(invocation, deps, { path: '/v1/desired', body, columns: desiredColumns });
}

async function desiredDiff(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { WHO: who, FILE: file } = invocation.arguments;
  if (file === undefined) return ask(invocation, deps, 'POST', '/v1/diff', { who }, rows(deps, TABLES.standings));
  const read = await sectionsIn(invocation, deps);
  return read === undefined
    ? 'failed'
    : ask(invocation, deps, 'POST', '/v1/diff', { who, ...read }, rows(deps, TABLES.differences));
}

/** Sections and rules of the files that were named; what is wrong is said. */
async function sectionsIn(invocation: Invocation, deps: CliDeps): Promise<Json | undefined> {
  const text = await textOf(invocation.arguments['FILE'] ?? '-', deps);
  if (text === undefined) return undefined;
  const rules: Record<string, string> = {};
  for (const path of (invocation.values['rules'] ?? '').split(',').filter((one) => one !== '')) {
    const content = await textOf(path, deps);
    if (content === undefined) return undefined;
    rules[basename(path)] = content;
  }
  const { readYaml } = await deps.controller();
  try {
    return { sections: readYaml(text), rules };
  } catch (cause) {
    await complain(deps, printable(`${invocation.arguments['FILE']}: ${messageOf(cause)}`));
    return undefined;
  }
}

async function command(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { VERB: verb, WHO: who, WHAT: what, NUMBERS: numbers } = invocation.arguments;
  const { reason, for: lasts, log, valid } = invocation.values;
  const isBundle = verb === 'diagnostics';
  const body = {
    verb,
    who,
    numbers,
    reason,
    for: lasts,
    log,
    valid,
    ...waits(invocation),
    ...(isBundle ? {} : { what }),
  };
  return outcomes(invocation, deps, {
    path: '/v1/commands',
    body,
    ...(isBundle && what !== undefined ? { file: what } : {}),
  });
}

function keys(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ACTION: action = 'list', NAME: name } = invocation.arguments;
  if (action === 'list') return ask(invocation, deps, 'GET', '/v1/keys', undefined, rows(deps, TABLES.keys));
  const { kinds, public: publicKey, for: lasts, key } = invocation.values;
  const body = { action, name, kinds, public: publicKey, for: lasts, key };
  return ask(invocation, deps, 'POST', '/v1/keys', body, (answer) =>
    say(deps, `generation ${String(objectIn(answer)['generation'])} of the keys is published\n`),
  );
}

async function lists(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ACTION: action = 'list', NAME: name, FILE: file } = invocation.arguments;
  if (action === 'list') return ask(invocation, deps, 'GET', '/v1/lists', undefined, rows(deps, TABLES.lists));
  if (name === undefined) return wrong(deps, `lists ${printable(action)}: NAME is missing`);
  const { key = 'ops' } = invocation.values;
  const path = `/v1/lists/${encodeURIComponent(name)}?${new URLSearchParams({ key, purpose: invocation.flags.has('allow') ? 'allow' : 'block' })}`;
  if (action === 'withdraw') {
    return ask(invocation, deps, 'DELETE', path, undefined, () => say(deps, `"${printable(name)}" is withdrawn\n`));
  }
  if (action !== 'publish')
    return wrong(deps, `lists: there is no "${printable(action)}"; there are list, publish, withdraw`);
  if (file === undefined) return wrong(deps, 'lists publish: FILE is missing');
  const content = await bytesOf(file, deps);
  return content === undefined
    ? 'failed'
    : ask(invocation, deps, 'PUT', path, content, (body) => sayObject(deps, body));
}

function shards(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ACTION: action = 'list', SHARDS: given } = invocation.arguments;
  if (action === 'list') return ask(invocation, deps, 'GET', '/v1/shards', undefined, rows(deps, TABLES.shards));
  if (action !== 'give') return wrong(deps, `shards: there is no "${printable(action)}"; there are list, give`);
  return ask(invocation, deps, 'POST', '/v1/shards/give', { shards: given }, (body) =>
    say(deps, `given: ${textAt(objectIn(body), 'given') ?? 'none, they were not held here'}\n`),
  );
}

function streams(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ACTION: action = 'list', WHO: who = 'all', STREAM: stream, NUMBER: number } = invocation.arguments;
  const shown = rows(deps, TABLES.streams);
  if (action === 'list') {
    return ask(invocation, deps, 'GET', `/v1/streams?${new URLSearchParams({ who })}`, undefined, shown);
  }
  if (action !== 'rewind') return wrong(deps, `streams: there is no "${printable(action)}"; there are list, rewind`);
  return ask(
    invocation,
    deps,
    'POST',
    '/v1/streams/rewind',
    { who: invocation.arguments['WHO'], stream, number },
    shown,
  );
}

const waits = ({ values: { key, within } }: Invocation): Json => ({ key, within: within ?? DEFAULT_WITHIN });

/** Orders of many: exits with 4 where one of them was refused or failed, else with 6 where one was waited for in vain. */
async function outcomes(
  invocation: Invocation,
  deps: CliDeps,
  { path, body, columns = outcomeColumns, file }: Ordered,
): Promise<ExitName> {
  let [isDone, isOpenYet] = [true, false];
  const judge = async (answer: unknown): Promise<void> => {
    const answered = objectsIn(answer);
    isDone = answered.every(wasDone);
    isOpenYet = answered.some(isOpen) && (file !== undefined || isWaitedFor(invocation));
    if (file !== undefined) isDone = (await fetchBundles(invocation, deps, answered, file)) && isDone;
  };
  const exit = await ask(invocation, deps, 'POST', path, body, rows(deps, columns), judge);
  if (exit !== 'ok') return exit;
  return isDone ? (isOpenYet ? 'unanswered' : 'ok') : 'refused';
}

interface Ordered {
  readonly path: string;
  readonly body: Json;
  readonly columns?: Columns;
  /** For the bundles that come of it. */
  readonly file?: string;
}

function isWaitedFor({ values: { within = DEFAULT_WITHIN } }: Invocation): boolean {
  const waited = parseDuration(within);
  return waited.ok && waited.value !== 'never' && waited.value > 0;
}

/** Each in a file of its own. @returns whether all came of those that have answered */
async function fetchBundles(
  invocation: Invocation,
  deps: CliDeps,
  answered: readonly Json[],
  file: string,
): Promise<boolean> {
  let areAllThere = true;
  for (const row of answered.filter((one) => !isOpen(one))) {
    const serial = textAt(row, 'serial') ?? '';
    const path = answered.length === 1 ? file : bundleFile(file, serial);
    const came = await fetchDetail(invocation, deps, textAt(row, 'id') ?? '', path);
    if (!came) await complain(deps, answered.length === 1 ? 'no bundle came' : `${printable(serial)}: no bundle came`);
    else if (answered.length > 1 && !invocation.flags.has('json')) await say(deps, `${printable(path)}\n`);
    areAllThere = came && areAllThere;
  }
  return areAllThere;
}

/** `bundle-SERIAL.tar.gz` for `bundle.tar.gz`. */
function bundleFile(file: string, serial: string): string {
  const name = basename(file);
  const [ending = ''] = /(?<=.)(?:\.tar)?\.[a-z0-9]+$/i.exec(name) ?? [];
  return join(dirname(file), `${name.slice(0, name.length - ending.length)}-${serial}${ending}`);
}

async function fetchDetail(invocation: Invocation, deps: CliDeps, id: string, file: string): Promise<boolean> {
  if (id === '') return false;
  const { askController, placeIn } = await deps.controller();
  const { socket } = placeIn(await stateOf(invocation, deps));
  const answer = await askController(socket, { method: 'GET', path: `/v1/results/${encodeURIComponent(id)}` });
  if (!answer.ok || answer.value.status !== 200 || !(answer.value.body instanceof Uint8Array)) return false;
  await deps.writeFile(file, answer.value.body);
  return true;
}

/** Asks a controller that runs, then prints its answer. */
async function ask(
  invocation: Invocation,
  deps: CliDeps,
  method: Method,
  path: string,
  body: unknown,
  print: (body: unknown) => Promise<void>,
  judge: (body: unknown) => Promise<void> = async () => undefined,
): Promise<ExitName> {
  const { askController, placeIn } = await deps.controller();
  const waited = parseDuration(invocation.values['within'] ?? DEFAULT_WITHIN);
  if (!waited.ok) return wrong(deps, `--within: ${waited.public}`);
  const within = (waited.value === 'never' ? 0 : waited.value) + MARGIN_MS + (method === 'PUT' ? 120_000 : 30_000);
  const { socket } = placeIn(await stateOf(invocation, deps));
  const answer = await askController(socket, { method, path, within, ...(body === undefined ? {} : { body }) });
  if (!answer.ok) {
    await complain(deps, answer.public);
    return answer.code;
  }
  const { status, body: answered } = answer.value;
  if (status !== 200) {
    await complain(deps, printable(textAt(objectIn(answered), 'error') ?? `the controller answers ${status}`));
    return status === 422 ? 'usage' : status === 409 ? 'refused' : 'failed';
  }
  if (!invocation.flags.has('json')) await print(answered);
  else {
    const values = Array.isArray(answered) ? answered : [answered];
    await say(deps, values.map((value) => `${printableJson(value)}\n`).join(''));
  }
  await judge(answered);
  return 'ok';
}

const rows =
  (deps: CliDeps, columns: Columns) =>
  (body: unknown): Promise<void> => {
    const cells = objectsIn(body).map((row) => columns.of.map(([, cell]) => cell(row)));
    return cells.length === 0
      ? say(deps, `${columns.none}\n`)
      : sayTable(deps, { heads: columns.of.map(([head]) => head), rows: cells });
  };

const sayObject = (deps: CliDeps, body: unknown): Promise<void> =>
  sayFacts(
    deps,
    Object.entries(objectIn(body)).map(([name, value]) => [
      name.replaceAll('_', ' '),
      value === null ? undefined : typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );

async function bytesOf(path: string, deps: CliDeps): Promise<Uint8Array | undefined> {
  const opened = await deps.openLog(path);
  if (!opened.ok) {
    await complain(deps, printable(opened.public));
    return undefined;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of opened.value) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const textOf = async (path: string, deps: CliDeps): Promise<string | undefined> => {
  const bytes = await bytesOf(path, deps);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
};

async function wrong(deps: CliDeps, what: string): Promise<ExitName> {
  await complain(deps, what);
  return 'usage';
}
