import { canonicalIp } from '../../base/ip.ts';
import type { HttpFields } from '../event.ts';
import { type Fields, portOf, setPeer, setRepeats } from '../fields.ts';
import { numberOf } from '../web/request.ts';

/** Groups of a declared pattern that have no place in an event of their own. */
export const MOST_FIELDS = 32;

/** A longer value is cut: fields are kept with every event. */
export const LONGEST_FIELD = 1024;

/** What a match says, beside the fields that every parser has. */
export interface Matched {
  readonly fields: Fields;
  readonly http: { -readonly [K in keyof HttpFields]: HttpFields[K] };
  time?: string;
  host?: string;
  program?: string;
  pid?: number;
}

type Take = (text: string, matched: Matched) => void;

const http =
  (name: 'method' | 'path' | 'query' | 'referrer' | 'userAgent' | 'host'): Take =>
  (text, matched) => {
    matched.http[name] = text;
  };

const httpNumber =
  (name: 'status' | 'bytes'): Take =>
  (text, matched) => {
    const value = numberOf(text);
    if (value !== undefined) matched.http[name] = value;
  };

const word =
  (name: 'user' | 'targetUser' | 'method' | 'service' | 'transport'): Take =>
  (text, { fields }) => {
    fields[name] = text;
  };

const port =
  (name: 'sourcePort' | 'destinationPort'): Take =>
  (text, { fields }) => {
    const value = portOf(text);
    if (value !== undefined && value > 0 && value <= 65_535) fields[name] = value;
  };

/** Named groups that fill a field of the event; any other goes to the event's `fields`, under its name. */
export const GROUPS: Readonly<Record<string, Take>> = {
  time: (text, matched) => {
    matched.time = text;
  },
  host: (text, matched) => {
    matched.host = text;
  },
  program: (text, matched) => {
    matched.program = text;
  },
  pid: (text, matched) => {
    const pid = numberOf(text);
    if (pid !== undefined) matched.pid = pid;
  },
  source_ip: (text, { fields }) => setPeer(text.replace(/^\[(.*)\]$/, '$1'), undefined, fields),
  source_port: port('sourcePort'),
  destination_ip: (text, { fields }) => {
    const ip = canonicalIp(text.replace(/^\[(.*)\]$/, '$1'));
    if (ip !== undefined) fields.destinationIp = ip;
  },
  destination_port: port('destinationPort'),
  transport: word('transport'),
  service: word('service'),
  user: word('user'),
  target_user: word('targetUser'),
  method: word('method'),
  repeats: (text, { fields }) => setRepeats(numberOf(text) ?? 0, fields),
  http_method: http('method'),
  http_path: http('path'),
  http_query: http('query'),
  http_status: httpNumber('status'),
  http_bytes: httpNumber('bytes'),
  http_referrer: http('referrer'),
  http_user_agent: http('userAgent'),
  http_host: http('host'),
};

export const isKnownGroup = (name: string): boolean => Object.hasOwn(GROUPS, name);

/** Fills in what the groups matched; an empty match says nothing. */
export function takeGroups(names: readonly string[], values: readonly (string | undefined)[], matched: Matched): void {
  let others: Record<string, string> | undefined;
  for (const [i, name] of names.entries()) {
    const value = values[i];
    if (value === undefined || value === '') continue;
    const take = Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined;
    if (take !== undefined) take(value, matched);
    else {
      others ??= {};
      others[name] = value.slice(0, LONGEST_FIELD);
    }
  }
  const { fields } = matched;
  if (others !== undefined) fields.fields = others;
  if (Object.keys(matched.http).length > 0) fields.http = matched.http;
}
