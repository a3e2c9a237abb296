import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const PROGRAM = fileURLToPath(new URL('../bin/protoloom.js', import.meta.url));

function protoloom(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', timeout: 10_000, input: '' });
}

describe('the protoloom command', function () {
  this.timeout(20_000);

  for (const [what, args, message] of [
    ['a command that is not there', ['upp'], /there is no command upp; there is up, demo, packetdrill, describe/],
    ['a bad flag', ['up', '--nope'], /Unknown option '--nope'/],
    ['a bad address', ['up', '--address', '10.0.0'], /is not an address/],
    ['a bad port', ['up', '--service', 'echo:99999'], /a port is a whole number/],
    ['a service that is not there', ['up', '--service', 'gopher'], /gopher/],
    ['a bad MAC', ['up', '--mac', '02:00'], /02:00/],
    ['a bad MTU', ['up', '--mtu', 'big'], /big/],
    ['an address with a zone', ['up', '--address', 'fe80::7%eth0/64'], /the device is the zone/],
    ['two kinds of device at once', ['up', '--tap', 'a', '--tun', 'b'], /--t(ap|un)/],
  ] as const) {
    it(`answers ${what} with one line and code 2`, () => {
      const { status, stdout, stderr } = protoloom(...args);
      expect(stderr)
        .to.match(/^protoloom: [^\n]+\n$/)
        .and.match(message);
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
    });
  }

  it('without a command tells what there is, with code 2; asked for help, with 0', () => {
    const { status, stdout } = protoloom();
    expect(status).to.equal(2);
    for (const name of ['up', 'demo', 'describe']) {
      expect(stdout).to.match(new RegExp(`^  ${name} `, 'm'));
      const help = protoloom(name, '--help');
      expect(help.status).to.equal(0);
      expect(help.stdout).to.contain(`protoloom ${name}`);
    }
  });

  it('describes a host, as text and as a graph', () => {
    expect(protoloom('describe').stdout).to.contain('@protoloom/tcp');
    expect(protoloom('describe', '--graph').stdout)
      .to.match(/^(graph|flowchart) /)
      .and.contain('@protoloom/tcp');
  });
});
