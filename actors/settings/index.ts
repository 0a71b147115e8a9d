export { RunningSettings, type SettingsDeskParts } from './desk.ts';
export { contentOf, type FirewallTrial, type Follow, type RulesContent } from './port.ts';
export type { SettingsPlan, SettingsProposal } from './proposal.ts';
export { SettingsSubject, type SettingsSubjectParts } from './subject.ts';
