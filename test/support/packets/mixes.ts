import { type Policy, whileOnTrial } from '../chain-model.ts';
import { fc } from '../random.ts';

/** Where attackers come from: near one another at every distance, so that networks hold some of them and not others. */
export const SOURCES = [
  '203.0.113.1',
  '203.0.113.2',
  '203.0.113.3',
  '203.0.113.9',
  '203.0.113.65',
  '203.0.112.1',
  '192.0.2.7',
  '100.64.0.1',
  '2001:db8::1',
  '2001:db8::2',
  '2001:db8::3',
  '2001:db8::11',
  '2001:db8:0:1::1',
  '2001:db8:1::1',
  '2a00::1',
  'fd00::1',
] as const;

/** Let in by every mix, so that a round has an end that is sure to be seen. */
export const MARKER = '198.18.7.7';

/** How a trial stands when the packets come: it judges, the kernel has fallen back by itself, it has been confirmed. */
export type Standing = 'judges' | 'fell back' | 'confirmed';

type Settings = Pick<Policy, 'infra' | 'denied'>;

/** One state of all rules. */
export interface Mix extends Policy {
  readonly trial: (Settings & { readonly standing: Standing }) | undefined;
}

/** By which rules a mix's packets are judged. */
export const inForce = ({ trial, ...policy }: Mix): Policy =>
  trial === undefined || trial.standing === 'fell back'
    ? policy
    : whileOnTrial(policy, { infra: trial.infra, denied: trial.denied });

const PREFIXES = { 4: [32, 32, 31, 30, 28, 26, 24, 16, 1, 0], 6: [128, 128, 127, 124, 120, 64, 48, 32, 1, 0] } as const;

const network = fc
  .constantFrom(...SOURCES)
  .chain((source) => fc.constantFrom(...PREFIXES[source.includes(':') ? 6 : 4]).map((prefix) => `${source}/${prefix}`));

const networks = fc.uniqueArray(network, { maxLength: 3 });
/** The marker first: nothing that is left out when a mix is made smaller. */
const infra = networks.map((some) => [MARKER, ...some]);
const settings = { infra, denied: networks };

export const mixes: fc.Arbitrary<Mix> = fc.record({
  ...settings,
  allowed: networks,
  blocked: fc.subarray([...SOURCES], { maxLength: 8 }),
  blockedNetworks: networks,
  trial: fc.option(
    fc.record({ ...settings, standing: fc.constantFrom<Standing>('judges', 'fell back', 'confirmed') }),
    { nil: undefined },
  ),
});
