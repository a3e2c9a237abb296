// The names of ICMP types and codes in scripts: RFC 792, RFC 1812 §5.2.7.1, RFC 4443, RFC 4884's registries.

export interface IcmpType {
  readonly type: number;
  readonly codes?: Readonly<Record<string, number>>;
}

const TIME_EXCEEDED_V4 = { ttl_exceeded_in_transit: 0, frag_reass_exceeded: 1 };

const V4: Readonly<Record<string, IcmpType>> = {
  echo_reply: { type: 0 },
  unreachable: {
    type: 3,
    codes: {
      net_unreachable: 0,
      host_unreachable: 1,
      protocol_unreachable: 2,
      port_unreachable: 3,
      frag_needed: 4,
      source_route_failed: 5,
      net_unknown: 6,
      host_unknown: 7,
      source_host_isolated: 8,
      net_prohibited: 9,
      host_prohibited: 10,
      net_unreachable_for_tos: 11,
      host_unreachable_for_tos: 12,
      packet_filtered: 13,
      precedence_violation: 14,
      precedence_cutoff: 15,
    },
  },
  source_quench: { type: 4 },
  redirect: { type: 5 },
  echo_request: { type: 8 },
  time_exceeded: { type: 11, codes: TIME_EXCEEDED_V4 },
  parameter_problem: { type: 12 },
  timestamp_request: { type: 13 },
  timestamp_reply: { type: 14 },
  information_request: { type: 15 },
  information_reply: { type: 16 },
  address_mask_request: { type: 17 },
  address_mask_reply: { type: 18 },
};

const V6: Readonly<Record<string, IcmpType>> = {
  unreachable: {
    type: 1,
    codes: {
      net_unreachable: 0,
      no_route: 0,
      admin_prohibited: 1,
      not_neighbour: 2,
      address_unreachable: 3,
      port_unreachable: 4,
      policy_fail: 5,
      reject_route: 6,
    },
  },
  packet_too_big: { type: 2 },
  time_exceeded: { type: 3, codes: { exceeded_hop_limit: 0, exceeded_frag_time: 1 } },
  parameter_problem: { type: 4, codes: { header_field: 0, unknown_next_header: 1, unknown_option: 2 } },
  echo_request: { type: 128 },
  echo_reply: { type: 129 },
};

const NUMBERED = /^(?:type|code)_(\d{1,3})$/;

/** Numbers of a type and a code by their names, `type_N` and `code_N`; or what is wrong with them. */
export function icmpNumbers(family: 4 | 6, typeName: string, codeName: string | undefined): { type: number; code: number } | string {
  const types = family === 4 ? V4 : V6;
  const named = types[typeName];
  const type = named?.type ?? numbered(typeName);
  if (type === undefined) return `ICMPv${family} has no type ${typeName}; there is ${Object.keys(types).join(', ')} and type_N`;
  if (codeName === undefined) return { type, code: 0 };
  const codes = named?.codes ?? Object.values(types).find((one) => one.type === type)?.codes ?? {};
  const code = codes[codeName] ?? numbered(codeName);
  if (code === undefined) return `${typeName} has no code ${codeName}; there is ${[...Object.keys(codes), 'code_N'].join(', ')}`;
  return { type, code };
}

function numbered(name: string): number | undefined {
  const [, digits] = NUMBERED.exec(name) ?? [];
  return digits === undefined || Number(digits) > 255 ? undefined : Number(digits);
}

/** The names of numbers, as scripts write them. */
export function icmpNames(family: 4 | 6, type: number, code: number): string {
  const [name, found] = Object.entries(family === 4 ? V4 : V6).find(([, one]) => one.type === type) ?? [`type_${type}`, undefined];
  const [codeName] = Object.entries(found?.codes ?? {}).find(([, one]) => one === code) ?? [`code_${code}`];
  return found?.codes === undefined && code === 0 ? name : `${name} ${codeName}`;
}

/** Whether octets 4 to 7 are an MTU. */
export const hasMtu = (family: 4 | 6, type: number, code: number): boolean => (family === 4 ? type === 3 && code === 4 : type === 2);

/** Whether they are an identifier and a sequence number. */
export const isEcho = (family: 4 | 6, type: number): boolean => (family === 4 ? type === 0 || type === 8 : type === 128 || type === 129);

export const echoReplyOf = (family: 4 | 6): number => (family === 4 ? 0 : 129);
