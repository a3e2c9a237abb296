import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@protoloom/packetdrill/command';
import { expect } from 'chai';
import sinon from 'sinon';
import { CONVERSATION, changed } from './scripts.js';

describe('protoloom packetdrill', () => {
  let folder: string;
  let output: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'packetdrill-'));
    mkdirSync(join(folder, 'good'));
    writeFileSync(join(folder, 'good', 'a.pkt'), CONVERSATION);
    writeFileSync(join(folder, 'good', 'b.pkt'), '--mtu=1400\n--speed=100\n0 `true`\n+0 %{ print(1 + 1) }%\n');
    writeFileSync(join(folder, 'bad.pkt'), changed(CONVERSATION, 'P. 1:21(20)', 'F. 1:21(20)'));
    writeFileSync(join(folder, 'syntax.pkt'), '0 socket(\n');
    writeFileSync(join(folder, 'skipped.pkt'), '--wire_server\n0 `true`\n');
    writeFileSync(join(folder, 'no-script.txt'), 'nothing');
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    output = '';
  });
  afterEach(() => sinon.restore());

  /** Runs the command; its exit code. What it prints is in `output`. */
  async function command(...argv: readonly string[]): Promise<number> {
    const write = sinon.stub(process.stdout, 'write').callsFake((text) => {
      output += String(text);
      return true;
    });
    try {
      return await run(argv);
    } finally {
      write.restore();
    }
  }
  const at = (name: string): string => join(folder, name);

  it('a line for each script in the order of their names, then the sum; 0 where none failed', async () => {
    expect(await command(at('good'))).to.equal(0);
    expect(output).to.equal(`pass  ${at('good/a.pkt')}\npass  ${at('good/b.pkt')}\n      2\n2 passed, 0 failed, 0 skipped\n`);
  });

  it('where one fails: its place, what was expected and what was there; 1', async () => {
    expect(await command('--jobs=1', at('bad.pkt'))).to.equal(1);
    expect(output.split('\n')).to.deep.equal([
      `FAIL  ${at('bad.pkt')}:20:1: the packet differs: flags`,
      '        +0 > F. 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1020>',
      '        flags   expected  F.',
      '                actual    P.',
      '        packet  expected  +0 > F. 1:21(20) ack 11 <nop,nop,TS val 120 ecr 1020>',
      '                actual    P. 1:21(20) ack 11 win 64 <nop,nop,TS val 120 ecr 1020>',
      '0 passed, 1 failed, 0 skipped',
      '',
    ]);
  });

  it('several threads give the same as one, and the same again', async function () {
    this.timeout(30_000); // threads start slowly on a busy machine
    await command('--jobs=1', folder);
    const one = output;
    expect(one).to.match(/\n2 passed, 2 failed, 1 skipped\n$/);
    for (const jobs of ['3', '3']) {
      output = '';
      await command(`--jobs=${jobs}`, folder);
      expect(output).to.equal(one);
    }
  }).timeout(30_000);

  it('-v tells the conversation, and options that make no difference', async () => {
    await command('-v', at('good/b.pkt'), at('good/a.pkt'));
    expect(output).to.contain('ignored  --speed: the device is as fast as the script');
    expect(output).to.contain('0.100000 out     S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 100 ecr 1000,nop,wscale 10>');
    expect(output).to.contain('0.120000 call    read(4, ..., 100) = 10');
  });

  it('options of the command line prevail, and stand for symbols', async () => {
    writeFileSync(
      at('options.txt'),
      '--mtu=1400\n0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 connect(3, ..., ...) = 0\n+0 getsockopt(3, SOL_IP, IP_MTU, [MTU], [4]) = 0\n',
    );
    expect(await command('-D', 'MTU=1400', at('options.txt'))).to.equal(0);
    expect(await command('--define', 'MTU=1200', '--mtu=1200', at('options.txt'))).to.equal(0);
  });

  it('--json: an object for each script, and the sums', async () => {
    await command('--json', '--jobs=1', at('bad.pkt'), at('skipped.pkt'));
    const [bad, skipped, sums] = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(bad).to.deep.include({ path: at('bad.pkt'), status: 'fail', line: 20, column: 1, reason: 'the packet differs: flags' });
    expect(bad?.['mismatches']).to.deep.include({ field: 'flags', expected: 'F.', actual: 'P.' });
    expect(skipped).to.deep.include({ status: 'skip', reason: '--wire_server needs a second machine' });
    expect(sums).to.deep.equal({ passed: 0, failed: 1, skipped: 1 });
  });

  it('--junit: XML for CI', async () => {
    await command('--junit', at('report.xml'), folder);
    const report = readFileSync(at('report.xml'), 'utf8');
    expect(report).to.contain('<testsuite name="packetdrill" tests="5" failures="2" skipped="1">');
    expect(report).to.contain('<skipped message="--wire_server needs a second machine"/>');
    expect(report).to.contain('&lt;nop,nop,TS val 120 ecr 1020&gt;');
  });

  it('--dry-run only reads', async () => {
    expect(await command('--dry-run', folder)).to.equal(1);
    expect(output).to.match(/FAIL {2}\S*syntax\.pkt:2:1: expected a value, found the end of the script\n4 passed, 1 failed, 0 skipped\n$/);
  });

  it('--config: another assembly', async () => {
    const index = new URL('../../../hosts/linux/dist/index.js', import.meta.url).href;
    writeFileSync(
      at('udp-only.mjs'),
      `import { linuxHost } from '${index}';\nexport default linuxHost.filter(({ name }) => !name.includes('tcp'));\nexport const sysctls = { 'net.ipv4.ip_default_ttl': 9 };\n`,
    );
    writeFileSync(
      at('udp.txt'),
      '0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 sendto(3, ..., 1, 0, ..., ...) = 1\n+0 > [ttl 9] udp (1)\n',
    );
    for (const jobs of ['1', '2'])
      expect(await command('--config', at('udp-only.mjs'), '--jobs', jobs, at('udp.txt'), at('udp.txt'))).to.equal(0);
    expect(await command('--config', at('udp-only.mjs'), at('good/a.pkt'))).to.equal(1);
    expect(output).to.contain('the stack has no net.ipv4.tcp_congestion_control');
  }).timeout(30_000);

  it("a user's mistakes are one error that says what is allowed", async () => {
    const mistake = async (...argv: readonly string[]): Promise<string> => {
      try {
        await command(...argv);
      } catch (error) {
        return (error as Error).message;
      }
      return 'none';
    };
    expect(await mistake()).to.equal('packetdrill takes files and folders; --help tells more');
    expect(await mistake('--mtu=x', folder)).to.equal('--mtu=x: takes a whole number from 68 to 65535');
    expect(await mistake('--ip_version=ipv5', folder)).to.equal('--ip_version=ipv5: takes ipv4, ipv6 or ipv4-mapped-ipv6');
    expect(await mistake('-D', 'x', folder)).to.equal('--define x: takes NAME=VALUE');
    expect(await mistake('--jobs=0', folder)).to.equal('--jobs 0: a whole number from 1 on');
    expect(await mistake('--no-such', folder)).to.contain("Unknown option '--no-such'");
    expect(await mistake(at('absent.pkt'))).to.contain('ENOENT');
    expect(await mistake('--config', at('no-script.txt'), folder))
      .to.be.a('string')
      .that.does.not.equal('none');
    mkdirSync(at('empty'));
    expect(await mistake(at('empty'))).to.equal(`there is no *.pkt in ${at('empty')}`);
  });
});
