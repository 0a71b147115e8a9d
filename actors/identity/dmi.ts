import { readFile } from 'node:fs/promises';
import type { Dmi } from './device.ts';

const FOLDER = '/sys/class/dmi/id';

/** What the kernel shows of the DMI table. The product's serial is for root, or for whom the machine's tmpfiles let read it. */
export async function readDmi(folder = FOLDER): Promise<Dmi> {
  const [vendor, product, serial] = await Promise.all(
    ['sys_vendor', 'product_name', 'product_serial'].map((name) =>
      readFile(`${folder}/${name}`, 'utf8').catch(() => ''),
    ),
  );
  return { vendor: vendor ?? '', product: product ?? '', serial: serial ?? '' };
}
