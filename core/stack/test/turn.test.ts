import {
  ARPHRD_NONE,
  attach,
  type DevicePort,
  definePlugin,
  ETHERTYPE,
  FRAME_TAP,
  INTERFACES,
  LINK_INPUT,
  LINK_TYPE,
  type LinkType,
  PACKETS,
  type Packet,
  TIMERS,
  TURNS,
  use,
} from '@protoloom/contracts';
import { AF_INET, SOCK_STREAM } from '@protoloom/contracts/socket';
import { plainFrame, SimDevice } from '@protoloom/sim';
import { SocketError, type Stack } from '@protoloom/stack';
import { expect } from 'chai';
import { type Host, host, manifest, stackOf } from './rig.js';

/** A link whose frames are an EtherType and the rest. */
const link = definePlugin({
  ...manifest,
  name: 'link',
  uses: { input: use(LINK_INPUT, '^1.0') },
  attaches: { link: attach(LINK_TYPE, ARPHRD_NONE, '^1.0') },
  create: ({ use: { input } }) => {
    const type: LinkType = {
      name: 'test',
      headerBytes: 2,
      addressBytes: 0,
      flags: 0,
      broadcast: new Uint8Array(0),
      rx(packet) {
        packet.protocol = packet.view.getUint16(packet.head);
        packet.l3 = packet.pull(2);
        return input.deliver(packet);
      },
      writeHeader: () => undefined,
      groupAddress: () => false,
    };
    return { handlers: { link: type } };
  },
});

const receiver = (name: string, etherType: number, receive: (packet: Packet) => void) =>
  definePlugin({
    ...manifest,
    name,
    counters: { received: { unit: 'packets', fate: 'delivered', doc: '' } },
    attaches: { it: attach(ETHERTYPE, etherType, '^1.0') },
    create: ({ counters }) => ({
      handlers: {
        it: (packet: Packet) => {
          receive(packet);
          counters.received++;
          return undefined;
        },
      },
    }),
  });

function withDevice(stack: Stack, name = 'd0'): SimDevice {
  const device = new SimDevice({ type: ARPHRD_NONE, name });
  stack.link.add(device);
  stack.link.up(name);
  return device;
}
/** Takes nothing until it is drained. */
class FullDevice extends SimDevice {
  #full = true;
  #port: DevicePort | undefined;

  override open(port: DevicePort): void {
    this.#port = port;
    super.open(port);
  }
  override transmit(packet: Packet): boolean {
    return !this.#full && super.transmit(packet);
  }
  drain(): void {
    this.#full = false;
    this.#port?.writable();
  }
}

const frame = (etherType: number, ...rest: number[]) => plainFrame(Uint8Array.of(etherType >> 8, etherType, ...rest));
function run(stack: Stack, at: Host, us = 0): void {
  at.us += us;
  for (let i = 0; i < 1000 && stack.nextTurnUs() <= at.us; i++) stack.turn();
}

describe('the turn', () => {
  it('hands frames to the EtherType’s plugin, and counts those of nobody', () => {
    const at = host();
    const seen: number[] = [];
    const stack = stackOf([link, receiver('r', 0x1234, (packet) => void seen.push(packet.bytes[packet.head] as number))], at).start();
    const device = withDevice(stack);
    device.arrive(frame(0x1234, 7));
    device.arrive(frame(0x9999, 8));
    run(stack, at);
    expect(seen).to.deep.equal([7]);
    expect(stack.counters.of('@protoloom/stack')).to.include({ receivedFrames: 2, unknownEtherType: 1 });
    expect(stack.conservation()).to.deep.equal({ received: 2, made: 0, fates: 2, inHand: 0 });
  });

  it('is bounded: dev_weight frames a device, in rotation, netdev_budget in all', () => {
    const at = host();
    const order: string[] = [];
    const stack = stackOf([link, receiver('r', 1, (packet) => void order.push(packet.iface.name))], at).start();
    stack.sysctl.set('net.core.dev_weight', 2);
    stack.sysctl.set('net.core.netdev_budget', 3);
    const devices = [withDevice(stack, 'a'), withDevice(stack, 'b')];
    for (const device of devices) for (let i = 0; i < 3; i++) device.arrive(frame(1));
    stack.turn();
    expect(order.join('')).to.equal('aab');
    expect(stack.nextTurnUs()).to.be.at.most(at.us);
    run(stack, at);
    expect(order.length).to.equal(6);
  });

  it('contains a plugin that throws on a frame: the frame is lost, it is counted under its name, the rest goes on', () => {
    const at = host();
    let count = 0;
    const bad = receiver('bad', 1, () => {
      throw new Error('boom');
    });
    const stack = stackOf([link, bad, receiver('good', 2, () => void count++)], at).start();
    const device = withDevice(stack);
    for (const type of [1, 2, 1, 2]) device.arrive(frame(type));
    run(stack, at);
    expect(count).to.equal(2);
    expect(stack.faults).to.deep.equal({ bad: 2 });
    expect(stack.conservation()).to.deep.equal({ received: 4, made: 0, fates: 4, inHand: 0 });
    expect(at.lines.filter((line) => line.includes('bad threw'))).to.have.length(2);
    expect(stack.packetsInHand).to.equal(0);
  });

  it('wakes readers before egress, so that what they answer leaves in the same turn', () => {
    const at = host();
    const log: string[] = [];
    const plugin = definePlugin({
      ...manifest,
      name: 'answering',
      uses: { turns: use(TURNS, '^1.0') },
      create({ use: { turns } }) {
        const answer = turns.egress({ egress: () => void log.push('egress') });
        const reader = {
          waking: false,
          woken() {
            log.push('woken');
            answer.request();
          },
        };
        return { start: () => turns.wake(reader) };
      },
    });
    const stack = stackOf([plugin], at).start();
    stack.turn();
    expect(log).to.deep.equal(['woken', 'egress']);
    expect(stack.nextTurnUs()).to.equal(Number.POSITIVE_INFINITY);
  });

  it('tells who refers to a device’s frames, once, before it is polled again', () => {
    const at = host();
    const log: string[] = [];
    const keeping = definePlugin({
      ...manifest,
      name: 'keeping',
      uses: { turns: use(TURNS, '^1.1') },
      attaches: { it: attach(ETHERTYPE, 1, '^1.0') },
      create({ use: { turns } }) {
        let kept: Uint8Array | undefined;
        let last = 0;
        const recall = turns.recall({
          recalled() {
            log.push(`recalled ${kept?.[last]}`);
            if (kept?.[last] === 7) throw new Error('boom');
          },
        });
        const it = (packet: Packet): undefined => {
          kept = packet.bytes;
          last = packet.tail - 1;
          log.push(`${packet.borrowed ? 'borrowed' : 'own'} ${kept[last]}`);
          recall.request();
        };
        return { handlers: { it } };
      },
    });
    const stack = stackOf([link, keeping], at).start();
    const device = withDevice(stack);
    device.arrive(frame(1, 5));
    device.arrive(frame(1, 6));
    run(stack, at);
    expect(log).to.deep.equal(['borrowed 5', 'borrowed 6']);
    expect(stack.nextTurnUs()).to.equal(Number.POSITIVE_INFINITY);
    log.length = 0;
    device.arrive(frame(1, 7));
    run(stack, at);
    expect(log).to.deep.equal(['recalled 6', 'borrowed 7']);
    device.arrive(frame(1, 8));
    run(stack, at);
    expect(log).to.deep.equal(['recalled 6', 'borrowed 7', 'recalled 7', 'borrowed 8']);
    expect(stack.faults).to.deep.equal({ keeping: 1 });
  });

  it('flushes a device once when its turn ends; what leaves between two turns at once', () => {
    const at = host();
    class Gathering extends SimDevice {
      readonly log: string[] = [];
      override transmit(packet: Packet): boolean {
        this.log.push('frame');
        return super.transmit(packet);
      }
      flush(): void {
        this.log.push('flush');
      }
    }
    let sends = (): void => undefined;
    const plugin = definePlugin({
      ...manifest,
      name: 'sending',
      uses: { packets: use(PACKETS, '^1.0'), interfaces: use(INTERFACES, '^1.0'), turns: use(TURNS, '^1.0') },
      create({ use: { packets, interfaces, turns } }) {
        sends = () => {
          const packet = packets.make(10);
          packet.put(10);
          interfaces.byName('d0')?.transmit(packet);
          packets.done(packet);
        };
        const twice = turns.egress({
          egress() {
            sends();
            sends();
          },
        });
        return { start: () => turns.wake({ waking: false, woken: () => twice.request() }) };
      },
    });
    const stack = stackOf([link, plugin], at).start();
    const device = new Gathering({ type: ARPHRD_NONE, name: 'd0' });
    stack.link.add(device);
    stack.link.up('d0');
    run(stack, at);
    expect(device.log).to.deep.equal(['frame', 'frame', 'flush']);
    sends();
    expect(device.log.slice(3)).to.deep.equal(['frame', 'flush']);
  });

  it('has last egress behind all other, whoever asked first; what it asks for anew is the next turn’s', () => {
    const at = host();
    const log: string[] = [];
    const plugin = definePlugin({
      ...manifest,
      name: 'patient',
      uses: { turns: use(TURNS, '^1.2') },
      create({ use: { turns } }) {
        const usual = turns.egress({ egress: () => void log.push('egress') });
        const last = turns.lastEgress({
          egress() {
            log.push('last');
            if (log.length < 3) last.request();
          },
        });
        return {
          start() {
            last.request();
            last.request();
            usual.request();
          },
        };
      },
    });
    const stack = stackOf([plugin], at).start();
    stack.turn();
    expect(log).to.deep.equal(['egress', 'last']);
    expect(stack.nextTurnUs()).to.be.at.most(at.us);
    stack.turn();
    expect(log).to.deep.equal(['egress', 'last', 'last']);
    expect(stack.nextTurnUs()).to.equal(Number.POSITIVE_INFINITY);
  });

  it('contains timers, egress and wakeups that throw', () => {
    const at = host();
    const log: string[] = [];
    const plugin = definePlugin({
      ...manifest,
      name: 'thrower',
      uses: { timers: use(TIMERS, '^1.0'), turns: use(TURNS, '^1.0') },
      create({ use: { timers, turns } }) {
        const fail = (): never => {
          throw new Error('boom');
        };
        const bad = timers.timer(undefined, fail);
        const good = timers.timer(undefined, () => void log.push('timer'));
        const badEgress = turns.egress({ egress: fail });
        const goodEgress = turns.egress({ egress: () => void log.push('egress') });
        return {
          start() {
            bad.arm(10);
            good.arm(10);
            badEgress.request();
            goodEgress.request();
            goodEgress.request();
            turns.wake({ waking: false, woken: fail });
            turns.wake({ waking: false, woken: () => void log.push('wake') });
          },
        };
      },
    });
    const stack = stackOf([plugin], at).start();
    run(stack, at, 10);
    expect(log.sort()).to.deep.equal(['egress', 'timer', 'wake']);
    expect(stack.faults['thrower']).to.equal(2);
  });

  it('shows every frame to taps, and arms nothing while idle', () => {
    const at = host();
    let taps = 0;
    const tap = definePlugin({
      ...manifest,
      name: 'tap',
      attaches: { tap: attach(FRAME_TAP, '^1.0') },
      create: () => ({
        handlers: {
          tap: () => {
            taps++;
            return undefined;
          },
        },
      }),
    });
    const stack = stackOf([link, tap, receiver('r', 1, () => undefined)], at).start();
    const device = withDevice(stack);
    device.arrive(frame(1));
    run(stack, at);
    expect(taps).to.equal(1);
    expect(stack.nextTurnUs()).to.equal(Number.POSITIVE_INFINITY);
  });

  it('tells a packet’s witness when it comes to its interface, and when the device has it, which may be later', () => {
    const at = host();
    const seen: string[] = [];
    const witness = { scheduled: () => void seen.push(`scheduled ${at.us}`), sent: () => void seen.push(`sent ${at.us}`) };
    const answer = definePlugin({
      ...manifest,
      name: 'answer',
      uses: { packets: use(PACKETS, '^1.0') },
      counters: { received: { unit: 'packets', fate: 'replied', doc: '' } },
      attaches: { it: attach(ETHERTYPE, 1, '^1.0') },
      create: ({ use: { packets }, counters }) => ({
        handlers: {
          it: ({ iface }: Packet) => {
            const packet = packets.make(2);
            packet.put(2);
            packet.witness = witness;
            iface.transmit(packet);
            packets.done(packet);
            counters.received++;
            return undefined;
          },
        },
      }),
    });
    const stack = stackOf([link, answer], at).start();
    const device = new FullDevice({ type: ARPHRD_NONE, name: 'd0' });
    stack.link.add(device);
    stack.link.up('d0');
    device.arrive(frame(1));
    run(stack, at);
    expect(seen).to.deep.equal(['scheduled 1000000']);
    at.us += 50;
    device.drain();
    expect(seen).to.deep.equal(['scheduled 1000000', 'sent 1000050']);
    device.arrive(frame(1));
    run(stack, at);
    expect(seen.slice(2)).to.deep.equal(['scheduled 1000050', 'sent 1000050']);
    expect(stack.packetsInHand).to.equal(0);
  });

  it('removes an interface with all that it had, a hundred times over', () => {
    const at = host();
    const stack = stackOf([link, receiver('r', 1, () => undefined)], at).start();
    const indices = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const device = withDevice(stack);
      device.arrive(frame(1));
      run(stack, at);
      indices.add(stack.link.list()[0]?.index ?? 0);
      stack.link.remove('d0');
    }
    expect(indices.size).to.equal(100);
    expect(stack.link.list()).to.deep.equal([]);
    expect(stack.conservation()).to.deep.equal({ received: 100, made: 0, fates: 100, inHand: 0 });
    expect(() => stack.link.up('d0')).to.throw('ENODEV');
  });

  it('takes a failed device’s interface away', () => {
    const at = host();
    const stack = stackOf([link], at).start();
    withDevice(stack).fail(new Error('unplugged'));
    expect(stack.link.list()).to.deep.equal([]);
    expect(at.lines.join()).to.contain('its device is gone');
  });
});

describe('two stacks in one process', () => {
  it('share nothing', () => {
    const at = host();
    const plugins = [link, receiver('r', 1, () => undefined)];
    const one = stackOf(plugins, at).start();
    const two = stackOf(plugins, at).start();
    withDevice(one).arrive(frame(1));
    run(one, at);
    run(two, at);
    one.sysctl.set('net.core.dev_weight', 5);
    expect([one.counters.of('r')['received'], two.counters.of('r')['received']]).to.deep.equal([1, 0]);
    expect([one.sysctl.get('net.core.dev_weight'), two.sysctl.get('net.core.dev_weight')]).to.deep.equal([5, 64]);
    expect(two.link.list()).to.deep.equal([]);
  });
});

describe('socket()', () => {
  it('refuses as Linux, and says what is plugged in', () => {
    const stack = stackOf([]);
    try {
      stack.socket(AF_INET, SOCK_STREAM);
      expect.fail('a socket without any family');
    } catch (error) {
      expect(SocketError.is(error) && error.code).to.equal('EAFNOSUPPORT');
    }
  });
});

describe('sysctls', () => {
  it('refuse wrong names, values and read-only ones, and say what is allowed', () => {
    const { sysctl } = stackOf([]);
    expect(() => sysctl.set('net.core.dev_weightt', 1)).to.throw('ENOENT');
    expect(() => sysctl.set('net.core.dev_weight', 0)).to.throw('a whole number of 1 at least');
    expect(() => sysctl.set('net.core.dev_weight', 'many')).to.throw('EINVAL');
    expect(() => sysctl.set('net.core.dev_weight', 1.5)).to.throw('EINVAL');
    sysctl.set('net.core.dev_weight', '32');
    expect(sysctl.get('net.core.dev_weight')).to.equal(32);
    sysctl.reset('net.core.dev_weight');
    expect(sysctl.text('net.core.dev_weight')).to.equal('64');
  });

  it('of interfaces combine `all` and their own as they declare; new ones copy `default`', () => {
    const at = host();
    let values: { readonly level: number; readonly on: number; readonly off: number } | undefined;
    let learn: ((off: number) => void) | undefined;
    const told: (string | undefined)[] = [];
    const plugin = definePlugin({
      ...manifest,
      name: 'knobs',
      interfaceSysctls: {
        level: { path: 'net.test.conf.*.level', initial: 0, min: 0, combine: 'max', doc: '' },
        on: { path: 'net.test.conf.*.on', initial: 1, initialAll: 0, min: 0, max: 1, combine: 'and', doc: '' },
        off: { path: 'net.test.conf.*.off', initial: 0, min: 0, max: 9, combine: 'each', doc: '' },
      },
      create({ interfaceSysctls, interfaceState }) {
        interfaceState((iface) => {
          values = interfaceSysctls.of(iface);
          learn = (off) => interfaceSysctls.set(iface, 'off', off);
          return undefined;
        });
        return { sysctls: { off: { changed: (iface) => void told.push(iface?.name) } } };
      },
    });
    const stack = stackOf([link, plugin], at).start();
    stack.sysctl.set('net.test.conf.default.level', 2);
    withDevice(stack);
    expect(values).to.deep.equal({ level: 2, on: 0, off: 0 });
    stack.sysctl.set('net.test.conf.all.level', 5);
    stack.sysctl.set('net.test.conf.all.on', 1);
    expect(values).to.deep.equal({ level: 5, on: 1, off: 0 });
    expect(stack.sysctl.get('net.test.conf.d0.level')).to.equal(2);
    // What is set for all with `each` is every one's own, and a plugin may set what it has learnt.
    stack.sysctl.set('net.test.conf.all.off', 1);
    expect(['d0', 'default'].map((name) => stack.sysctl.get(`net.test.conf.${name}.off`))).to.deep.equal([1, 1]);
    learn?.(7);
    expect(values).to.include({ off: 7 });
    expect([stack.sysctl.get('net.test.conf.d0.off'), stack.sysctl.get('net.test.conf.all.off')]).to.deep.equal([7, 1]);
    expect(told).to.deep.equal(['d0', 'd0']);
  });
});
