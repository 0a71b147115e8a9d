/** An appliance that drains what its store holds, until it is killed: `node drain-child.js STATE TOKEN FINDINGS MAX_BYTES`. */
import { openStore } from '../../../actors/store/index.ts';
import { realClock } from '../real-clock.ts';
import { LinkSite } from './link-site.ts';

const [state = '', token = '', findings = '0', maxBytes = '0'] = process.argv.slice(2);
const opened = await openStore({ stateDirectory: state, clock: realClock, log: () => {}, onDamage: () => {} });
if (!opened.ok) throw new Error(opened.public);
const site = await LinkSite.make({ store: opened.value.port });
site.settings = { ...site.settings, outbox: { ...site.settings.outbox, maxBytes: Number(maxBytes) } };
site.newest = Number(findings);
await site.link.start();
const enrolled = await site.link.enroll(token);
if (!enrolled.ok) throw new Error(enrolled.public);
