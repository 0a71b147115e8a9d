/** Writes a disk image to a disk or a file: checked before, held to its signature, read back afterwards. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { type Bmap, mappedBytes } from '../../core/image/bmap.ts';
import { sizeText, type Target, targetOf } from './machine.ts';
import type { Progress } from './progress.ts';
import { signatureCheck } from './signature.ts';
import { examined, readBmap } from './source.ts';
import { type Written, writeImage } from './write.ts';

export { type KernelTrees, sizeText, type Target, targetOf } from './machine.ts';
export { type Extent, mapOf } from './map.ts';
export type { Phase, Progress } from './progress.ts';
export { signatureCheck, signatureFile } from './signature.ts';
export { readBmap, unpacked } from './source.ts';
export type { Written } from './write.ts';

export interface FlashChoice {
  readonly image: string;
  readonly target: string;
  /** Without it the one beside the image, if there is one. */
  readonly bmap?: string;
  /** The certificate of the authority that signs images; `none` asks for no signature. */
  readonly authority: string | 'none';
}

/** What would be written, all of it looked at. */
export interface FlashPlan {
  readonly image: string;
  readonly target: Target;
  readonly bmap: Bmap;
  readonly hasBmap: boolean;
  /** Who signed the image; undefined where that was not asked. */
  readonly signer: string | undefined;
  /** Bytes that will be written. */
  readonly bytes: number;
}

/** What is wrong with the image, with its target, or with the wish. Nothing was written. */
export type FlashRefusal = 'unreadable' | 'invalid' | 'unsigned' | 'damaged' | 'refused';

/** Looks at image and target, reading the whole image once. */
export async function flashPlan(choice: FlashChoice, progress: Progress): Promise<Result<FlashPlan, FlashRefusal>> {
  const { image } = choice;
  const found = await stat(image).catch(() => undefined);
  if (found?.isFile() !== true) return fail('unreadable', `there is no image ${image}`);
  const target = await targetOf(choice.target);
  if (!target.ok) return target;
  if (await isSame(image, target.value.path)) return fail('refused', `${image} cannot be written to itself`);
  const beside = choice.bmap ?? [`${image.replace(/\.zst$/, '')}.bmap`].find((path) => existsSync(path));
  const given = beside === undefined ? undefined : await readBmap(beside);
  if (given?.ok === false) return given;
  const signature = choice.authority === 'none' ? undefined : await signatureCheck(`${image}.sig`, choice.authority);
  if (signature?.ok === false) return signature;
  const map = await examined(image, given?.value, (chunk) => signature?.value.update(chunk), progress);
  if (!map.ok) return map;
  if (signature?.value.isRight() === false)
    return fail('unsigned', `${image} is not what ${signature.value.signer} signed`);
  const { capacity, path } = target.value;
  if (map.value.imageSize > capacity) {
    return fail(
      'refused',
      `${path} is too small: ${sizeText(capacity)}, and the image ${sizeText(map.value.imageSize)}`,
    );
  }
  return ok({
    image,
    target: target.value,
    bmap: map.value,
    hasBmap: given !== undefined,
    signer: signature?.value.signer,
    bytes: mappedBytes(map.value),
  });
}

async function isSame(image: string, target: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(image), stat(target).catch(() => undefined)]);
  return other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

/** Does it. The image is compared with its map again as it is read back. */
export const flash = ({ image, bmap, target }: FlashPlan, progress: Progress): Promise<Result<Written, 'failed'>> =>
  writeImage(image, bmap, target, progress);
