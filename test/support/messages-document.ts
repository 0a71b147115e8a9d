import protobuf from 'protobufjs';
import { LIMITS, LONGEST_PART } from '../../actors/link-wire/index.ts';
import { markdownTable } from '../../core/base/markdown.ts';
import { TOPIC_ROWS } from '../../core/link/topic-table.ts';
import { filterOf, ROOT } from '../../core/link/topics.ts';
import { readProtos } from './message-shapes.ts';

/** `docs/controller-messages.md`, from the table of topics and the declarations of the messages. */
export function messagesDocument(): string {
  const declared = declaredIn(readProtos());
  const sections = declared.map((one) => (one instanceof protobuf.Enum ? enumSection(one) : messageSection(one)));
  return `${HEAD}
${topicsTable()}

${AFTER_TOPICS}
${limitsTable()}

A part of a list has at most ${LONGEST_PART / 1024 / 1024} MiB.

## The messages

${sections.join('\n\n')}
`;
}

const HEAD = `# Topics and messages of the controller link

<!-- Generated from the declarations by a test; renew it: BARTIZAN_RENEW_GOLDENS=1 npm run check -- contract -->

What goes between appliances and controllers, field by field. How a fleet is run, and what protects it: [controller.md](controller.md).

## Topics
`;

const AFTER_TOPICS = `All are QoS 1, over MQTT 5. \`TENANT\` is the fleet, \`SHARD\` the first six bits of the SHA-256 of the serial in hex (\`00\` to \`3f\`), \`SERIAL\` that of the appliance, as on
its label. The content type of a message is \`application/x-protobuf; messageType=bartizan.v1.NAME\`; one that names another message than the topic's is refused, one without is read. An
empty retained message takes away what was there.

An \`Envelope\` has the bytes of an \`Order\` and Ed25519 signatures over them, after the text \`bartizan/1/order\` and a zero byte. Everything that is acted upon comes in one.

## How long messages may be
`;

function topicsTable(): string {
  const place = { tenant: 'TENANT', shard: 'SHARD', serial: 'SERIAL' };
  const rows = TOPIC_ROWS.map((row) => [
    `\`${filterOf(row, place).slice(`${ROOT}/`.length)}\``,
    row.message === undefined ? 'bytes' : linked(row.message),
    row.isRetained ? 'yes' : '',
    `${row.from} → ${row.to.join(', ')}`,
    row.says,
  ]);
  return markdownTable([`below \`${ROOT}/\``, 'message', 'retained', 'from, to', 'what'], rows);
}

const limitsTable = (): string =>
  markdownTable(
    ['message', 'bytes at most'],
    Object.entries(LIMITS).map(([name, most]) => [linked(name), most.toLocaleString('en')]),
  );

/** Messages and enums in the order of their files. */
function declaredIn(space: protobuf.NamespaceBase): readonly (protobuf.Type | protobuf.Enum)[] {
  return space.nestedArray.flatMap((one) => [
    ...(one instanceof protobuf.Type || one instanceof protobuf.Enum ? [one] : []),
    ...(one instanceof protobuf.Namespace ? declaredIn(one) : []),
  ]);
}

function messageSection({ name, comment, fieldsArray }: protobuf.Type): string {
  const rows = fieldsArray.map((field) => [
    String(field.id),
    `\`${field.name}\``,
    `${field.repeated ? 'list of ' : ''}${typeOf(field)}`,
    `${field.partOf === null ? '' : `One of \`${field.partOf.name}\`. `}${flat(field.comment)}`,
  ]);
  return `### ${name}\n\n${paragraph(comment)}${markdownTable(['no', 'field', 'type', 'what'], rows)}`;
}

function enumSection({ name, comment, comments, values }: protobuf.Enum): string {
  const rows = Object.entries(values).map(([value, number]) => [
    String(number),
    `\`${value}\``,
    flat(comments[value] ?? null),
  ]);
  return `### ${name}\n\n${paragraph(comment)}${markdownTable(['no', 'value', 'what'], rows)}`;
}

const typeOf = (field: protobuf.Field): string =>
  field.resolvedType === null
    ? field instanceof protobuf.MapField
      ? `map of ${field.keyType} to ${field.type}`
      : field.type
    : linked(field.resolvedType.name);

const linked = (name: string): string => `[${name}](#${name.toLowerCase()})`;
const flat = (comment: string | null): string => (comment ?? '').replaceAll('\n', ' ');
const paragraph = (comment: string | null): string => (comment ? `${flat(comment)}\n\n` : '');
