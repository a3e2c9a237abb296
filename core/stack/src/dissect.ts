// A frame in words: each layer's dissector names the next.
import type { Dissection, Dissector, DissectorKey, Lookup } from '@protoloom/contracts';

export interface DissectedLayer {
  readonly name: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, number | string | boolean>>;
}

/** Most layers of one frame: tunnels in tunnels end here. */
const MAX_LAYERS = 16;

export function dissectFrame(dissectors: Lookup<DissectorKey, Dissector>, frame: Uint8Array, type: number): DissectedLayer[] {
  const layers: DissectedLayer[] = [];
  let next: (DissectorKey & { from: number; to: number }) | undefined = { layer: 'link', number: type, from: 0, to: frame.length };
  while (next !== undefined && layers.length < MAX_LAYERS) {
    const dissector: Dissector | undefined = dissectors.get(next);
    const found: Dissection | undefined = dissector?.dissect(frame, next.from, next.to);
    if (dissector === undefined || found === undefined) {
      const octets = next.to - next.from;
      if (octets > 0) layers.push({ name: 'data', text: `${octets} octets`, fields: { octets } });
      break;
    }
    layers.push({ name: dissector.name, text: found.text, fields: found.fields });
    next = found.next;
  }
  return layers;
}
