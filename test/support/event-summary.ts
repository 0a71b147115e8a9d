import { type Event, isEvent, type Unparsed } from '../../core/event/event.ts';

/** What an event says, in one line of a golden file: action and fields, without time, position, header and message. */
export function summaryOf(parsed: Event | Unparsed): string {
  if (!isEvent(parsed)) return `- ${parsed.unparsed}`;
  const { user, userUnknown, http, fields } = parsed;
  const said: readonly (readonly [string, unknown])[] = [
    ['user', user === undefined ? (userUnknown ? '?' : undefined) : `${userUnknown ? '?' : ''}${user}`],
    ['target', parsed.targetUser],
    ['from', parsed.sourceIp],
    ['port', parsed.sourcePort],
    ['to', parsed.destinationIp],
    ['to-port', parsed.destinationPort],
    ['transport', parsed.transport],
    ['service', parsed.service],
    ['method', parsed.method],
    ['repeats', parsed.repeats],
    ...Object.entries(http ?? {}).map(([name, value]) => [`http.${name}`, value] as const),
    ...Object.entries(fields ?? {}).map(([name, value]) => [`fields.${name}`, value] as const),
  ];
  const words = said
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === 'string' && /[^!-~]|"/.test(value) ? JSON.stringify(value) : value}`,
    );
  return [parsed.action, ...words].join(' ');
}
