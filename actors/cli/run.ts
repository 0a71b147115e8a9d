import { printable } from '../../core/base/printable.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Invocation, parseArgv } from '../../core/cli/argv.ts';
import { commandOf } from '../../core/cli/command.ts';
import { type ExitName, exitCode } from '../../core/cli/exit-codes.ts';
import { helpOf, overview } from '../../core/cli/help.ts';
import { findings, health, status } from './ask.ts';
import { block, check, flush, unban, unblock, undo } from './blocks.ts';
import { bulkLists } from './bulk-lists.ts';
import { change } from './changes.ts';
import { configCheck } from './config-check.ts';
import type { CliDeps, ServeOptions } from './deps.ts';
import { isSystemError } from './effects.ts';
import { firewall } from './firewall.ts';
import { image } from './image.ts';
import { list } from './lists.ts';
import { parseLog, replayLog } from './logs.ts';
import { allow, configReload, disallow, mode, restart, tokenCreate, tokenRevoke } from './orders.ts';
import { complain, OutputClosed, say } from './say.ts';
import { search } from './search.ts';

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
  return exitCode(await outcome(invocation, deps));
}

/** What has actions of its own. */
const ACTED_ON = { change, lists: bulkLists, image } as const;

function outcome(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  switch (invocation.command) {
    case 'status':
      return status(invocation, deps);
    case 'health':
      return health(invocation, deps);
    case 'findings':
      return findings(invocation, deps);
    case 'block':
      return block(invocation, deps);
    case 'unblock':
      return unblock(invocation, deps);
    case 'unban':
      return unban(invocation, deps);
    case 'flush':
      return flush(invocation, deps);
    case 'undo':
      return undo(invocation, deps);
    case 'firewall':
      return firewall(invocation, deps);
    case 'restart':
      return restart(invocation, deps);
    case 'check':
      return check(invocation, deps);
    case 'blocks':
    case 'allowed':
    case 'history':
    case 'audit':
    case 'components':
    case 'tokens':
      return list({ ...invocation, command: invocation.command }, deps);
    case 'mode':
      return mode(invocation, deps);
    case 'allow':
      return allow(invocation, deps);
    case 'disallow':
      return disallow(invocation, deps);
    case 'token-create':
      return tokenCreate(invocation, deps);
    case 'token-revoke':
      return tokenRevoke(invocation, deps);
    case 'change':
    case 'lists':
    case 'image':
      return ACTED_ON[invocation.command](invocation, deps);
    case 'config-check':
      return configCheck(invocation, deps);
    case 'config-reload':
      return configReload(invocation, deps);
    case 'parse':
      return parseLog(invocation, deps);
    case 'replay':
      return replayLog(invocation, deps);
    case 'search':
      return search(invocation, deps);
    case 'version':
      return version(deps);
    case 'help':
      return help(invocation, deps);
    case 'serve':
      throw new Error('serve has its own exit code');
  }
}

const serveOptions = ({ values: { config, state }, flags }: Invocation): ServeOptions => ({
  ...(config === undefined ? {} : { config }),
  ...(state === undefined ? {} : { state }),
  ...(flags.has('enforce') ? { mode: 'enforce' } : flags.has('observe') ? { mode: 'observe' } : {}),
});

async function version(deps: CliDeps): Promise<ExitName> {
  await say(deps, `${deps.version}\n`);
  return 'ok';
}

async function help({ arguments: { COMMAND: name } }: Invocation, deps: CliDeps): Promise<ExitName> {
  const width = Math.min(deps.stdout.columns ?? 100, 100);
  const command = name === undefined ? undefined : commandOf(name);
  if (name !== undefined && command === undefined) {
    await complain(deps, `there is no command "${printable(name)}"`);
    return 'usage';
  }
  await say(deps, command === undefined ? overview(width) : helpOf(command, width));
  return 'ok';
}
