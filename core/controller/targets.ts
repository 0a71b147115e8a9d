import { fail, ok, type Result } from '../base/result.ts';
import { readSerial } from '../field/serial.ts';

export type Labels = Readonly<Record<string, string>>;

/** Whom an order is for. */
export type Target =
  | { readonly kind: 'all' }
  | { readonly kind: 'one'; readonly serial: string }
  | { readonly kind: 'label'; readonly label: string; readonly value: string };

const LABEL = /^[a-z0-9_-]{1,32}$/;
const VALUE = /^[A-Za-z0-9._-]{1,64}$/;
export const MOST_LABELS = 16;

/** `all`, a serial as somebody typed it, or `label=value`. */
export function readTarget(text: string): Result<Target, 'usage'> {
  if (text === 'all') return ok({ kind: 'all' });
  const [label = '', value, ...more] = text.split('=');
  if (value !== undefined) {
    return LABEL.test(label) && VALUE.test(value) && more.length === 0
      ? ok({ kind: 'label', label, value })
      : fail('usage', `"${text.slice(0, 100)}" is no LABEL=VALUE`);
  }
  const serial = readSerial(text);
  return serial === undefined
    ? fail('usage', `"${text.slice(0, 100)}" is no serial; it is a serial, LABEL=VALUE, or all`)
    : ok({ kind: 'one', serial });
}

export function isMeant(target: Target, serial: string, labels: Labels): boolean {
  switch (target.kind) {
    case 'all':
      return true;
    case 'one':
      return target.serial === serial;
    case 'label':
      return labels[target.label] === target.value;
  }
}

/** Labels after `site=berlin,ring=`: an empty value takes a label away. */
export function relabelled(labels: Labels, text: string): Result<Labels, 'usage'> {
  const changed: Record<string, string> = { ...labels };
  for (const pair of text.split(',')) {
    const [label = '', value = '', ...more] = pair.split('=');
    if (!LABEL.test(label) || more.length > 0 || (value !== '' && !VALUE.test(value))) {
      return fail(
        'usage',
        `"${pair.slice(0, 100)}" is no label: LABEL=VALUE, the label of small letters, digits, _ and -`,
      );
    }
    if (value === '') delete changed[label];
    else changed[label] = value;
  }
  return Object.keys(changed).length > MOST_LABELS
    ? fail('usage', `an appliance has at most ${MOST_LABELS} labels`)
    : ok(changed);
}
