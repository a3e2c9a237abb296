import { IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP } from '@protoloom/contracts/multicast';
import { AF_INET, AF_INET6, IPPROTO_IP, IPPROTO_IPV6, SOCK_DGRAM, SOCK_STREAM } from '@protoloom/contracts/socket';
import { chance, flips, goldenFrames, randomFrame, truncations } from '@protoloom/frames';
import { linuxHost } from '@protoloom/linux';
import { plainFrame, type SimDevice, Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { expect } from 'chai';

/** Frames in the continuous run; a longer one is asked for by PROTOLOOM_RANDOM_FRAMES. */
const RANDOM = Number(process.env['PROTOLOOM_RANDOM_FRAMES'] ?? 10_000);

interface Rig {
  readonly sim: Simulation;
  readonly stack: Stack;
  readonly device: SimDevice;
}

/** A host with a UDP socket and a listener, whose released buffers are overwritten: a read past the end would show as another octet. */
async function rig(): Promise<Rig> {
  const sim = new Simulation(5);
  const stack = sim.host({ plugins: linuxHost });
  const device = sim.device();
  stack.link.add(device);
  stack.link.up('eth0');
  stack.address.add('eth0', '10.0.0.2/24');
  stack.address.add('eth0', '2001:db8::2/64', { noDad: true });
  const datagrams = stack.socket(AF_INET, SOCK_DGRAM);
  await datagrams.bind({ port: 7 });
  datagrams.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, { group: '239.1.2.3', interface: 'eth0' });
  const datagrams6 = stack.socket(AF_INET6, SOCK_DGRAM);
  datagrams6.setsockopt(IPPROTO_IPV6, IPV6_JOIN_GROUP, { group: 'ff05::1234', interface: 'eth0' });
  const listener = stack.socket(AF_INET, SOCK_STREAM);
  await listener.bind({ port: 80 });
  await listener.listen();
  return { sim, stack, device };
}

const fatesOf = (stack: Stack): number => stack.conservation().fates;

/** One frame: no fault, and exactly one fate more for it (and one for each packet that was made inside). */
function check({ sim, stack, device }: Rig, frame: Uint8Array, what: string): void {
  const before = stack.conservation();
  // Alone in its buffer, to the octet: what reads past it reads undefined, and a DataView throws.
  device.arrive(plainFrame(frame.slice()));
  sim.advance(1);
  const after = stack.conservation();
  expect(stack.faults, what).to.deep.equal({});
  expect(after.received - before.received, what).to.equal(1);
  expect(after.fates - before.fates, what).to.equal(1 + after.made - before.made - (after.inHand - before.inHand));
}

describe('hostile input', () => {
  it('golden frames each meet one fate', async () => {
    const host = await rig();
    for (const [name, frame] of Object.entries(goldenFrames([...(host.device.address as Uint8Array)]))) check(host, frame, name);
    expect(host.stack.counters.mib()).to.include({
      'Ip.ReasmOKs': 1,
      'Ip6.ReasmOKs': 2,
      'Ip6.InUnknownProtos': 2,
      'Icmp.InEchos': 3,
      'Udp.InDatagrams': 0,
      'Udp.NoPorts': 1,
      'Ip.InUnknownProtos': 1,
    });
    // Nobody reads it: it waits on its socket.
    expect(host.stack.counters.of('@protoloom/udp')).to.include({ queued: 1 });
    await host.sim.stop();
  });

  for (const name of Object.keys(goldenFrames([2, 0, 0, 0, 0, 1]))) {
    it(`${name}, truncated at every length and with every octet changed, never throws and meets exactly one fate`, async () => {
      const host = await rig();
      const frame = goldenFrames([...(host.device.address as Uint8Array)])[name] as Uint8Array;
      for (const cut of truncations(frame)) check(host, cut, `${name} cut to ${cut.length}`);
      for (const flipped of flips(frame)) check(host, flipped, `${name} as ${Buffer.from(flipped).toString('hex')}`);
      await host.sim.stop();
    });
  }

  it(`${RANDOM} random frames leave memory bounded, and one fate each`, async function () {
    this.timeout(Math.max(20_000, RANDOM));
    const host = await rig();
    const golden = Object.values(goldenFrames([...(host.device.address as Uint8Array)]));
    const next = chance(20_261_124);
    const fates = fatesOf(host.stack);
    for (let i = 0; i < RANDOM; i++) {
      host.device.arrive(plainFrame(randomFrame(next, golden)));
      if ((i & 63) === 63) host.sim.advance(1000);
    }
    host.sim.advance(1000);
    const { received, made, fates: now, inHand } = host.stack.conservation();
    expect(host.stack.faults).to.deep.equal({});
    expect(received).to.equal(RANDOM);
    expect(now - fates + inHand).to.equal(received + made);
    // What is kept is bounded by queues and thresholds: fragments, one socket's buffer, packets for neighbours that never answer.
    expect(host.stack.packetsInHand).to.be.below(4000);
    // Half an hour later nothing is held but what a socket's user has yet to read.
    host.sim.advance(1800e6);
    expect(host.stack.packetsInHand).to.be.below(500);
    await host.sim.stop();
  });
});
