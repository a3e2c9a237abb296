import { expect } from 'chai';
import { cannot, inNamespace } from './namespace.js';

/** Two devices at a bridge, and TCP segments made by hand. */
const prelude = (offload: boolean): string => `
const { execFileSync } = await import('node:child_process');
const ip = (...args) => execFileSync('ip', args);
const [a, b] = ['tap1', 'tap2'].map((name) => openTap({ name, offload: ${offload} }));
ip('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
for (const { name, kernel } of [a, b]) {
  writeFileSync('/proc/sys/net/ipv6/conf/' + name + '/disable_ipv6', '1');
  ip('link', 'set', name, 'master', 'br0');
  kernel.setUp(true);
}
for (const family of ['iptables', 'ip6tables']) { const path = '/proc/sys/net/bridge/bridge-nf-call-' + family; if (existsSync(path)) writeFileSync(path, '0'); }
writeFileSync('/proc/sys/net/ipv6/conf/br0/disable_ipv6', '1');
ip('link', 'set', 'br0', 'up');
const port = { readable() {}, writable() {}, carrier() {}, failed() {} };
for (const device of [a, b]) device.open(port);
await sleep(50);
const read = () => { b.poll(64, input); return got.splice(0).filter((p) => p.view.getUint16(p.head + 12) !== 0x88cc); };
for (let i = 0; i < 50 && read().length > 0; i++) await sleep(10);

const sum = (bytes, from, to, start = 0) => {
  let total = start;
  for (let i = from; i < to; i += 2) total += (bytes[i] << 8) | (i + 1 < to ? bytes[i + 1] : 0);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 65536);
  return total;
};
/** An Ethernet frame with a TCP segment; octet i of the text is the low octet of its sequence number. */
const segment = ({ v6 = false, seq = 0, length = 1000, ack = 7, flags = 0x10, window = 500, options = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2], tos = 0, partial = false }) => {
  const ipBytes = v6 ? 40 : 20, tcpBytes = 20 + options.length, l4 = 14 + ipBytes;
  const bytes = new Uint8Array(l4 + tcpBytes + length), view = new DataView(bytes.buffer);
  bytes.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9]);
  view.setUint16(12, v6 ? 0x86dd : 0x0800);
  if (v6) {
    view.setUint16(14, 0x6000 | (tos << 4)); view.setUint16(18, tcpBytes + length); bytes[20] = 6; bytes[21] = 64; bytes[22] = 0xfd; bytes[37] = 1; bytes[38] = 0xfd; bytes[53] = 2;
  } else {
    bytes[14] = 0x45; bytes[15] = tos; view.setUint16(16, ipBytes + tcpBytes + length); view.setUint16(20, 0x4000); bytes[22] = 64; bytes[23] = 6; bytes.set([10, 0, 0, 1, 10, 0, 0, 2], 26);
    view.setUint16(24, ~sum(bytes, 14, 34));
  }
  view.setUint16(l4, 1111); view.setUint16(l4 + 2, 2222); view.setUint32(l4 + 4, seq); view.setUint32(l4 + 8, ack);
  bytes[l4 + 12] = (tcpBytes / 4) << 4; bytes[l4 + 13] = flags; view.setUint16(l4 + 14, window); bytes.set(options, l4 + 20);
  for (let i = 0; i < length; i++) bytes[l4 + tcpBytes + i] = seq + i;
  const pseudo = sum(bytes, v6 ? 22 : 26, l4, 6 + tcpBytes + length);
  view.setUint16(l4 + 16, partial ? pseudo : ~sum(bytes, l4, bytes.length, pseudo));
  return { bytes, view, l4, head: 0, tail: bytes.length, length: bytes.length, fragmentCount: 0, fragmentBytes: 0, fragments: [{}, {}, {}, {}], csum: 0, gsoKind: 0 };
};
/** Of each packet that arrives: segments, octets of text, whether checksums are known to hold, whether each octet is what it should be, PSH. */
const told = () => read().map(({ view, bytes, head, tail, gsoSegments = 1, csum }) => {
  const v6 = view.getUint16(head + 12) === 0x86dd, l4 = head + (v6 ? 54 : 34), text = l4 + (bytes[l4 + 12] >> 4) * 4, seq = view.getUint32(l4 + 4);
  let same = v6 ? view.getUint16(head + 18) === tail - head - 54 : view.getUint16(head + 16) === tail - head - 14 && sum(bytes, head + 14, head + 34) === 0xffff;
  for (let i = text; i < tail; i++) same &&= bytes[i] === ((seq + i - text) & 255);
  return [gsoSegments, tail - text, csum !== 0, same, (bytes[l4 + 13] & 8) !== 0];
});
const send = (...packets) => { for (const packet of packets) a.transmit(packet); a.flush(); };
/** An acknowledgement without text, whose checksum is not finished where a device finishes it. */
const ack = (number, rest = {}) => {
  const packet = segment({ length: 0, ack: number, window: 500 + number, partial: true, ...rest });
  return Object.assign(packet, { csum: 1, csumStart: packet.l4, csumOffset: 16 });
};
/** Of each that arrives: what it acknowledges, its window, whether its checksum is known to hold. */
const acks = () => read().map(({ view, head, csum }) => {
  const l4 = head + (view.getUint16(head + 12) === 0x86dd ? 54 : 34);
  return [view.getUint32(l4 + 8), view.getUint16(l4 + 14), csum !== 0];
});
`;

/** What a program answers with `answer(value)`. */
const answered = (program: string, offload = false): unknown =>
  JSON.parse(
    inNamespace(`const { existsSync, writeFileSync } = await import('node:fs'); let result; const answer = (value) => { result = value; };
${prelude(offload)}
${program}
console.log(JSON.stringify(result)); a.close(); b.close();`),
  );

const why = cannot();
const title = (text: string): string => (why === undefined ? text : `${text} (skipped: ${why})`);

describe('a device without offloads', function () {
  this.timeout(30_000);
  before(function () {
    if (why !== undefined) this.skip();
  });

  for (const v6 of [false, true]) {
    const family = v6 ? 'IPv6' : 'IPv4';
    it(title(`joins TCP text that goes on, ${family}: one packet, its segments, its lengths [as GRO]`), () => {
      const result =
        answered(`send(...[0, 1000, 2000].map((seq) => segment({ v6: ${v6}, seq })), segment({ v6: ${v6}, seq: 3000, length: 501, flags: 0x18 }));
        answer(told());`);
      expect(result).to.deep.equal([[4, 3501, true, true, true]]);
    });

    it(title(`cuts a super-segment, ${family}: each piece with its checksum, FIN and PSH in the last [as TSO]`), () => {
      const result = answered(`const whole = segment({ v6: ${v6}, seq: 77, length: 5003, flags: 0x18, partial: true });
        const text = whole.tail - 5003;
        Object.assign(whole, { csum: 1, csumStart: whole.l4, csumOffset: 16, gsoKind: 1, gsoSize: 1000, protocol: ${v6 ? 0x86dd : 0x0800} });
        whole.fragments[0] = { bytes: whole.bytes, at: text + 11, length: 2000 };
        whole.fragments[1] = { bytes: whole.bytes, at: text + 2011, length: 1 };
        whole.fragments[2] = { bytes: whole.bytes, at: text + 2012, length: 2991 };
        whole.fragmentCount = 3;
        whole.tail = text + 11;
        send(whole);
        answer(told());`);
      expect(result).to.deep.equal([[6, 5003, true, true, true]]);
    });
  }

  for (const [what, second] of [
    ['a gap', '{ seq: 1001 }'],
    ['another acknowledgement', '{ seq: 1000, ack: 8 }'],
    ['another window', '{ seq: 1000, window: 501 }'],
    ['other timestamps', '{ seq: 1000, options: [1, 1, 8, 10, 0, 0, 0, 2, 0, 0, 0, 2] }'],
    ['fewer options', '{ seq: 1000, options: [] }'],
    ['congestion experienced', '{ seq: 1000, tos: 3 }'],
    ['a longer segment', '{ seq: 1000, length: 1001 }'],
    ['FIN', '{ seq: 1000, flags: 0x11 }'],
    ['URG', '{ seq: 1000, flags: 0x30 }'],
    ['CWR', '{ seq: 1000, flags: 0x90 }'],
    ['no text', '{ seq: 1000, length: 0 }'],
  ] as const) {
    it(title(`joins nothing across ${what}`), () => {
      const result = answered(`send(segment({}), segment(${second})); answer(told());`) as readonly (readonly unknown[])[];
      expect(result.map(([segments, , valid, same]) => [segments, valid, same])).to.deep.equal([
        [1, true, true],
        [1, true, true],
      ]);
    });
  }

  it(title('joins nothing behind PSH or a short segment, and begins anew'), () => {
    const result = answered(
      `send(segment({ flags: 0x18 }), segment({ seq: 1000 }), segment({ seq: 2000, length: 9 }), segment({ seq: 2009 })); answer(told());`,
    );
    expect(result).to.deep.equal([
      [1, 1000, true, true, true],
      [2, 1009, true, true, false],
      [1, 1000, true, true, false],
    ]);
  });

  it(title('leaves a wrong checksum to whoever judges it: it is joined to nothing'), () => {
    const result = answered(`const wrong = segment({ seq: 1000 }); wrong.bytes[100] ^= 1;
      const header = segment({ seq: 3000 }); header.bytes[22]--;
      send(segment({}), wrong, segment({ seq: 2000 }), header); answer(told().map(([segments, , valid]) => [segments, valid]));`);
    expect(result).to.deep.equal([
      [1, true],
      [1, false],
      [1, true],
      [1, false],
    ]);
  });

  it(title('completes a checksum over parts of odd length'), () => {
    const result = answered(`const whole = segment({ length: 999, partial: true });
      const text = whole.tail - 999;
      Object.assign(whole, { csum: 1, csumStart: whole.l4, csumOffset: 16, fragmentCount: 2, tail: text + 3 });
      whole.fragments[0] = { bytes: whole.bytes, at: text + 3, length: 501 };
      whole.fragments[1] = { bytes: whole.bytes, at: text + 504, length: 495 };
      send(whole); answer(told());`);
    expect(result).to.deep.equal([[1, 999, true, true, false]]);
  });

  it(title('gathers short frames until they are flushed, or a long one follows; none overtakes another, of however many'), () => {
    const result = answered(`const lengths = () => told().map(([segments, octets, valid, same]) => valid && same && octets);
      // Other ports: nothing is joined.
      const other = (i, length) => {
        const packet = segment({ length, partial: true, options: [], ack: i, flags: 0x18 });
        packet.view.setUint16(packet.l4, 2000 + i);
        return Object.assign(packet, { csum: 1, csumStart: packet.l4, csumOffset: 16 });
      };
      const all = [];
      for (const i of [1, 2, 3]) a.transmit(other(i, i));
      all.push(lengths());
      a.transmit(other(4, 1000)); a.transmit(other(5, 5));
      all.push(lengths());
      a.flush();
      all.push(lengths());
      for (let i = 0; i < 70; i++) a.transmit(other(10 + i, 1 + i));
      all.push(lengths().length);
      a.flush(); a.flush();
      all.push(lengths().length, a.writeErrors);
      answer(all);`);
    expect(result).to.deep.equal([[], [1, 2, 3, 1000], [5], 64, 6, 0]);
  });

  it(title('takes frames that are cut anywhere, or say lengths that they do not have'), () => {
    const result = answered(`const whole = segment({ length: 100 });
      let frames = 0;
      for (let tail = 15; tail < whole.tail; tail++) { send({ ...whole, tail }); frames += read().length; }
      for (const [at, value] of [[14, 0x4f], [14, 0x41], [16, 255], [17, 1], [20, 0x20], [46, 0xf0], [46, 0x10], [23, 17]]) {
        const bad = segment({ length: 100 }); bad.bytes[at] = value; send(bad); frames += read().length;
      }
      send(segment({})); answer([frames > 100, told()]);`);
    expect(result).to.deep.equal([true, [[1, 1000, true, true, false]]]);
  });
});

for (const offload of [false, true]) {
  describe(`acknowledgements that wait in a device with${offload ? '' : 'out'} offloads`, function () {
    this.timeout(30_000);
    before(function () {
      if (why !== undefined) this.skip();
    });

    for (const v6 of [false, true]) {
      it(title(`of acknowledgements that wait together the last is told, ${v6 ? 'IPv6' : 'IPv4'} [as Linux's backlog]`), () => {
        const result = answered(
          `send(ack(7, { v6: ${v6} }), ack(9, { v6: ${v6} }), ack(30, { v6: ${v6}, window: 0 })); answer(acks());`,
          offload,
        );
        expect(result).to.deep.equal([[30, 0, true]]);
      });
    }

    it(title(`each duplicate, each that opens the window, and each that comes late is told [RFC 5681 §2]`), () => {
      const result = answered(`send(ack(7), ack(8), ack(8), ack(8), ack(9), ack(9, { window: 9 }), ack(5)); answer(acks());`, offload);
      expect(result).to.deep.equal([
        [8, 508, true],
        [8, 508, true],
        [8, 508, true],
        [9, 509, true],
        [9, 9, true],
        [5, 505, true],
      ]);
    });

    it(title(`sequence numbers that have wrapped go on [RFC 9293 §3.4]`), () => {
      const result = answered(`send(ack(0xfffffff0, { window: 1 }), ack(3)); answer(acks());`, offload);
      expect(result).to.deep.equal([[3, 503, true]]);
    });

    for (const [what, second] of [
      ['other timestamps', '{ options: [1, 1, 8, 10, 0, 0, 0, 2, 0, 0, 0, 2] }'],
      ['SACK', '{ options: [1, 1, 5, 10, 0, 0, 0, 9, 0, 0, 0, 10] }'],
      ['congestion experienced', '{ tos: 3 }'],
      ['ECE', '{ flags: 0x50 }'],
      ['text', '{ length: 1 }'],
      ['another sequence number', '{ seq: 1 }'],
      ['FIN', '{ flags: 0x11 }'],
    ] as const) {
      it(title(`each acknowledgement is told where another has ${what}`), () => {
        const result = answered(`send(ack(7), ack(8, ${second}), ack(9)); answer(acks().map(([number]) => number));`, offload);
        expect(result).to.deep.equal([7, 8, 9]);
      });
    }

    it(title(`an acknowledgement with a wrong checksum takes nobody's place, and nobody takes its`), () => {
      const result = answered(
        `const wrong = segment({ length: 0, ack: 8 }); wrong.bytes[40] ^= 1;
        send(ack(7), wrong, ack(9)); answer(acks().map(([number, , valid]) => [number, valid]));`,
        offload,
      );
      expect(result).to.deep.equal([
        [7, true],
        [8, false],
        [9, true],
      ]);
    });
  });
}
