import { loadValidators } from '../../../actors/http/effects.ts';
import { openUpload } from '../../../actors/http/multipart.ts';
import type { AuditRecord } from '../../../core/api/audit.ts';
import { createDispatch, type DispatchOptions } from '../../../core/api/dispatch.ts';
import type { Endpoint } from '../../../core/api/endpoint.ts';
import type { BodyReader, Dispatch, HttpReply, HttpRequest, ReplySource } from '../../../core/api/http.ts';
import { type Mount, mount } from '../../../core/api/mount.ts';
import { ownOrigins } from '../../../core/api/origin.ts';
import { CSM } from '../../../core/api/surface.ts';
import { CSM_ENDPOINTS, mountsFor, OWN_ENDPOINTS } from '../../../core/api/tables.ts';
import type { Log } from '../../../core/base/ports.ts';
import { fail, ok } from '../../../core/base/result.ts';
import { millis } from '../../../core/base/time.ts';
import { collect } from '../collect.ts';
import { MULTIPART, multipart } from '../multipart.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import type { FakeAppliance } from './fake-appliance.ts';
import { FakeBlobs } from './fake-blobs.ts';
import { FakeDesks } from './fake-desks.ts';
import { FakeIdentity } from './fake-identity.ts';
import { CHANGE_ID } from './fake-trials.ts';

export const ORIGIN = 'https://edge.example.net:9443';
export const ENDPOINTS = [...CSM_ENDPOINTS, ...OWN_ENDPOINTS];

/** A body that passes, for each endpoint that takes one: its example, save where the fakes know but one secret. */
export const GOOD_BODIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ...Object.fromEntries(
    ENDPOINTS.flatMap(({ name, example }) => (example?.body === undefined ? [] : [[name, example.body as object]])),
  ),
  login: { token: 'admin-token' },
  claim: { code: 'CODE' },
};

/** Path parameters that name something, for each endpoint that has any. */
const GOOD_PARAMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  revokeToken: { id: 'id-of-panel' },
  endSession: { id: 'id-of-another' },
  change: { id: CHANGE_ID },
  confirmChange: { id: CHANGE_ID },
  revertChange: { id: CHANGE_ID },
};

/** A path of the endpoint that leads to something, with the query of its example, which is what it needs to answer at all. */
export function goodTarget({ name, path, example }: Endpoint<never>): string {
  const given = (example?.query ?? {}) as Readonly<Record<string, string>>;
  const filled = path.replace(/\{(\w+)\}/g, (_, param: string) => GOOD_PARAMS[name]?.[param] ?? given[param] ?? param);
  const inQuery = Object.entries(given).filter(([param]) => !path.includes(`{${param}}`));
  const query = new URLSearchParams(inQuery).toString();
  return query === '' ? filled : `${filled}?${query}`;
}

/** One that passes where files are taken. */
export const GOOD_UPLOAD = multipart([{ name: 'file', fileName: 'a.bin', content: 'content' }]);

/** A request as a test writes it. */
export interface Ask {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly peer?: string;
  readonly principal?: HttpRequest['principal'];
  readonly signal?: AbortSignal;
  readonly isUpgrade?: boolean;
  readonly connectionOpenedAt?: number;
}

export interface Answer extends HttpReply {
  readonly text: string;
  readonly json: () => unknown;
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** The real tables, dispatch and compiled schemas over fakes, on a simulated clock. */
export class ApiHarness {
  readonly clock = new SimulatedClock();
  readonly desks: FakeDesks;
  readonly appliance: FakeAppliance;
  readonly identity = new FakeIdentity();
  readonly blobs = new FakeBlobs();
  /** Names of the handlers that ran. */
  readonly called: string[] = [];
  readonly audits: AuditRecord[] = [];
  readonly logs: (readonly [level: string, message: string, about: unknown])[] = [];
  readonly dispatch: Dispatch;

  constructor({ mounts, ...change }: Partial<DispatchOptions> = {}, desks = new FakeDesks()) {
    this.desks = desks;
    this.appliance = desks.appliance;
    const { identity, blobs } = this;
    const clock = change.clock ?? this.clock;
    const log: Log = (level, message, about) => this.logs.push([level, message, about]);
    const [first, ...rest] = mounts ?? mountsFor({ ...desks, identity, blobs, clock, log });
    this.dispatch = createDispatch({
      mounts: [this.#spied(first), ...rest.map((one) => this.#spied(one))],
      credentials: identity,
      known: identity.known,
      isNear: () => false,
      ownOrigin: ownOrigins(['edge.example.net', '127.0.0.1'], 9443),
      clock,
      random: { bytes: (count) => new Uint8Array(count) },
      log,
      openUpload,
      audit: (record) => {
        this.audits.push(record);
        return Promise.resolve();
      },
      ...change,
      validators: change.validators ?? loadValidators(),
    });
  }

  async ask({
    method = 'GET',
    target,
    headers = {},
    body = '',
    peer = '198.51.100.1',
    principal,
    signal,
    isUpgrade = false,
    connectionOpenedAt: openedAt,
  }: Ask): Promise<Answer> {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    const reply = await this.dispatch({
      method,
      target,
      header: (name) => headers[name],
      peer,
      ...(principal && { principal }),
      isUpgrade,
      ...(openedAt === undefined ? {} : { connectionOpenedAt: millis(openedAt) }),
      body: (limit) => Promise.resolve(bytes.length > limit ? fail('too_large', 'too large') : ok(bytes)),
      pieces: (limit) => piecesOf(bytes, limit),
      signal: signal ?? new AbortController().signal,
    });
    const text = method === 'HEAD' && reply.pieces !== undefined ? '' : await textOf(reply);
    const { requestId = '' } = reply;
    return {
      ...reply,
      headers: { ...reply.headers, 'x-request-id': requestId },
      text,
      json: () => JSON.parse(text) as unknown,
    };
  }

  /** The endpoint with its good body and the given credential. */
  askEndpoint(endpoint: Endpoint<never>, ask: Partial<Ask> = {}): Promise<Answer> {
    const { name, method, upload } = endpoint;
    if (upload !== undefined) {
      const headers = { 'content-type': MULTIPART, ...ask.headers };
      return this.ask({ method, target: goodTarget(endpoint), body: GOOD_UPLOAD, ...ask, headers });
    }
    const body = name in GOOD_BODIES ? JSON.stringify(GOOD_BODIES[name]) : '';
    const headers = { ...(endpoint.conditional === true ? { 'if-match': '*' } : {}), ...ask.headers };
    return this.ask({ method, target: goodTarget(endpoint), body, ...ask, headers });
  }

  #spied({ surface, endpoints, deps }: Mount): Mount {
    const spied = endpoints.map((row) => ({
      ...row,
      handler: (call: Parameters<typeof row.handler>[0]) => {
        this.called.push(row.name);
        return row.handler(call);
      },
    }));
    return mount(surface, spied, deps);
  }
}

async function textOf({ body, pieces, source }: HttpReply): Promise<string> {
  if (pieces !== undefined) return (await collect(pieces)).join('');
  const read = source === undefined ? body : await contentOf(source);
  return typeof read === 'string' ? read : new TextDecoder().decode(read);
}

async function contentOf(source: ReplySource): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let piece = await source.next(); piece !== undefined; piece = await source.next()) pieces.push(piece);
  source.close();
  return Buffer.concat(pieces);
}

/** The body in pieces of 1000 bytes. */
function piecesOf(bytes: Uint8Array, limit: number): BodyReader {
  let at = 0;
  return {
    next: async () => {
      if (bytes.length > limit) return fail('too_large', 'too large');
      const piece = bytes.subarray(at, at + 1000);
      at += piece.length;
      return ok(piece.length === 0 ? undefined : piece);
    },
  };
}

/** A harness over tables of the test's own making; their schemas accept everything. */
export const harnessFor = (
  endpoints: readonly Endpoint<unknown>[],
  change: Partial<DispatchOptions> = {},
): ApiHarness =>
  new ApiHarness({ mounts: [mount(CSM, endpoints, undefined)], validators: () => () => true, ...change });
