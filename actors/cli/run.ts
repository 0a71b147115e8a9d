import { printable } from '../../core/base/printable.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Invocation, parseArgv } from '../../core/cli/argv.ts';
import { type CommandName, commandOf, commandsUnder } from '../../core/cli/command.ts';
import { type ExitName, exitCode } from '../../core/cli/exit-codes.ts';
import { helpOf, helpOfWords, overview } from '../../core/cli/help.ts';
import { findings, health, status } from './ask.ts';
import { block, check, flush, unban, unblock, undo } from './blocks.ts';
import { bulkLists } from './bulk-lists.ts';
import { change } from './changes.ts';
import { configCheck } from './config-check.ts';
import { CONTROLLER_RUNS, serveFleet } from './controller.ts';
import { controllerLink, enroll } from './controller-link.ts';
import type { CliDeps, ServeOptions } from './deps.ts';
import { isSystemError } from './effects.ts';
import { firewall } from './firewall.ts';
import { flashImage } from './flash.ts';
import { host } from './host.ts';
import { identity } from './identity.ts';
import { image } from './image.ts';
import { list } from './lists.ts';
import { parseLog, replayLog } from './logs.ts';
import { allow, configReload, disallow, mode, restart, tokenCreate, tokenRevoke } from './orders.ts';
import { provision } from './provision.ts';
import { complain, OutputClosed, say } from './say.ts';
import { search } from './search.ts';
import { verify } from './verify.ts';

/** Runs one command line (without node and script). @returns the exit code; rejects only on a bug */
export async function runCli(argv: readonly string[], deps: CliDeps): Promise<number> {
  try {
    const invocation = parseArgv(argv);
    if (invocation.ok) return await run(invocation.value, deps);
    await complain(deps, invocation.public);
    return exitCode('usage');
  } catch (thrown) {
    // Whoever read our output had enough: `bartizan replay … | head`.
    if (thrown instanceof OutputClosed) return exitCode('ok');
    if (!isSystemError(thrown)) throw thrown;
    await complain(deps, messageOf(thrown)).catch(() => undefined);
    return exitCode('failed');
  }
}

async function run(invocation: Invocation, deps: CliDeps): Promise<number> {
  if (invocation.command === 'serve') return deps.serve(serveOptions(invocation));
  if (invocation.command === 'controller serve') return serveFleet(invocation, deps);
  return exitCode(await RUNS[invocation.command](invocation, deps));
}

type Run = (invocation: Invocation, deps: CliDeps) => Promise<ExitName>;

/** Everything but what serves, which has its own exit code. */
const RUNS: Readonly<Record<Exclude<CommandName, 'serve' | 'controller serve'>, Run>> = {
  status,
  health,
  identity,
  findings,
  block,
  unblock,
  unban,
  flush,
  undo,
  firewall,
  restart,
  check,
  blocks: list('blocks'),
  allowed: list('allowed'),
  history: list('history'),
  audit: list('audit'),
  components: list('components'),
  tokens: list('tokens'),
  mode,
  allow,
  disallow,
  'token-create': tokenCreate,
  'token-revoke': tokenRevoke,
  change,
  host,
  image,
  enroll,
  'controller-link': controllerLink,
  lists: bulkLists,
  'config-check': configCheck,
  'config-reload': configReload,
  provision,
  parse: parseLog,
  replay: replayLog,
  search,
  flash: flashImage,
  verify,
  // Never reached: whoever reads the words asks for the next one.
  controller: async () => 'usage',
  ...CONTROLLER_RUNS,
  version: (_, deps) => version(deps),
  help,
};

const serveOptions = ({ values: { config, state }, flags }: Invocation): ServeOptions => ({
  ...(config === undefined ? {} : { config }),
  ...(state === undefined ? {} : { state }),
  ...(flags.has('enforce') ? { mode: 'enforce' } : flags.has('observe') ? { mode: 'observe' } : {}),
});

async function version(deps: CliDeps): Promise<ExitName> {
  await say(deps, `${deps.version}\n`);
  return 'ok';
}

async function help({ arguments: { COMMAND: first, WORD, MORE } }: Invocation, deps: CliDeps): Promise<ExitName> {
  const width = Math.min(deps.stdout.columns ?? 100, 100);
  const name = first === undefined ? undefined : [first, WORD, MORE].filter((word) => word !== undefined).join(' ');
  const below = name === undefined ? [] : commandsUnder(name);
  if (name !== undefined && below.length > 0) {
    await say(deps, helpOfWords(name, below, width));
    return 'ok';
  }
  const command = name === undefined ? undefined : commandOf(name);
  if (name !== undefined && command === undefined) {
    await complain(deps, `there is no command "${printable(name)}"`);
    return 'usage';
  }
  await say(deps, command === undefined ? overview(width) : helpOf(command, width));
  return 'ok';
}
