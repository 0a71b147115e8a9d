import type { Config } from './settings.ts';

/** The sources as the banner and `config-check` name them. */
export const sourceTexts = ({
  files,
  journal,
  journal_directory: directory,
  syslog,
}: Config['watchers']): readonly string[] => [
  ...(journal ? [directory === undefined ? 'the systemd journal' : `the journal in ${directory}`] : []),
  ...files.map(({ path, parser }) => `${path} (${parser})`),
  ...syslog.map(({ transport, listen, parser }) => `syslog by ${transport} at ${listen} (${parser})`),
];
