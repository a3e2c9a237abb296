// Senders with a path of their own each, one bottleneck for all, one receiver: a dumbbell in virtual time.
import { ARPHRD_NONE, type Plugin } from '@protoloom/contracts';
import {
  AF_INET,
  type Endpoint,
  newViews,
  POLLIN,
  SOCK_STREAM,
  SOCKETS,
  type SocketAddress,
  type Sockets,
} from '@protoloom/contracts/socket';
import type { CongestionControl } from '@protoloom/contracts/tcp';
import { linuxHost } from '@protoloom/linux';
import { type SimDevice, Simulation, WireDirection, type WireStatistics } from '@protoloom/sim';
import { observed, Record } from './observe.js';

const PORT = 5001;
const CHUNK = new Uint8Array(1 << 16);
/** IPv4: where a header's destination ends. */
const LAST_OCTET_OF_DESTINATION = 19;
const MIB = 1 << 20;
/** Octets of a full packet. */
export const PACKET_BYTES = 1500;

export interface Path {
  /** Of the bottleneck, bits per second. */
  readonly rate: number;
  /** Octets that wait there, drop-tail; left out: any. */
  readonly queueBytes?: number;
  /** Probability of random loss of a segment. */
  readonly loss: number;
  /**
   * Up to how much longer a packet takes to the bottleneck, at random and in order, µs. Without it, two senders at a drop-tail queue stay in
   * the phase that they happen to be in, and losses with one of them (Floyd and Jacobson, On Traffic Phase Effects, 1992).
   */
  readonly jitterUs?: number;
}

export interface FlowPlan {
  readonly control: CongestionControl;
  /** Both propagation delays together, µs. */
  readonly rttUs: number;
  readonly startUs: number;
}

/** What one connection has carried. */
export interface Flow {
  readonly record: Record;
  /** Octets that its receiver has read. */
  readonly received: number;
}

class Receiver {
  received = 0;
  readonly #endpoint: Endpoint;
  readonly #views = newViews();

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    endpoint.listener = this;
  }

  ready(): void {
    while ((this.#endpoint.readiness & POLLIN) !== 0) {
      const there = this.#endpoint.peek(this.#views);
      if (there <= 0) return;
      this.received += there;
      this.#endpoint.consume(there);
    }
  }
}

/** Writes for ever. */
const sender = (endpoint: Endpoint) => ({
  ready(): void {
    while (endpoint.send(CHUNK, 0, CHUNK.length, undefined) > 0);
  },
});

export class Dumbbell {
  readonly #sim: Simulation;
  readonly #bottleneck: WireDirection;
  readonly #senders: { readonly device: SimDevice; readonly rttUs: number }[] = [];
  readonly #receivers = new Map<number, Receiver>();
  readonly #jitterUs: number;
  readonly flows: Flow[] = [];

  constructor(seed: number, path: Path, flows: readonly FlowPlan[]) {
    this.#sim = new Simulation(seed);
    const { rate, queueBytes, loss, jitterUs = 0 } = path;
    this.#jitterUs = jitterUs;
    const longest = Math.max(...flows.map(({ rttUs }) => rttUs));
    const buffer = Math.max(4 * MIB, Math.ceil((4 * rate * longest) / 8_000_000));
    const sysctls = { 'net.ipv4.tcp_rmem': [4096, 131_072, buffer], 'net.ipv4.tcp_wmem': [4096, 16_384, buffer] };
    const receiver = this.#device();
    const host = this.#sim.host({ plugins: linuxHost, sysctls, poison: false });
    attachTo(host, receiver, 1);
    const impairment = { rate, loss, ...(queueBytes === undefined ? {} : { queueBytes }) };
    this.#bottleneck = new WireDirection([receiver], impairment, this.#sim, this.#sim.random);
    receiver.onFrame = (frame) => {
      const to = this.#senders[(frame.bytes[LAST_OCTET_OF_DESTINATION] as number) - 2];
      if (to !== undefined) this.#sim.at(this.#sim.nowUs + Math.floor(to.rttUs / 2), () => to.device.arrive(frame));
    };
    this.#listen(host.service(SOCKETS));
    for (const flow of flows) this.#add(flow, sysctls);
  }

  get nowUs(): number {
    return this.#sim.nowUs;
  }

  get bottleneck(): Readonly<WireStatistics> {
    return this.#bottleneck.statistics;
  }

  advance(us: number): void {
    this.#sim.advance(us);
  }

  #device(): SimDevice {
    return this.#sim.device({ name: 'tun0', type: ARPHRD_NONE });
  }

  #listen(sockets: Sockets): void {
    const listener = opened(sockets);
    listener.bind(addressOf(sockets, 0));
    listener.listen(64);
    const peer = sockets.address();
    listener.listener = {
      ready: () => {
        for (let child = listener.accept(); typeof child !== 'number'; child = listener.accept()) {
          child.peerAddress(peer);
          this.#receivers.set((peer.words[3] as number) & 0xff, new Receiver(child));
        }
      },
    };
  }

  #add({ control, rttUs, startUs }: FlowPlan, sysctls: Readonly<{ [path: string]: number[] }>): void {
    const record = new Record(Math.max(1000, rttUs / 2));
    const device = this.#device();
    const number = this.#senders.push({ device, rttUs }) + 1;
    const others: readonly Plugin[] = linuxHost.filter(({ name }) => name !== `@protoloom/tcp-${control.name}`);
    const host = this.#sim.host({
      plugins: [...others, observed(control, () => record)],
      sysctls: { ...sysctls, 'net.ipv4.tcp_congestion_control': control.name },
      poison: false,
    });
    attachTo(host, device, number);
    let lastUs = 0;
    device.onFrame = (frame) => {
      lastUs = Math.max(lastUs, this.#sim.nowUs + Math.ceil(rttUs / 2) + this.#sim.random.below(this.#jitterUs));
      this.#sim.at(lastUs, () => this.#bottleneck.send(frame));
    };
    const receivers = this.#receivers;
    this.flows.push({
      record,
      get received() {
        return receivers.get(number)?.received ?? 0;
      },
    });
    this.#sim.at(this.#sim.nowUs + startUs, () => {
      const sockets = host.service(SOCKETS);
      const endpoint = opened(sockets);
      endpoint.listener = sender(endpoint);
      endpoint.connect(addressOf(sockets, 1));
      host.enter();
    });
  }
}

const attachTo = (host: ReturnType<Simulation['host']>, device: SimDevice, number: number): void => {
  host.link.add(device);
  host.address.add('tun0', `192.0.2.${number}/24`);
  host.link.up('tun0');
};

function opened(sockets: Sockets): Endpoint {
  const endpoint = sockets.open(AF_INET, SOCK_STREAM, 0);
  if (typeof endpoint === 'number') throw new Error(`a socket: errno ${-endpoint}`);
  return endpoint;
}

/** Of a host's number; 0: any. */
function addressOf(sockets: Sockets, number: number): SocketAddress {
  const address = sockets.address();
  address.family = AF_INET;
  address.words.set([0, 0, 0xffff, number === 0 ? 0 : 0xc000_0200 | number]);
  address.port = PORT;
  return address;
}
