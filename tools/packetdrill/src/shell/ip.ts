// ip: links, routes, and the metrics that TCP keeps of destinations.
import type { RouteSpec } from '@protoloom/contracts/control';
import { TCP_METRICS, type TcpMetric } from '@protoloom/contracts/tcp';
import { Ip4Address, Ip6Address, isMappedWords, parseAddress } from '@protoloom/wire';
import { fail } from '../failure.js';
import { type Done, done, type ShellContext } from './shell.js';

export function ip(context: ShellContext, words: readonly string[]): Done {
  const rest = words.slice(1).filter((word) => word !== '-4' && word !== '-6');
  const [object = '', ...args] = rest;
  if (/^ro?u?t?e?$/.test(object)) return route(context, args);
  if (/^li?n?k?$/.test(object)) return link(context, args);
  if (/^tcp_?m?e?t?r?i?c?s?$/.test(object)) return metrics(context, args);
  return fail(`ip ${object} is not understood; ip route, ip link and ip tcp_metrics are`);
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '');

// ---- ip tcp_metrics --------------------------------------------------------------------------------------------------------------

function metrics({ stack }: ShellContext, [action = 'show', address = 'all']: readonly string[]): Done {
  const service = stack.service(TCP_METRICS);
  if (action === 'show') return done(service.list().map(metricLine).join(''));
  if (action !== 'flush' && action !== 'del' && action !== 'delete')
    return fail(`ip tcp_metrics ${action} is not understood; show, flush and delete are`);
  if (address === 'all') service.flush();
  else {
    const words = new Int32Array(4);
    parseAddress(address).toWords(words);
    service.flush(words);
  }
  return done();
}

function metricLine({ peer, ageUs, fastOpenMss, fastOpenCookie, ...path }: TcpMetric): string {
  const cookie = Array.from(fastOpenCookie, (octet) => octet.toString(16).padStart(2, '0')).join('');
  const age = `age ${(ageUs / 1e6).toFixed(3)}sec`;
  const { cwnd, reordering, rttUs, rttVarUs, ssthresh } = path;
  const told = [
    ssthresh > 0 ? `ssthresh ${ssthresh}` : '',
    cwnd > 0 ? `cwnd ${cwnd}` : '',
    reordering > 0 ? `reordering ${reordering}` : '',
    rttUs > 0 ? `rtt ${Math.round(rttUs)}us rttvar ${Math.round(rttVarUs)}us` : '',
    fastOpenMss > 0 ? `fo_mss ${fastOpenMss}` : '',
    cookie === '' ? '' : `fo_cookie ${cookie}`,
  ];
  return `${[isMappedWords(peer, 0) ? Ip4Address.fromWords(peer, 0) : Ip6Address.fromWords(peer, 0), age, ...told].filter((one) => one !== '').join(' ')}\n`;
}

// ---- ip link ---------------------------------------------------------------------------------------------------------------------

/** What else concerns segmentation offload makes no difference here: packets of up to 64 KiB. */
const OFFLOAD = new Set(['gso_max_size', 'gso_ipv4_max_size', 'gro_max_size', 'gro_ipv4_max_size', 'tso_max_segs']);

function link({ stack, device }: ShellContext, args: readonly string[]): Done {
  const [action, ...rest] = args;
  if (action !== 'set') return fail(`ip link ${action ?? ''}: ip link set is understood`);
  const words = rest[0] === 'dev' ? rest.slice(1) : rest;
  const name = words.shift();
  if (name !== device.name) return fail(`ip link: there is no device ${name}, only ${device.name}`);
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (OFFLOAD.has(word)) at++;
    else if (word === 'up') stack.link.up(name);
    else if (word === 'down') stack.link.down(name);
    else if (word === 'gso_max_segs') stack.link.setMaxSegments(name, Number(words[++at]));
    else if (word === 'mtu') stack.link.setMtu(name, Number(words[++at]));
    else if (word === 'txqueuelen') at++;
    else return fail(`ip link set ${word} is not understood; mtu, up, down and gso_max_segs are`);
  }
  return done();
}

// ---- ip route --------------------------------------------------------------------------------------------------------------------

type Mutable = { -readonly [K in keyof RouteSpec]: RouteSpec[K] };

const NUMBERS: Readonly<Record<string, keyof RouteSpec>> = {
  metric: 'metric',
  mtu: 'mtu',
  hoplimit: 'hopLimit',
  advmss: 'advertisedMss',
  initcwnd: 'initialCwnd',
  initrwnd: 'initialRwnd',
};
const TEXTS: Readonly<Record<string, keyof RouteSpec>> = { via: 'gateway', dev: 'iface', src: 'source', congctl: 'congestionControl' };
const TYPES: Readonly<Record<string, number>> = { unicast: 1, blackhole: 6, unreachable: 7, prohibit: 8 };

function route({ stack }: ShellContext, args: readonly string[]): Done {
  const [action = 'show', ...words] = args;
  if (action === 'flush' && words[0] === 'cache') return done();
  const spec = routeSpec(words);
  try {
    if (action === 'add') stack.route.add(spec);
    else if (action === 'change' || action === 'replace') stack.route.replace(spec);
    else if (action === 'del' || action === 'delete') stack.route.remove(spec);
    else return fail(`ip route ${action} is not understood; add, change, replace and del are`);
  } catch (error) {
    if (codeOf(error) === '') throw error;
    return fail(`ip route: ${(error as Error).message}`);
  }
  return done();
}

function routeSpec(given: readonly string[]): RouteSpec {
  const words = [...given];
  const type = TYPES[words[0] ?? ''];
  if (type !== undefined) words.shift();
  const destination = words.shift();
  if (destination === undefined) return fail('ip route: a destination is missing');
  const spec: Mutable = { destination, ...(type === undefined ? {} : { type }) };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    // A locked metric is one that path MTU discovery leaves alone; a route's always is.
    if (words[at + 1] === 'lock') words.splice(at + 1, 1);
    const number = NUMBERS[word];
    const text = TEXTS[word];
    const value = words[++at];
    if (value === undefined) return fail(`ip route: ${word} lacks its value`);
    if (word === 'features' && value === 'ecn') spec.ecn = true;
    else if (number !== undefined) Object.assign(spec, { [number]: Number(value) });
    else if (text !== undefined) Object.assign(spec, { [text]: value });
    else
      return fail(`ip route: the stack's routes have no ${word}; they have ${[...Object.keys(TEXTS), ...Object.keys(NUMBERS)].join(', ')}`);
  }
  return spec;
}
