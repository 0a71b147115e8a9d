/** A daemon's configuration: it follows one log, and enforces where a network namespace is given, without a cap. */
export const following = (log: string, namespace?: { readonly name: string }, parser = 'sshd'): string => `webui:
  listen: 127.0.0.1:0
firewall:
  ${namespace === undefined ? 'enabled: false' : `enabled: true\n  netns: ${namespace.name}`}
auto_response:
  max_blocks_per_hour: 0
watchers:
  files:
    - path: ${log}
      parser: ${parser}
`;
