import { Type } from 'typebox';
import { NET_HAND_DOOR } from '../base/doors.ts';
import { BLOCK_PLANNING } from './block-settings.ts';
import { CHECK_THRESHOLDS, DISABLED_CHECKS } from './check-settings.ts';
import { controller } from './controller-setting.ts';
import { FIREWALL_FEATURES } from './firewall-features.ts';
import { host } from './host-setting.ts';
import { image } from './image-settings.ts';
import { COUNTRY_BLOCK, LISTS_SETTING, outbound } from './lists-setting.ts';
import { PARSERS_SETTING } from './parsers-setting.ts';
import {
  absolutePath,
  duration,
  hostName,
  isSection,
  listenAddress,
  network,
  optionalSetting,
  type Setting,
  secretText,
  section,
  setting,
  type ValuesOf,
  view,
} from './setting.ts';
import { watchers } from './watchers-setting.ts';

/** What a token may be called, in the config and through the API. */
export const TOKEN_NAME = '^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$';

const RESTART = { applies: 'restart' } as const;
const LIVE = { applies: 'live' } as const;

const webui = section(
  'The HTTPS API and console',
  {
    listen: setting(
      listenAddress({
        description:
          'Address and port of the HTTPS API and console: IPv4, [IPv6] or a host name. Port 0 takes any free port. Make it reachable from elsewhere only on purpose.',
        default: '127.0.0.1:9443',
        examples: ['0.0.0.0:9443', '[::]:9443'],
      }),
      // An appliance that could be reached from itself alone could be claimed by nobody.
      { ...RESTART, onAppliance: '[::]:9443' },
    ),
    engine: setting(
      Type.Enum(['auto', 'uwebsockets', 'node'], {
        description:
          'What serves it: uwebsockets is several times faster and is what auto takes; node (node:https) serves where the other cannot be loaded.',
        default: 'auto',
      }),
      RESTART,
    ),
    tokens: setting(
      Type.Array(
        Type.Object(
          {
            name: Type.String({
              description: 'Who uses it; the audit log shows this name.',
              pattern: TOKEN_NAME,
              expects: '1 to 64 letters, digits, "_", ".", "@" or "-", beginning with a letter or digit',
            }),
            token: Type.Optional(
              secretText({
                description: 'The token itself. Anybody who may read this file then has it; token_sha256 is better.',
                pattern: '^[!-~]{16,512}$',
                expects: '16 to 512 printable ASCII characters without blanks',
              }),
            ),
            token_sha256: Type.Optional(
              Type.String({
                description: 'SHA-256 of the token, as `printf %s TOKEN | sha256sum` prints it.',
                pattern: '^[0-9A-Fa-f]{64}$',
                expects: '64 hexadecimal digits',
              }),
            ),
            token_file: Type.Optional(
              absolutePath({ description: 'A file that holds the token in its first line; read at start.' }),
            ),
            scope: Type.Enum(['admin', 'read'], {
              description: 'admin reads and writes; read sees status, findings, blocks and events.',
            }),
          },
          { exactlyOne: ['token', 'token_sha256', 'token_file'] },
        ),
        {
          description: 'Bearer tokens of the API. Each has exactly one of token, token_sha256 and token_file.',
          default: [],
          maxItems: 1000,
          uniqueBy: 'name',
          examples: [[{ name: 'operator', token_sha256: '0'.repeat(64), scope: 'admin' }]],
        },
      ),
      RESTART,
    ),
    metrics_token: optionalSetting(
      secretText({
        description: 'A separate token that may read /metrics and nothing else.',
        pattern: '^[!-~]{16,512}$',
        expects: '16 to 512 printable ASCII characters without blanks',
      }),
      RESTART,
    ),
    auth_token: optionalSetting(
      secretText({
        description: 'The one admin token of older configurations; the token "legacy-auth-token" is made of it.',
        pattern: '^[!-~]{16,512}$',
        expects: '16 to 512 printable ASCII characters without blanks',
        instead: 'an entry of webui.tokens with scope admin',
      }),
      RESTART,
    ),
    session_idle: setting(
      duration({
        description: 'A session of the console ends when it was not used for this long.',
        default: '12h',
        shortest: '1m',
        longest: '30d',
      }),
      RESTART,
    ),
    session_lifetime: setting(
      duration({
        description: 'A session of the console ends at this age, however much it is used.',
        default: '24h',
        shortest: '5m',
        longest: '30d',
      }),
      RESTART,
    ),
    trusted_proxies: setting(
      Type.Array(network({ description: 'An address, or a network in CIDR form.', shortestPrefix: 8 }), {
        description:
          'Reverse proxies in front of the API. From these, and from nobody else, X-Forwarded-For is believed: its last address that is no such proxy is the client. Every one of them must add to that header, or replace it. Pages opened under the own names at port 443 may write then, too.',
        default: [],
        maxItems: 100,
        examples: [['192.0.2.10']],
      }),
      RESTART,
    ),
    access_log: setting(
      Type.Boolean({
        description:
          'Log every request: method, path without its query, status, client, principal, request id and milliseconds. Writes are in the audit log in any case.',
        default: false,
      }),
      RESTART,
    ),
    tls_names: setting(
      Type.Array(hostName({ description: 'A host name or an address.' }), {
        description:
          "Names under which browsers reach the appliance, beside hostname, localhost and this host's addresses. Its own certificate names them, and pages opened under them may write.",
        default: [],
        maxItems: 32,
        examples: [['edge.example.net', '192.0.2.1']],
      }),
      RESTART,
    ),
    tls_cert: optionalSetting(
      absolutePath({
        description:
          'A certificate to serve instead of the own one: PEM, the chain behind it. Taken up again whenever the file changes; an unusable one is reported and not taken.',
        examples: ['/etc/ssl/edge/fullchain.pem'],
      }),
      RESTART,
    ),
    tls_key: optionalSetting(
      absolutePath({
        description: 'The private key of tls_cert, as PEM without a passphrase.',
        examples: ['/etc/ssl/edge/privkey.pem'],
      }),
      RESTART,
    ),
  },
  { group: 'Operations', canCut: true, together: [['tls_cert', 'tls_key']] },
);

const autoResponse = section(
  'What is done about findings',
  {
    enabled: setting(Type.Boolean({ description: 'Act on findings at all.', default: true }), LIVE),
    dry_run: setting(
      Type.Boolean({
        description: "Only record what would have been blocked. An operator's own blocks are enforced all the same.",
        default: false,
      }),
      LIVE,
    ),
    block_ips: setting(Type.Boolean({ description: 'Block the source address of a finding.', default: true }), LIVE),
    block_expiry: setting(
      duration({
        description: 'How long the first automatic block of a source lasts; 0 is permanent.',
        default: '24h',
        shortest: '1m',
        longest: '3650d',
        permanent: true,
      }),
      LIVE,
    ),
    ...BLOCK_PLANNING,
  },
  { group: 'Firewall' },
);

const thresholds = section('When a detector judges', CHECK_THRESHOLDS, { group: 'Detection' });

const firewall = section(
  'Blocking in the kernel',
  {
    enabled: setting(
      Type.Boolean({
        description: 'Let blocks reach the kernel. While false Bartizan only observes, whatever auto_response says.',
        default: false,
      }),
      LIVE,
    ),
    denied_networks: setting(
      Type.Array(network({ description: 'An address, or a network in CIDR form.' }), {
        description:
          'Networks whose packets are dropped, behind infra_ips and what is allowed and ahead of everything else. 0.0.0.0/0 or ::/0 lets in nobody who is not in one of these.',
        default: [],
        maxItems: 10_000,
        examples: [['203.0.113.0/24']],
      }),
      LIVE,
    ),
    ...FIREWALL_FEATURES,
    country_block: COUNTRY_BLOCK,
    table: setting(
      Type.String({
        description: 'Name of the nftables table (family inet) that Bartizan owns alone.',
        default: 'bartizan',
        pattern: '^[a-z0-9_]{1,31}$',
        expects: '1 to 31 lower-case letters, digits or "_"',
      }),
      { ...RESTART, byHand: 'the table of before has to be removed with it' },
    ),
    netns: optionalSetting(
      Type.String({
        description:
          'Network namespace (`ip netns`) whose packets are filtered, if not the own. Listeners stay outside.',
        pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$',
        expects: 'a name as `ip netns list` prints it',
        examples: ['edge'],
      }),
      RESTART,
    ),
    engine: setting(
      Type.Enum(['auto', 'addon', 'hand'], {
        description:
          'What speaks to the kernel: addon is this program itself, which needs CAP_NET_ADMIN then; hand is the net hand, a program of its own that listens at hand_socket. auto takes the hand where that socket is.',
        default: 'auto',
      }),
      RESTART,
    ),
    hand_socket: setting(
      absolutePath({
        description: 'Where the net hand listens. It filters the packets of the network namespace that it runs in.',
        default: NET_HAND_DOOR,
      }),
      RESTART,
    ),
    on_stop: setting(
      Type.Enum(['keep', 'remove'], {
        description: 'What becomes of the table when Bartizan stops: keep leaves every block in force.',
        default: 'keep',
      }),
      RESTART,
    ),
    max_blocks: setting(
      Type.Integer({
        description: 'Addresses that may be blocked in the kernel at once.',
        default: 500_000,
        minimum: 1,
        maximum: 10_000_000,
      }),
      RESTART,
    ),
    canary: setting(
      Type.Boolean({
        description:
          'Prove by packets that the kernel drops what is blocked: some with the sources of blocked addresses are sent through the rules over a cable made for it, which they never leave. Needs root, ip and nft; where that is not to be had the component says so.',
        default: true,
      }),
      LIVE,
    ),
    canary_interval: setting(
      duration({
        description: 'How long after one such round the next begins.',
        default: '5m',
        shortest: '5s',
        longest: '1d',
      }),
      LIVE,
    ),
  },
  {
    group: 'Firewall',
    canCut: true,
    together: [['passive_ftp_start', 'passive_ftp_end']],
    ascending: [['passive_ftp_start', 'passive_ftp_end']],
  },
);

const blobs = section(
  'Files that were uploaded or collected',
  {
    quota_mib: setting(
      Type.Integer({
        description: 'Room for them in all, in MiB. Beyond it none is taken.',
        default: 1024,
        minimum: 1,
        maximum: 1_048_576,
      }),
      RESTART,
    ),
  },
  { group: 'Operations' },
);

const events = section(
  'Every line, kept and searchable',
  {
    keep: setting(
      duration({
        description: 'How long lines are kept. 0 keeps them as long as there is room.',
        default: '30d',
        shortest: '1h',
        longest: '3650d',
        permanent: true,
      }),
      LIVE,
    ),
    max_mib: setting(
      Type.Integer({
        description: 'Room for them in all, in MiB. Beyond it the oldest go.',
        default: 4096,
        minimum: 16,
        maximum: 16_777_216,
      }),
      LIVE,
    ),
    keep_free_percent: setting(
      Type.Integer({
        description: 'Share of the file system that is left free, in percent. Beyond it the oldest go.',
        default: 10,
        minimum: 0,
        maximum: 90,
      }),
      LIVE,
    ),
  },
  { group: 'Operations' },
);

const changes = section(
  'Changes on trial',
  {
    trial: setting(
      duration({
        description:
          'How long a change that can shut an administrator out may stay unconfirmed before it is taken back.',
        default: '5m',
        shortest: '1m',
        longest: '30m',
      }),
      LIVE,
    ),
  },
  { group: 'Operations' },
);

const log = section(
  "Bartizan's own log",
  {
    level: setting(
      Type.Enum(['debug', 'info', 'warn', 'error'], { description: 'The least that is logged.', default: 'info' }),
      RESTART,
    ),
  },
  { group: 'Operations' },
);

/** Every setting there is, in the order in which files and documents show them. */
export const SETTINGS = {
  hostname: setting(
    Type.String({
      description: 'What this appliance calls itself.',
      pattern: '^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$',
      expects: '1 to 253 letters, digits, "." or "-"',
    }),
    {
      ...RESTART,
      defaultFrom: { from: 'hostname', text: "the machine's host name; on the appliance image host.hostname" },
      page: { title: 'Name of the appliance', group: 'Operations' },
    },
  ),
  state_dir: setting(
    absolutePath({
      description: 'Directory of the store, keys and the control socket.',
      // The control socket's whole path must fit the 107 bytes of sockaddr_un.
      maxLength: 94,
    }),
    {
      ...RESTART,
      defaultFrom: { from: 'stateDir', text: 'the directory given by --state' },
      byHand: 'the directory has to be moved with it',
    },
  ),
  webui,
  infra_ips: setting(
    Type.Array(network({ description: 'An address, or a network in CIDR form.' }), {
      description:
        'Addresses and networks that are never blocked: gateways, resolvers, monitoring, your own. Loopback and the addresses of this host are always among them.',
      default: [],
      maxItems: 10_000,
      examples: [['192.0.2.1', '2001:db8::/64']],
    }),
    { ...LIVE, page: { title: 'Never blocked', group: 'Firewall', canCut: true } },
  ),
  auto_response: autoResponse,
  thresholds,
  disabled_checks: DISABLED_CHECKS,
  watchers,
  parsers: PARSERS_SETTING,
  firewall,
  lists: LISTS_SETTING,
  outbound,
  events,
  blobs,
  controller,
  changes,
  image,
  host,
  log,
} as const;

/** The whole configuration, defaults filled in. Plain JSON. */
export type Config = ValuesOf<typeof SETTINGS>;
export type WatchedFile = Config['watchers']['files'][number];
export type HostSettings = Config['host'];
export type HostInterface = HostSettings['interfaces'][number];
export type ConfiguredToken = Config['webui']['tokens'][number];

/** What is given and should be written in another way, a sentence each. */
export const deprecations = (config: Config): readonly string[] =>
  PLACED_SETTINGS.flatMap(({ path, keys: [top, inner], setting: { schema } }) => {
    const { instead } = view(schema);
    const held = (config as Readonly<Record<string, unknown>>)[top];
    const value = inner === undefined ? held : (held as Readonly<Record<string, unknown>>)[inner];
    return instead === undefined || value === undefined ? [] : [`${path} is deprecated: write ${instead}`];
  });

/** A setting with its dotted path, e.g. `firewall.table`; a top-level setting's path is its key. */
export interface PlacedSetting {
  readonly path: string;
  readonly keys: readonly [top: string, inner?: string];
  readonly setting: Setting;
}

export const PLACED_SETTINGS: readonly PlacedSetting[] = Object.entries(SETTINGS).flatMap(([top, declared]) =>
  isSection(declared)
    ? Object.entries(declared.settings).map(
        ([inner, one]): PlacedSetting => ({ path: `${top}.${inner}`, keys: [top, inner], setting: one }),
      )
    : [{ path: top, keys: [top] as const, setting: declared }],
);
