export { RunningSettings, type SettingsDeskParts } from './desk.ts';
export type { FetchLists, FirewallTrial, Follow, HostTrial } from './port.ts';
export { contentAmong, contentBeside, type SettingsPlan, type SettingsProposal } from './proposal.ts';
export { SettingsSubject, type SettingsSubjectParts } from './subject.ts';
