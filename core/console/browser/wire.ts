/**
 * What the server answers with: the fields that the console reads, and no others. The compiler holds them against the
 * schemas of the endpoints in `test/contract/console-wire.ts`.
 */
export interface Session {
  readonly authenticated: boolean;
  readonly claimed: boolean;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly csrf_token?: string;
}

/** Of a claim or a login. */
export interface Entered {
  readonly csrf_token: string;
  /** Only of a claim. */
  readonly token?: string;
}

export interface Status {
  readonly hostname: string;
  readonly version: string;
  readonly uptime: string;
  readonly mode: string;
  readonly mode_reason: string;
  readonly blocklist_size: number;
  readonly dry_run_blocks: number;
  readonly history_count: number;
  readonly severities: { readonly critical: number; readonly high: number; readonly warning: number };
  readonly components: readonly ComponentRow[];
  readonly engine: { readonly http: string; readonly firewall: string };
}

export interface ComponentRow {
  readonly name: string;
  readonly state: string;
  readonly message?: string;
  readonly since: string;
  readonly counters: Readonly<Record<string, number>>;
}

export interface FindingRow {
  readonly id: string;
  /** 0 warning, 1 high, 2 critical. */
  readonly severity: number;
  readonly check: string;
  readonly message: string;
  readonly details?: string;
  readonly first_seen: string;
  readonly last_seen: string;
  readonly count: number;
  readonly source_ip?: string;
}

/** By whose word. */
export interface Word {
  readonly actor: string;
  readonly peer: string;
}

export interface Evidence {
  readonly probe: string;
  readonly at: string;
  readonly result: string;
  readonly detail: string;
  readonly took_ms: number;
}

export interface ChangeRow {
  readonly id: string;
  readonly summary: string;
  readonly state: string;
  readonly by: Word;
  readonly proposed_at: string;
  readonly verdict?: Verdict;
}

export interface Verdict {
  readonly by: string;
  readonly word?: Word;
  readonly why: string;
  readonly at: string;
  readonly fresh_connection?: { readonly proved: boolean; readonly why?: string };
}

export interface ChangeDetail extends ChangeRow {
  readonly parts: readonly string[];
  readonly before: string;
  readonly after: string;
  readonly evidence: readonly Evidence[];
}

export interface PendingRow extends ChangeRow {
  readonly confirmed_by: string;
  readonly deadline: string;
  readonly seconds_remaining: number;
  readonly evidence: readonly Evidence[];
}

export interface Pending {
  readonly pending: boolean;
  readonly change?: PendingRow;
}

export interface Changes {
  readonly changes: readonly ChangeRow[];
}

export interface BlockRow {
  readonly ip: string;
  readonly reason: string;
  readonly source: string;
  readonly blocked_at: string;
  /** Empty when permanent. */
  readonly expires_at: string;
  readonly expires_in: string;
}
