import { isTrue, type Json, objectIn, textAt } from './json.ts';

/** A table: its heads and cells, and what is said where it is empty. */
export interface Columns {
  readonly of: readonly (readonly [head: string, cell: (row: Json) => string])[];
  readonly none: string;
}

const text =
  (key: string) =>
  (row: Json): string => {
    const value = row[key];
    return value === null || value === undefined
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  };
const yes =
  (key: string, word: string, otherwise = '') =>
  (row: Json): string =>
    isTrue(row, key) ? word : otherwise;
const words = (key: string) => (row: Json) => (Array.isArray(row[key]) ? row[key].join(' ') : '');
const labels = (row: Json): string =>
  Object.entries(objectIn(row['labels']))
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
const presence = ({ online, reason, revoked }: Json): string =>
  revoked === true
    ? 'revoked'
    : online === null
      ? 'unknown'
      : online === true
        ? 'online'
        : `away ${typeof reason === 'string' ? reason : ''}`.trim();
const short = (key: string) => (row: Json) => text(key)(row).slice(0, 12);

export const TABLES = {
  appliances: {
    of: [
      ['SERIAL', text('serial')],
      ['PRESENCE', presence],
      ['SINCE', text('since')],
      ['HOST', text('hostname')],
      ['VERSION', text('version')],
      ['MODE', text('mode')],
      ['TROUBLES', text('troubles')],
      ['DESIRED', (row) => text('standing')(objectIn(row['desired']))],
      ['LABELS', labels],
    ],
    none: 'there are no such appliances',
  },
  labels: {
    of: [
      ['SERIAL', text('serial')],
      ['LABELS', labels],
    ],
    none: 'there are no such appliances',
  },
  standings: {
    of: [
      ['SERIAL', text('serial')],
      ['STANDING', text('standing')],
      ['GENERATION', text('generation')],
      ['CHANGED THERE', words('changedHere')],
      ['WHY', text('text')],
    ],
    none: 'there are no such appliances',
  },
  differences: {
    of: [
      ['SERIAL', text('serial')],
      ['PATH', text('path')],
      ['BEFORE', text('before')],
      ['AFTER', text('after')],
    ],
    none: 'nothing differs',
  },
  history: {
    of: [
      ['GENERATION', text('generation')],
      ['AT', text('at')],
      ['KEY', text('key')],
      ['STANDING', text('standing')],
      ['IN EFFECT', yes('in_effect', 'yes')],
      ['ORDER', short('order')],
      ['FOLLOWS', short('parent')],
      ['WHY', text('text')],
    ],
    none: 'nothing was ever desired of it here',
  },
  keys: {
    of: [
      ['NAME', text('name')],
      ['PRIVATE KEY', yes('here', 'here', 'elsewhere')],
      ['UNTIL', text('until')],
      ['PUBLIC KEY', short('public_key')],
      ['MAY ORDER', words('kinds')],
    ],
    none: 'there are no keys',
  },
  lists: {
    of: [
      ['NAME', text('name')],
      ['PURPOSE', text('purpose')],
      ['GENERATION', text('generation')],
      ['ENTRIES', text('entries')],
      ['BYTES', text('bytes')],
      ['AT', text('at')],
      ['', yes('withdrawn', 'withdrawn')],
    ],
    none: 'no list was published',
  },
  tokens: {
    of: [
      ['NAME', text('name')],
      ['USED', (row) => `${text('used')(row)} of ${text('uses')(row)}`],
      ['UNTIL', text('until')],
      ['SERIAL', text('serial')],
      ['LABELS', labels],
      ['', yes('revoked', 'revoked')],
    ],
    none: 'there are no tokens',
  },
  streams: {
    of: [
      ['SERIAL', text('serial')],
      ['STREAM', text('stream')],
      ['NUMBERING', text('epoch')],
      ['TAKEN', text('taken')],
      ['HELD', text('held')],
      ['', (row) => (row['epoch'] === row['reported_epoch'] ? '' : `reports ${text('reported_epoch')(row)}`)],
    ],
    none: 'nothing was taken of them',
  },
  shards: {
    of: [
      ['SHARD', text('shard')],
      ['HOLDER', text('holder')],
      ['UNTIL', text('until')],
      ['', yes('served', 'served here')],
    ],
    none: 'there are no shards',
  },
} as const satisfies Readonly<Record<string, Columns>>;

function cameTo(row: Json): string {
  return textAt(row, 'state') ?? textAt(row, 'standing') ?? '';
}

/** Some texts begin with the word that is their code. */
const why = (row: Json): string => {
  const [code, said = ''] = [textAt(row, 'code'), textAt(row, 'text')];
  return code === undefined || said.startsWith(`${code}:`) ? said : [code, said].filter(Boolean).join(': ');
};

/** Of commands. */
export const outcomeColumns: Columns = {
  of: [
    ['SERIAL', text('serial')],
    ['CAME TO', cameTo],
    ['WHY', why],
  ],
  none: 'nobody was meant',
};

/** Of what is desired, which has a generation. */
export const desiredColumns: Columns = {
  ...outcomeColumns,
  of: [...outcomeColumns.of.slice(0, 2), ['GENERATION', text('generation')], ...outcomeColumns.of.slice(2)],
};

/** Neither refused nor failed; what is not answered yet may still be done. */
export const wasDone = (row: Json): boolean =>
  !['refused', 'failed', 'reverted', 'conflict', 'not_issued', 'none'].includes(cameTo(row));

/** It has come to no end yet. */
export const isOpen = (row: Json): boolean => ['sent', 'waiting', 'on_trial'].includes(cameTo(row));
