// A host on tap0 whose sockets are and are not in a group; what each hears is a line on standard output. Ends on SIGTERM.
import { IP_MULTICAST_ALL, IPV6_MULTICAST_ALL, MCAST_BLOCK_SOURCE, MCAST_JOIN_GROUP } from '@protoloom/contracts/multicast';
import { AF_INET, AF_INET6, IPPROTO_IP, IPPROTO_IPV6, SO_REUSEADDR, SOCK_DGRAM, SOL_SOCKET } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { startHost } from '@protoloom/node';
import { openTap } from '@protoloom/tun-tap';

const [address = '', group = '', blocked = ''] = process.argv.slice(2);
const ip4 = !address.includes(':');
const family = ip4 ? AF_INET : AF_INET6;
const level = ip4 ? IPPROTO_IP : IPPROTO_IPV6;
const membership = { group, interface: 'tap0' };

const host = startHost({ plugins: linuxHost });
const { stack } = host;
const device = openTap({ name: 'tap0' });
stack.link.add(device);
stack.link.up('tap0');
stack.address.add('tap0', address);

async function listen(name: string, joins: boolean, blocks: boolean): Promise<void> {
  const socket = stack.socket(family, SOCK_DGRAM);
  socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  socket.setsockopt(level, ip4 ? IP_MULTICAST_ALL : IPV6_MULTICAST_ALL, 0);
  if (joins) socket.setsockopt(level, MCAST_JOIN_GROUP, membership);
  if (blocks) socket.setsockopt(level, MCAST_BLOCK_SOURCE, { ...membership, source: blocked });
  await socket.bind({ port: 5000 });
  for (;;) {
    const { data } = await socket.recvfrom();
    process.stdout.write(`${name}: ${new TextDecoder().decode(data).trim()}\n`);
  }
}
const ended = (): undefined => undefined;
listen('member', true, false).catch(ended);
listen('another member', true, false).catch(ended);
listen('a member that blocks', true, true).catch(ended);
listen('no member', false, false).catch(ended);
process.stdout.write('ready\n');

const alive = setInterval(() => undefined, 2 ** 30);
process.once('SIGTERM', () => {
  clearInterval(alive);
  void host.stop().then(() => device.close());
});
