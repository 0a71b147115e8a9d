import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { modeOf } from '../../core/config/mode.ts';
import type { Config } from '../../core/config/settings.ts';
import { sourceTexts } from '../../core/config/source-texts.ts';
import type { CliDeps } from './deps.ts';
import { complain, say, sayFacts } from './say.ts';

/** Prints every problem of a config, or what the config means. */
export async function configCheck(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { FILE: config } = invocation.arguments;
  const { state } = invocation.values;
  const read = await deps.readConfig({
    ...(config === undefined ? {} : { config }),
    ...(state === undefined ? {} : { state }),
  });
  if (!read.ok) {
    // Problems stand alone on their lines, as editors and CI read them.
    if (read.code === 'invalid') await deps.stderr.write(`${read.public}\n`);
    else await complain(deps, read.public);
    return read.code === 'missing' || read.code === 'unreadable' ? 'failed' : 'config';
  }
  const { loaded, notes } = read.value;
  await say(deps, `${loaded.fileName}: ok\n`);
  await sayFacts(deps, meaning(loaded.config));
  for (const note of notes) await deps.stderr.write(`note: ${note}\n`);
  return 'ok';
}

const meaning = (config: Config): readonly (readonly [string, string | undefined])[] => [
  ['mode', modeOf(config)],
  ['listens on', config.webui.listen],
  ['state', config.state_dir],
  [
    'table',
    `inet ${config.firewall.table}${config.firewall.netns === undefined ? '' : ` in ${config.firewall.netns}`}`,
  ],
  ['blocks last', config.auto_response.block_expiry === '0' ? 'for good' : config.auto_response.block_expiry],
  ['never blocked', config.infra_ips.length === 0 ? undefined : config.infra_ips.join(', ')],
  ...sourceTexts(config.watchers).map((text, i) => [i === 0 ? 'sources' : '', text] as const),
];
