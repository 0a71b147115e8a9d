import { execFileSync } from 'node:child_process';
import { createHash, createHmac, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import {
  decodeEnrolmentRequest,
  encodeEnrolmentRefusal,
  encodeEnrolmentReply,
} from '../../../actors/link-wire/index.ts';
import { signedText } from '../../../core/link/domain.ts';
import type { EnrolmentRefusal, EnrolmentRequest } from '../../../core/link/enrolment.ts';
import { enrolmentTokenText } from '../../../core/link/enrolment-token.ts';
import { bytesOf, type Hex, hexOf } from '../../../core/link/hex.ts';
import type { KeySet } from '../../../core/link/keys.ts';
import { shardOf } from '../../../core/link/topics.ts';
import { Authority } from '../certificates.ts';

const SECRET = 'c0'.repeat(32) as Hex;
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** An enrolment server as a controller has it: signs by openssl(1), under the authority of the brokers. */
export class EnrolmentServer {
  readonly authority = new Authority('test enrolment');
  readonly brokerAuthority: Authority;
  brokers: readonly string[];
  refusal: EnrolmentRefusal | undefined;
  keys: KeySet = {
    keys: [
      { publicKey: 'ab'.repeat(32) as Hex, name: 'ops', kinds: ['keys'], notBefore: 0 as never, notAfter: 'never' },
    ],
  };
  tenant = 'acme';
  /** Days that certificates hold. */
  days = 2;
  readonly requests: { readonly request: EnrolmentRequest; readonly client: string | undefined }[] = [];
  readonly #server: Server;

  private constructor(brokerAuthority: Authority, brokers: readonly string[]) {
    this.brokerAuthority = brokerAuthority;
    this.brokers = brokers;
    const own = this.authority.issue({ commonName: 'localhost', names: ['localhost'], usage: 'server' });
    this.#server = createServer(
      {
        key: own.key,
        cert: own.cert + this.authority.cert,
        ca: [brokerAuthority.cert],
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => void this.#answer(request, response),
    );
  }

  static async start(brokerAuthority: Authority, brokers: readonly string[]): Promise<EnrolmentServer> {
    const server = new EnrolmentServer(brokerAuthority, brokers);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `https://localhost:${(this.#server.address() as AddressInfo).port}/enroll`;
  }

  token({ authority = this.authority.cert } = {}): string {
    const hash = createHash('sha256').update(new X509Certificate(authority).raw).digest('hex') as Hex;
    return enrolmentTokenText({ url: this.url, name: 'test', secret: SECRET, authority: hash });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const read = decodeEnrolmentRequest(Buffer.concat(pieces));
    const socket = request.socket as TLSSocket;
    const client = socket.authorized ? String(socket.getPeerCertificate().subject.CN) : undefined;
    if (!read.ok)
      return void response.writeHead(400).end(encodeEnrolmentRefusal({ code: 'bad_request', text: read.public }));
    this.requests.push({ request: read.value, client });
    const wrong = this.refusal ?? wrongIn(read.value, client);
    if (wrong !== undefined) return void response.writeHead(403).end(encodeEnrolmentRefusal(wrong));
    const { serial, certificateRequest } = read.value;
    const cert = this.#sign(certificateRequest);
    const reply = encodeEnrolmentReply({
      certificates: [new X509Certificate(cert).raw],
      brokerAuthority: new X509Certificate(this.brokerAuthority.cert).raw,
      tenant: this.tenant,
      shard: shardOf(serial),
      brokers: this.brokers,
      keys: this.keys,
      keysGeneration: 1,
    });
    if (reply.ok) response.writeHead(200).end(reply.value);
    else response.writeHead(500).end(reply.public);
  }

  #sign(request: Uint8Array): string {
    const directory = mkdtempSync(join(tmpdir(), 'bartizan-csr-'));
    const file = (name: string): string => join(directory, name);
    try {
      writeFileSync(file('request'), request);
      const { cert, key } = this.brokerAuthority.own;
      writeFileSync(file('ca.pem'), cert);
      writeFileSync(file('ca.key'), key);
      writeFileSync(file('extensions'), 'extendedKeyUsage=clientAuth\n');
      const signer = [
        '-CA',
        file('ca.pem'),
        '-CAkey',
        file('ca.key'),
        '-CAcreateserial',
        '-extfile',
        file('extensions'),
      ];
      const args = ['x509', '-req', '-inform', 'DER', '-in', file('request'), ...signer, '-days', `${this.days}`];
      execFileSync('openssl', [...args, '-out', file('out.pem')], { stdio: 'pipe' });
      return readFileSync(file('out.pem'), 'utf8');
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** What a controller looks at. */
function wrongIn(request: EnrolmentRequest, client: string | undefined): EnrolmentRefusal | undefined {
  const { token, proof, certificateRequest, deviceKey, deviceSignature, serial } = request;
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytesOf(deviceKey)]), format: 'der', type: 'spki' });
  if (!verify(null, signedText('enrolment', certificateRequest), key, deviceSignature)) {
    return { code: 'bad_request', text: 'the device did not sign it' };
  }
  if (token === '') return client === serial ? undefined : { code: 'bad_request', text: 'who are you?' };
  const right = hexOf(createHmac('sha256', bytesOf(SECRET)).update(certificateRequest).digest());
  return proof === right ? undefined : { code: 'bad_proof', text: 'the secret is another one' };
}
