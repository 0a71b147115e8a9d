import { Type } from 'typebox';
import { withoutUrlSecrets } from '../../base/shown-url.ts';
import { rfc3339 } from '../../base/time.ts';
import { type BootCounters, CONFIRM_STATES } from '../../image/health-text.ts';
import { SLOT_NAMES, TRIES } from '../../image/slots.ts';
import { type LastUpdate, UPDATE_RESULTS } from '../../image/update.ts';
import { type ApiParts, endpoint } from '../deps.ts';
import { refuse, type StreamReply } from '../endpoint.ts';
import { type ImageStatus, type InstallRefusal, NO_APPLIANCE, UPDATE_PHASES, type UpdateStand } from '../image.ts';
import type { ErrorCode } from '../problem.ts';
import { ImageWatch } from '../stream/image-watch.ts';

const Time = Type.String({ description: 'RFC 3339' });
const SlotName = Type.Enum([...SLOT_NAMES]);

export const UpdateRow = Type.Object({
  phase: Type.Enum([...UPDATE_PHASES], {
    description:
      'idle: no update is on its way. checking: its signature and version. installing: the other slot is written; this cannot be cancelled. installed: the next boot takes it. confirming: it runs and has to show itself. unknown: who waited for RAUC was cut off, as by a new start of the daemon; RAUC is followed to its end; without a version: the daemon has just started, and finds out what became of the last update',
  }),
  version: Type.Optional(Type.String()),
  source: Type.Optional(Type.String()),
  slot: Type.Optional(SlotName),
  percent: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
  message: Type.Optional(Type.String({ description: 'What is being done' })),
  since: Type.Optional(Time),
});

const SlotRow = Type.Object({
  name: SlotName,
  booted: Type.Boolean(),
  first: Type.Boolean({ description: 'The boot loader tries it first' }),
  state: Type.Enum(['good', 'bad'], { description: 'good: marked good, and no try was used up since' }),
  version: Type.Optional(
    Type.String({ description: 'Of the bundle that was written to it whole; none on a fresh disk' }),
  ),
  installed_at: Type.Optional(Time),
});

const HealthRow = Type.Object({
  verdict: Type.Enum(['good', 'bad', 'starting']),
  bad: Type.Array(Type.String(), { description: 'Components that are wrong, or worse than before the update' }),
  reasons: Type.Array(Type.String()),
  readings: Type.Integer({ minimum: 0, description: 'Good ones in a row' }),
  readings_needed: Type.Integer({ minimum: 1 }),
  steady_seconds: Type.Integer({ minimum: 0 }),
  steady_seconds_needed: Type.Integer({ minimum: 0 }),
});

const Tries = Type.Integer({ minimum: 0, description: `Of ${TRIES}: starts since it was last marked good` });

export const ImageAnswer = Type.Object({
  appliance: Type.Boolean(),
  message: Type.Optional(Type.String({ description: `Where it is none: ${NO_APPLIANCE}` })),
  version: Type.Optional(Type.String()),
  lab: Type.Optional(Type.Boolean({ description: 'Signed with keys that everybody has' })),
  slot: Type.Optional(SlotName),
  slots: Type.Array(SlotRow),
  trouble: Type.Optional(Type.String({ description: 'Why RAUC does not tell how the slots are' })),
  update: Type.Optional(UpdateRow),
  health: Type.Optional(HealthRow),
  confirmation: Type.Optional(
    Type.Object(
      {
        state: Type.Enum([...CONFIRM_STATES], {
          description:
            'waiting: for health. reading: the whole slot. unhealthy: not confirmed, or confirmed before and not well now. unmarked: RAUC or the disk has kept it from being marked good',
        }),
        why: Type.String(),
      },
      { description: 'What bartizan-confirm says of this boot' },
    ),
  ),
  boot_loader: Type.Optional(
    Type.Object(
      {
        order: Type.Array(SlotName, { description: 'Which slot is tried first' }),
        tries_used: Type.Object({ A: Tries, B: Tries }),
        bootable: Type.Array(SlotName, { description: 'Those that would be started' }),
      },
      {
        description:
          "The boot loader's counters, as bartizan-confirm read them last in this boot; left out where they could not be read, and once an update was begun, which changes them",
      },
    ),
  ),
  failed_versions: Type.Array(Type.Object({ version: Type.String(), at: Time, why: Type.String() }), {
    description: 'Tried and fell back; not installed again unless retry_failed is set',
  }),
  last: Type.Optional(
    Type.Object({
      version: Type.String(),
      result: Type.Enum([...UPDATE_RESULTS], {
        description:
          'confirmed, fell_back: of its trial. failed: RAUC has not installed it. interrupted: it was not written to its end. refused: what was written is not what was judged before',
      }),
      at: Time,
      why: Type.String(),
    }),
  ),
  media: Type.Array(Type.Object({ source: Type.String(), bytes: Type.Integer({ minimum: 0 }) }), {
    description: 'Bundles on USB sticks that are in',
  }),
});

export const image = endpoint({
  name: 'image',
  method: 'GET',
  path: '/api/v1/image',
  scope: 'read',
  summary: 'The appliance image: its slots, how healthy this boot is, and where an update is',
  response: ImageAnswer,
  errors: [],
  handler: async ({ deps: { images } }) => {
    const status = await images.status();
    if (status !== undefined) return { ok: true, value: { appliance: true, ...answerOf(status) } };
    return { ok: true, value: { appliance: false, message: NO_APPLIANCE, slots: [], failed_versions: [], media: [] } };
  },
});

export const imageEvents = endpoint({
  name: 'imageEvents',
  method: 'GET',
  path: '/api/v1/image/events',
  scope: 'read',
  summary: 'Server-sent events named `update`: each step of an update',
  response: UpdateRow,
  transport: 'sse',
  errors: ['unavailable'],
  handler: async ({ deps: { imageWatch: watch } }) => ({ ok: true, stream: streamOf(watch) }),
});

/** A stream holds nothing of its request. */
const streamOf =
  (watch: ImageWatch): StreamReply['stream'] =>
  (sink, signal) =>
    watch.join(sink, signal);

/** One for all clients. */
export const imageWatch = ({ images }: Pick<ApiParts, 'images'>): ImageWatch => new ImageWatch(images, updateRow);

export const installImage = endpoint({
  name: 'installImage',
  method: 'POST',
  path: '/api/v1/image/install',
  scope: 'admin',
  summary: 'Install an update into the slot that does not run; answers when its signature and version were judged',
  body: Type.Object({
    source: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'STICK/FILE.raucb of a USB stick, as media lists them, or a URL (HTTP, HTTPS)',
    }),
    allow_older: Type.Optional(Type.Boolean({ description: 'Also a version below the one that runs' })),
    retry_failed: Type.Optional(Type.Boolean({ description: 'Also a version that was tried and fell back' })),
  }),
  example: { body: { source: 'sda1/bartizan-1.1.0-amd64.raucb' } },
  response: UpdateRow,
  status: 202,
  errors: ['bad_request', 'conflict', 'unavailable', 'insufficient_storage', 'internal'],
  audit: {
    action: 'install_image',
    target: 'source',
    shown: withoutUrlSecrets,
    details: ['version', 'allow_older', 'retry_failed'],
  },
  handler: async ({ deps: { images }, body, context }) => {
    const { source, allow_older: older = false, retry_failed: failed = false } = body;
    const actor = context.principal.name;
    const begun = await images.install({ source, allow: { older, failed }, actor });
    return begun.ok
      ? { ok: true, value: updateRow(begun.value) }
      : refuse(CODES[begun.code], begun.public, begun.cause);
  },
});

/** Whatever a person can answer with another bundle or another word is a conflict. */
const CODES: Readonly<Record<InstallRefusal, ErrorCode>> = {
  no_appliance: 'conflict',
  bad_source: 'bad_request',
  unconfirmed: 'conflict',
  older: 'conflict',
  failed_before: 'conflict',
  foreign: 'conflict',
  damaged: 'conflict',
  incompatible: 'conflict',
  no_space: 'insufficient_storage',
  unreachable: 'unavailable',
  crashed: 'unavailable',
  busy: 'conflict',
  unavailable: 'unavailable',
  failed: 'internal',
};

const Done = Type.Object({ status: Type.String() });

export const rebootImage = endpoint({
  name: 'rebootImage',
  method: 'POST',
  path: '/api/v1/image/reboot',
  scope: 'admin',
  summary: 'Reboot the appliance; an installed update is booted then',
  response: Done,
  errors: ['conflict', 'unavailable'],
  audit: { action: 'reboot' },
  handler: async ({ deps: { images } }) => {
    const asked = await images.reboot();
    if (asked.ok) return { ok: true, value: { status: 'rebooting' } };
    return refuse(asked.code === 'failed' ? 'unavailable' : 'conflict', asked.public, asked.cause);
  },
});

export const factoryReset = endpoint({
  name: 'factoryReset',
  method: 'POST',
  path: '/api/v1/image/factory-reset',
  scope: 'admin',
  summary: 'Erase everything but the identity of the device, and reboot',
  body: Type.Object({ confirm: Type.String({ maxLength: 64, description: 'The serial of this device' }) }),
  example: { body: { confirm: '4K7Q-M2XW-9T9' } },
  response: Done,
  errors: ['bad_request', 'conflict', 'unavailable'],
  audit: { action: 'factory_reset' },
  handler: async ({ deps: { images }, body }) => {
    const asked = await images.factoryReset(body.confirm);
    if (asked.ok) return { ok: true, value: { status: 'resetting' } };
    return refuse(RESET_CODES[asked.code], asked.public, asked.cause);
  },
});

const RESET_CODES = {
  no_appliance: 'conflict',
  busy: 'conflict',
  wrong_serial: 'bad_request',
  failed: 'unavailable',
} as const satisfies Record<string, ErrorCode>;

function updateRow({ since, ...stand }: UpdateStand) {
  return { ...stand, ...(since === undefined ? {} : { since: rfc3339(since) }) };
}

function answerOf(status: ImageStatus) {
  const { isLab, slots, health, confirmation, counters, failedVersions, last, media, update, ...rest } = status;
  const { steady, needs, verdict, bad, reasons } = health;
  return {
    ...rest,
    lab: isLab,
    slots: slots.map(({ isBooted, isFirst, installedAt, sums: _, ...slot }) => ({
      ...slot,
      booted: isBooted,
      first: isFirst,
      ...(installedAt === undefined ? {} : { installed_at: installedAt }),
    })),
    update: updateRow(update),
    health: {
      verdict,
      bad: [...bad],
      reasons: [...reasons],
      readings: steady.readings,
      readings_needed: needs.readings,
      steady_seconds: Math.floor(steady.lasted / 1000),
      steady_seconds_needed: Math.ceil(needs.window / 1000),
    },
    ...(confirmation === undefined ? {} : { confirmation: { state: confirmation.state, why: confirmation.why } }),
    ...(counters === undefined ? {} : { boot_loader: loaderOf(counters) }),
    failed_versions: failedVersions.map(({ at, ...one }) => ({ ...one, at: rfc3339(at) })),
    ...(last === undefined ? {} : { last: lastOf(last) }),
    media: media.map(({ path, bytes }) => ({ source: path, bytes })),
  };
}

const loaderOf = ({ order, tries: { A, B }, bootable }: BootCounters) => ({
  order: [...order],
  tries_used: { A, B },
  bootable: [...bootable],
});

const lastOf = ({ bootId: _, at, ...last }: LastUpdate) => ({ ...last, at: rfc3339(at) });
