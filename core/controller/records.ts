import type { Id } from '../base/ids.ts';
import type { Deadline, Millis } from '../base/time.ts';
import { collection } from '../keys/collection.ts';
import type { Hex } from '../link/hex.ts';
import type { Key } from '../link/keys.ts';
import type { ListDelta, ListManifest, ListPart } from '../link/list.ts';
import type { OrderResult, RuleFile, Section } from '../link/order.ts';
import type { Labels } from './targets.ts';

/** An appliance that was enrolled here or heard of. */
export interface ApplianceRecord {
  readonly labels: Labels;
  /** Ed25519, 32 bytes; undefined where it was enrolled by another controller. */
  readonly deviceKey?: Hex;
  readonly enrolledAt?: Millis;
  /** Name of the token it came with. */
  readonly token?: string;
  readonly certificates: readonly IssuedCertificate[];
  readonly revoked?: { readonly at: Millis; readonly reason: string };
}

export interface IssuedCertificate {
  /** Serial number, hex. */
  readonly serial: string;
  readonly until: Millis;
  readonly revokedAt?: Millis;
}

/** A token with which appliances enter the fleet. */
export interface TokenRecord {
  /** 32 bytes; it proves requests, so it is kept as it is, in a directory that only root opens. */
  readonly secret: Hex;
  readonly uses: number;
  /** Who came with it, by serial: the same one coming again is no further use. */
  readonly used: readonly string[];
  readonly madeAt: Millis;
  readonly until: Deadline;
  /** The only one it is for. */
  readonly serial?: string;
  readonly labels: Labels;
  readonly revokedAt?: Millis;
}

/** What was desired of an appliance, by serial and generation. */
export interface DesiredRecord {
  readonly id: Id;
  /** SHA-256 of the order's payload. */
  readonly order: Hex;
  readonly parent?: Hex;
  /** Names the content. */
  readonly content: Hex;
  readonly at: Millis;
  readonly key: string;
  readonly trial: Millis;
  /** How it stood when last heard, and why. */
  readonly standing?: { readonly is: string; readonly text: string; readonly at: Millis };
}

/** Sections and rules, by the SHA-256 of their JSON: many appliances share one. */
export interface DesiredContent {
  readonly sections: readonly Section[];
  readonly rules: readonly RuleFile[];
}

/** A signed order that the broker does not have yet, as far as is known. */
export interface UnpublishedRecord {
  readonly serial: string;
  readonly order: Id;
  /** As it is published, base64. */
  readonly envelope: string;
  /** End of a command; what is desired has none. */
  readonly until?: Millis;
}

/** A command, by its id. */
export interface CommandRecord {
  readonly appliance: string;
  readonly verb: string;
  /** For people. */
  readonly about: string;
  readonly key: string;
  readonly at: Millis;
  readonly notAfter: Millis;
  readonly result?: Omit<OrderResult, 'id' | 'detail'> & { readonly detailBytes: number };
}

/** How far a stream was taken. */
export interface PositionRecord {
  readonly epoch: string;
  /** Number of the last item that was taken. */
  readonly taken: number;
}

/** How far the export has come with it: what lies behind in the file was written before a crash and is taken again. */
export interface ExportRecord {
  readonly file: string;
  readonly bytes: number;
}

export interface KeySetRecord {
  readonly generation: number;
  readonly keys: readonly Key[];
  /** The envelope as published, base64. */
  readonly envelope: string;
}

export interface ListRecord {
  readonly generation: number;
  readonly purpose: ListManifest['purpose'];
  readonly entries: number;
  readonly contentSha256: Hex;
  readonly whole: readonly ListPart[];
  readonly deltas: readonly ListDelta[];
  readonly withdrawn: boolean;
  readonly at: Millis;
  readonly key: string;
  /** The manifest as it is published, base64; until the broker has it. */
  readonly envelope?: string;
  /** Parts that only earlier generations name and the broker still has: somebody may be fetching those of the last. */
  readonly retired: readonly ListPart[];
  /** Generations whose content is kept, the newest first. */
  readonly earlier: readonly { readonly generation: number; readonly contentSha256: Hex }[];
}

/** By serial. */
export const appliances = collection<ApplianceRecord>()('appliance', ['text']);
/** By name. */
export const tokens = collection<TokenRecord>()('token', ['text']);
/** By serial and generation. */
export const desires = collection<DesiredRecord>()('desired', ['text', 'number']);
/** By content. */
export const contents = collection<DesiredContent>()('desired-content', ['text']);
/** By id, which sorts by time. */
export const commands = collection<CommandRecord>()('command', ['text']);
/** By kind, then by the serial of what is desired or the id of a command. */
export const unpublished = collection<UnpublishedRecord>()('unpublished', ['text', 'text']);
/** By serial and stream. */
export const positions = collection<PositionRecord>()('position', ['text', 'text']);
/** One record. */
export const exported = collection<ExportRecord>()('export', ['text']);
/** The last generation given out, by line and target. */
export const generations = collection<number>()('generation', ['text', 'text']);
/** One record. */
export const keySets = collection<KeySetRecord>()('key-set', ['text']);
/** By name. */
export const fleetLists = collection<ListRecord>()('fleet-list', ['text']);
