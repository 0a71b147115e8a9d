import { made } from './page.ts';
import type { SettingsField } from './wire.ts';

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** A field of a form, and what was read for it. */
export interface FieldView {
  readonly element: HTMLElement;
  readonly key: string;
  /** What the control holds now. @throws Error with what is wrong in it */
  value(): unknown;
  /** Says what is wrong beside the control; nothing when it is empty. */
  say(problem: string): void;
}

/** One for each setting; `value` as the appliance gave it, undefined where it is not set. */
export function fieldView(field: SettingsField, value: unknown): FieldView {
  const control = controlFor(field, value);
  const id = `field-${field.yaml_path === '' ? 'value' : field.yaml_path}`;
  control.id = id;
  const label = made('label', field.label);
  label.htmlFor = id;
  const help = made('p', [field.help ?? '', ...noteOf(field)].join(' '), 'note');
  help.id = `${id}-help`;
  const error = made('p', '', 'problem');
  error.id = `${id}-error`;
  control.setAttribute('aria-describedby', `${help.id} ${error.id}`);
  return {
    element: made('div', [label, control, help, error], 'field'),
    key: field.yaml_path,
    value: () => readFrom(field, control),
    say: (problem) => {
      error.textContent = problem;
      control.ariaInvalid = problem === '' ? null : 'true';
    },
  };
}

const noteOf = ({ applies, nullable = false, secret = false }: SettingsField): readonly string[] => [
  ...(secret ? ['It is not shown; leave it as it is to keep it.'] : []),
  ...(nullable ? ['Empty takes it out.'] : []),
  ...(applies === 'restart' ? ['Takes effect at the next start.'] : []),
];

function controlFor(field: SettingsField, value: unknown): Control {
  switch (field.type) {
    case 'bool':
      return checkbox(value === true);
    case 'enum':
      return choice(field.options ?? [], [String(value ?? '')]);
    case '[]enum':
      return choice(field.options ?? [], Array.isArray(value) ? value.map(String) : [], true);
    case 'json':
      return area(JSON.stringify(value ?? [], null, 2), field);
    case '[]string':
    case '[]int':
      return area(Array.isArray(value) ? value.join('\n') : '', field);
    default:
      return line(field, value);
  }
}

function checkbox(isOn: boolean): HTMLInputElement {
  const input = made('input');
  input.type = 'checkbox';
  input.checked = isOn;
  return input;
}

function choice(options: readonly string[], chosen: readonly string[], isMany = false): HTMLSelectElement {
  const select = made('select');
  select.multiple = isMany;
  if (isMany) select.size = Math.min(options.length, 12);
  for (const option of options) select.add(new Option(option, option, false, chosen.includes(option)));
  return select;
}

function area(text: string, { placeholder = '' }: SettingsField): HTMLTextAreaElement {
  const control = made('textarea');
  control.value = text;
  control.rows = Math.min(20, Math.max(3, text.split('\n').length + 1));
  control.spellcheck = false;
  control.placeholder = placeholder;
  return control;
}

function line({ type, secret, min, max, placeholder = '' }: SettingsField, value: unknown): HTMLInputElement {
  const input = made('input');
  const isNumber = type === 'int' || type === 'float';
  input.type = secret === true ? 'password' : isNumber ? 'number' : 'text';
  if (min !== undefined) input.min = String(min);
  if (max !== undefined) input.max = String(max);
  input.autocomplete = secret === true ? 'new-password' : 'off';
  input.placeholder = placeholder;
  input.value = value === undefined ? '' : String(value);
  return input;
}

function readFrom({ type, nullable }: SettingsField, control: Control): unknown {
  const text = control.value.trim();
  switch (type) {
    case 'bool':
      return (control as HTMLInputElement).checked;
    case '[]enum':
      return [...(control as HTMLSelectElement).selectedOptions].map((option) => option.value);
    case '[]string':
    case '[]int':
      return text.split(/[\n,]/).flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
    case 'json':
      return parsed(text);
    case 'int':
    case 'float':
      return text === '' ? null : Number(text);
    default:
      return text === '' && nullable === true ? null : text;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '[]' : text);
  } catch {
    throw new Error('is not valid JSON');
  }
}
