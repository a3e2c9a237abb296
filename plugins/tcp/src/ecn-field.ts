// The ECN field of IP, RFC 3168 §5: the low two bits of its traffic class.

export const NOT_ECT = 0;
export const ECT_1 = 1;
export const ECT_0 = 2;
export const CE = 3;
export const ECN_MASK = 3;
