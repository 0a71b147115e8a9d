import { hostname } from 'node:os';
import type { TestContext } from 'node:test';
import { Daemon, stateDir } from './daemon.ts';
import { freePort } from './free-port.ts';
import { Journald } from './journald.ts';
import { Namespace } from './namespaces.ts';
import { component } from './watching.ts';

export const EDGE = '192.0.2.1';
export const ATTACKER = '192.0.2.2';

/**
 * A journald and the edge's network around it, an attacker on a cable, and a daemon that enforces there.
 * @param watchers further lines of that section, STATE in them is the state directory
 * @param config further lines of journald.conf
 * @param firewall further settings of that section, each behind a comma
 */
export async function journalSite(t: TestContext, { watchers = '', config = '', firewall = '' } = {}) {
  const journald = await Journald.start({ config });
  const edge = new Namespace('edge', journald.pid);
  const attacker = new Namespace('attack');
  attacker.link(edge, [`${ATTACKER}/24`], [`${EDGE}/24`]);
  const daemon = new Daemon(await stateDir());
  await daemon.configure(`
hostname: ${hostname()}
webui: { listen: '127.0.0.1:${await freePort()}' }
firewall: { enabled: true, netns: ${edge.name}${firewall} }
watchers:
  journal: true
  journal_directory: ${journald.persistent}
${watchers.replaceAll('STATE', daemon.state)}
`);
  t.after(async () => {
    await daemon[Symbol.asyncDispose]();
    attacker[Symbol.dispose]();
    edge[Symbol.dispose]();
    await journald[Symbol.asyncDispose]();
  });
  const start = async (): Promise<void> => {
    await daemon.start('--enforce');
    await component(daemon, 'journal:', ({ state }) => state === 'ok');
  };
  return { journald, edge, attacker, daemon, start };
}
