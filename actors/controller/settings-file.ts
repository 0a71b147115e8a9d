import { parse } from 'yaml';
import { fail, messageOf, type Result } from '../../core/base/result.ts';
import { type ControllerSettings, readSettings } from '../../core/controller/settings.ts';
import { readIfThere } from './files.ts';
import type { Place } from './place.ts';

/** @returns missing: there is no controller in this directory; config: what it is told is wrong */
export async function settingsIn(place: Place): Promise<Result<ControllerSettings, 'missing' | 'config'>> {
  const text = await readIfThere(place.settings);
  if (text === undefined) {
    return fail('missing', `there is no controller in ${place.state}: \`bartizan controller ca init\` makes one`);
  }
  try {
    const read = readSettings(parse(text));
    return read.ok ? read : fail('config', `${place.settings}: ${read.public}`);
  } catch (cause) {
    return fail('config', `${place.settings}: ${messageOf(cause)}`, cause);
  }
}

/** What a text in YAML or JSON says. @throws Error with where it cannot be understood */
export const readYaml = (text: string): unknown => parse(text);
