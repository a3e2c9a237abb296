// UDP: socket options and segmentation. Numbers are Linux's.

/** `packet.gsoKind` of a UDP super-segment (SKB_GSO_UDP_L4). */
export const GSO_UDP = 2;

export const UDP_CORK = 1;
export const UDP_NO_CHECK6_TX = 101;
export const UDP_NO_CHECK6_RX = 102;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;
