import { parseScript, ScriptError } from '@protoloom/packetdrill';
import { expect } from 'chai';

/** The place and the message of what is wrong with a text. */
function wrong(text: string): string {
  try {
    parseScript(text);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return `${error.line}:${error.column} ${error.message}`;
  }
  return 'nothing';
}

/** The first event's action. */
const action = (text: string, definitions?: ReadonlyMap<string, string>): unknown =>
  parseScript(`0 ${text}`, definitions).events[0]?.action;
const packet = (text: string): unknown => (action(text) as { packet: { transport: unknown } }).packet.transport;
const SEGMENT = {
  protocol: 'tcp',
  ports: undefined,
  flags: 0x10,
  ace: undefined,
  seq: 1,
  seqAbsolute: false,
  seqAny: false,
  length: 0,
  ack: undefined,
  ackAbsolute: false,
  window: undefined,
  urgent: undefined,
  options: [],
};

describe('the language', () => {
  describe('a syntax error has a place, and says what was expected there', () => {
    const cases: readonly (readonly [text: string, said: string])[] = [
      ['', '1:1 expected an event, such as: 0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3, found the end of the script'],
      ['0 socket(1', '1:11 expected , or ), found the end of the script'],
      ['0 socket(1) 3', '1:13 expected =, found 3'],
      ['0 > S 0:0(0)\n+0 > X. 1:1(0)', '2:6 expected TCP flags (letters of FSRPUEWA and . for ACK, or -), udp or icmp, found X. 1:1(0)'],
      ['0 > S 0:1(0)', '1:7 0 and 0 octets end at 0, not at 1'],
      ['0 > S 0', '1:7 expected sequence numbers, such as 1:1001(1000), found 0'],
      ['0 > . 1:1(0) ack x', '1:18 expected an acknowledgement number, found x'],
      ['0 > . 1:1(0) ack 4294967296', '1:18 an acknowledgement number: 4294967296 is not within 0 and 4294967295'],
      ['0 > . 1:1(0) win 65536', '1:18 a window: 65536 is not within 0 and 65535'],
      ['0 > . 1:1(0) <mss>', '1:18 expected an MSS, found >'],
      [
        '0 > . 1:1(0) <foo 1>',
        '1:15 expected a TCP option: mss, nop, eol, wscale, sackOK, sack, TS, FO, FOEXP, md5, ECN or kind, found foo 1>',
      ],
      ['0 > . 1:1(0) <nop', '1:18 expected , or >, found the end of the script'],
      ['0 > . 1:1(0) <nop>', '1:5 options have a multiple of 4 octets, at most 40, not 1: nop and eol fill up'],
      ['0 < . 1:1(0) ack 1', '1:5 a segment that arrives says its window: win N'],
      ['0 < . 1:1(0) ack 1 win 1 <...>', '1:5 <...> is for segments that leave'],
      [
        '0 > [ect2] . 1:1(0)',
        '1:6 expected an IP attribute: noecn, ect0, ect1, ect01, ce, tos, ttl, flowlabel or frag, found ect2] . 1:1(0)',
      ],
      ['0 > [tos 300] . 1:1(0)', '1:10 expected the octet of tos, such as 0x10, found 300] . 1:1(0)'],
      ['0 > [frag 3:9] udp (20)', '1:11 a fragment begins at a multiple of 8 octets, and is not empty'],
      ['0 > P.8 1:1(0)', '1:5 the ACE field has three bits: 0 to 7, not 8'],
      ['0 > udp 5', '1:9 expected (, found 5'],
      ['0 < icmp 3', '1:10 expected an ICMP type, such as unreachable or type_3, found 3'],
      ['+0', '1:3 expected <, >, a system call, `command` or %{ code }%, found the end of the script'],
      ['x', '1:1 expected the time of an event: a number, +number or *, found x'],
      ['+1~2 `true`', '1:4 expected + and the end of the range, found 2 `true`'],
      ['2~1 `true`', '1:3 the range ends before it begins'],
      ['0 `sysctl', '1:4 expected the closing `, found sysctl'],
      ['0 %{ assert 1', '1:6 expected the closing }%, found assert 1'],
      ['/* comment\n0 `true`', '1:1 expected the end of the comment, */, found /* comment'],
      ['0 `true`\n`true`\n0 `true`', '3:1 expected the end of the script after the last command, found 0 `true`'],
      ['#ifdef A\n0 `true`', '1:1 #ifdef lacks its #endif'],
      ['0 f({a=}) = 0', '1:8 expected a value, found }) = 0'],
    ];
    for (const [text, said] of cases) it(JSON.stringify(text), () => expect(wrong(text)).to.equal(said));
  });

  it('ten megabytes of noise are an error, not a hang', () => {
    const random = (seed: number): string => {
      let state = seed;
      const characters = 'S.0:1()<>[]{}"`%+~* \n/-abc=,#\\';
      let text = '';
      for (let i = 0; i < 1_000_000; i++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        text += characters[(state >>> 16) % characters.length];
      }
      return text.repeat(10);
    };
    for (const seed of [1, 2, 3]) {
      const noise = random(seed);
      for (const before of ['', '0 f(', '0 > . 1:1(0) <', '0 > ipv4 ', '0 f("', '0 `', '0 %{', '/*', '#ifdef x\n', `0 f(${'['.repeat(50)}`])
        expect(wrong(before + noise), before).to.match(/^\d+:\d+ /);
    }
    for (const one of ['[', '{', '(', '"', '`', '|', '-', '+', '\\', '#'])
      expect(wrong(`0 f(${one.repeat(10_000_000)}`)).to.match(/^\d+:\d+ /);
  }).timeout(60_000);

  it('times: absolute, relative, any, ranges, and until when a call waits', () => {
    const times = ['0.5', '+.25', '*', '1~2.5', '+1~+2'].map((time) => parseScript(`${time} \`true\``).events[0]?.time);
    expect(times).to.deep.equal([
      { kind: 'absolute', us: 500_000, endUs: 500_000 },
      { kind: 'relative', us: 250_000, endUs: 250_000 },
      { kind: 'any', us: 0, endUs: 0 },
      { kind: 'absolute-range', us: 1_000_000, endUs: 2_500_000 },
      { kind: 'relative-range', us: 1_000_000, endUs: 2_000_000 },
    ]);
    const { events } = parseScript('+0.1...0.2 read(3, ..., 10) = 10');
    expect(events[0]).to.deep.include({ time: { kind: 'relative', us: 100_000, endUs: 100_000 } });
    expect(events[0]?.action).to.deep.include({ name: 'read', endUs: 200_000 });
  });

  it('flags, with a blank before the dot; the ACE field on either side of it', () => {
    const flags = ['-', '.', 'S', 'S .', 'SEWA.', 'FPU.'].map((text) => (packet(`> ${text} 1:1(0)`) as { flags: number }).flags);
    expect(flags).to.deep.equal([0, 0x10, 0x02, 0x12, 0x1d2, 0x39]);
    expect(packet('> P5. 1:1(0)')).to.deep.include({ ace: 5, flags: 0x18 });
    expect(packet('> P.5 1:1(0)')).to.deep.include({ ace: 5, flags: 0x18 });
    expect(packet('> .0 1:1(0)')).to.deep.include({ ace: 0, flags: 0x10 });
  });

  it('sequence numbers: relative, absolute, any, and past their end', () => {
    expect(packet('> . 1:1(0)')).to.deep.equal(SEGMENT);
    expect(packet('> . 1:1(0)! ack 7!')).to.deep.equal({ ...SEGMENT, seqAbsolute: true, ack: 7, ackAbsolute: true });
    expect(packet('> . ...(5)')).to.deep.equal({ ...SEGMENT, seq: 0, seqAny: true, length: 5 });
    expect(packet('> . 4294967295:1(2)')).to.deep.equal({ ...SEGMENT, seq: 0xffff_ffff, length: 2 });
  });

  it('every TCP option', () => {
    expect(
      (packet('> S 1:1(0) <mss 1460,nop,wscale 7,sackOK,TS val 1 ecr 2,nop,nop,nop,eol>') as { options: unknown }).options,
    ).to.deep.equal([
      { name: 'mss', value: 1460 },
      { name: 'nop' },
      { name: 'wscale', value: 7 },
      { name: 'sackOK' },
      { name: 'TS', val: 1, ecr: 2 },
      { name: 'nop' },
      { name: 'nop' },
      { name: 'nop' },
      { name: 'eol' },
    ]);
    expect((packet('> . 1:1(0) <nop,nop,sack 1:2 3:4>') as { options: unknown }).options).to.deep.equal([
      { name: 'nop' },
      { name: 'nop' },
      {
        name: 'sack',
        blocks: [
          { left: 1, right: 2 },
          { left: 3, right: 4 },
        ],
      },
    ]);
    expect((packet('> . 1:1(0) <FO aB01,FOEXP 0102,nop,nop>') as { options: unknown }).options).to.deep.equal([
      { name: 'FO', octets: 'ab01' },
      { name: 'FOEXP', octets: '0102' },
      { name: 'nop' },
      { name: 'nop' },
    ]);
    expect((packet('> . 1:1(0) <ECN e1b 1 ceb 2,kind 253 c0ff,kind 254,nop,nop>') as { options: unknown }).options).to.deep.equal([
      {
        name: 'ECN',
        counters: [
          { name: 'e1b', value: 1 },
          { name: 'ceb', value: 2 },
        ],
      },
      { name: 'kind', kind: 253, octets: 'c0ff' },
      { name: 'kind', kind: 254, octets: '' },
      { name: 'nop' },
      { name: 'nop' },
    ]);
    expect((packet('> . 1:1(0) <...>') as { options: unknown }).options).to.equal(undefined);
    expect(wrong('0 > . 1:1(0) <ECN ceb 1>')).to.equal('1:24 the counters of ECN come as e0b ceb e1b or as e1b ceb e0b');
  });

  it('ports, UDP, ICMP with what it quotes', () => {
    expect(packet('< 5000 > 80 S 0:0(0) win 1')).to.deep.include({ ports: { source: 5000, destination: 80 } });
    expect(packet('< udp 53 > 5353 (12)')).to.deep.equal({ protocol: 'udp', ports: { source: 53, destination: 5353 }, length: 12 });
    expect(packet('< icmp unreachable frag_needed mtu 1000 [1:1001(1000)]')).to.deep.equal({
      protocol: 'icmp',
      type: 'unreachable',
      code: 'frag_needed',
      mtu: 1000,
      id: undefined,
      quoted: { protocol: 'tcp', seq: 1, seqAbsolute: false, seqAny: false, length: 1000 },
    });
    expect(packet('< icmp echo_request id 3 [raw (9)]')).to.deep.include({ type: 'echo_request', code: undefined, id: 3 });
  });

  it('heads of tunnels are read, whatever becomes of them', () => {
    const heads = ['ipv4 192.0.2.1 > 192.0.2.2: gre: ', 'ipv6 fd::1 > 2001:db8::1: ', 'mpls (label 1, tc 0, ttl 0): ', 'encap psp spi 7 '];
    const found = heads.map((head) => (action(`> ${head}. 1:1(0)`) as { packet: { encapsulation: unknown } }).packet.encapsulation);
    expect(found).to.deep.equal(['IPIP', 'IPIP', 'MPLS', 'PSP']);
  });

  it('values: numbers, words, text, lists, structures', () => {
    const { args } = action('f(-1, 0x1F, A|B, "a" "b\\n", "c"..., [1, 2], {1, x=2, y(3)=..., "d"}, htons(4), []) = ...') as {
      args: unknown;
    };
    const integer = (value: number): unknown => ({ kind: 'integer', value });
    const text = (value: string, open = false): unknown => ({ kind: 'string', text: value, open });
    const field = (value: unknown, name?: string, count?: unknown): unknown => ({ name, count, value });
    expect(args).to.deep.equal([
      integer(-1),
      integer(31),
      {
        kind: 'or',
        terms: [
          { kind: 'word', name: 'A' },
          { kind: 'word', name: 'B' },
        ],
      },
      text('ab\n'),
      text('c', true),
      { kind: 'list', items: [integer(1), integer(2)] },
      { kind: 'struct', fields: [field(integer(1)), field(integer(2), 'x'), field({ kind: 'any' }, 'y', integer(3)), field(text('d'))] },
      { kind: 'function', name: 'htons', args: [integer(4)] },
      { kind: 'list', items: [] },
    ]);
  });

  it('symbols stand for numbers, words, text, cookies and commands; those of the command line come first', () => {
    const text = '--define=N=10\n--define=T="x y"\n--define=C=`true`\n--define=K=abcd\n0 f(N, T, W) = N\n+0 C\n+0 > . 1:11(N) <FO K>\n';
    const { events } = parseScript(
      text,
      new Map([
        ['W', 'WORD'],
        ['K', 'ef01'],
      ]),
    );
    expect(events[2]?.action).to.have.nested.property('packet.transport.options[0].octets', 'ef01');
    expect(events[0]?.action).to.deep.include({
      args: [
        { kind: 'integer', value: 10 },
        { kind: 'string', text: 'x y', open: false },
        { kind: 'word', name: 'WORD' },
      ],
    });
    expect(events[1]?.action).to.deep.include({ kind: 'command', text: 'true' });
    expect(wrong(text.replace('1:11(N)', '1:12(N)'))).to.contain('end at 11, not at 12');
  });

  it('a symbol that nobody defines is one all the same: where it is, is told', () => {
    for (const [text, column] of [
      ['0 > S 0:0(0) <mss MSS>', 19],
      ['0 > . 1:N(N) win W <FO COOKIE>', 9],
      ['0 > . 1:1(0) <FO COOKIE>', 18],
    ] as const)
      expect(parseScript(text).missing, text).to.deep.include({ line: 1, column });
    expect(parseScript('0 > . 1:1(0) <mss 1460>').missing).to.equal(undefined);
    expect(packet('< icmp unreachable port_unreachable [1:1(0)]')).to.deep.include({ code: 'port_unreachable' });
    const definitions = new Map([['CODE', 'host_unreachable']]);
    expect(action('< icmp unreachable CODE [1:1(0)]', definitions)).to.have.nested.property('packet.transport.code', 'host_unreachable');
  });

  it('#ifdef, #ifndef, #else, #endif', () => {
    const text = '0 `a`\n#ifdef X\n0 `b`\n#ifdef Y\n0 `c`\n#endif\n#else\n0 `d`\n#endif\n#ifndef X\n0 `e`\n#endif\n';
    const commands = (...defined: string[]): string[] =>
      parseScript(text, new Map(defined.map((name) => [name, '1']))).events.map(({ action: one }) => ('text' in one ? one.text : ''));
    expect(commands()).to.deep.equal(['a', 'd', 'e']);
    expect(commands('X')).to.deep.equal(['a', 'b']);
    expect(commands('X', 'Y')).to.deep.equal(['a', 'b', 'c']);
  });

  it('options, commands before and after the events, comments of both kinds', () => {
    const script = parseScript('// a\n--mtu=1400\n--strict_segments\n--define=A="b c"\n/* d\n */`sysctl a`\n0 `true` // e\n`rm f`\n');
    expect(script.options.map(({ name, value }) => [name, value])).to.deep.equal([
      ['mtu', '1400'],
      ['strict_segments', undefined],
      ['define', 'A="b c"'],
    ]);
    expect(script.init).to.deep.equal([{ kind: 'command', text: 'sysctl a', line: 6, column: 5 }]);
    expect(script.cleanup).to.deep.equal({ kind: 'command', text: 'rm f', line: 8, column: 2 });
  });

  it('every event, and what is in it, has its line and column, also where a value before it was looked at twice', () => {
    const { events } = parseScript('0 a(1,\n  2) = 0\n\n  +0 `b\nc`\n+0 d(4, {x=1,\n y=2}) = 0  // e\n +1 %{ f\n}%\n');
    expect(events.map(({ line, column }) => `${line}:${column}`)).to.deep.equal(['1:1', '4:3', '6:1', '8:2']);
    expect(events.map(({ action: one }) => ('line' in one ? `${one.line}:${one.column}` : ''))).to.deep.equal(['', '4:7', '', '8:7']);
    expect(wrong('0 a(1) = 0\n+0 b(2) = 0\n+0 c(3) 0\n')).to.match(/^3:9 /);
  });
});
