export { RunningSettings, type SettingsDeskParts } from './desk.ts';
export type { FirewallTrial, Follow } from './port.ts';
export type { SettingsPlan, SettingsProposal } from './proposal.ts';
export { SettingsSubject, type SettingsSubjectParts } from './subject.ts';
