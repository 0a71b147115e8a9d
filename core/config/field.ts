import type { SectionField } from './sections.ts';
import { type SchemaView, type Setting, view } from './setting.ts';
import { boundsText } from './words.ts';

/** `json`: a list of mappings, as `schema` has them. */
export type FieldType = 'bool' | 'int' | 'float' | 'string' | 'enum' | '[]string' | '[]int' | '[]enum' | 'json';

/** A setting as a form shows it. */
export interface Field {
  readonly key: string;
  readonly type: FieldType;
  readonly label: string;
  readonly help: string;
  readonly secret: boolean;
  /** May be absent: `null` takes it out of the file. */
  readonly nullable: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly options?: readonly string[];
  readonly placeholder?: string;
  readonly fieldGroup?: string;
  readonly applies: Setting['applies'];
  /** JSON Schema of the value, of a `json` field. */
  readonly schema?: SchemaView;
}

export function fieldOf({ key, placed }: SectionField, title: string): Field {
  const { setting } = placed;
  const schema = view(setting.schema);
  const type = fieldType(schema);
  const { minimum: min, maximum: max } = schema;
  const options = schema.enum ?? schema.items?.enum;
  const placeholder = placeholderOf(setting, schema);
  return {
    key,
    type,
    label: key === '' ? title : labelOf(key),
    help: [schema.description ?? '', ...helpOf(schema)].join(' '),
    secret: schema.writeOnly === true,
    nullable: setting.optional,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(options === undefined ? {} : { options }),
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(setting.fieldGroup === undefined ? {} : { fieldGroup: setting.fieldGroup }),
    applies: setting.applies,
    ...(type === 'json' ? { schema } : {}),
  };
}

/** Bounds that no attribute of the field tells, and what to write instead of what is deprecated. */
const helpOf = (schema: SchemaView): readonly string[] => [
  ...(schema.format === 'duration' ? [boundsText(schema)] : []),
  ...(schema.instead === undefined ? [] : [`Deprecated: ${schema.instead}.`]),
];

function fieldType(schema: SchemaView): FieldType {
  if (schema.enum !== undefined) return 'enum';
  switch (schema.type) {
    case 'boolean':
      return 'bool';
    case 'integer':
      return 'int';
    case 'number':
      return 'float';
    case 'array':
      return listType(schema.items ?? {});
    case 'object':
      return 'json';
    default:
      return 'string';
  }
}

function listType(items: SchemaView): FieldType {
  if (items.enum !== undefined) return '[]enum';
  if (items.type === 'integer') return '[]int';
  return items.type === 'string' ? '[]string' : 'json';
}

/** What an empty field stands for, else what one may look like. */
function placeholderOf({ defaultFrom }: Setting, { type, default: preset, examples, writeOnly }: SchemaView) {
  if (writeOnly === true) return undefined;
  if (defaultFrom !== undefined) return defaultFrom.text;
  if (typeof preset === 'string' || typeof preset === 'number') return String(preset);
  const [example] = examples ?? [];
  if (type === 'string' && typeof example === 'string') return example;
  const isPlainList = Array.isArray(example) && example.every((one) => typeof one === 'string');
  return isPlainList ? example.join(', ') : undefined;
}

/** Words that are written their own way. */
const SPELLINGS: Readonly<Record<string, string>> = {
  api: 'API',
  dns: 'DNS',
  ftp: 'FTP',
  http: 'HTTP',
  ip: 'IP',
  ips: 'IPs',
  mib: 'MiB',
  mtu: 'MTU',
  ntp: 'NTP',
  pam: 'PAM',
  smtp: 'SMTP',
  ssh: 'SSH',
  sudo: 'sudo',
  tls: 'TLS',
};

/** `block_expiry` as a person writes it: `Block expiry`. */
export function labelOf(key: string): string {
  const words = key.split('_').map((word) => SPELLINGS[word] ?? word);
  const text = words.join(' ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
