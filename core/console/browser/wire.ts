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
  readonly status_reason: string;
  readonly started_at_token: string;
  readonly mode: string;
  readonly mode_reason: string;
  readonly blocklist_size: number;
  readonly blocks_pending: number;
  readonly automation: { readonly firewall_blocked_ips: number; readonly firewall_blocked_subnets: number };
  readonly dry_run_blocks: number;
  readonly history_count: number;
  readonly severities: { readonly critical: number; readonly high: number; readonly warning: number };
  readonly components: readonly ComponentRow[];
  readonly engine: { readonly http: string; readonly firewall: string };
  /** There while something is enforced. */
  readonly enforcement?: { readonly ratio: number; readonly desired: number; readonly held: number };
}

export interface EventRow {
  readonly id: string;
  readonly at: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

export interface EventSearch {
  readonly events: readonly EventRow[];
  readonly next_after?: string;
  readonly complete: boolean;
  readonly counted?: {
    readonly rows: readonly {
      readonly from?: string;
      readonly values: Readonly<Record<string, string | number>>;
      readonly count: number;
    }[];
  };
  readonly searched: {
    readonly blocks: number;
    readonly read: number;
    readonly rows: number;
    readonly reached?: string;
  };
  readonly unreadable: number;
}

export interface ComponentRow {
  readonly name: string;
  readonly state: string;
  readonly message?: string;
  readonly detail?: string;
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

export interface TrialRow extends ChangeRow {
  readonly confirmed_by: string;
  readonly deadline: string;
  readonly seconds_remaining: number;
  readonly evidence: readonly Evidence[];
}

export interface Pending {
  readonly pending: boolean;
  readonly change?: TrialRow;
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

export interface NetworkRow {
  readonly cidr: string;
  readonly reason: string;
  readonly source: string;
  readonly blocked_at: string;
  readonly expires_in: string;
}

/** A block that waits for its turn. */
export interface PendingRow {
  readonly ip: string;
  readonly reason: string;
  /** 0 warning, 1 high, 2 critical. */
  readonly severity: number;
  readonly waiting_since: string;
  readonly expires_at: string;
  readonly expires_in: string;
}

export interface Counters {
  readonly from: string;
  readonly step_seconds: number;
  readonly counters: readonly {
    readonly name: string;
    readonly total: { readonly packets: number; readonly bytes: number };
    readonly packets: readonly number[];
    readonly bytes: readonly number[];
  }[];
}

export interface Allowed {
  readonly allowed: readonly AllowRow[];
  readonly port_allowed: readonly (AllowRow & { readonly port: number; readonly proto: string })[];
}

export interface AllowRow {
  readonly ip: string;
  readonly reason: string;
  readonly source: string;
  readonly expires_in: string;
}

export interface Lists {
  readonly lists: readonly ListRow[];
}

interface FamilyCount {
  readonly addresses: number;
  readonly networks: number;
}

/** A list of addresses that others keep. */
export interface ListRow {
  readonly name: string;
  readonly kind: string;
  readonly mode: string;
  readonly origin: string;
  readonly source: string;
  readonly state: string;
  readonly in_kernel: boolean;
  readonly entries: { readonly ipv4: FamilyCount; readonly ipv6: FamilyCount };
  readonly packets: number;
  readonly fetched_at?: string;
  readonly last_error?: string;
  readonly held?: { readonly why: string };
}

export interface SettingsList {
  readonly groups: readonly string[];
  readonly sections: readonly SettingsSection[];
}

export interface SettingsSection {
  readonly id: string;
  readonly title: string;
  readonly group: string;
  readonly can_cut: boolean;
  readonly fields: readonly SettingsField[];
}

export interface SettingsField {
  /** Empty where the section is the setting. */
  readonly yaml_path: string;
  readonly type: string;
  readonly label: string;
  readonly help?: string;
  readonly secret?: boolean;
  readonly nullable?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly options?: readonly string[];
  readonly placeholder?: string;
  /** `live` or `restart`. */
  readonly applies: string;
}

export interface SettingsState {
  readonly section: SettingsSection;
  readonly values: Readonly<Record<string, unknown>>;
  readonly etag: string;
  readonly edited_on_disk: boolean;
  readonly pending_restart: boolean;
  readonly pending_fields: readonly string[];
}

export interface SettingsWritten {
  readonly applied: readonly string[];
  readonly warnings: readonly { readonly field: string; readonly message: string }[];
}

export interface Rollback {
  readonly pending: boolean;
  readonly expires_at: string;
  readonly seconds_remaining?: number;
  readonly change_id?: string;
}

/** Where an update of the image is. */
export interface UpdateRow {
  readonly phase: string;
  readonly version?: string;
  readonly source?: string;
  readonly slot?: string;
  readonly percent?: number;
  readonly message?: string;
}

export interface Image {
  /** Without it there is nothing else. */
  readonly appliance: boolean;
  readonly message?: string;
  readonly version?: string;
  readonly lab?: boolean;
  readonly slot?: string;
  readonly slots: readonly {
    readonly name: string;
    readonly booted: boolean;
    readonly first: boolean;
    readonly state: string;
    readonly version?: string;
    readonly installed_at?: string;
  }[];
  readonly trouble?: string;
  readonly update?: UpdateRow;
  readonly health?: {
    readonly verdict: string;
    readonly reasons: readonly string[];
    readonly readings: number;
    readonly readings_needed: number;
    readonly steady_seconds: number;
    readonly steady_seconds_needed: number;
  };
  readonly confirmation?: { readonly state: string; readonly why: string };
  readonly boot_loader?: {
    readonly order: readonly string[];
    readonly tries_used: Readonly<Record<string, number>>;
    readonly bootable: readonly string[];
  };
  readonly failed_versions: readonly { readonly version: string; readonly at: string; readonly why: string }[];
  readonly last?: { readonly version: string; readonly result: string; readonly at: string; readonly why: string };
  readonly media: readonly { readonly source: string; readonly bytes: number }[];
}
