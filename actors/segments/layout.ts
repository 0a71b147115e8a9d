import type { Event, HttpFields } from '../../core/event/event.ts';

/**
 * Columns are stored together by who reads them together: most searches look at `core`, some at `message`, and the rest is
 * needed only to show what was found; `words` is no column but says which rows have a word. Each is compressed by itself.
 */
export const GROUPS = ['core', 'message', 'place', 'rest', 'words'] as const;
export type Group = (typeof GROUPS)[number];

/** `delta`: numbers that mostly grow. `bytes`: texts one behind the other; the others have a dictionary. */
export type Storage = 'dictionary' | 'number' | 'delta' | 'bytes';

export interface Column {
  /** As stored: for good. A number once used is never used for anything else. */
  readonly id: number;
  /** Short name of the field in core/query. */
  readonly field: string;
  readonly group: Group;
  readonly storage: Storage;
}

const column = (id: number, field: string, group: Group, storage: Storage): Column => ({ id, field, group, storage });

/** Every column there is but those of declared parsers' fields, which go by their names. */
export const COLUMNS = {
  at: column(1, 'at', 'core', 'delta'),
  host: column(2, 'host', 'core', 'dictionary'),
  program: column(3, 'program', 'core', 'dictionary'),
  pid: column(4, 'pid', 'core', 'number'),
  category: column(5, 'category', 'core', 'dictionary'),
  action: column(6, 'action', 'core', 'dictionary'),
  outcome: column(7, 'outcome', 'core', 'dictionary'),
  user: column(8, 'user', 'core', 'dictionary'),
  /** Bits of `FLAGS`. */
  flags: column(9, 'user_unknown', 'core', 'number'),
  targetUser: column(10, 'target_user', 'core', 'dictionary'),
  sourceIp: column(11, 'ip', 'core', 'dictionary'),
  sourcePort: column(12, 'port', 'core', 'number'),
  method: column(13, 'method', 'core', 'dictionary'),
  unparsed: column(14, 'unparsed', 'core', 'dictionary'),
  service: column(15, 'service', 'core', 'dictionary'),
  message: column(16, 'message', 'message', 'bytes'),
  source: column(17, 'source', 'place', 'dictionary'),
  offset: column(18, 'offset', 'place', 'delta'),
  provenance: column(19, 'provenance', 'core', 'dictionary'),
  destinationIp: column(20, 'to_ip', 'rest', 'dictionary'),
  destinationPort: column(21, 'to_port', 'rest', 'number'),
  transport: column(22, 'transport', 'rest', 'dictionary'),
  repeats: column(23, 'repeats', 'rest', 'number'),
  httpMethod: column(24, 'http_method', 'rest', 'dictionary'),
  path: column(25, 'path', 'rest', 'dictionary'),
  query: column(26, 'query', 'rest', 'dictionary'),
  status: column(27, 'status', 'rest', 'number'),
  bytes: column(28, 'bytes', 'rest', 'number'),
  referrer: column(29, 'referrer', 'rest', 'dictionary'),
  userAgent: column(30, 'agent', 'rest', 'dictionary'),
  httpHost: column(31, 'vhost', 'rest', 'dictionary'),
} as const satisfies Readonly<Record<string, Column>>;

export type ColumnName = keyof typeof COLUMNS;

/** The id under which the columns of `Event.fields` are stored, each with its name. */
export const DECLARED = 255;

export const FLAGS = { userUnknown: 1, http: 2, fields: 4 } as const;

const BY_FIELD: ReadonlyMap<string, Column> = new Map(Object.values(COLUMNS).map((one) => [one.field, one]));

export const columnOfField = (field: string): Column | undefined => BY_FIELD.get(field);

/** Of an event, what is stored as it is; in the order of a line of the log. */
export const EVENT_TEXTS = [
  'category',
  'action',
  'outcome',
  'host',
  'program',
  'user',
  'targetUser',
  'sourceIp',
  'destinationIp',
  'transport',
  'service',
  'method',
] as const satisfies readonly (ColumnName & keyof Event)[];

export const EVENT_NUMBERS = [
  'pid',
  'sourcePort',
  'destinationPort',
  'repeats',
] as const satisfies readonly (ColumnName & keyof Event)[];

export const HTTP_TEXTS = {
  method: 'httpMethod',
  path: 'path',
  query: 'query',
  referrer: 'referrer',
  userAgent: 'userAgent',
  host: 'httpHost',
} as const satisfies Readonly<Partial<Record<keyof HttpFields, ColumnName>>>;

export const HTTP_NUMBERS = { status: 'status', bytes: 'bytes' } as const satisfies Readonly<
  Partial<Record<keyof HttpFields, ColumnName>>
>;

/** Proof that the lists above are all of them: a new field of Event does not compile until it is stored. */
type Stored =
  | (typeof EVENT_TEXTS)[number]
  | (typeof EVENT_NUMBERS)[number]
  | 'at'
  | 'position'
  | 'provenance'
  | 'userUnknown'
  | 'http'
  | 'fields'
  | 'message';
type StoredHttp = keyof typeof HTTP_TEXTS | keyof typeof HTTP_NUMBERS;
type Missing = Exclude<keyof Event, Stored> | Exclude<keyof HttpFields, StoredHttp>;
export const ALL_STORED: [Missing] extends [never] ? true : Missing = true;
