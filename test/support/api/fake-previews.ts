import type { PreviewOrder, PreviewRefusal, Previews } from '../../../core/api/previews.ts';
import type { Ip } from '../../../core/base/ip.ts';
import { ok } from '../../../core/base/result.ts';
import { millis } from '../../../core/base/time.ts';
import type { Preview } from '../../../core/change/preview.ts';
import { START } from './fake-appliance.ts';

const ip = '192.0.2.2' as Ip;

export const PREVIEW: Preview = {
  settings: [{ path: 'firewall.denied_networks', before: [], after: ['192.0.2.0/24'], applies: 'live' }],
  rules: { lines: ['...', '+      192.0.2.0/24,'] },
  sources: {
    from: millis(START - 86_400_000),
    until: START,
    seen: 3,
    cut: [{ ip, events: 12, by: 'denied' }],
    more: false,
  },
  sessions: {
    seen: 2,
    cut: [{ ip, port: 50_000, localPort: 22, yours: true, by: 'denied' }],
    cutsYou: true,
    more: false,
  },
  you: { ip, cut: true, by: 'denied' },
};

/** Answers every question the same way, and writes it down. */
export class FakePreviews implements Previews {
  readonly asked: PreviewOrder[] = [];
  refusal: PreviewRefusal | undefined;

  async preview(order: PreviewOrder) {
    this.asked.push(order);
    return this.refusal ?? ok(PREVIEW);
  }
}
