import { readFileSync } from 'node:fs';
import { ethernet, HOST, ip4, PEER_MAC } from '@protoloom/frames';
import { linuxHost } from '@protoloom/linux';
import { assembled, reverse } from '@protoloom/scenarios';
import { plainFrame, Simulation } from '@protoloom/sim';
import { expect } from 'chai';

const root = new URL('../../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

describe('the three journeys of the README', () => {
  for (const name of ['assemble', 'protocol', 'controller']) {
    it(`${name}: the README's code is the code that is compiled and run`, () => {
      const path = `spec/scenarios/src/journeys/${name}.ts`;
      const quoted = new RegExp(`<!-- from ${path.replaceAll('/', '\\/')} -->\\n\`\`\`ts\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
      expect(quoted?.trim()).to.equal(readFileSync(new URL(path, root), 'utf8').trim());
    });
  }

  it('assemble: two hosts talk', async () => {
    expect(await assembled()).to.equal('hello from the other side');
  });

  it('write a protocol: what comes is sent back, reversed; too much is counted', async () => {
    const sim = new Simulation(1);
    const stack = sim.host({ plugins: [...linuxHost, reverse] });
    const device = sim.device();
    stack.link.add(device);
    stack.link.up('eth0');
    stack.address.add('eth0', `${HOST.join('.')}/24`);
    stack.neighbour.add('eth0', '10.0.0.1', PEER_MAC.map((octet) => octet.toString(16).padStart(2, '0')).join(':'));
    const sent: Uint8Array[] = [];
    // IPv4's: what IPv6 says of itself when a link comes up is not this test's.
    device.onFrame = ({ bytes }) => void (bytes[12] === 0x08 && sent.push(bytes));
    const mac = [...(device.address as Uint8Array)];
    device.arrive(plainFrame(ethernet(mac, 0x0800, ip4(254, [1, 2, 3]))));
    device.arrive(plainFrame(ethernet(mac, 0x0800, ip4(254, new Array<number>(1200).fill(0)))));
    sim.advance(1000);
    expect(sent).to.have.length(1);
    expect([...(sent[0] as Uint8Array).subarray(34)]).to.deep.equal([3, 2, 1]);
    expect(stack.counters.of('@example/reverse')).to.deep.equal({ reversed: 1, tooLong: 1 });
    await sim.stop();
  });
});
