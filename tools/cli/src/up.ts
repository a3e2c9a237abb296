// protoloom up: a host on a device.

import { parseArgs } from 'node:util';
import type { Plugin } from '@protoloom/contracts';
import { linuxHost } from '@protoloom/linux';
import { inlineMore, type StreamServer, startHost } from '@protoloom/node';
import type { Stack } from '@protoloom/stack';
import { openTap, openTun, TimerFd, type TunTapDevice } from '@protoloom/tun-tap';
import { InterfaceAddress, Ip6Address, MacAddress, parseAddress } from '@protoloom/wire';
import { autoconfigured, checked } from './addresses.js';
import { checkGroup, joinGroup } from './groups.js';
import { capture } from './pcapng.js';
import { type Resolvers, resolvers } from './resolvers.js';
import { parseService, type ServiceSpec, serve } from './services/services.js';
import { UsageError } from './usage.js';

export const HELP = `usage: protoloom up [OPTION]...

Runs a host on a TAP or TUN device until it is interrupted.

  --tap NAME              the device, a TAP (Ethernet); made where it does not exist; default tap0
  --tun NAME              the device, a TUN (bare IP)
  --mac MAC               the host's own link address; default: a random one
  --mtu N                 of the device, 68 to 65535
  --address CIDR          an address of the host, such as 192.0.2.2/24 or 2001:db8::2/64; may be repeated
  --gateway IP            default route; may be repeated
  --slaac                 waits for a router's advertisement, for 30 s, until it has an address by it
  --kernel-address CIDR   gives the kernel's end of the device an address, and brings it up; may be repeated
  --group IP              a multicast group to be in; may be repeated
  --service NAME[:PORT]   echo:7 discard:9 daytime:13 chargen:19 iperf3:5201 (TCP and UDP), http:80; may be repeated
  --sysctl KEY=VALUE      such as net.ipv4.tcp_congestion_control=newreno; may be repeated
  --pcap FILE             writes every frame to a pcapng file
  --no-offload            the kernel sees frames of the MTU's size, with checksums
  --json                  one object a line on standard output
`;

const OPTIONS = {
  tap: { type: 'string' },
  tun: { type: 'string' },
  mac: { type: 'string' },
  mtu: { type: 'string' },
  address: { type: 'string', multiple: true },
  gateway: { type: 'string', multiple: true },
  slaac: { type: 'boolean' },
  'kernel-address': { type: 'string', multiple: true },
  group: { type: 'string', multiple: true },
  service: { type: 'string', multiple: true },
  sysctl: { type: 'string', multiple: true },
  pcap: { type: 'string' },
  'no-offload': { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

interface Settings {
  readonly kind: 'tap' | 'tun';
  readonly name: string;
  readonly mac: string | undefined;
  readonly mtu: number | undefined;
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  readonly slaac: boolean;
  readonly kernelAddresses: readonly string[];
  readonly groups: readonly string[];
  readonly services: readonly ServiceSpec[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly pcap: string | undefined;
  readonly offload: boolean;
  readonly json: boolean;
}

/** Everything is read before anything is opened. @throws UsageError, AddressError, ERR_PARSE_ARGS_*. */
function parse(argv: readonly string[]): Settings {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  if (values.tap !== undefined && values.tun !== undefined) throw new UsageError('--tap and --tun exclude each other');
  const kind = values.tun === undefined ? 'tap' : 'tun';
  const name = values.tun ?? values.tap ?? 'tap0';
  if (!/^[^\s/:]{1,15}$/.test(name))
    throw new UsageError(`--${kind} ${name}: a device's name has 1 to 15 characters without space, / or :`);
  if (kind === 'tun' && values.mac !== undefined) throw new UsageError('--mac: a TUN has no link addresses');
  if (values.mac !== undefined && !MacAddress.parse(values.mac).isUnicast)
    throw new UsageError(`--mac ${values.mac}: that is a group address; a host's is unicast`);
  const mtu = values.mtu === undefined ? undefined : Number(values.mtu);
  if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= 68 && mtu <= 65_535))
    throw new UsageError(`--mtu ${values.mtu}: a whole number from 68 to 65535`);
  const { address = [], gateway = [], 'kernel-address': kernel = [], group = [], service = [], sysctl = [] } = values;
  const canonical = (text: string): string => {
    const parsed = InterfaceAddress.parse(text);
    if (parsed.address instanceof Ip6Address && parsed.address.zone !== '')
      throw new UsageError(`${text}: the device is the zone of an address, which has none in its text`);
    return parsed.toString();
  };
  for (const text of gateway) parseAddress(text);
  for (const text of group) checkGroup(text);
  const services = service.map(parseService);
  const twice = services.find(({ port }, i) => services.findIndex((other) => other.port === port) !== i);
  if (twice !== undefined) throw new UsageError(`--service: two of them want port ${twice.port}`);
  const sysctls: Record<string, string> = {};
  for (const text of sysctl) {
    const at = text.indexOf('=');
    if (at <= 0) throw new UsageError(`--sysctl ${text}: takes KEY=VALUE, such as net.ipv4.ip_default_ttl=32`);
    sysctls[text.slice(0, at).trim()] = text.slice(at + 1).trim();
  }
  return {
    kind,
    name,
    mac: values.mac,
    mtu,
    addresses: address.map(canonical),
    gateways: gateway,
    slaac: values.slaac === true,
    kernelAddresses: kernel.map(canonical),
    groups: group,
    services,
    sysctls,
    pcap: values.pcap,
    offload: values['no-offload'] !== true,
    json: values.json === true,
  };
}

const interfacesOf = (stack: Stack) =>
  stack.link.list().map(({ name, type, address, mtu }) => ({
    name,
    type,
    mac: address,
    mtu,
    addresses: stack.address.list({ iface: name }).map((one) => one.address),
  }));

export async function run(argv: readonly string[]): Promise<number> {
  const settings = parse(argv);
  const emit = (event: string, fields: Readonly<Record<string, unknown>>): void => {
    if (settings.json) process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
  };
  const open = settings.kind === 'tap' ? openTap : openTun;
  const device = open({
    name: settings.name,
    offload: settings.offload,
    ...(settings.mtu === undefined ? {} : { mtu: settings.mtu }),
    ...(settings.mac === undefined ? {} : { address: settings.mac }),
  });
  let stop: () => Promise<void> = async () => device.close();
  try {
    const told = (now: Resolvers): void => {
      if (settings.json) emit('resolvers', { ...now });
      else process.stdout.write(`${resolversLine(now)}\n`);
    };
    const plugins: Plugin[] = [...linuxHost, resolvers(told)];
    if (settings.pcap !== undefined) plugins.push(capture(settings.pcap));
    inlineMore();
    const host = startHost({
      plugins,
      sysctls: settings.sysctls,
      timer: (expired) => new TimerFd(expired),
      log(level, plugin, message, fields) {
        if (settings.json) emit('log', { level, plugin, message, ...fields });
        else if (level === 'warn' || level === 'error')
          process.stderr.write(`${level}: ${plugin}: ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}\n`);
      },
    });
    const { stack } = host;
    const servers: StreamServer[] = [];
    stop = async () => {
      for (const server of servers) await server.close();
      const problems = await host.stop();
      device.close();
      for (const { plugin, detail } of problems) process.stderr.write(`protoloom: ${plugin} ${detail}\n`);
    };
    configure(stack, device, settings);
    await checked(stack, device.name, settings.addresses);
    if (settings.slaac) await autoconfigured(stack, device.name);
    for (const service of settings.services) servers.push(await serve(stack, service));
    const interfaces = interfacesOf(stack);
    if (settings.json) emit('ready', { interfaces, services: settings.services });
    else process.stdout.write(`${readyLine(interfaces, settings)}\n`);
  } catch (error) {
    await stop();
    throw error;
  }
  const signal = await interrupted();
  emit('stopping', { signal });
  await stop();
  emit('stopped', {});
  return 0;
}

function configure(stack: Stack, device: TunTapDevice, settings: Settings): void {
  for (const cidr of settings.kernelAddresses) device.kernel.addAddress(cidr);
  if (settings.kernelAddresses.length > 0) device.kernel.setUp(true);
  stack.link.add(device);
  stack.link.up(device.name);
  for (const address of settings.addresses) stack.address.add(device.name, address);
  for (const [metric, gateway] of settings.gateways.entries())
    stack.route.add({ destination: 'default', gateway, metric, iface: device.name });
  for (const group of settings.groups) joinGroup(stack, device.name, group);
  // A sysctl of an interface that is not there would wait for it for ever.
  for (const path of Object.keys(settings.sysctls)) stack.sysctl.get(path);
}

function readyLine(interfaces: ReturnType<typeof interfacesOf>, { name, services }: Settings): string {
  const own = interfaces.find((one) => one.name === name);
  const addresses = own === undefined || own.addresses.length === 0 ? 'no address' : own.addresses.join(' ');
  const served = services.length === 0 ? 'no services' : services.map((service) => `${service.name}:${service.port}`).join(' ');
  return `protoloom serves on ${name}${own?.mac ? ` (${own.mac})` : ''}: ${addresses}; ${served}; Ctrl-C ends it`;
}

function resolversLine({ servers, domains }: Resolvers): string {
  const list = (texts: readonly string[]): string => texts.join(' ') || 'none';
  return `routers tell of DNS servers: ${list(servers)}; search domains: ${list(domains)}`;
}

/** Waits for SIGINT or SIGTERM, or for standard output's reader to go. */
function interrupted(): Promise<string> {
  return new Promise((resolve) => {
    // The process lives for the device's sake; without one that can be waited for, for the signal's.
    const alive = setInterval(() => undefined, 2 ** 30);
    const end = (signal: string): void => {
      clearInterval(alive);
      resolve(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(signal));
    process.stdout.on('error', () => end('EPIPE'));
  });
}
