import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Both PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Host names for the alternative names; no extension when empty. */
  readonly names?: readonly string[];
  readonly usage: 'server' | 'client';
  readonly isExpired?: boolean;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;

/** An authority for tests made by openssl(1), and certificates of it. */
export class Authority {
  readonly cert: string;
  readonly #key: string;

  constructor(commonName: string) {
    const made = inScratch((directory) => {
      openssl(directory, 'req', '-x509', ...NEW_KEY, '-days', '2', '-subj', `/CN=${commonName}`);
      return { key: read(directory, 'privkey.pem'), cert: read(directory, 'out.pem') };
    });
    this.cert = made.cert;
    this.#key = made.key;
  }

  /** Its own key, for who signs with it in another way. */
  get own(): KeyAndCertificate {
    return { key: this.#key, cert: this.cert };
  }

  issue({ commonName, names = [], usage, isExpired = false }: CertificateRequest): KeyAndCertificate {
    const alternatives = names.length === 0 ? '' : `subjectAltName=${names.map((name) => `DNS:${name}`).join()}\n`;
    return inScratch((directory) => {
      writeFileSync(join(directory, 'ca.pem'), this.cert);
      writeFileSync(join(directory, 'ca.key'), this.#key);
      writeFileSync(join(directory, 'extensions'), `extendedKeyUsage=${usage}Auth\n${alternatives}`);
      openssl(directory, 'req', ...NEW_KEY, '-subj', `/CN=${commonName}`);
      const request = join(directory, 'request.pem');
      writeFileSync(request, read(directory, 'out.pem'));
      const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-extfile', 'extensions'];
      openssl(directory, 'x509', '-req', '-in', request, ...signer, '-days', isExpired ? '-1' : '2');
      return { key: read(directory, 'privkey.pem'), cert: read(directory, 'out.pem') };
    });
  }
}

function inScratch<V>(run: (directory: string) => V): V {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-ca-'));
  try {
    return run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Leaves `out.pem`, and `privkey.pem` where a key was asked for. */
function openssl(directory: string, command: string, ...args: readonly string[]): void {
  const keyOut = args.includes('-newkey') ? ['-keyout', 'privkey.pem'] : [];
  execFileSync('openssl', [command, ...args, ...keyOut, '-out', 'out.pem'], { cwd: directory, stdio: 'pipe' });
}

const read = (directory: string, name: string): string => readFileSync(join(directory, name), 'utf8');
