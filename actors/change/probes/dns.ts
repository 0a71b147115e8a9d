import { type Millis, millis } from '../../../core/base/time.ts';
import { type DnsAnswer, failed, passed, type Seen, type Tools, unknown } from './port.ts';

const RESOLV_CONF = '/etc/resolv.conf';
/** As the C library has it. */
const MOST_SERVERS = 3;
const PATIENCE: Millis = millis(2000);

/**
 * One of the configured name servers answers: any answer shows that packets come and go. A resolver on this host answers
 * by itself, so of that one a failure to find out counts as none.
 */
export async function probeDns(tools: Tools, signal: AbortSignal): Promise<Seen> {
  const text = await tools.read(RESOLV_CONF);
  if (text === undefined) return unknown(`${RESOLV_CONF} cannot be read`);
  const servers = nameServersIn(text);
  if (servers.length === 0) return unknown(`${RESOLV_CONF} names no name server`);
  const answers = await Promise.all(
    servers.map(async (server) => ({ server, ...(await tools.askDns(server, PATIENCE, signal)) })),
  );
  const detail = answers.map(({ server, said }) => `${server}: ${said}`).join('; ');
  return answers.some(isGood) ? passed(detail) : failed(`no name server answers: ${detail}`);
}

const isGood = ({ server, answered, said }: DnsAnswer & { readonly server: string }): boolean =>
  answered && !(said === 'ESERVFAIL' && /^(?:127\.|::1$)/.test(server));

export const nameServersIn = (text: string): readonly string[] =>
  text
    .split('\n')
    .flatMap((line) => /^\s*nameserver\s+([0-9a-f.:]+(?:%[\w.-]+)?)\s*(?:[#;].*)?$/i.exec(line)?.[1] ?? [])
    .slice(0, MOST_SERVERS);
