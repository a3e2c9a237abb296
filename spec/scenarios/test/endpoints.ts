// Stream endpoints of a host on 192.0.2.0/24, for what a scenario does below the promises.
import { AF_INET, type Endpoint, SOCK_STREAM, type SocketAddress, type Sockets } from '@protoloom/contracts/socket';

/** A new one. @throws Error where there is none to be had. */
export function opened(sockets: Sockets): Endpoint {
  const endpoint = sockets.open(AF_INET, SOCK_STREAM, 0);
  if (typeof endpoint === 'number') throw new Error(`a socket: errno ${-endpoint}`);
  return endpoint;
}

/** 192.0.2.`number`, or any address where that is 0. */
export function addressOf(sockets: Sockets, number: number, port: number): SocketAddress {
  const address = sockets.address();
  address.family = AF_INET;
  address.words.set([0, 0, 0xffff, number === 0 ? 0 : 0xc000_0200 | number]);
  address.port = port;
  return address;
}
