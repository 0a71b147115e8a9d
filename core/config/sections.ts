import { type Group, isSection, type Page } from './setting.ts';
import { PLACED_SETTINGS, type PlacedSetting, SETTINGS } from './settings.ts';

/** What is offered for change under one top-level key. */
export interface SettingsSection extends Page {
  /** The top-level key. */
  readonly id: string;
  readonly title: string;
  readonly group: Group;
  readonly fields: readonly SectionField[];
}

export interface SectionField {
  /** Relative to the section; `''` where the section is the setting. */
  readonly key: string;
  readonly placed: PlacedSetting;
}

const pageOf = ({ group, canCut, byWord }: Page): Page => ({
  group,
  ...(canCut === undefined ? {} : { canCut }),
  ...(byWord === undefined ? {} : { byWord }),
});

/** Every section, in the order of the file. Settings that are changed by hand only are in none. */
export const SETTINGS_SECTIONS: readonly SettingsSection[] = Object.entries(SETTINGS).flatMap(([id, declared]) => {
  const fields = PLACED_SETTINGS.filter(({ keys, setting }) => keys[0] === id && setting.byHand === undefined).map(
    (placed): SectionField => ({ key: placed.keys[1] ?? '', placed }),
  );
  if (fields.length === 0) return [];
  if (isSection(declared)) return [{ id, fields, ...pageOf(declared), title: declared.title }];
  const { page } = declared;
  if (page === undefined) throw new Error(`${id} is neither on a settings page nor declared as changed by hand`);
  return [{ id, fields, ...pageOf(page), title: page.title }];
});

export const sectionOf = (id: string): SettingsSection | undefined => SETTINGS_SECTIONS.find((one) => one.id === id);

/** The section that a setting is changed in. */
export const sectionOfPath = (path: string): SettingsSection | undefined => sectionOf(path.split('.', 1)[0] ?? '');

/** Whether a change of any of these settings may shut an administrator out. */
export const canCut = (paths: readonly string[]): boolean => cutting(paths).length > 0;

/** Whether somebody has to say that such a change may stay, whatever the probes see. */
export const needsWord = (paths: readonly string[]): boolean => cutting(paths).some(({ byWord }) => byWord === true);

const cutting = (paths: readonly string[]): readonly SettingsSection[] =>
  paths.flatMap((path) => {
    const section = sectionOfPath(path);
    const field = section?.fields.find(({ placed }) => placed.path === path);
    return section?.canCut === true && field?.placed.setting.harmless !== true ? [section] : [];
  });
