import { at, made } from './page.ts';
import { cell, fill } from './rows.ts';
import { moment } from './views.ts';
import type { Image, UpdateRow } from './wire.ts';
import { stamp } from './words.ts';

/** Brings the page in line with how the image is. @param mayWrite whether the reader may order anything */
export function showImage(image: Image, mayWrite: boolean): void {
  at('none').hidden = image.appliance;
  at('appliance').hidden = !image.appliance;
  if (!image.appliance) return;
  showFacts(image);
  showSlots(image);
  showUpdate(image.update ?? { phase: 'idle' }, mayWrite);
  showMedia(image);
  showPast(image);
  at('orders').hidden = !mayWrite;
  at('rauc-trouble').textContent = image.trouble ?? '';
}

function showFacts({ version = '', lab, slot, confirmation, health, boot_loader }: Image): void {
  const facts: readonly (readonly [label: string, value: string, className?: string])[] = [
    ['version', lab === true ? `${version} (lab: signed with keys that everybody has)` : version],
    ['slot', slot ?? 'not named by the boot loader'],
    ['this boot', waitsFor(confirmation, health), confirmation?.state === 'confirmed' ? 'ok' : 'waiting'],
    ['health', healthOf(health), health?.verdict === 'good' ? 'ok' : 'high'],
    ['boot loader', loaderOf(boot_loader)],
  ];
  at('facts').replaceChildren(
    ...facts.map(([label, value, className = '']) => made('div', [made('dt', label), made('dd', value, className)])),
  );
}

/** What the boot still needs before it is confirmed. */
function waitsFor(confirmation: Image['confirmation'], health: Image['health']): string {
  const { state = 'waiting', why = '' } = confirmation ?? {};
  if (state === 'confirmed') return 'confirmed';
  if (state === 'reading') return 'the whole slot is being read; then it is confirmed';
  if (state !== 'waiting') return `not confirmed: ${why}`;
  if (health === undefined) return 'waits for the health of all components';
  const { readings, readings_needed, steady_seconds, steady_seconds_needed } = health;
  return `waits for good health: ${readings} of ${readings_needed} readings, ${Math.min(steady_seconds, steady_seconds_needed)} of ${steady_seconds_needed} s`;
}

/** Its counters stand as the start of this boot left them; an update changes them unread. */
function loaderOf(loader: Image['boot_loader']): string {
  if (loader === undefined) return 'its counters are not known now';
  const { order, bootable, tries_used } = loader;
  const ways = order.filter((slot) => bootable.includes(slot)).join(', then ') || 'no slot: recovery';
  const tries = Object.entries(tries_used).map(([slot, used]) => `${slot} ${used} of 3`);
  return `takes ${ways}; tries used: ${tries.join(', ')}`;
}

const healthOf = (health: Image['health']): string =>
  health === undefined ? 'unknown' : [health.verdict, ...health.reasons].join('; ');

function showSlots({ slots }: Image): void {
  fill(
    at<HTMLTableSectionElement>('slots'),
    slots.map(
      ({ name, version = 'not known: flashed, empty, or half written', state, booted, first, installed_at }) => ({
        key: name,
        cells: [
          cell('Slot', name, 'tight'),
          cell('Version', version, 'text'),
          cell(
            'State',
            state === 'good' ? 'confirmed' : 'not confirmed',
            `tight ${state === 'good' ? 'ok' : 'waiting'}`,
          ),
          cell('Use', [booted ? 'runs' : '', first ? 'is booted next' : ''].filter(Boolean).join(', '), 'tight'),
          cell('Written', installed_at === undefined ? '' : moment(installed_at), 'tight'),
        ],
      }),
    ),
  );
}

/** Where an update is; of all this page shows what changes most often. */
export function showUpdate(update: UpdateRow, mayWrite: boolean): void {
  const { phase, percent, message = '' } = update;
  at('under-way').hidden = phase === 'idle';
  const says = SAYS[phase]?.(update) ?? phase;
  if (at('update-says').textContent !== says) at('update-says').textContent = says;
  const progress = at<HTMLProgressElement>('update-progress');
  progress.hidden = phase !== 'installing' && phase !== 'unknown';
  if (percent !== undefined) progress.value = percent;
  at('update-step').textContent = progress.hidden ? '' : `${percent ?? 0} % ${message}`;
  at('install-form').hidden = !mayWrite || ['checking', 'installing', 'unknown', 'confirming'].includes(phase);
  at('reboot-takes').textContent = phase === 'installed' ? `It boots ${update.version ?? 'the update'}.` : '';
}

const SAYS: Readonly<Record<string, (update: UpdateRow) => string>> = {
  idle: () => '',
  checking: ({ source = 'the bundle' }) => `${source} is being checked: who signed it, and which version it is.`,
  installing: ({ version, slot }) =>
    `${version} is being installed into slot ${slot}. This cannot be cancelled; what runs is not touched.`,
  unknown: ({ version, slot }) =>
    version === undefined
      ? 'Bartizan has just started, and finds out what became of the last update.'
      : `${version} is still being installed into slot ${slot}: RAUC goes on by itself, and is followed.`,
  installed: ({ version, slot }) => `${version} is installed in slot ${slot}. The next reboot takes it.`,
  confirming: ({ version }) => `${version} runs and has to show itself; else the version before it comes back.`,
};

function showMedia({ media }: Image): void {
  at('media').replaceChildren(
    ...media.map(({ source, bytes }) => {
      const option = made('option', `${Math.ceil(bytes / 1e6)} MB`);
      option.value = source;
      return option;
    }),
  );
  at('source-note').textContent =
    media.length === 0
      ? 'No USB stick with a bundle is in. From a server it is read piece by piece.'
      : `On sticks: ${media.map(({ source }) => source.split('/').slice(-2).join('/')).join(', ')}`;
}

function showPast({ last, failed_versions }: Image): void {
  at('last').textContent =
    last === undefined
      ? ''
      : `The last update, to ${last.version}, ${ENDED[last.result] ?? last.result} (${stamp(last.at)}): ${last.why}.`;
  at('last').className = last === undefined || last.result === 'confirmed' ? 'note' : 'caution';
  at('failed-table').hidden = failed_versions.length === 0;
  fill(
    at<HTMLTableSectionElement>('failed'),
    failed_versions.map(({ version, at: when, why }) => ({
      key: version,
      cells: [cell('Fell back', version, 'tight'), cell('When', moment(when), 'tight'), cell('Why', why, 'text')],
    })),
  );
}

const ENDED: Readonly<Record<string, string>> = {
  confirmed: 'was confirmed',
  fell_back: 'fell back',
  failed: 'failed',
  interrupted: 'was interrupted',
  refused: 'was refused',
};
