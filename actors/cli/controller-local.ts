import { resolve } from 'node:path';
import { printable, printableJson } from '../../core/base/printable.ts';
import { parseDuration, rfc3339 } from '../../core/base/time.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import type { SimulationState } from '../controller/index.ts';
import type { CliDeps } from './deps.ts';
import { complain, say } from './say.ts';

/** The words that need no controller to run. */
export async function caInit(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { initFleet } = await deps.controller();
  const { tenant = 'fleet', name = 'main', broker = '', enrol = '' } = invocation.values;
  const brokers = broker.split(',').map((url) => url.trim());
  const state = await stateOf(invocation, deps);
  const made = await initFleet({ state, tenant, name, brokers, enrolmentUrl: enrol }, deps.world);
  if (!made.ok) return refuse(deps, made.public);
  if (invocation.flags.has('json')) {
    await say(deps, `${printableJson({ state, tenant, name, keys: made.value.keys.map(keyFacts) })}\n`);
    return 'ok';
  }
  await say(
    deps,
    `the fleet "${tenant}" is made in ${printable(state)}
  the root's key, ca/root.key, signs nothing more: keep it elsewhere
  the operators' key, keys/ops.key, may order everything: keep a copy elsewhere
next: bartizan controller broker-config --out DIR, then bartizan controller serve
`,
  );
  return 'ok';
}

export async function caAdd(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { addController, placeIn } = await deps.controller();
  const { NAME: name = '' } = invocation.arguments;
  const out = resolve(invocation.values['out'] ?? '');
  const made = await addController(placeIn(await stateOf(invocation, deps)), name, out, deps.world);
  if (!made.ok) return refuse(deps, made.public);
  const keys = made.value.keys.map(keyFacts);
  if (invocation.flags.has('json')) await say(deps, `${printableJson({ state: out, name, keys })}\n`);
  else {
    const [key] = keys;
    await say(
      deps,
      `the controller "${name}" is made in ${printable(out)}: carry it to its machine, then there serve; here
  bartizan controller keys add ${name} --public ${key?.public_key} --kinds ${key?.kinds.join(',')}
  bartizan controller broker-config --out DIR, for its access at the broker
`,
    );
  }
  return 'ok';
}

export async function caRenew(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { placeIn, renewServers, settingsIn } = await deps.controller();
  const { NAME: name } = invocation.arguments;
  const { out } = invocation.values;
  if ((name === undefined) !== (out === undefined)) {
    await complain(deps, 'ca renew: a further controller needs its NAME and --out DIR, this one neither');
    return 'usage';
  }
  const place = placeIn(await stateOf(invocation, deps));
  const settings = await settingsIn(place);
  if (!settings.ok) return fails(deps, settings.public);
  const elsewhere = name === undefined || out === undefined ? undefined : { name, out: resolve(out) };
  const renewed = await renewServers(place, settings.value, elsewhere, deps.world);
  if (!renewed.ok) return refuse(deps, renewed.public);
  const { until, files } = renewed.value;
  if (invocation.flags.has('json')) await say(deps, `${printableJson({ until: rfc3339(until), files })}\n`);
  else await say(deps, `${files.map((path) => `${printable(path)}\n`).join('')}until ${rfc3339(until)}\n`);
  return 'ok';
}

const keyFacts = ({ name, publicKey, kinds }: { name: string; publicKey: string; kinds: readonly string[] }) => ({
  name,
  public_key: publicKey,
  kinds,
});

export async function brokerConfig(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { brokerTexts, placeIn, settingsIn, writeBrokerFiles } = await deps.controller();
  const place = placeIn(await stateOf(invocation, deps));
  const settings = await settingsIn(place);
  if (!settings.ok) return fails(deps, settings.public);
  const { port = '8883', websocket, out } = invocation.values;
  const ports = { tls: Number(port), ...(websocket === undefined ? {} : { websocket: Number(websocket) }) };
  if (!Object.values(ports).every((one) => Number.isInteger(one) && one >= 1 && one <= 65_535)) {
    await complain(deps, 'broker-config: a port is 1 to 65535');
    return 'usage';
  }
  if (out === undefined) {
    const texts = await brokerTexts(place, settings.value, ports, '/etc/mosquitto/bartizan');
    await say(deps, invocation.flags.has('acl') ? texts.acl : texts.config);
    return 'ok';
  }
  const written = await writeBrokerFiles(place, settings.value, ports, resolve(out));
  if (!written.ok) return fails(deps, written.public);
  await say(deps, written.value.map((path) => `${printable(path)}\n`).join(''));
  return 'ok';
}

export async function simulateFleet(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { placeIn, settingsIn, simulate, stopSignal } = await deps.controller();
  const { values, flags } = invocation;
  const numbers = {
    count: invocation.arguments['N'],
    findings: values['findings'] ?? '1',
    rate: values['rate'] ?? '200',
  };
  const [count, findings, rate] = Object.values(numbers).map(Number);
  const lasts = values['for'] === undefined ? undefined : parseDuration(values['for']);
  if (
    !isWhole(count, 1, 100_000) ||
    !isWhole(findings, 0, 60_000) ||
    !isWhole(rate, 1, 100_000) ||
    lasts?.ok === false
  ) {
    await complain(deps, 'simulate: N is 1 to 100000, --findings 0 to 60000, --rate 1 to 100000, --for a time like 5m');
    return 'usage';
  }
  const place = placeIn(await stateOf(invocation, deps));
  const settings = await settingsIn(place);
  if (!settings.ok && settings.code === 'config') return fails(deps, settings.public);
  const { token, broker, seed = 'simulated' } = values;
  const done = await simulate(
    {
      count,
      place,
      settings: settings.ok ? settings.value : undefined,
      ...(token === undefined ? {} : { token }),
      plain: flags.has('plain'),
      ...(broker === undefined ? {} : { broker }),
      findings,
      seed,
      rate,
      lasts: lasts === undefined || lasts.value === 'never' ? undefined : lasts.value,
    },
    {
      ...deps.world,
      version: deps.version,
      stop: stopSignal(),
      tell: (state) => tellState(deps, state, flags.has('json')),
      complain: (why) => void complain(deps, printable(why)),
    },
  );
  return done.ok ? 'ok' : fails(deps, done.public);
}

const isWhole = (value: number | undefined, least: number, most: number): value is number =>
  value !== undefined && Number.isInteger(value) && value >= least && value <= most;

async function tellState({ stdout }: CliDeps, state: SimulationState, isJson: boolean): Promise<boolean> {
  const { connected, confirmed, sent, elapsed_s, memory_mb } = state;
  const generations = Object.entries(confirmed).map(([generation, count]) => `${count} at ${generation}`);
  const text = `${elapsed_s} s: ${connected} connected, confirmed ${generations.join(', ') || 'none'}, ${sent} findings, ${memory_mb} MB\n`;
  return (await stdout.write(isJson ? `${printableJson(state)}\n` : text)) === 'written';
}

/** The controller's directory, absolute. */
export async function stateOf({ values: { state } }: Invocation, deps: CliDeps): Promise<string> {
  const { CONTROLLER_STATE } = await deps.controller();
  return state === undefined ? CONTROLLER_STATE : resolve(state);
}

async function refuse(deps: CliDeps, why: string): Promise<ExitName> {
  await complain(deps, printable(why));
  return 'refused';
}

async function fails(deps: CliDeps, why: string): Promise<ExitName> {
  await complain(deps, printable(why));
  return 'failed';
}
