import { printable, printableJson } from '../../core/base/printable.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import { commandOf } from '../../core/cli/command.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import type { CliDeps, ControlRequest } from './deps.ts';
import { type Json, objectIn, objectsIn, textAt } from './json.ts';
import { complain, say } from './say.ts';

const API = '/api/v1';

/** Asks, then prints the answer: as one line of JSON (a list as one line an entry) with `--json`, else for people. */
export async function show(
  invocation: Invocation,
  deps: CliDeps,
  path: string,
  print: (body: unknown) => Promise<void>,
): Promise<ExitName> {
  return showAll(invocation, deps, [path], ([body]) => print(body));
}

/** As `show`, of a list that stands within the answer. */
export function showRows(
  invocation: Invocation,
  deps: CliDeps,
  { path, rowsOf }: { readonly path: string; readonly rowsOf: (body: unknown) => readonly Json[] },
  print: (rows: readonly Json[]) => Promise<void>,
): Promise<ExitName> {
  const asRows = (bodies: readonly unknown[]) => print(bodies.flatMap(rowsOf));
  return showAll(invocation, deps, [path], asRows, (bodies) => bodies.flatMap(rowsOf));
}

/** As `show`, of several answers in turn; none is printed unless all were given. @param valuesOf what the lines of JSON are */
export async function showAll(
  invocation: Invocation,
  deps: CliDeps,
  paths: readonly string[],
  print: (bodies: readonly unknown[]) => Promise<void>,
  valuesOf: (bodies: readonly unknown[]) => readonly unknown[] = valuesIn,
): Promise<ExitName> {
  const bodies: unknown[] = [];
  for (const path of paths) {
    const answer = await request(invocation, deps, { method: 'GET', path: `${API}${path}` });
    if (!answer.ok) return answer.exit;
    bodies.push(answer.body);
  }
  if (!invocation.flags.has('json')) {
    await print(bodies);
  } else {
    await say(
      deps,
      valuesOf(bodies)
        .map((value) => `${printableJson(value)}\n`)
        .join(''),
    );
  }
  return 'ok';
}

const valuesIn = (bodies: readonly unknown[]): readonly unknown[] =>
  bodies.flatMap((body) => (Array.isArray(body) ? body : body === null ? [] : [body]));

/** What is to be done, and what is said when it was. */
export interface Order {
  readonly method?: 'POST' | 'DELETE';
  /** Behind `/api/v1`. */
  readonly path: string;
  readonly body?: Json;
  readonly done: string | ((answer: Json) => string);
}

export async function order(
  invocation: Invocation,
  deps: CliDeps,
  { method = 'POST', path, body, done }: Order,
): Promise<ExitName> {
  const answer = await request(invocation, deps, { method, path: `${API}${path}`, ...(body && { body }) });
  if (!answer.ok) return answer.exit;
  const facts = objectIn(answer.body);
  await say(deps, `${typeof done === 'string' ? done : done(facts)}\n`);
  const warning = textAt(facts, 'warning');
  if (warning !== undefined) await complain(deps, `warning: ${printable(warning)}`);
  return 'ok';
}

export type Outcome = { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly exit: ExitName };

/** Asks; what went wrong is said already. */
export async function request(
  { command, values: { state } }: Invocation,
  deps: CliDeps,
  what: ControlRequest,
): Promise<Outcome> {
  const within = commandOf(command)?.within;
  const answer = await deps.ask(state, { ...what, ...(within === undefined ? {} : { within }) });
  if (!answer.ok && what.signal?.aborted === true) return { ok: false, exit: 'interrupted' };
  if (!answer.ok) {
    await complain(deps, answer.public);
    return { ok: false, exit: answer.code === 'not_running' ? 'not_running' : 'failed' };
  }
  const { status: code, body } = answer.value;
  if (code >= 200 && code < 300) return { ok: true, body };
  for (const problem of problemsIn(objectIn(body), code)) await complain(deps, printable(problem));
  return { ok: false, exit: exitOf(what.method, code) };
}

/** 422 is the settings' own: their file, or what it would become, is wrong. */
function exitOf(method: string, status: number): ExitName {
  if (method === 'GET') return 'failed';
  if (status === 422) return 'config';
  return REFUSALS.has(status) ? 'refused' : 'failed';
}

/** One sentence, or one for each field that is wrong. */
function problemsIn(body: Json, code: number): readonly string[] {
  const fields = objectsIn(body['errors']).map((one) =>
    [textAt(one, 'field'), textAt(one, 'message')].filter((part) => part !== undefined && part !== '').join(': '),
  );
  return fields.length > 0 ? fields : [textAt(body, 'error') ?? `it answered with HTTP status ${code}`];
}

/** Statuses that mean "I will not": a protected address (400, 403, 409), too late (410), nothing enforced at present (503). */
const REFUSALS: ReadonlySet<number> = new Set([400, 403, 409, 410, 412, 503]);
