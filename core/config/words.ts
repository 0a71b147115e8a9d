import { quoted } from './problem.ts';
import type { Format, SchemaView } from './setting.ts';
import type { Tree } from './tree.ts';

/** What a schema allows, in words. */
export function expected(schema: SchemaView): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number from ${schema.minimum} to ${schema.maximum}`;
    case 'number':
      return `a number from ${schema.minimum} to ${schema.maximum}`;
    case 'array':
      return 'a list';
    case 'object':
      return `a mapping with ${Object.keys(schema.properties ?? {}).join(', ')}`;
    default:
      return schema.expects ?? (schema.format === undefined ? 'text' : FORMAT_WORDS[schema.format](schema));
  }
}

const FORMAT_WORDS: Readonly<Record<Format, (schema: SchemaView) => string>> = {
  duration: ({ shortest, longest, permanent }) =>
    `a duration from ${shortest} to ${longest}${permanent === true ? ', or 0 for permanent' : ''}`,
  rung: () => 'a step of a block, e.g. 1x, 6x, 30d, never',
  network: ({ shortestPrefix = 0 }) =>
    `an address or a network in CIDR form${shortestPrefix > 0 ? `, /${shortestPrefix} or smaller` : ''}`,
  host: () => 'a host name or an address',
  listen: () => 'ADDRESS:PORT',
  path: () => 'an absolute path',
  glob: () => 'an absolute path or pattern',
  parser: () => 'the name of a parser',
  regex: () => 'a pattern in RE2 syntax',
  time_format: () => 'a name or a pattern of a time',
  nginx_log_format: () => 'a format as nginx has it',
  apache_log_format: () => 'a format as Apache has it',
  list_source: () => 'an absolute path, an https:// URL, or country:XX',
  https_url: () => 'an https:// URL',
  broker_url: () => 'mqtts://HOST:PORT or wss://HOST:PORT/PATH',
  proxy_url: () => 'http://HOST:PORT',
  unicast: () => 'the address of a host',
  interface_address: () => 'ADDRESS/LENGTH',
  timezone: () => 'the name of a time zone',
};

/** What was written, in words; the value itself only where it is no secret. */
export function found(tree: Tree, secret: boolean): string {
  switch (tree.kind) {
    case 'list':
      return 'a list';
    case 'map':
      return 'a mapping';
    case 'alien':
      return tree.what;
    case 'scalar':
      break;
  }
  const { value } = tree;
  if (value === null) return 'nothing';
  if (typeof value === 'string') return secret ? 'a text' : `the text ${quoted(value)}`;
  if (typeof value === 'boolean') return secret ? 'true or false' : `${value}`;
  return secret ? 'a number' : `the number ${value}`;
}

/** The bounds of a setting as a sentence of its own; empty where the default says enough. */
export function boundsText(schema: SchemaView): string {
  if (schema.type === 'integer' || schema.enum !== undefined || schema.format === 'duration') {
    const words = expected(schema);
    return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
  }
  return '';
}
