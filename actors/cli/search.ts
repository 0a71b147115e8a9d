import { printable, printableJson } from '../../core/base/printable.ts';
import { millis, rfc3339 } from '../../core/base/time.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { rowLine } from '../../core/cli/table.ts';
import type { KeptLine } from '../../core/event/kept.ts';
import { fieldNamed } from '../../core/query/catalogue.ts';
import { EVENT_FIELDS } from '../../core/query/event-fields.ts';
import type { FoundLine } from '../../core/query/found.ts';
import { parseQuery } from '../../core/query/parse.ts';
import { valuesOf } from '../../core/query/records.ts';
import type { Query, Value } from '../../core/query/tree.ts';
import type { SearchEvent } from '../segments/index.ts';
import type { CliDeps } from './deps.ts';
import { complain, say, sayTable } from './say.ts';

/** Prints what the stored events hold of a query: rows as they are found, then how much was searched. */
export async function search(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { QUERY: text = '' } = invocation.arguments;
  const query = parseQuery(text, { catalogue: EVENT_FIELDS, now: deps.now() });
  if (!query.ok) {
    await complain(deps, `${printable(query.public)}\n${pointer(text, query.at)}`);
    return 'usage';
  }
  const found = deps.searchEvents(invocation.values['state'], query.value);
  if (!found.ok) {
    await complain(deps, printable(found.public));
    return 'failed';
  }
  const print = printer(query.value, deps, invocation.flags.has('json'));
  for await (const event of found.value) {
    if (event.kind === 'refused') {
      await complain(deps, printable(event.why));
      return 'usage';
    }
    await print(event);
  }
  return 'ok';
}

/** The query, and under it where it cannot be understood. */
function pointer(text: string, at: number): string {
  const before = printable(text.slice(0, at));
  return `  ${before}${printable(text.slice(at))}\n  ${' '.repeat([...before].length)}^`;
}

type Printer = (event: Exclude<SearchEvent, { kind: 'refused' }>) => Promise<void>;

function printer(query: Query, deps: CliDeps, isJson: boolean): Printer {
  const rows = isJson ? jsonRows(query) : tableRows(query, deps.stdout.columns ?? Number.POSITIVE_INFINITY);
  let shown = 0;
  const clear = progressLine(deps);
  return async (event) => {
    await clear(event);
    if (event.kind === 'rows') {
      shown += event.rows.length;
      await say(deps, `${rows(event.rows).join('\n')}\n`);
    } else if (event.kind === 'damage') {
      const { file, at, why, rows: lost } = event.part;
      const many = lost === undefined ? '' : `, ${lost} events`;
      await complain(deps, `${printable(file)} cannot be read at byte ${at}: ${why}${many}`);
    } else if (event.kind === 'end') {
      if (event.counted !== undefined) await sayCounted(deps, query, event.counted, isJson);
      await deps.stderr.write(`${summary(event, shown)}\n`);
    }
  };
}

/** On a terminal, how far a search is stands in a line that the next output takes away again. */
function progressLine({ stderr }: CliDeps): (event: SearchEvent) => Promise<void> {
  let isThere = false;
  return async (event) => {
    if (stderr.columns === undefined) return;
    if (isThere) await stderr.write('\r\x1b[K');
    isThere = event.kind === 'progress';
    if (event.kind !== 'progress') return;
    const { done, blocks, matched, reached } = event.progress;
    const back = reached === undefined ? '' : `, at ${rfc3339(reached)}`;
    await stderr.write(`${Math.floor((100 * done) / Math.max(1, blocks))} %, ${matched} matches${back}`);
  };
}

const shownValue = (value: Value | undefined, name: string): string => {
  if (value === undefined) return '-';
  const isTime = fieldNamed(EVENT_FIELDS, name)?.kind === 'time';
  return printable(isTime ? rfc3339(millis(Number(value))) : String(value));
};

/** Lines come one by one, so widths cannot follow them: these fit a time, most host and program names, and an IPv4. */
const WIDTHS = [24, 10, 12, 15, 0];
const HEADS = ['TIME', 'HOST', 'PROGRAM', 'IP', 'MESSAGE'];
const FIELDS = ['at', 'host', 'program', 'ip', 'message'];
const FIELD_WIDTH = 16;

function tableRows({ fields }: Query, width: number): (rows: readonly FoundLine[]) => readonly string[] {
  const names = fields ?? FIELDS;
  const widths = fields === undefined ? WIDTHS : fields.map((name) => (name === 'at' ? 24 : FIELD_WIDTH));
  const heads = fields === undefined ? HEADS : fields.map((name) => name.toUpperCase());
  let isHeaded = false;
  return (rows) => {
    const lines = rows.map(({ line }) => {
      const values = valuesOf(line, names, EVENT_FIELDS);
      return rowLine(
        names.map((name, i) => shownValue(values[i], name)),
        widths,
        width,
      );
    });
    if (isHeaded) return lines;
    isHeaded = true;
    return [rowLine(heads, widths, width), ...lines];
  };
}

const jsonRows =
  ({ fields }: Query) =>
  (rows: readonly FoundLine[]): readonly string[] =>
    rows.map(({ id, line }) => printableJson({ id, ...(fields === undefined ? timed(line) : picked(line, fields)) }));

/** Times as people and other tools read them. */
const timed = (line: KeptLine): object => ({ ...line, at: rfc3339(line.at) });

function picked(line: KeptLine, fields: readonly string[]): object {
  const values = valuesOf(line, fields, EVENT_FIELDS);
  return Object.fromEntries(fields.map((name, i) => [name, name === 'at' ? rfc3339(line.at) : values[i]]));
}

type Counted = NonNullable<Extract<SearchEvent, { kind: 'end' }>['counted']>;

async function sayCounted(
  deps: CliDeps,
  { count }: Query,
  { rows, ungrouped }: Counted,
  isJson: boolean,
): Promise<void> {
  const by = count?.by ?? [];
  const isTimed = count?.per !== undefined;
  if (isJson) {
    const lines = rows.map(({ at, values, count: times }) =>
      printableJson({
        ...(at === undefined ? {} : { from: rfc3339(millis(at)) }),
        ...Object.fromEntries(by.map((name, i) => [name, values[i]])),
        count: times,
      }),
    );
    await say(deps, lines.map((line) => `${line}\n`).join(''));
  } else {
    await sayTable(deps, {
      heads: [...(isTimed ? ['FROM'] : []), ...by.map((name) => name.toUpperCase()), 'COUNT'],
      rows: rows.map(({ at, values, count: times }) => [
        ...(at === undefined ? [] : [rfc3339(millis(at))]),
        ...by.map((name, i) => shownValue(values[i], name)),
        String(times),
      ]),
    });
  }
  if (ungrouped > 0) await complain(deps, `${ungrouped} more events are of groups too many to tell apart`);
}

function summary({ complete, next, progress }: Extract<SearchEvent, { kind: 'end' }>, shown: number): string {
  const { blocks, read, rows, matched } = progress;
  const searched = `${shown > 0 ? `${shown} shown, ` : ''}${matched} matched of ${rows} events in ${read} of ${blocks} blocks`;
  const more = next === undefined ? '' : `; more: | after ${next}`;
  return `${searched}${complete ? '' : '; not everything was searched in time'}${more}`;
}
