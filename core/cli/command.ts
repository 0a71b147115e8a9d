import { type Millis, minutes, seconds } from '../base/time.ts';
import { CONTROLLER_COMMANDS, type ControllerCommandName } from './controller.ts';
import type { ExitName } from './exit-codes.ts';

/** A word behind the command, in its place. */
export interface Argument {
  readonly name: string;
  readonly help: string;
  readonly optional?: true;
}

/** `--name`, or `--name VALUE` where `value` names what it takes. */
export interface Option {
  readonly name: string;
  readonly value?: string;
  readonly help: string;
  /** Another option that cannot be given with it. */
  readonly excludes?: string;
  /** The command cannot do without. */
  readonly required?: true;
}

/** A command as a value: parser, help, documentation and exit codes are derived from it. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly more?: string;
  readonly arguments: readonly Argument[];
  readonly options: readonly Option[];
  readonly exits: readonly ExitName[];
  /** How long the running Bartizan may take over an answer, where 15 s are too short for what it has to do. */
  readonly within?: Millis;
}

const state: Option = {
  name: 'state',
  value: 'DIR',
  help: 'State directory. Without it: ./var, else /var/lib/bartizan, whichever has a control socket.',
};
const json: Option = { name: 'json', help: 'Print JSON, one value a line.' };
const parser: Option = {
  name: 'parser',
  value: 'NAME',
  help: 'How the lines are read, e.g. sshd. Required.',
  required: true,
};
const ip: Argument = { name: 'IP', help: 'An IPv4 or IPv6 address.' };
const network: Argument = { name: 'IP', help: 'An address, or a network in CIDR form.' };
const logFile: Argument = { name: 'FILE', help: 'The log file; - is standard input.' };

const ASKS: readonly ExitName[] = ['ok', 'failed', 'usage', 'not_running'];
const ORDERS: readonly ExitName[] = ['ok', 'failed', 'usage', 'not_running', 'refused'];
const READS: readonly ExitName[] = ['ok', 'failed', 'usage'];

export const COMMANDS = [
  {
    name: 'serve',
    summary: 'Run Bartizan in the foreground.',
    more: 'Without --config it reads bartizan.yaml in the state directory, and writes a commented one there if there is none. Logs go to standard error; SIGTERM and SIGINT stop it.',
    arguments: [],
    options: [
      { name: 'config', value: 'FILE', help: 'The config file. It must exist.' },
      { name: 'state', value: 'DIR', help: 'State directory, whatever the config says. Default: ./var.' },
      { name: 'enforce', help: 'Block findings in the kernel, for this run.', excludes: 'observe' },
      { name: 'observe', help: 'Leave the kernel untouched, for this run.', excludes: 'enforce' },
    ],
    exits: ['ok', 'failed', 'usage', 'config', 'restart'],
  },
  {
    name: 'status',
    summary: 'Mode, components, findings and blocks at a glance.',
    arguments: [],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'health',
    summary: 'Whether the running Bartizan answers, and since when it runs.',
    arguments: [],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'identity',
    summary: 'Which device this is: its serial, as on the label, and its key.',
    more: 'The fingerprint is the one that ssh-keygen -l prints: SHA-256 in base64.',
    arguments: [],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'findings',
    summary: 'Active findings, newest first.',
    arguments: [],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'block',
    summary: 'Block an address or network in the kernel.',
    arguments: [network],
    options: [
      { name: 'reason', value: 'TEXT', help: 'Why; it is shown wherever the block is.' },
      { name: 'for', value: 'TIME', help: 'How long: 30m, 24h, 7d, or 0 for permanent. Default: 24h.' },
      {
        name: 'force',
        value: 'TEXT',
        help: 'Even where you are cut off yourself, who came by ssh; the text says why.',
      },
      state,
    ],
    exits: ORDERS,
  },
  {
    name: 'unblock',
    summary: 'Lift the block of an address, also of one that waits, or of a network.',
    arguments: [network],
    options: [state],
    exits: ORDERS,
  },
  {
    name: 'unban',
    summary: 'Set an address free: lift its block and the first one around it, and forget what counts against it.',
    arguments: [ip],
    options: [state],
    exits: ORDERS,
  },
  {
    name: 'flush',
    summary: 'Lift every block there is, also of those that wait.',
    more: 'It asks first. Until half a minute later, undo takes it back.',
    arguments: [],
    options: [{ name: 'yes', help: 'Without asking.' }, state],
    exits: ORDERS,
  },
  {
    name: 'undo',
    summary: 'Take back what was ordered last on this machine, within half a minute: a block, a lifting, a flush.',
    arguments: [{ name: 'ID', help: 'The order to take back. Default: the last one.', optional: true }],
    options: [state],
    exits: ORDERS,
  },
  {
    name: 'check',
    summary: 'Whether an address is blocked, waits to be, or is let in, why, and until when.',
    arguments: [ip],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'blocks',
    summary: 'Blocked addresses, then networks, newest first, then the blocks that wait for their turn.',
    more: 'With --json a network has cidr instead of ip, and a block that waits has waiting_since.',
    arguments: [],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'firewall',
    summary: 'What the firewall does: whether it holds, how much it blocks, what its rules have dropped.',
    more: 'With --json it prints one object: the answers of firewall/status, firewall/counters, firewall/lists and status under firewall, counters, lists and status.',
    arguments: [],
    options: [
      { name: 'since', value: 'TIME', help: 'From when on what was dropped is counted: 30m, 24h. Default: 1h.' },
      state,
      json,
    ],
    exits: ASKS,
  },
  {
    name: 'mode',
    summary: 'How far Bartizan may go: observe, dry_run or enforce; sets it where one is named.',
    more: 'What is set here is written into the config file too.',
    arguments: [{ name: 'MODE', help: 'observe, dry_run or enforce.', optional: true }],
    options: [state, json],
    exits: ORDERS,
  },
  {
    name: 'allow',
    summary: 'Always let an address or network in; what blocks it is lifted.',
    arguments: [network],
    options: [
      { name: 'reason', value: 'TEXT', help: 'Why; it is shown wherever the entry is.' },
      { name: 'for', value: 'TIME', help: 'How long: 30m, 24h, 7d. Without it for good.' },
      state,
    ],
    exits: ORDERS,
  },
  {
    name: 'disallow',
    summary: 'Let an address or network in no more than any other.',
    arguments: [network],
    options: [
      { name: 'force', value: 'TEXT', help: 'Even where it cuts somebody off who is connected; the text says why.' },
      state,
    ],
    exits: ORDERS,
  },
  {
    name: 'allowed',
    summary: 'Addresses and networks that are always let in.',
    arguments: [],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'history',
    summary: 'Findings on record, newest first.',
    arguments: [],
    options: [
      { name: 'search', value: 'TEXT', help: 'Only those that have it in check, message or details.' },
      { name: 'query', value: 'QUERY', help: "Only those that meet it, e.g. 'ip in 203.0.113.0/24 and count > 9'." },
      { name: 'limit', value: 'N', help: 'How many. Default: 50.' },
      state,
      json,
    ],
    exits: ASKS,
  },
  {
    name: 'audit',
    summary: 'Who changed what, newest first.',
    arguments: [],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'components',
    summary: 'Every part and source of the running Bartizan and how it is, worst first.',
    arguments: [],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'tokens',
    summary: 'All API tokens, without their secrets.',
    arguments: [],
    options: [state, json],
    exits: ASKS,
  },
  {
    name: 'token-create',
    summary: 'Make an API token and print its secret, which is not shown again.',
    arguments: [{ name: 'NAME', help: 'Who uses it; the audit log shows this name.' }],
    options: [
      { name: 'scope', value: 'SCOPE', help: 'admin, read or metrics. Default: read.' },
      { name: 'for', value: 'TIME', help: 'How long: 24h, 90d. Without it for good.' },
      state,
    ],
    exits: ORDERS,
  },
  {
    name: 'token-revoke',
    summary: 'Revoke an API token: it, its sessions and their event streams end at once.',
    arguments: [{ name: 'ID', help: 'Its id, as `tokens` prints it.' }],
    options: [state],
    exits: ORDERS,
  },
  {
    name: 'change',
    summary: 'What is on trial, and changes before it: list them, show one, confirm or revert.',
    more: 'Without a word it shows what is on trial and how long it still has. A change that nobody confirms is taken back. confirm and revert mean what is on trial now unless an ID is given.',
    arguments: [
      { name: 'ACTION', help: 'list, show, confirm or revert.', optional: true },
      { name: 'ID', help: 'Its id, as `change list` prints it. Default: what is on trial.', optional: true },
    ],
    options: [state, json],
    exits: ORDERS,
  },
  {
    name: 'host',
    summary: 'How the appliance is set up as a machine; gives a link another address, on trial.',
    more: 'Without an action it shows network, name and time. set-dhcp and set-static change one link and leave the others as they are; where none was listed, every wired one was used, and now this one is. A change that nobody confirms is taken back: see `change`.',
    arguments: [
      { name: 'ACTION', help: 'set-dhcp or set-static.', optional: true },
      { name: 'LINK', help: 'Its name, e.g. ens3, or its hardware address, as the settings have it.', optional: true },
      { name: 'ADDRESS', help: 'Address and length of its network, e.g. 192.0.2.10/24.', optional: true },
      { name: 'GATEWAY', help: 'The way to everywhere else.', optional: true },
      { name: 'DNS', help: 'Name servers, with commas between them.', optional: true },
    ],
    options: [state, json],
    exits: [...ORDERS, 'config'],
    // The gateway and the name servers are asked before the network is changed, and the machine has to obey.
    within: minutes(1),
  },
  {
    name: 'lists',
    summary: 'Bulk block and allow lists: what of each is in force, and what became of the last look at its source.',
    more: 'refresh looks at a source now. accept puts in force what was held back because it differs too much from what is in force.',
    arguments: [
      { name: 'ACTION', help: 'refresh or accept. Without it all lists are shown.', optional: true },
      { name: 'NAME', help: 'Which list.', optional: true },
    ],
    options: [state, json],
    exits: ORDERS,
  },
  {
    name: 'image',
    summary: 'The appliance image: its slots, an update by hand, a reboot, a factory reset.',
    more: 'install takes a bundle from a USB stick (STICK/FILE.raucb, as the status lists them) or a URL, shows how far it is, and ends when the bundle is installed; image reboot boots it then. It has to show itself there, else the appliance falls back. Ctrl-C ends the waiting, not the installation.',
    arguments: [
      { name: 'ACTION', help: 'status, install, reboot or factory-reset. Default: status.', optional: true },
      { name: 'WHAT', help: 'The bundle to install; the serial of this device to reset it.', optional: true },
    ],
    options: [
      { name: 'older', help: 'Install a version below the one that runs, too.' },
      { name: 'again', help: 'Install a version that was tried and fell back, too.' },
      state,
      json,
    ],
    exits: [...ORDERS, 'interrupted'],
    // RAUC says how the slots are and what the bundle is, twice where its service went away; root does what it is asked for.
    within: seconds(120),
  },
  {
    name: 'enroll',
    summary: 'Take this appliance into the fleet of a controller.',
    more: 'TOKEN is what `bartizan controller enroll` printed; - reads it from standard input, where no process list shows it. The key is made here and never leaves the appliance. The link is there once controller.enabled is true.',
    arguments: [{ name: 'TOKEN', help: 'The enrolment token, or -.' }],
    options: [state, json],
    exits: ORDERS,
  },
  {
    name: 'controller-link',
    summary: 'The link to a controller: as whom this appliance is enrolled, and where it is connected.',
    arguments: [{ name: 'ACTION', help: 'status or leave. Default: status.', optional: true }],
    options: [state, json],
    exits: ORDERS,
  },
  {
    name: 'config-check',
    summary: 'Say everything that is wrong with a config, or what it means.',
    arguments: [
      { name: 'FILE', help: 'The config file. Default: bartizan.yaml in the state directory.', optional: true },
    ],
    options: [state],
    exits: ['ok', 'failed', 'usage', 'config'],
  },
  {
    name: 'provision',
    summary: 'Give a new Bartizan its first config, once: before it was ever claimed, and while it does not run.',
    more: 'The config is judged as config-check does and put in the place of what a first start has written. Then the state directory says so, in the file `provisioned`, and takes no other. Whatever is wrong, nothing is changed.',
    arguments: [{ name: 'FILE', help: 'The config file; - is standard input.' }],
    options: [
      { name: 'origin', value: 'TEXT', help: 'Where it comes from, for the record. Default: by hand.' },
      state,
      {
        name: 'marked-later',
        help: 'It is marked as used where it comes from afterwards; until then it is remembered, so that a power cut does not have it taken twice.',
      },
      { name: 'json', help: 'Print one JSON object, of a refusal too.' },
    ],
    exits: ['ok', 'failed', 'usage', 'refused', 'config'],
  },
  {
    name: 'config-reload',
    summary: 'Have the running Bartizan take over what was edited in its config file.',
    more: 'Settings that apply live take effect at once, others at the next start. What can shut an administrator out goes on trial.',
    arguments: [],
    options: [
      { name: 'force', value: 'TEXT', help: 'Without a trial, for this reason; the audit log keeps it.' },
      state,
    ],
    exits: ORDERS,
  },
  {
    name: 'restart',
    summary: 'Start the running Bartizan anew, so that settings that wait for it take effect; blocks stay in force.',
    arguments: [],
    options: [state],
    exits: ORDERS,
  },
  {
    name: 'parse',
    summary: 'Read a log and print each event as one line of JSON.',
    more: 'What gave no event is counted on standard error, by reason.',
    arguments: [logFile],
    options: [parser],
    exits: READS,
  },
  {
    name: 'replay',
    summary: 'Run a recorded log through the detectors, by the time in the log, and print the findings.',
    more: 'Nothing is stored and nothing blocked.',
    arguments: [logFile],
    options: [parser, json],
    exits: READS,
  },
  {
    name: 'search',
    summary: 'Search the stored events, newest first.',
    more: 'Works whether or not Bartizan runs. A query is words to look for and tests of fields, then clauses behind |, e.g. "Failed password" ip in 203.0.113.0/24 | since 7d | limit 20. docs/search.md has all of it.',
    arguments: [{ name: 'QUERY', help: "What to look for, in one pair of '. Default: everything.", optional: true }],
    options: [state, json],
    exits: READS,
  },
  {
    name: 'flash',
    summary: 'Write an appliance image to a disk or a file, and read it back.',
    more: 'The image is read through once before anything is written: its signature (IMAGE.sig), its block map (IMAGE without .zst, with .bmap) and its packing must be right. Disks that are in use are refused. The partition table is written last.',
    arguments: [
      { name: 'IMAGE', help: 'The image, packed (.img.zst) or plain.' },
      { name: 'DEVICE', help: 'The whole disk, as /dev/sdX, or a file.' },
    ],
    options: [
      { name: 'bmap', value: 'FILE', help: 'The block map. Without one every byte is written.' },
      {
        name: 'ca',
        value: 'FILE',
        help: 'Certificate of the authority that signs images. Default: the one this Bartizan came with.',
        excludes: 'unsigned',
      },
      { name: 'unsigned', help: 'Ask for no signature.' },
      { name: 'yes', help: 'Without asking.' },
      json,
    ],
    exits: ['ok', 'failed', 'usage', 'refused'],
  },
  {
    name: 'verify',
    summary: 'Say whether the audit log is whole: nothing altered, missing or cut off, and whose key signed its head.',
    more: 'Bartizan must not run on that state; a copy of the state directory will do. Compare the key with the label, or give it: `bartizan identity` prints it.',
    arguments: [],
    options: [
      { name: 'key', value: 'SHA256:…', help: 'Fingerprint of the key that must have signed it.' },
      state,
      json,
    ],
    exits: ['ok', 'failed', 'usage', 'refused'],
  },
  {
    name: 'controller',
    summary: 'Run a fleet of appliances; "bartizan help controller" has its words.',
    arguments: [],
    options: [],
    exits: ['usage'],
  },
  { name: 'version', summary: 'Print the version.', arguments: [], options: [], exits: ['ok'] },
  {
    name: 'help',
    summary: 'Explain Bartizan, or one command.',
    arguments: [
      { name: 'COMMAND', help: 'The command.', optional: true },
      { name: 'WORD', help: 'Of a command with words of its own.', optional: true },
      { name: 'MORE', help: 'The next of them.', optional: true },
    ],
    options: [],
    exits: ['ok', 'usage'],
  },
] as const satisfies readonly Command[];

export type PlainCommandName = (typeof COMMANDS)[number]['name'];
export type CommandName = PlainCommandName | ControllerCommandName;
export type KnownCommand = Command & { readonly name: CommandName };

export const commandOf = (name: string): KnownCommand | undefined =>
  [...COMMANDS, ...CONTROLLER_COMMANDS].find((command) => command.name === name);

/** Commands whose name goes on after these words. */
export const commandsUnder = (words: string): readonly KnownCommand[] =>
  CONTROLLER_COMMANDS.filter(({ name }) => name.startsWith(`${words} `));
