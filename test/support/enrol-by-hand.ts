import { createHmac, X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { newCertificateRequest, newClientKey } from '../../actors/controller/certificates.ts';
import {
  decodeEnrolmentRefusal,
  decodeEnrolmentReply,
  encodeEnrolmentRequest,
  makeSigner,
} from '../../actors/link-wire/index.ts';
import { readEnrolmentToken } from '../../core/link/enrolment-token.ts';
import { hexOf } from '../../core/link/hex.ts';

export interface ByHand {
  /** As a token has it; a wrong one proves nothing. */
  readonly secret?: Uint8Array;
  /** In the certificate request. */
  readonly commonName?: string;
  /** 32 bytes of the device key. */
  readonly device?: Uint8Array;
  /** Renews, with this certificate. */
  readonly peer?: { readonly cert: string; readonly key: string };
}

/** Enrols as an appliance does. @throws Error with the code of a refusal */
export async function enrolByHand(
  token: string,
  serial: string,
  { secret, commonName = serial, device = new Uint8Array(32).fill(7), peer }: ByHand = {},
): Promise<{ readonly cert: string; readonly key: string }> {
  const read = readEnrolmentToken(token);
  if (!read.ok) throw new Error(read.public);
  const said = read.value;
  const { key } = newClientKey();
  const certificateRequest = await newCertificateRequest(key, commonName);
  const signer = makeSigner(device);
  const proof = createHmac('sha256', secret ?? Buffer.from(said.secret, 'hex'))
    .update(certificateRequest)
    .digest();
  const body = encodeEnrolmentRequest({
    token: peer === undefined ? said.name : '',
    proof: peer === undefined ? hexOf(proof) : undefined,
    certificateRequest,
    serial,
    deviceKey: signer.publicKey,
    deviceSignature: signer.sign('enrolment', certificateRequest),
    version: '0.0.0',
  });
  if (!body.ok) throw new Error(body.public);
  const { status, bytes } = await post(said.url, body.value, peer);
  if (status !== 200) {
    const refusal = decodeEnrolmentRefusal(bytes);
    throw new Error(refusal.ok ? `${refusal.value.code}: ${refusal.value.text}` : `status ${status}`);
  }
  const reply = decodeEnrolmentReply(bytes);
  if (!reply.ok) throw new Error(reply.public);
  return { key, cert: reply.value.certificates.map((der) => new X509Certificate(der).toString()).join('') };
}

function post(url: string, body: Uint8Array, peer: ByHand['peer']): Promise<{ status: number; bytes: Buffer }> {
  return new Promise((tell, refuse) => {
    const options = { method: 'POST', rejectUnauthorized: false, agent: false, ...peer } as const;
    const asked = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', refuse);
      response.on('end', () => tell({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) }));
    });
    asked.on('error', refuse);
    asked.end(body);
  });
}
