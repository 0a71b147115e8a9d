import { Type } from 'typebox';
import type { Millis } from '../base/time.ts';
import type { DeclarationProblem } from '../event/declared/declaration.ts';
import { LIST_FORMATS, type ListFormat } from '../respond/lists/formats.ts';
import { bytesOf, parseSigningKey } from '../respond/lists/minisign.ts';
import { lengthOf } from './formats.ts';
import {
  absolutePath,
  checkedText,
  type DurationText,
  duration,
  network,
  optionalSetting,
  section,
  setting,
} from './setting.ts';

const LIVE = { applies: 'live' } as const;

const percent = (description: string, fallback: number) =>
  Type.Integer({ description, default: fallback, minimum: 0, maximum: 100_000 });

const list = Type.Object(
  {
    name: Type.String({
      description: 'What counters, sets in the kernel and messages call it.',
      pattern: '^[a-z][a-z0-9_]{0,11}$',
      expects: '1 to 12 lower-case letters, digits or "_", beginning with a letter',
    }),
    source: checkedText('list_source', {
      description:
        'Where it comes from: the absolute path of a file, an https:// URL, or country:XX for all networks of a country in the shipped data.',
      maxLength: 2048,
    }),
    format: Type.Enum([...LIST_FORMATS], {
      description:
        'How it is written. plain: addresses, CIDR networks and ranges, one a line (netset, FireHOL). drop: Spamhaus DROP, text or JSON lines. auto tells by its first line.',
      default: 'auto',
    }),
    column: Type.Optional(
      Type.String({
        description:
          'Of a CSV: which column, by number from 1 or by its name in the first line. The first that fits if not given.',
        pattern: '^[^\\x00-\\x1f]{1,64}$',
        expects: '1 to 64 printable characters',
      }),
    ),
    kind: Type.Enum(['block', 'allow'], {
      description: 'block drops what comes from there; allow lets it in whatever is blocked.',
      default: 'block',
    }),
    mode: Type.Enum(['enforce', 'count'], {
      description: 'count only counts the packets that enforce would drop or let in.',
      default: 'enforce',
    }),
    refresh: duration({
      description: 'How often it is looked at for news, give or take a tenth.',
      default: '24h',
      shortest: '1m',
      longest: '30d',
    }),
    max_bytes: Type.Integer({
      description: 'A longer list is refused.',
      default: 67_108_864,
      minimum: 1024,
      maximum: 1_073_741_824,
    }),
    max_entries: Type.Integer({
      description: 'A list of more addresses and networks is refused.',
      default: 2_000_000,
      minimum: 1,
      maximum: 8_000_000,
    }),
    widest_v4: Type.Integer({
      description: 'Shortest prefix of an IPv4 network that is taken; wider ones are left out.',
      default: 8,
      minimum: 0,
      maximum: 32,
    }),
    widest_v6: Type.Integer({
      description: 'Shortest prefix of an IPv6 network that is taken; wider ones are left out.',
      default: 19,
      minimum: 0,
      maximum: 128,
    }),
    least_percent: percent(
      'News with fewer entries than this share of those in force wait for a word, in percent.',
      50,
    ),
    most_percent: percent('News with more entries than this share of those in force wait for a word, in percent.', 300),
    pin: Type.Optional(
      Type.String({
        description:
          "SHA-256 of the server's public key (SPKI), in hexadecimal or base64. Its certificate must be valid as well.",
        pattern: '^(?:[0-9A-Fa-f]{64}|[A-Za-z0-9+/]{43}=)$',
        expects: 'a SHA-256: 64 hexadecimal digits, or 44 characters of base64',
      }),
    ),
    sha256_url: Type.Optional(
      checkedText('https_url', {
        description: 'Where the SHA-256 of the list is found, as sha256sum writes it.',
        maxLength: 2048,
      }),
    ),
    signature_url: Type.Optional(
      checkedText('https_url', {
        description: 'Where its signature by public_key is found: of minisign, or a bare one of Ed25519.',
        maxLength: 2048,
      }),
    ),
    public_key: Type.Optional(
      Type.String({
        description:
          'The key of signature_url: as minisign prints it, or the 32 bytes of Ed25519 in base64 or hexadecimal.',
        maxLength: 128,
      }),
    ),
  },
  { rule: 'list' },
);

/** The setting `lists`. */
export const LISTS_SETTING = setting(
  Type.Array(list, {
    description:
      'Lists of many addresses and networks that others keep, to drop or to let in. They stand behind infra_ips and what is allowed; loopback, private and own addresses are never dropped because of one.',
    default: [],
    maxItems: 64,
    uniqueBy: 'name',
    examples: [
      [
        { name: 'drop', source: 'https://www.spamhaus.org/drop/drop_v4.json', format: 'drop' },
        { name: 'partners', source: '/etc/bartizan/partners.txt', kind: 'allow', refresh: '10m' },
      ],
    ],
  }),
  { ...LIVE, page: { title: 'Block and allow lists', group: 'Firewall', canCut: true } },
);

/** The setting `firewall.country_block`. */
export const COUNTRY_BLOCK = setting(
  Type.Array(
    Type.String({
      description: 'An ISO 3166 code.',
      pattern: '^[A-Z]{2}$',
      expects: 'two capital letters, e.g. XK',
    }),
    {
      description:
        'Countries whose networks are dropped, as the shipped data know them. Each is a list of the name country_xx.',
      default: [],
      maxItems: 64,
      examples: [['XK']],
    },
  ),
  LIVE,
);

/** Section `outbound`. */
export const outbound = section(
  'Requests to others',
  {
    allow_private: setting(
      Type.Array(network({ description: 'An address, or a network in CIDR form.' }), {
        description:
          'Loopback, private and link-local addresses that lists and the like may be fetched from. Nothing is fetched from others of these, whatever name leads there.',
        default: [],
        maxItems: 100,
        examples: [['192.168.10.5']],
      }),
      LIVE,
    ),
    ca: optionalSetting(
      absolutePath({
        description: 'Authorities that are trusted beside the usual ones, as PEM.',
        examples: ['/etc/ssl/site-ca.pem'],
      }),
      LIVE,
    ),
  },
  { group: 'Operations' },
);

/** Names that are kept for `firewall.country_block`. */
const COUNTRY_NAME = /^country_/;
/** Names that are kept for lists of a fleet. */
const FLEET_NAME = /^fleet_/;

/** What is wrong with a list whose parts are right each for itself. */
export function wrongList(value: unknown): readonly DeclarationProblem[] {
  const given = value as Partial<ListSpec> & { readonly name: string; readonly source: string };
  const { name, source, format, column, signature_url, public_key } = given;
  const problems: DeclarationProblem[] = [];
  const isWeb = source.startsWith('https:');
  if (COUNTRY_NAME.test(name)) problems.push({ path: 'name', message: 'is kept for firewall.country_block' });
  if (FLEET_NAME.test(name)) problems.push({ path: 'name', message: 'is kept for lists of a fleet' });
  if (column !== undefined && format !== 'csv') problems.push({ path: 'column', message: 'belongs to format csv' });
  for (const key of ['pin', 'sha256_url', 'signature_url'] as const) {
    if (given[key] !== undefined && !isWeb) problems.push({ path: key, message: 'belongs to an https:// source' });
  }
  if ((signature_url === undefined) !== (public_key === undefined)) {
    problems.push({ path: '', message: 'signature_url and public_key belong together' });
  }
  if (public_key !== undefined && parseSigningKey(public_key) === undefined) {
    problems.push({ path: 'public_key', message: 'must be a key of minisign or Ed25519' });
  }
  return problems;
}

/** A list as declared. */
export interface ListSpec {
  readonly name: string;
  readonly source: string;
  readonly format: ListFormat;
  readonly column?: string | undefined;
  readonly kind: 'block' | 'allow';
  readonly mode: 'enforce' | 'count';
  readonly refresh: DurationText;
  readonly max_bytes: number;
  readonly max_entries: number;
  readonly widest_v4: number;
  readonly widest_v6: number;
  readonly least_percent: number;
  readonly most_percent: number;
  readonly pin?: string | undefined;
  readonly sha256_url?: string | undefined;
  readonly signature_url?: string | undefined;
  readonly public_key?: string | undefined;
}

/** What of the settings lists follow from. */
export interface ListSettings {
  readonly lists: readonly ListSpec[];
  readonly firewall: { readonly country_block: readonly string[] };
}

/** All lists there are: those declared, then the countries'. */
export const listSpecsOf = ({ lists, firewall }: ListSettings): readonly ListSpec[] => [
  ...lists,
  ...[...new Set(firewall.country_block)].map(countryList),
];

const countryList = (country: string): ListSpec => ({
  name: `country_${country.toLowerCase()}`,
  source: `country:${country}`,
  format: 'auto',
  kind: 'block',
  mode: 'enforce',
  refresh: '24h' as DurationText,
  max_bytes: 67_108_864,
  max_entries: 8_000_000,
  widest_v4: 0,
  widest_v6: 0,
  // What is shipped changes with the product.
  least_percent: 0,
  most_percent: 100_000,
});

/** What two lists of one name must share to be the same list: what it is for, where it is from and how it is read. */
export const listIdOf = ({ name, kind, source, format, column = '', widest_v4, widest_v6 }: ListSpec): string =>
  [name, kind, source, format, column, widest_v4, widest_v6].join(' ');

export const refreshOf = ({ refresh }: ListSpec): Millis => lengthOf(refresh);

/** The pin's 32 bytes in hexadecimal. */
export const pinOf = ({ pin }: ListSpec): string | undefined =>
  pin === undefined ? undefined : Array.from(bytesOf(pin) ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('');
