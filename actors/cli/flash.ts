import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import type { FlashPlan, Phase, Progress } from '../flash/index.ts';
import type { CliDeps } from './deps.ts';
import { complain, say, sayFacts } from './say.ts';

const PHASES: Readonly<Record<Phase, string>> = {
  check: 'checking the image',
  write: 'writing',
  verify: 'reading back',
};

/** Writes an image to a disk, after a look at both and a question. */
export async function flashImage(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { arguments: given, values, flags } = invocation;
  const { IMAGE: image = '', DEVICE: device = '' } = given;
  const { flash, flashPlan, sizeText } = await deps.flashing();
  const { progress, close } = progressLines(deps, sizeText);
  const plan = await flashPlan(
    {
      image,
      target: device,
      ...(values['bmap'] === undefined ? {} : { bmap: values['bmap'] }),
      authority: flags.has('unsigned') ? 'none' : (values['ca'] ?? deps.imageAuthority()),
    },
    progress,
  );
  await close();
  if (!plan.ok) {
    await complain(deps, plan.public);
    if (plan.code === 'unsigned')
      await complain(deps, '--unsigned writes it all the same; --ca names another authority');
    return plan.code === 'unreadable' ? 'failed' : 'refused';
  }
  if (!flags.has('json')) await sayFacts(deps, facts(plan.value, sizeText));
  if (!flags.has('yes') && plan.value.target.kind !== 'new-file') {
    const answer = await deps.confirm(
      `Overwrite ${plan.value.target.path}, ${plan.value.target.label}? Everything on it is lost.`,
    );
    if (answer === 'nobody') await complain(deps, 'there is nobody to ask; --yes goes on without');
    if (answer !== 'yes') return 'refused';
  }
  const written = await flash(plan.value, progress);
  await close();
  if (!written.ok) {
    await complain(deps, `${written.public}. It must not be used as it is.`);
    return 'failed';
  }
  if (!written.value.isReadFromMedium) {
    await complain(
      deps,
      'the cache of the device could not be emptied: what was read back may not come from the medium',
    );
  }
  const { path } = plan.value.target;
  const { bytes } = written.value;
  if (flags.has('json'))
    await say(deps, `${JSON.stringify({ image, target: path, bytes, signer: plan.value.signer ?? '' })}\n`);
  else await say(deps, `${sizeText(bytes)} written to ${path} and read back without a difference\n`);
  return 'ok';
}

const facts = ({ image, target, bmap, hasBmap, signer, bytes }: FlashPlan, size: (bytes: number) => string) =>
  [
    [
      'image',
      `${image}, ${size(bmap.imageSize)}${hasBmap ? `, ${size(bytes)} of it to be written` : ', without a block map'}`,
    ],
    ['signed by', signer],
    ['goes to', `${target.path}, ${target.label}`],
  ] as const;

/** On a terminal one line that is written over; elsewhere a line for each tenth. */
function progressLines(
  deps: CliDeps,
  size: (bytes: number) => string,
): { progress: Progress; close: () => Promise<void> } {
  const isTerminal = deps.stderr.columns !== undefined;
  let shown = '';
  let writing = Promise.resolve<unknown>(undefined);
  const put = (text: string): void => {
    writing = writing.then(() => deps.stderr.write(text));
  };
  const progress: Progress = (phase, done, total) => {
    const share = total === undefined || total === 0 ? undefined : Math.floor((100 * done) / total);
    const step = isTerminal ? (share ?? Math.floor(done / 16e6)) : share === undefined ? 0 : Math.floor(share / 10);
    const key = `${phase} ${step}`;
    if (key === shown) return;
    shown = key;
    const text = `${PHASES[phase]}: ${share === undefined ? size(done) : `${share} % of ${size(total ?? 0)}`}`;
    put(isTerminal ? `\r\x1b[K${text}` : `${text}\n`);
  };
  const close = async (): Promise<void> => {
    if (isTerminal && shown !== '') put('\r\x1b[K');
    shown = '';
    await writing;
  };
  return { progress, close };
}
