// What becomes of frames that go no further than the link.
import type { CounterSpec } from '@protoloom/contracts';

const control = (fate: string, doc: string) => ({ unit: 'packets', fate, doc }) as const;

/** Per interface. A frame that is handed up moves none of these: it meets its fate above. */
export const interfaceCounters = {
  truncated: { unit: 'packets', fate: 'ETH_TRUNCATED', doc: 'Shorter than an Ethernet header.' },
  badSource: { unit: 'packets', fate: 'ETH_SOURCE', doc: 'Source address all zero, or of a group.' },
  otherHost: { unit: 'packets', fate: 'ETH_OTHERHOST', doc: 'Addressed to another station, the interface not being promiscuous.' },
  otherGroup: { unit: 'packets', fate: 'ETH_OTHERGROUP', doc: 'To a group that nobody here joined.' },
  badLength: { unit: 'packets', fate: 'ETH_LENGTH', doc: '802.3 length beyond the frame or 1,500, or without room for an LLC header.' },
  inStp: control('ETH_STP', 'Spanning tree (LLC 0x42).'),
  inIpx: control('ETH_IPX', 'IPX in any of its four encapsulations.'),
  inCdp: control('ETH_CDP', 'Cisco discovery (SNAP 00000c, 0x2000).'),
  inVtp: control('ETH_VTP', 'VLAN trunking (SNAP 00000c, 0x2003).'),
  inDtp: control('ETH_DTP', 'Dynamic trunking (SNAP 00000c, 0x2004).'),
  inUdld: control('ETH_UDLD', 'Unidirectional link detection (SNAP 00000c, 0x0111).'),
  inPvst: control('ETH_PVST', 'Per-VLAN spanning tree (SNAP 00000c, 0x010b).'),
  inSnap: { unit: 'packets', doc: 'SNAP frames of organisation 0, read as their EtherType says; they go on.' },
} as const satisfies CounterSpec;
