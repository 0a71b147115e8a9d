import { createHash } from 'node:crypto';
import type { Component } from './component.ts';

/** CycloneDX 1.6, as far as it is used here. */
export interface Bom {
  readonly $schema: string;
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.6';
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: {
    readonly timestamp: string;
    readonly lifecycles: readonly { readonly phase: 'build' }[];
    readonly component: BomComponent;
  };
  readonly components: readonly BomComponent[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface BomComponent {
  readonly type: 'operating-system' | 'library' | 'application' | 'firmware';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly group?: string;
  readonly description?: string;
  readonly licenses?: readonly BomLicence[];
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: 'SHA-256'; readonly content: string }[];
}

type BomLicence = { readonly expression: string } | { readonly license: { readonly name: string } };

/** What CycloneDX takes as an SPDX expression; Debian's short names are names. */
const isSpdx = (text: string): boolean => /^[A-Za-z0-9.+-]+(?: (?:OR|AND|WITH) [A-Za-z0-9.+-]+)*$/.test(text);

function licencesIn({ origin, licences }: Component): readonly BomLicence[] {
  const [only] = licences;
  if (origin !== 'debian' && licences.length === 1 && only !== undefined && isSpdx(only)) return [{ expression: only }];
  return licences.map((name) => ({ license: { name } }));
}

function componentOf(part: Component): BomComponent {
  const [, group, bare] = /^(@[^/]+)\/(.+)$/.exec(part.name) ?? [];
  const licenses = licencesIn(part);
  return {
    type: part.origin === 'own' ? 'application' : 'library',
    'bom-ref': part.purl,
    ...(group !== undefined && { group }),
    name: bare ?? part.name,
    version: part.version,
    ...(part.description !== undefined && { description: part.description }),
    ...(part.sha256 !== undefined && { hashes: [{ alg: 'SHA-256' as const, content: part.sha256 }] }),
    ...(licenses.length > 0 && { licenses }),
    purl: part.purl,
  };
}

/** A UUID of the content (as version 5 lays it out), so that two builds agree. */
function serialOf(content: string): string {
  const bytes = createHash('sha256').update(content).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, 'urn:uuid:$1-$2-$3-$4-$5');
}

/**
 * The bill of materials of an image.
 * @param epoch seconds since 1970
 */
export function bomOf(version: string, architecture: string, parts: readonly Component[], epoch: number): Bom {
  const ref = `bartizan-${version}-${architecture}`;
  const sorted = parts.toSorted((a, b) => (a.purl < b.purl ? -1 : a.purl > b.purl ? 1 : 0));
  const components = sorted.map(componentOf);
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialOf(JSON.stringify([ref, components])),
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
      lifecycles: [{ phase: 'build' }],
      component: { type: 'operating-system', 'bom-ref': ref, name: 'bartizan', version },
    },
    components,
    dependencies: [{ ref, dependsOn: components.map((one) => one['bom-ref']) }],
  };
}
