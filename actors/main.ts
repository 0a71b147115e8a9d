/** The command line's entry: which commands there are is declared in `core/cli`, what they need is handed over here. */
import { readFile } from 'node:fs/promises';
import { becomeOwnerOf, cliDeps, runCli } from './cli/index.ts';
import { logRunner } from './pipeline/index.ts';

const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const deps = cliDeps({
  version,
  logs: logRunner(),
  search: async function* (directory, query) {
    const { searchSegments } = await import('./segments/index.ts');
    yield* searchSegments(directory, query);
  },
  provision: async ({ file, state, origin, isMarkedLater }) => {
    // As below: store and certificates are for the one command that needs them.
    const { provisionFrom } = await import('./field/index.ts');
    return provisionFrom({ file, stateDir: state, origin, isMarkedLater });
  },
  verify: async (state) => {
    const [{ verifyAudit }, { systemClock }] = await Promise.all([
      import('./audit/index.ts'),
      import('./clock/index.ts'),
    ]);
    // To open a store is to write: into a directory of the daemon's, with the daemon's rights.
    becomeOwnerOf(state);
    return verifyAudit(state, systemClock);
  },
  serve: async (options) => {
    // Loaded for the one command that needs it: store, HTTP and state machines are most of the program.
    const { serve } = await import('./daemon/index.ts');
    return serve(options, { version, stdout: deps.stdout, stderr: deps.stderr });
  },
});

process.exitCode = await runCli(process.argv.slice(2), deps);
