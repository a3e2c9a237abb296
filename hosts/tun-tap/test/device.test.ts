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
