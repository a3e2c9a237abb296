import { expect } from 'chai';
import { eachInAWorld, request, type Visitor, type World } from './visitor.js';

const CHUNKED = 'Transfer-Encoding: chunked';

describe('the http service refuses', () => {
  let world: World;
  let visitor: Visitor;
  eachInAWorld((one, first) => {
    world = one;
    visitor = first;
  });

  for (const [what, status, text] of [
    ['octets that are no request [RFC 9112 §3]', 400, '\x00\x01\x02\x03\r\n\r\n'],
    ['a request line that begins with a space [RFC 9112 §3]', 400, ` ${request('GET /')}`],
    ['a line that ends without CR [RFC 9112 §2.2]', 400, request('GET /').replaceAll('\r', '')],
    ['a space before the colon [RFC 9112 §5.1]', 400, request('GET /', ['X : y'])],
    ['a folded line [RFC 9112 §5.2]', 400, request('GET /', ['X: y\r\n z'])],
    ['a request without Host [RFC 9112 §3.2]', 400, 'GET / HTTP/1.1\r\nX: y\r\n\r\n'],
    ['two fields Host [RFC 9112 §3.2]', 400, request('GET /', ['Host: 192.0.2.1'])],
    ['a Host that is none [RFC 9112 §3.2]', 400, 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['a length that is no number [RFC 9112 §6.3]', 400, request('PUT /sha256', ['Content-Length: 0x1'], 'a')],
    ['two lengths [RFC 9112 §6.3]', 400, request('PUT /sha256', ['Content-Length: 1', 'Content-Length: 2'], 'ab')],
    ['a length beside chunks [RFC 9112 §6.1]', 400, request('PUT /sha256', [CHUNKED, 'Content-Length: 1'], '0\r\n\r\n')],
    ['a coding after the chunks [RFC 9112 §6.3]', 400, request('PUT /sha256', ['Transfer-Encoding: chunked, gzip'])],
    ['a chunk whose size is no number [RFC 9112 §7.1]', 400, request('PUT /sha256', [CHUNKED], 'g\r\na\r\n0\r\n\r\n')],
    ['a chunk longer than it says [RFC 9112 §7.1]', 400, request('PUT /sha256', [CHUNKED], '1\r\nab\r\n0\r\n\r\n')],
    ['an expectation that is not known [RFC 9110 §10.1.1]', 417, request('PUT /sha256', ['Expect: 100-continue, tea'])],
    ['a head of more than 16 KiB [RFC 6585 §5]', 431, request('GET /', [`X: ${'y'.repeat(16_400)}`])],
    ['a target of more than that', 431, request(`GET /${'y'.repeat(16_400)}`)],
    ['more than that in many fields', 431, request('GET /', new Array(1400).fill('X: 012345678'))],
    ['more than that of a chunk’s extensions', 431, request('PUT /sha256', [CHUNKED], `1;${'y'.repeat(16_400)}\r\na\r\n0\r\n\r\n`)],
    ['more than that of trailers', 431, request('PUT /sha256', [CHUNKED], `0\r\nX: ${'y'.repeat(16_400)}\r\n\r\n`)],
    ['a method that nobody knows [RFC 9110 §9.1]', 501, request('BREW /')],
    ['a tunnel [RFC 9110 §9.1]', 501, request('CONNECT 192.0.2.1:22')],
    ['a coding that is not known [RFC 9112 §6.1]', 501, request('PUT /sha256', ['Transfer-Encoding: gzip, chunked'])],
    ['HTTP/2.0 [RFC 9110 §15.6.6]', 505, request('GET /').replace('1.1', '2.0')],
    ['HTTP/2 [RFC 9113 §3.4]', 505, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ] as const) {
    it(`${what}, with ${status}, after what came before, and nothing after it`, () => {
      visitor.say(request('HEAD /bytes/3'));
      visitor.say(text + request('GET /bytes/4'));
      world.settle();
      const [head, refusal, ...others] = visitor.answers(0);
      expect([head?.status, refusal?.status, others.length]).to.deep.equal([200, status, 0]);
      expect(refusal?.fields.get('Connection')).to.equal('close');
      expect(refusal?.content.length).to.equal(Number(refusal?.fields.get('Content-Length')));
      expect(visitor.outcome).to.equal(0);
    });
  }

  it('a head of more than 16 KiB that comes slowly', () => {
    visitor.saySlowly(request('GET /', [`X: ${'y'.repeat(16_300)}`]), 1000);
    visitor.saySlowly(request('GET /', [`X: ${'y'.repeat(16_400)}`]), 1000);
    expect(visitor.statuses()).to.deep.equal([200, 431]);
  });

  it('a request that ends too early, with 400 [RFC 9112 §8]', () => {
    for (const text of [
      'GET / HT',
      request('PUT /sha256', ['Content-Length: 3'], 'ab'),
      request('PUT /sha256', [CHUNKED], '3\r\nabc\r\n'),
    ]) {
      const one = world.visit();
      one.say(text);
      one.endWriting();
      expect(one.statuses()).to.deep.equal([400]);
      expect(one.outcome).to.equal(0);
    }
  });

  it('nothing of HTTP/1.7 and of lines before a request [RFC 9110 §2.5, RFC 9112 §2.2]', () => {
    visitor.say(`\r\n\r\n${request('GET /').replace('1.1', '1.7')}\r\n${request('GET /')}`);
    expect(visitor.statuses()).to.deep.equal([200, 200]);
  });

  it('content that nobody wants, of up to 256 KiB by reading it; of more by closing', () => {
    visitor.say(request('PUT /nowhere', ['Content-Length: 200000']));
    visitor.sayAll('x'.repeat(200_000));
    visitor.say(request('GET /', [CHUNKED], '3\r\nabc\r\n0\r\n\r\n') + request('GET /bytes/1'));
    world.pass(1);
    expect(visitor.statuses()).to.deep.equal([404, 200, 200]);
    visitor.say(request('PUT /nowhere', ['Content-Length: 100000000']));
    for (let i = 0; i < 10; i++) {
      visitor.say('x'.repeat(100_000));
      world.sim.advance(100_000);
    }
    // What went on being sent did not take the answer away.
    expect(visitor.answers().map(({ status, fields }) => [status, fields.get('Connection')])[3]).to.deep.equal([404, 'close']);
    expect(visitor.outcome).to.equal(0);
  });
});
