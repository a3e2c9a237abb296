import { expect } from 'chai';
import { cannot, inNamespace } from './namespace.js';

describe('TAP and TUN devices', function () {
  this.timeout(30_000);
  const why = cannot();
  before(function () {
    if (why !== undefined) this.skip();
  });
  const title = (text: string): string => (why === undefined ? text : `${text} (skipped: ${why})`);

  it(title('are made, named, configured, and gone when they are closed'), () => {
    const out = inNamespace(`
      const tap = openTap({ name: 'tap7', mtu: 1400 });
      const before = [tap.created, tap.name, tap.mtu, tap.kernel.isUp];
      tap.kernel.addAddress('10.1.2.3/24');
      tap.kernel.setUp(true);
      const during = [tap.kernel.isUp, tap.kernel.address.length, tap.address.length, (tap.address[0] & 3) === 2];
      tap.close();
      await sleep(20);
      console.log(JSON.stringify([before, during, new KernelInterface('tap7').exists]));`);
    expect(JSON.parse(out)).to.deep.equal([[true, 'tap7', 1400, false], [true, 6, 6, true], false]);
  });

  it(title('that were there before stay when they are closed'), () => {
    const out = inNamespace(`
      const { execFileSync } = await import('node:child_process');
      execFileSync('ip', ['tuntap', 'add', 'dev', 'tap7', 'mode', 'tap', 'vnet_hdr']);
      const tap = openTap({ name: 'tap7' });
      const { created } = tap;
      tap.close();
      await sleep(20);
      console.log(JSON.stringify([created, new KernelInterface('tap7').exists]));`);
    expect(JSON.parse(out)).to.deep.equal([false, true]);
  });

  it(title('hold as many frames as large windows have where they are made here; as many as was asked; else what the kernel has'), () => {
    const out = inNamespace(`
      const { execFileSync } = await import('node:child_process');
      execFileSync('ip', ['tuntap', 'add', 'dev', 'there', 'mode', 'tap']);
      const taps = [{ name: 'a', offload: false }, { name: 'b' }, { name: 'c', queueFrames: 77 }, { name: 'there', offload: false }].map(openTap);
      console.log(JSON.stringify(taps.map(({ kernel }) => kernel.queueFrames)));
      for (const tap of taps) tap.close();`);
    expect(JSON.parse(out)).to.deep.equal([4096, 4096, 77, 1000]);
  });

  for (const offload of [true, false]) {
    it(title(`carry frames both ways ${offload ? 'with' : 'without'} the virtio-net header, garbage collected in between`), () => {
      const out = inNamespace(
        `
        const tap = openTap({ name: 'tap7', offload: ${offload} });
        tap.kernel.addAddress('10.1.2.3/24');
        tap.kernel.setUp(true);
        const kinds = [];
        tap.open({ readable: () => { global.gc(); tap.poll(64, input); for (const p of got.splice(0)) kinds.push(p.view.getUint16(p.head + 12)); }, writable() {}, carrier() {}, failed() {} });
        const { createSocket } = await import('node:dgram');
        const socket = createSocket('udp4');
        await new Promise((resolve) => socket.bind(9, '10.1.2.3', resolve));
        const heard = new Promise((resolve) => socket.once('message', (message, { address }) => resolve(address + ' ' + message)));
        // A datagram from 10.1.2.9, by hand; its UDP checksum is none.
        const body = [...'hi'].map((c) => c.charCodeAt(0));
        const ip = [0x45, 0, 0, 30, 0, 1, 0, 0, 64, 17, 0, 0, 10, 1, 2, 9, 10, 1, 2, 3];
        let sum = 0; for (let i = 0; i < 20; i += 2) sum += (ip[i] << 8) | ip[i + 1]; sum = (sum & 0xffff) + (sum >> 16); ip[10] = (~sum >> 8) & 255; ip[11] = ~sum & 255;
        const frame = Uint8Array.from([...tap.kernel.address, 2, 0, 0, 0, 0, 9, 8, 0, ...ip, 0, 7, 0, 9, 0, 10, 0, 0, ...body]);
        const half = 40;
        const packet = { bytes: frame, view: new DataView(frame.buffer), head: 0, tail: half, length: frame.length, fragmentCount: 1, fragmentBytes: frame.length - half, fragments: [{ bytes: frame, at: half, length: frame.length - half }, {}, {}, {}], csum: 0, gsoKind: 0 };
        const sent = tap.transmit(packet);
        tap.flush();
        const message = await heard;
        socket.send('out', 9, '10.1.2.9');
        await sleep(50);
        socket.close(); tap.close();
        console.log(JSON.stringify([sent, message, kinds.includes(0x0806)]));`,
        '--expose-gc',
      );
      expect(JSON.parse(out)).to.deep.equal([true, '10.1.2.9 hi', true]);
    });
  }

  for (const offload of [true, false]) {
    it(
      title(`read steady payload when they flush, in the order of the packets, ${offload ? 'with' : 'without'} the virtio-net header`),
      () => {
        const out = inNamespace(`
        const tap = openTap({ name: 'tap7', offload: ${offload} });
        tap.kernel.addAddress('10.1.2.3/24');
        tap.kernel.setUp(true);
        tap.open({ readable() {}, writable() {}, carrier() {}, failed() {} });
        const { createSocket } = await import('node:dgram');
        const socket = createSocket('udp4');
        await new Promise((resolve) => socket.bind(9, '10.1.2.3', resolve));
        const heard = [];
        socket.on('message', (message) => heard.push(message.length + ' ' + [...new Set(message)].join()));
        // Datagrams from 10.1.2.9, by hand, without a UDP checksum; their payload is in stretches of rings.
        const datagram = (steady, ...stretches) => {
          const octets = stretches.reduce((sum, { length }) => sum + length, 0);
          const ip = [0x45, 0, (28 + octets) >> 8, (28 + octets) & 255, 0, 1, 0, 0, 64, 17, 0, 0, 10, 1, 2, 9, 10, 1, 2, 3];
          let sum = 0; for (let i = 0; i < 20; i += 2) sum += (ip[i] << 8) | ip[i + 1]; sum = (sum & 0xffff) + (sum >> 16); ip[10] = (~sum >> 8) & 255; ip[11] = ~sum & 255;
          const bytes = Uint8Array.from([...tap.kernel.address, 2, 0, 0, 0, 0, 9, 8, 0, ...ip, 0, 7, 0, 9, (8 + octets) >> 8, (8 + octets) & 255, 0, 0]);
          return { bytes, view: new DataView(bytes.buffer), head: 0, tail: bytes.length, length: bytes.length + octets, fragmentCount: stretches.length, fragmentBytes: octets, fragments: [...stretches, {}, {}, {}, {}].slice(0, 4), steady, csum: 0, gsoKind: 0 };
        };
        const ring = new Uint8Array(2000).fill(1), other = new Uint8Array(2000).fill(2);
        const taken = [
          datagram(true, { bytes: ring, at: 0, length: 600 }),
          datagram(false, { bytes: ring, at: 0, length: 20 }),
          datagram(true, { bytes: ring, at: 1500, length: 500 }, { bytes: ring, at: 0, length: 200 }),
        ].map((packet) => tap.transmit(packet));
        const before = heard.length;
        ring.fill(3);
        // What lies elsewhere sends those on their way first; so does what is not steady.
        taken.push(tap.transmit(datagram(true, { bytes: other, at: 0, length: 800 })));
        ring.fill(4);
        other.fill(5);
        taken.push(tap.transmit(datagram(false, { bytes: ring, at: 0, length: 900 })));
        other.fill(6);
        tap.flush();
        await sleep(100);
        socket.close(); tap.close();
        console.log(JSON.stringify([taken, before, heard, tap.writeErrors]));`);
        expect(JSON.parse(out)).to.deep.equal([[true, true, true, true, true], 0, ['600 3', '20 1', '700 3', '800 5', '900 4'], 0]);
      },
    );
  }

  it(title('count what they gathered and the kernel does not take'), () => {
    const out = inNamespace(`
      const tap = openTap({ name: 'tap7' });
      const payload = new Uint8Array(1000);
      const bytes = new Uint8Array(42);
      const packet = { bytes, view: new DataView(bytes.buffer), head: 0, tail: 42, length: 1042, fragmentCount: 1, fragmentBytes: 1000, fragments: [{ bytes: payload, at: 0, length: 1000 }, {}, {}, {}], steady: true, csum: 0, gsoKind: 0 };
      // Its end is down.
      const taken = [tap.transmit(packet), tap.transmit(packet)];
      const before = tap.writeErrors;
      tap.flush();
      console.log(JSON.stringify([taken, before, tap.writeErrors]));
      tap.close();`);
    expect(JSON.parse(out)).to.deep.equal([[true, true], 0, 2]);
  });

  it(title('refuse what is not theirs with a system error that says why'), () => {
    const out = inNamespace(`
      const tap = openTap({ name: 'tap7' });
      const codes = [];
      for (const open of [() => openTun({ name: 'tap7' }), () => openTap({ name: 'tap7', mtu: 5 }), () => openTap({ address: 'x' })]) {
        try { open(); codes.push('opened'); } catch (error) { codes.push(error.code); }
      }
      tap.close();
      console.log(JSON.stringify(codes));`);
    expect(JSON.parse(out)[0]).to.be.oneOf(['EINVAL', 'EBUSY']);
    expect(JSON.parse(out)[2]).to.equal('BAD_MAC');
    expect(JSON.parse(out)).to.not.include('opened');
  });

  it(title('timers fire once, after their time, and do not keep the process'), () => {
    const out = inNamespace(`
      const started = process.hrtime.bigint();
      const us = await new Promise((resolve) => {
        const alive = setInterval(() => {}, 1000);
        const timer = new TimerFd(() => { clearInterval(alive); resolve(Number(process.hrtime.bigint() - started) / 1000); timer.close(); });
        timer.arm(300);
      });
      new TimerFd(() => {}).arm(60_000_000);
      console.log(us >= 300);`);
    expect(out).to.equal('true');
  });
});
