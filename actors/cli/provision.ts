import { printable, printableJson } from '../../core/base/printable.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import type { ProvisionRefusal } from '../../core/field/provisioning.ts';
import type { Provisioned, ProvisionFailure } from '../field/index.ts';
import type { CliDeps } from './deps.ts';
import { complain, say, sayFacts } from './say.ts';

const EXITS: Readonly<Record<ProvisionRefusal, ExitName>> = {
  claimed: 'refused',
  provisioned: 'refused',
  used: 'refused',
  invalid: 'config',
  unreadable: 'failed',
  failed: 'failed',
};

/** Gives a new Bartizan its first config. */
export async function provision(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { FILE: file = '' } = invocation.arguments;
  const { state, origin = 'by hand' } = invocation.values;
  const isMarkedLater = invocation.flags.has('marked-later');
  const taken = await deps.provision({ file, origin, isMarkedLater, ...(state === undefined ? {} : { state }) });
  if (invocation.flags.has('json'))
    await say(deps, `${printableJson(taken.ok ? tookJson(taken.value) : refusedJson(taken))}\n`);
  else if (taken.ok) await sayFacts(deps, factsOf(taken.value));
  // Problems stand alone on their lines, as editors and CI read them.
  else if (taken.code === 'invalid') await deps.stderr.write(`${taken.public}\n`);
  else await complain(deps, printable(taken.public));
  return taken.ok ? 'ok' : EXITS[taken.code];
}

const factsOf = ({
  config,
  sha256,
  device,
  authority,
}: Provisioned): readonly (readonly [string, string | undefined])[] => [
  ['config', config],
  ['sha256', sha256],
  ['serial', device?.serial],
  ['key', device?.keyFingerprint],
  ['CA', authority],
];

const tookJson = ({ config, sha256, at, origin, device, authority }: Provisioned) => ({
  result: 'taken',
  config,
  sha256,
  at,
  origin,
  ...(device === undefined ? {} : { serial: device.serial, key_fingerprint: device.keyFingerprint }),
  ...(authority === undefined ? {} : { ca_fingerprint: authority }),
});

const refusedJson = ({ code, public: message, problems }: ProvisionFailure) => ({
  result: 'refused',
  code,
  message,
  ...(problems === undefined
    ? {}
    : { problems: problems.map(({ line, column, key, message: what }) => ({ line, column, key, message: what })) }),
});
