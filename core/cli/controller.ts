import type { Argument, Command, Option } from './command.ts';
import type { ExitName } from './exit-codes.ts';

const state: Option = {
  name: 'state',
  value: 'DIR',
  help: "The controller's directory. Default: /var/lib/bartizan-controller.",
};
const json: Option = { name: 'json', help: 'Print JSON, one value a line.' };
const key: Option = { name: 'key', value: 'NAME', help: 'The key that signs. Default: ops.' };
const within: Option = {
  name: 'within',
  value: 'TIME',
  help: 'How long to wait for what became of it. 0: not at all. Default: 30s.',
};
const who: Argument = {
  name: 'WHO',
  help: 'A serial; LABEL=VALUE for all that bear it; or all.',
};

const LOCAL: readonly ExitName[] = ['ok', 'failed', 'usage'];
const ASKS: readonly ExitName[] = ['ok', 'failed', 'usage', 'not_running'];
const ORDERS: readonly ExitName[] = ['ok', 'failed', 'usage', 'not_running', 'refused'];
const WAITS: readonly ExitName[] = [...ORDERS, 'unanswered'];

/** The words behind `bartizan controller`. */
export const CONTROLLER_COMMANDS = [
  {
    name: 'controller ca init',
    summary: 'Make a fleet: its root and issuing authority, first keys, certificates of broker and controller.',
    more: 'The root signs nothing but the issuing authority: move ca/root.key to a safe place afterwards. Nothing is overwritten.',
    arguments: [],
    options: [
      { name: 'tenant', value: 'NAME', help: 'The fleet; small letters, digits and -. Default: fleet.' },
      { name: 'name', value: 'NAME', help: 'This controller. Default: main.' },
      {
        name: 'broker',
        value: 'URLS',
        help: 'Brokers as appliances reach them, with commas: mqtts://HOST:8883. Required.',
        required: true,
      },
      {
        name: 'enrol',
        value: 'URL',
        help: 'Where appliances enrol: https://HOST:PORT/enrol. Required.',
        required: true,
      },
      state,
      json,
    ],
    exits: ['ok', 'failed', 'usage', 'refused'],
  },
  {
    name: 'controller ca add',
    summary: 'Make the directory of a further controller of this fleet, to be carried to its machine.',
    more: 'It gets a certificate and a key of its own that may order leases, replays and confirmations; publish that with keys add. It holds no authority.',
    arguments: [{ name: 'NAME', help: 'The new controller.' }],
    options: [{ name: 'out', value: 'DIR', help: 'The directory to make. Required.', required: true }, state, json],
    exits: ['ok', 'failed', 'usage', 'refused'],
  },
  {
    name: 'controller ca renew',
    summary:
      'Make new certificates of the broker, this controller and its enrolment server, or of a further controller.',
    more: 'They hold for three years from then, and have new keys. Afterwards: broker-config, and the broker and the controller started anew.',
    arguments: [{ name: 'NAME', help: 'The further controller that gets a new certificate.', optional: true }],
    options: [
      { name: 'out', value: 'DIR', help: 'Of a further controller: where its tls/ is put. Required with NAME.' },
      state,
      json,
    ],
    exits: ['ok', 'failed', 'usage', 'refused'],
  },
  {
    name: 'controller broker-config',
    summary: "Print mosquitto's configuration for this fleet, or write it with access rules and certificates.",
    arguments: [],
    options: [
      { name: 'out', value: 'DIR', help: 'Write mosquitto.conf, acl, certificates and the revocation list there.' },
      { name: 'port', value: 'PORT', help: 'Of MQTT over TLS. Default: 8883.' },
      { name: 'websocket', value: 'PORT', help: 'Of MQTT over WebSocket and TLS. Without it there is none.' },
      { name: 'acl', help: 'Print the access rules instead.' },
      state,
    ],
    exits: LOCAL,
  },
  {
    name: 'controller serve',
    summary: 'Run the controller in the foreground.',
    more: 'Logs go to standard error; SIGTERM and SIGINT give its shards back and stop it.',
    arguments: [],
    options: [
      {
        name: 'shards',
        value: 'LIST',
        help: 'The shards it would serve, e.g. 00-1f,30; others it takes over when nobody serves them. Default: all.',
      },
      { name: 'export', help: 'Append every stream to a file under streams/, one JSON object a line.' },
      state,
    ],
    exits: ['ok', 'failed', 'usage', 'config'],
  },
  {
    name: 'controller enroll',
    summary: 'Make a token with which appliances enter the fleet; list or revoke tokens.',
    more: 'The token is printed once. An appliance takes it with `bartizan enroll TOKEN`.',
    arguments: [
      { name: 'ACTION', help: 'new, list or revoke. Default: new.', optional: true },
      { name: 'NAME', help: 'Which token to revoke.', optional: true },
    ],
    options: [
      { name: 'uses', value: 'N', help: 'How many appliances may come with it. Default: 1.' },
      { name: 'for', value: 'TIME', help: 'How long: 1h, 24h, 7d. Default: 24h.' },
      { name: 'serial', value: 'SERIAL', help: 'Only this appliance, which may then come with a new device key.' },
      { name: 'label', value: 'LABELS', help: 'Labels of who comes with it, e.g. site=berlin,ring=2.' },
      state,
      json,
    ],
    exits: ORDERS,
  },
  {
    name: 'controller list',
    summary: 'The appliances: whether they are there, how they are, and how they stand with what is desired.',
    arguments: [{ ...who, optional: true }],
    options: [{ name: 'offline', help: 'Only those that are not there.' }, state, json],
    exits: ASKS,
  },
  {
    name: 'controller show',
    summary: 'All that is known of an appliance.',
    arguments: [{ name: 'SERIAL', help: 'Which.' }],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'controller label',
    summary: 'Give appliances labels, by which other words mean them.',
    arguments: [who, { name: 'LABELS', help: 'With commas: site=berlin,ring=2. A label without a value goes.' }],
    options: [state, json],
    exits: ORDERS,
  },
  {
    name: 'controller watch',
    summary: 'Show what happens in the fleet as it happens, until interrupted.',
    arguments: [{ ...who, optional: true }],
    options: [
      { name: 'streams', help: 'Findings, incidents, audit records and events, too.' },
      { name: 'for', value: 'TIME', help: 'End after so long.' },
      state,
      json,
    ],
    exits: ASKS,
  },
  {
    name: 'controller desired set',
    summary: 'Say what configuration appliances are to have: sections of the file, on trial at each of them.',
    more: 'The file, YAML or JSON, has the sections of the settings that the fleet decides. It is the whole of it, unless --merge is given. An appliance that is not heard after the change takes it back.',
    arguments: [who, { name: 'FILE', help: 'Sections; - is standard input.' }],
    options: [
      { name: 'merge', help: 'Keep sections and rules that were desired before and are not in the file.' },
      { name: 'rules', value: 'FILES', help: 'Rule files, with commas.' },
      {
        name: 'trial',
        value: 'TIME',
        help: 'How long an appliance waits for the confirmation, 1m to 30m. Default: 5m.',
      },
      { name: 'over', help: 'Follow what each appliance says is in effect, where that came from somebody else.' },
      key,
      within,
      state,
      json,
    ],
    exits: WAITS,
  },
  {
    name: 'controller desired diff',
    summary: 'What a file would change of what is desired now, or how what is desired stands at each appliance.',
    arguments: [who, { name: 'FILE', help: 'Sections; - is standard input.', optional: true }],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'controller desired history',
    summary: 'What was desired of an appliance, newest first, and what became of it.',
    arguments: [{ name: 'SERIAL', help: 'Which.' }],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'controller cmd',
    summary: 'Order something to be done once, and say what became of it.',
    more: 'block, unblock, allow and remove-allow take an address or network; scan what to look through, if not everything; replay STREAM FROM-TO; confirm and revert what is on trial there; diagnostics a file to write the bundle to; of more than one appliance each has its own, FILE-SERIAL.',
    arguments: [
      {
        name: 'VERB',
        help: 'block, unblock, allow, remove-allow, scan, restart, replay, confirm, revert or diagnostics.',
      },
      who,
      { name: 'WHAT', help: 'An address or network, a stream, or a file; see above.', optional: true },
      { name: 'NUMBERS', help: 'Of replay: FROM-TO.', optional: true },
    ],
    options: [
      { name: 'reason', value: 'TEXT', help: 'Why; the appliance shows it.' },
      { name: 'for', value: 'TIME', help: 'Of block and allow: 30m, 24h, or 0 without end. Default: 24h.' },
      { name: 'log', value: 'TIME', help: 'Of diagnostics: how far back the log goes, at most 24h. Default: 1h.' },
      { name: 'valid', value: 'TIME', help: 'How long the order stands for who is away, at most 24h. Default: 1h.' },
      key,
      within,
      state,
      json,
    ],
    exits: WAITS,
  },
  {
    name: 'controller confirm',
    summary: 'Confirm what is on trial at appliances, whoever asked for it.',
    arguments: [who],
    options: [key, within, state, json],
    exits: WAITS,
  },
  {
    name: 'controller keys',
    summary: 'The keys that appliances believe: list, add, rotate, limit, remove.',
    more: 'A new set is signed twice: by a key that is believed and by one of the new set. rotate puts a new key in the place of one, with the same name and kinds.',
    arguments: [
      { name: 'ACTION', help: 'list, add, rotate, limit or remove. Default: list.', optional: true },
      { name: 'NAME', help: 'Which key.', optional: true },
    ],
    options: [
      {
        name: 'kinds',
        value: 'KINDS',
        help: 'What it may order, with commas: desired, keys, list, lease, block, unblock, allow, scan, restart, replay, confirm, diagnostics.',
      },
      { name: 'public', value: 'HEX', help: 'Of add: a public key whose private key is elsewhere.' },
      { name: 'for', value: 'TIME', help: 'How long it is believed. Default: without end.' },
      key,
      state,
      json,
    ],
    exits: ORDERS,
  },
  {
    name: 'controller lists',
    summary: 'Fleet lists: show them, publish a generation from a file, withdraw one.',
    more: 'The file has an address or network a line, or is of another format that bulk lists take. Appliances fetch the difference where they have an earlier generation.',
    arguments: [
      { name: 'ACTION', help: 'list, publish or withdraw. Default: list.', optional: true },
      { name: 'NAME', help: 'Of the list; small letters, digits and -.', optional: true },
      { name: 'FILE', help: 'Its entries; - is standard input.', optional: true },
    ],
    options: [{ name: 'allow', help: 'Let in who is on it, instead of blocking.' }, key, state, json],
    exits: ORDERS,
  },
  {
    name: 'controller revoke',
    summary: "Revoke an appliance's certificates: the broker and renewals refuse it from then on.",
    arguments: [{ name: 'SERIAL', help: 'Which.' }],
    options: [{ name: 'reason', value: 'TEXT', help: 'Why; for the record.' }, state, json],
    exits: ORDERS,
  },
  {
    name: 'controller streams',
    summary: 'How far the streams of appliances were taken; take one up again behind a number.',
    more: 'rewind is for what somebody else than the appliance has written, at a broker in wrong hands: the stream is taken up behind NUMBER of the numbering that the appliance reports, and what follows is asked for.',
    arguments: [
      { name: 'ACTION', help: 'list or rewind. Default: list.', optional: true },
      { ...who, optional: true },
      { name: 'STREAM', help: 'finding, incident, audit or event.', optional: true },
      { name: 'NUMBER', help: 'Of the last item that is to count; 0: none.', optional: true },
    ],
    options: [state, json],
    exits: ORDERS,
  },
  {
    name: 'controller shards',
    summary: 'Which controller serves which shard; give shards to whoever else would serve them.',
    more: 'Where no other controller runs nobody serves what was given for about a minute; then the same one does.',
    arguments: [
      { name: 'ACTION', help: 'list or give. Default: list.', optional: true },
      { name: 'SHARDS', help: 'E.g. 00-0f,3a.', optional: true },
    ],
    options: [state, json],
    exits: ORDERS,
  },
  {
    name: 'controller simulate',
    summary: 'Run many light appliances against this fleet, to see what broker and controllers bear.',
    more: 'Each connects, reports, takes what is desired through a trial of its own, obeys commands and sends findings. Without --token they get certificates of the authority in --state.',
    arguments: [{ name: 'N', help: 'How many.' }],
    options: [
      { name: 'token', value: 'TOKEN', help: 'Enrol each of them by this token.', excludes: 'plain' },
      { name: 'plain', help: 'Without TLS, each with its serial as user name: to a broker that is set up so.' },
      { name: 'broker', value: 'URL', help: "Instead of the fleet's." },
      { name: 'findings', value: 'N', help: 'Findings each sends a minute. Default: 1.' },
      { name: 'seed', value: 'TEXT', help: 'Who they are: the same text makes the same ones. Default: simulated.' },
      { name: 'rate', value: 'N', help: 'Connections opened a second. Default: 200.' },
      { name: 'for', value: 'TIME', help: 'End after so long.' },
      state,
      json,
    ],
    exits: LOCAL,
  },
] as const satisfies readonly Command[];

export type ControllerCommandName = (typeof CONTROLLER_COMMANDS)[number]['name'];
