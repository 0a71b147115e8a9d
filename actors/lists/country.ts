import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { columnsOf } from '../../core/respond/lists/columns.ts';
import { Entries } from '../../core/respond/lists/entries.ts';
import { CountryTree } from '../../core/respond/lists/mmdb.ts';
import type { ListReading } from '../../core/respond/lists/reader.ts';

/** The shipped data: which network is registered in which country. */
const PACKAGE = '@ip-location-db/geo-whois-asn-country-mmdb';
const FILES = ['geo-whois-asn-country-ipv4.mmdb', 'geo-whois-asn-country-ipv6.mmdb'];

/** Where the shipped data are, both families; says which package is missing where they are not. */
export function countryFiles(): Result<readonly string[], 'unreachable'> {
  try {
    const { resolve } = createRequire(import.meta.url);
    return ok(FILES.map((file) => resolve(`${PACKAGE}/${file}`)));
  } catch (thrown) {
    return fail('unreachable', `the shipped GeoIP data are absent: the package ${PACKAGE} is not installed`, thrown);
  }
}

/** All networks of a country. Reads 8 MB and walks them in 0.1 s. */
export async function readCountry(
  country: string,
  files: readonly string[],
): Promise<Result<ListReading, 'unreachable' | 'refused'>> {
  const entries = new Entries({ v4: 0, v6: 0 });
  for (const file of files) {
    const read = await readWhole(file);
    if (!read.ok) return read;
    const tree = CountryTree.open(read.value);
    if (!tree.ok) return fail('refused', `${file}: ${tree.public}`);
    tree.value.networks(country, (bytes, prefix) => void entries.add(bytes, prefix));
  }
  if (entries.count === 0) return fail('refused', `the shipped GeoIP data know no network of ${country}`);
  return ok({ columns: columnsOf(entries), good: entries.count, bad: 0, told: [], wide: 0 });
}

async function readWhole(file: string): Promise<Result<Uint8Array, 'unreachable'>> {
  try {
    return ok(await readFile(file));
  } catch (thrown) {
    return fail('unreachable', `the shipped GeoIP data cannot be read: ${messageOf(thrown)}`, thrown);
  }
}
