import { millis, parseDuration, shortDuration } from '../../core/base/time.ts';
import { settingValue } from '../../core/config/change.ts';
import type { SectionField, SettingsSection } from '../../core/config/sections.ts';
import { type Format, isSection, type SchemaView, view } from '../../core/config/setting.ts';
import { SETTINGS } from '../../core/config/settings.ts';
import { loaded } from '../unit/core/config/surroundings.ts';
import { fc } from './random.ts';

const host = fc.constantFrom('gate.example.net', 'localhost', '192.0.2.7', '2001:db8::7');
const path = fc.stringMatching(/^\/[a-z0-9 :#'"é-]{1,20}$/);

/** Right values of each format; what a duration and a network may be follows from the schema. */
const FORMATS: Readonly<Record<Format, (schema: SchemaView) => fc.Arbitrary<string>>> = {
  duration: ({ shortest = '0', longest = '0', permanent = false }) => {
    const bounds = [shortest, longest].map((text) => {
      const read = parseDuration(text);
      if (!read.ok || read.value === 'never') throw new Error(text);
      return shortDuration(millis(read.value));
    });
    return fc.constantFrom(...bounds, ...(permanent ? ['0'] : []));
  },
  network: ({ shortestPrefix = 0 }) =>
    fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.integer({ min: Math.max(8, shortestPrefix), max: 32 }).map((prefix) => `10.0.0.0/${prefix}`),
    ),
  host: () => host,
  listen: () => fc.constantFrom('0.0.0.0:1', '[::]:9443', '127.0.0.1:443', '[2001:db8::1]:65535'),
  path: () => path,
  glob: () => fc.constantFrom('/var/log/*.log', '/var/log/[a-z]*', '/srv/**/access.log', '/var/log/auth.log'),
  parser: () => fc.constantFrom('sshd', 'syslog'),
  rung: () => fc.constantFrom('1x', '6x', '30d', 'never'),
  regex: () => fc.constant('^x (?P<user>\\S+)$'),
  time_format: () => fc.constant('iso8601'),
  nginx_log_format: () => fc.constant('$remote_addr [$time_local] "$request" $status'),
  apache_log_format: () => fc.constant('%h %l %u %t "%r" %>s %b'),
  list_source: () => fc.constantFrom('/etc/bartizan/bad.txt', 'https://lists.example.net/bad.txt', 'country:DE'),
  https_url: () => fc.constant('https://lists.example.net/bad.txt.sha256'),
  broker_url: () => fc.constantFrom('mqtts://mqtt.example.net:8883', 'wss://mqtt.example.net/mqtt'),
  proxy_url: () => fc.constant('http://proxy.example.net:3128'),
  unicast: () => fc.constantFrom('192.0.2.53', '2001:DB8::0:53', 'fe80::1'),
  interface_address: () =>
    fc.oneof(
      fc.integer({ min: 1, max: 200 }).map((n) => `198.51.100.${n}/24`),
      fc.integer({ min: 1, max: 0xffff }).map((n) => `2001:DB8::${n.toString(16)}/64`),
    ),
  timezone: () => fc.constantFrom('UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+12'),
};

/** Values that a setting may have, made from its declaration. */
export function rightValue(schema: SchemaView): fc.Arbitrary<unknown> {
  const { minimum = 0, maximum = 100, items = {}, uniqueBy, pattern, format, rule } = schema;
  if (rule === 'interfaces') return interfaces(items);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: minimum, max: maximum });
    case 'array':
      return uniqueBy === undefined
        ? fc.array(rightValue(items), { maxLength: 4 })
        : fc.uniqueArray(rightValue(items), { selector: (item) => (item as Json)[uniqueBy], maxLength: 4 });
    case 'object':
      return rightObject(schema);
    default:
      if (format !== undefined) return FORMATS[format](schema);
      return pattern === undefined
        ? fc.stringMatching(/^[A-Za-z0-9 #:'"-]{1,20}$/)
        : fc.stringMatching(new RegExp(pattern)).filter((text) => text.length <= (schema.maxLength ?? 512));
  }
}

type Json = Readonly<Record<string, unknown>>;

function rightObject({ properties = {}, required = [], exactlyOne = [], rule }: SchemaView): fc.Arbitrary<unknown> {
  if (rule === 'declared-parser') return declaredParser;
  if (rule === 'list') return fileList;
  const values = Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, rightValue(one)]));
  const needed = required.filter((key) => !exactlyOne.includes(key));
  return fc.record(values, { requiredKeys: needed }).chain((made) => {
    const one = exactlyOne.length === 0 ? fc.constant('') : fc.constantFrom(...exactlyOne);
    return fc.tuple(one, fc.record(values)).map(([chosen, whole]) => {
      const kept = Object.entries(made).filter(([key]) => !exactlyOne.includes(key));
      const object = { ...Object.fromEntries(kept), ...(chosen === '' ? {} : { [chosen]: whole[chosen] }) };
      return rule === 'syslog-listener' ? listenerOf(object, whole) : object;
    });
  });
}

/** TLS for what is transported over TLS, and for nothing else. */
const listenerOf = (object: Json, whole: Json): Json => {
  const { tls: _, ...plain } = object;
  return object['transport'] === 'tls' ? { ...plain, tls: whole['tls'] } : plain;
};

/** No two of them share an address, and one alone knows the way out. */
const interfaces = (items: SchemaView): fc.Arbitrary<unknown> =>
  fc.array(fc.tuple(rightObject(items), fc.boolean()), { maxLength: 4 }).map((made) =>
    made.map(([one, is6], n) => {
      const { addresses: _, gateways: __, mtu, ...rest } = one as Json;
      const named = { ...rest, match: `ens${n}`, ...(mtu === undefined ? {} : { mtu: Math.max(1280, Number(mtu)) }) };
      if (rest['method'] === 'dhcp') return named;
      const addresses = [`10.${n}.0.2/24`, ...(is6 ? [`2001:DB8:${n}::2/64`] : [])];
      return { ...named, addresses, ...(n === 0 ? { gateways: ['10.0.0.1'] } : {}) };
    }),
  );

/** What lists are from elsewhere has rules of its own. */
const fileList = fc.record({
  name: fc.stringMatching(/^bad[a-z0-9_]{0,9}$/),
  source: fc.constantFrom('/etc/bartizan/bad.txt', 'https://lists.example.net/bad.txt', 'country:DE'),
  kind: fc.constantFrom('block', 'allow'),
  refresh: fc.constantFrom('1m', '12h'),
});

const declaredParser = fc.tuple(fc.stringMatching(/^own-[a-z]{1,8}$/), fc.boolean()).map(([name, isAccess]) =>
  isAccess
    ? { name, nginx_log_format: '$remote_addr [$time_local] "$request" $status' }
    : {
        name,
        programs: ['shop'],
        messages: [{ regex: '^login of (?P<user>\\S+) failed$', action: 'shop_failed', ignore_case: false }],
      },
);

/** Values that it may not have: another type, and what is just beyond its bounds. */
export function wrongValue({ placed }: SectionField): fc.Arbitrary<unknown> {
  const schema = view(placed.setting.schema);
  const { type, minimum = 0, maximum = 0, items, maxItems } = schema;
  const others: readonly (readonly [string, unknown])[] = [
    ['boolean', true],
    ['integer', 7],
    ['string', 'no such value \u0007'],
    ['array', [['nested']]],
    ['object', { no: 'such key' }],
  ];
  const beyond: unknown[] = others.flatMap(([name, value]) => (name === type ? [] : [value]));
  if (type === 'integer') beyond.push(minimum - 1, maximum + 1, minimum + 0.5, '5');
  if (type === 'array' && items?.type !== 'object')
    beyond.push([items?.type === 'integer' ? -1 : 7], ['no such value \u0007'], [null]);
  if (type === 'array' && items?.type === 'object') beyond.push(['text'], [{ no: 'such key' }], [{}]);
  if (type === 'array' && maxItems !== undefined && maxItems <= 1000) beyond.push(Array(maxItems + 1).fill('x'));
  if (schema.enum !== undefined || schema.format !== undefined) beyond.push('no such value');
  if (!placed.setting.optional) beyond.push(null);
  return fc.constantFrom(...beyond);
}

/** Some fields of a section with right values; those that belong together come together. */
export function rightFields({ id, fields }: SettingsSection): fc.Arbitrary<Json> {
  const declared = SETTINGS[id as keyof typeof SETTINGS];
  const { together = [], ascending = [] } = isSection(declared) ? declared : {};
  return fc.subarray([...fields], { minLength: 1, maxLength: Math.min(4, fields.length) }).chain((chosen) => {
    const keys = new Set(chosen.map(({ key }) => key));
    for (const group of together) if (group.some((key) => keys.has(key))) for (const key of group) keys.add(key);
    const values = fields
      .filter(({ key }) => keys.has(key))
      .map(({ key, placed }) => [key, rightValue(view(placed.setting.schema))]);
    const made = fc.record(Object.fromEntries(values) as Record<string, fc.Arbitrary<unknown>>);
    return made.map((fields) => ascending.reduce(inOrder, fields));
  });
}

/** The numbers of some fields put in the order in which they may not fall. */
function inOrder(fields: Json, keys: readonly string[]): Json {
  const given = keys.filter((key) => key in fields);
  const rising = given.map((key) => Number(fields[key])).sort((a, b) => a - b);
  return { ...fields, ...Object.fromEntries(given.map((key, i) => [key, rising[i]])) };
}

/** What a text says of a setting when it is read anew. */
export const valueIn = (text: string, { placed }: SectionField): unknown => settingValue(loaded(text).config, placed);
