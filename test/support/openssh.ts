/**
 * OpenSSH's side of its log, as `log.c`, `packet.c` and `auth.c` have it: what a message looks like once sshd has cut
 * and escaped what a client sent.
 */

/** A client as sshd knows it. */
export interface Client {
  readonly ip: string;
  readonly port: number;
  readonly user: string;
  readonly isKnown: boolean;
  /** Text the client may place elsewhere: banner, key id, disconnect reason, service name. */
  readonly text: string;
}

/** `strnvis` with VIS_CSTYLE | VIS_OCTAL | VIS_NL | VIS_TAB, then `%.500s`. */
export function written(message: string): string {
  let out = '';
  for (const byte of new TextEncoder().encode(message)) {
    if (byte === 0x5c) out += '\\\\';
    else if (byte >= 0x20 && byte < 0x7f) out += String.fromCharCode(byte);
    else if (byte === 0x0a) out += '\\n';
    else if (byte === 0x09) out += '\\t';
    else out += `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return out.slice(0, 500);
}

const cut = (text: string, length: number): string =>
  new TextDecoder('latin1').decode(new TextEncoder().encode(text.replaceAll('\0', '')).subarray(0, length));

const invalid = ({ isKnown }: Client): string => (isKnown ? '' : 'invalid user ');
const preamble = (client: Client): string =>
  cut(`${client.isKnown ? 'authenticating ' : 'invalid '}user ${client.user}`, 200);
const connectionId = (client: Client): string => `${preamble(client)} ${client.ip} port ${client.port}`;

/** Every message that carries text of the client's and an address, whichever the release. */
export const HOSTILE_MESSAGES: readonly ((client: Client) => string)[] = [
  (c) => `Failed password for ${invalid(c)}${cut(c.user, 100)} from ${c.ip} port ${c.port} ssh2`,
  (c) =>
    `Failed publickey for ${invalid(c)}${cut(c.user, 100)} from ${c.ip} port ${c.port} ssh2: RSA-CERT SHA256:ab+/ ID ${c.text} (serial 0) CA RSA SHA256:cd`,
  (c) =>
    `Failed hostbased for ${invalid(c)}${cut(c.user, 100)} from ${c.ip} port ${c.port} ssh2: RSA SHA256:ab, client user "${cut(c.text, 100)}", client host "${cut(c.text, 100)}"`,
  (c) => `Failed publickey for ${invalid(c)}${cut(c.user, 100)} from ${c.ip} port ${c.port} ssh2: RSA SHA256:ab+/`,
  (c) =>
    `message repeated 2 times: [ Failed password for ${invalid(c)}${cut(c.user, 100)} from ${c.ip} port ${c.port} ssh2]`,
  (c) => `Invalid user ${cut(c.user, 100)} from ${c.ip} port ${c.port}`,
  (c) => `Invalid user ${cut(c.user, 100)} from ${c.ip}`,
  (c) => `input_userauth_request: invalid user ${cut(c.user, 100)} [preauth]`,
  (c) =>
    `error: maximum authentication attempts exceeded for ${invalid(c)}${cut(c.user, 100)} from ${c.ip} port ${c.port} ssh2 [preauth]`,
  (c) => `administratively prohibited connection for ${invalid(c)}${c.user} from ${c.ip} port ${c.port}`,
  (c) =>
    `error: public key RSA SHA256:x signature for ${invalid(c)}${c.user} from ${c.ip} port ${c.port} rejected: user presence (authenticator touch) requirement not met `,
  (c) => `error: PAM: Authentication failure for ${c.isKnown ? '' : 'illegal user '}${cut(c.user, 100)} from ${c.ip}`,
  (c) => `Connection closed by ${connectionId(c)} [preauth]`,
  (c) => `Connection reset by ${connectionId(c)} [preauth]`,
  (c) => `Disconnected from ${connectionId(c)} [preauth]`,
  (c) => `Connection from ${connectionId(c)} timed out [preauth]`,
  (c) => `ssh_dispatch_run_fatal: Connection from ${connectionId(c)}: message authentication code incorrect [preauth]`,
  (c) => `Unable to negotiate with ${connectionId(c)}: no matching cipher found. Their offer: ${c.text} [preauth]`,
  (c) => `Unable to negotiate with ${c.ip} port ${c.port}: no matching cipher found. Their offer: ${c.text} [preauth]`,
  (c) => `Disconnecting ${connectionId(c)}: Too many authentication failures [preauth]`,
  (c) => `Disconnecting ${connectionId(c)}: ${cut(`bad service request ${c.text}`, 100)} [preauth]`,
  (c) => `Disconnecting ${c.ip} port ${c.port}: ${cut(`bad service request ${c.text}`, 100)} [preauth]`,
  (c) =>
    `Disconnecting ${connectionId(c)}: ${cut(`Change of username or service not allowed: (${c.user},ssh-connection) -> (${c.text},ssh-connection)`, 100)} [preauth]`,
  (c) =>
    `Disconnecting: ${cut(`Change of username or service not allowed: (${c.user},s) -> (${c.text},s)`, 100)} [preauth]`,
  (c) => `Received disconnect from ${c.ip} port ${c.port}:11: ${cut(c.text, 400)} [preauth]`,
  (c) => `Received disconnect from ${c.ip}: 11: ${cut(c.text, 400)} [preauth]`,
  (c) => `Bad protocol version identification '${cut(c.text, 200)}' from ${c.ip} port ${c.port}`,
  (c) => `Bad protocol version identification '${cut(c.text, 200)}' from ${c.ip}`,
  (c) => `error: kex_exchange_identification: client sent invalid protocol identifier "${cut(c.text, 256)}"`,
  (c) => `Protocol major versions differ for ${c.ip} port ${c.port}: SSH-2.0-x vs. ${cut(c.text, 200)}`,
  (c) => `scanned from ${c.ip} port ${c.port} with ${c.text}.  Don't panic.`,
  (c) => `reverse mapping checking getaddrinfo for ${cut(c.text, 700)} [${c.ip}] failed.`,
  (c) => `Address ${c.ip} maps to ${cut(c.text, 600)}, but this does not map back to the address.`,
  (c) => `Nasty PTR record "${c.text}" is set up for ${c.ip}, ignoring`,
  (c) =>
    `pam_sss(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${c.ip} user=${c.user}`,
  (c) => `Starting session: subsystem '${cut(c.text, 900)}' for ops from ${c.ip} port ${c.port} id 0`,
  (c) => `subsystem request for ${cut(c.text, 100)} by user ops`,
  (c) => `refused local port forward: originator ${c.text} port 2, target ${c.text} port 22`,
  (c) => `debug1: userauth-request for user ${c.user} service ${c.text} method none [preauth]`,
];
