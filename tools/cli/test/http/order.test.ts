import { SO_LINGER, SOCKETS, SOL_SOCKET } from '@protoloom/contracts/socket';
import type { Stack } from '@protoloom/stack';
import { expect } from 'chai';
import { eachInAWorld, pattern, request, type Visitor, type World } from './visitor.js';

describe('a connection of the http service', () => {
  let world: World;
  let visitor: Visitor;
  eachInAWorld((one, first) => {
    world = one;
    visitor = first;
  });

  it('persists until the client asks for its end [RFC 9112 §9.3, §9.6]', () => {
    for (let i = 0; i < 3; i++) visitor.say(request(`GET /bytes/${i}`));
    expect(visitor.outcome).to.equal(undefined);
    visitor.say(request('GET /bytes/3', ['Connection: close']) + request('GET /bytes/4'));
    expect(visitor.answers().map(({ content, fields }) => [content.length, fields.get('Connection')])).to.deep.equal([
      [0, 'keep-alive'],
      [1, 'keep-alive'],
      [2, 'keep-alive'],
      [3, 'close'],
    ]);
    expect(visitor.outcome).to.equal(0);
    visitor.endpoint.close();
    world.pass(2);
    expect(world.clock.countTimers(), 'connections that are there').to.equal(0);
  });

  it('of HTTP/1.0 ends, unless the client asks otherwise [RFC 9112 §9.3]', () => {
    visitor.say('GET /bytes/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(visitor.answers()[0]?.fields.get('Connection')).to.equal('keep-alive');
    expect(visitor.outcome).to.equal(undefined);
    visitor.say('GET /bytes/2 HTTP/1.0\r\n\r\n');
    expect(visitor.answers()[1]?.fields.get('Connection')).to.equal('close');
    expect(visitor.outcome).to.equal(0);
  });

  it('of HTTP/1.0 ends after chunks, which that does not have [RFC 9112 §6.1]', () => {
    visitor.say('PUT /sha256 HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n');
    expect(visitor.answers()[0]?.fields.get('Connection')).to.equal('close');
    expect(visitor.outcome).to.equal(0);
  });

  it('answers pipelined requests in their order, also behind a long answer [RFC 9112 §9.3.2]', () => {
    const many = Array.from({ length: 200 }, (_, i) => request(i % 7 === 3 ? `HEAD /bytes/${i}` : `GET /bytes/${i}`));
    visitor.say(request('GET /bytes/5000000') + many.join('') + request('PUT /sha256', ['Content-Length: 1'], 'a'));
    world.pass(5);
    const heads = many.map((_, i) => i).filter((i) => i % 7 === 3);
    const answers = visitor.answers(...heads.map((i) => i + 1));
    expect(answers.length).to.equal(202);
    expect(answers[0]?.content.equals(pattern(5_000_000))).to.equal(true);
    for (let i = 0; i < 200; i++) expect(answers[i + 1]?.fields.get('Content-Length')).to.equal(String(i));
  });

  it('reads nothing while an answer waits for the client to read it', () => {
    visitor.reads = false;
    visitor.say(request('GET /bytes/1099511627776'));
    world.pass(1);
    let taken = 0;
    for (let i = 0; i < 400; i++) taken += Math.max(0, visitor.say(request('GET /').repeat(1000)));
    // 15,000,000 octets were offered; what was taken waits in the two hosts' buffers.
    expect(taken).to.be.greaterThan(10_000).and.lessThan(2_000_000);
    visitor.reads = true;
    visitor.read();
    const wanted = 3_000_000;
    for (let i = 0; i < 100 && visitor.received.length < wanted; i++) {
      world.settle();
      visitor.read();
    }
    const at = visitor.received.indexOf('\r\n\r\n') + 4;
    expect(visitor.received.subarray(at, at + wanted - 1000).equals(pattern(wanted - 1000))).to.equal(true);
    visitor.endpoint.close();
    world.pass(2);
  });

  it('tells whoever waits with its content to go on, HTTP/1.1 alone [RFC 9110 §10.1.1]', () => {
    visitor.say(request('PUT /sha256', ['Expect: 100-Continue', 'Content-Length: 1']));
    expect(visitor.received.toString()).to.equal('HTTP/1.1 100 Continue\r\n\r\n');
    visitor.say('a');
    expect(visitor.statuses()).to.deep.equal([100, 200]);
    visitor.say('PUT /sha256 HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n');
    expect(visitor.statuses()).to.deep.equal([100, 200]);
    visitor.say('a');
    expect(visitor.statuses()).to.deep.equal([100, 200, 200]);
  });

  it('gives the final answer to whoever waits with content that is not wanted, and ends [RFC 9110 §10.1.1]', () => {
    visitor.say(request('PUT /', ['Expect: 100-continue', 'Content-Length: 1']));
    expect(visitor.answers().map(({ status, fields }) => [status, fields.get('Connection')])).to.deep.equal([[405, 'close']]);
    expect(visitor.outcome).to.equal(0);
  });

  it('whose client has ended its direction gets all its answers', () => {
    visitor.say(request('GET /bytes/1000000') + request('GET /bytes/2'));
    visitor.endWriting();
    world.pass(2);
    expect(visitor.answers().map(({ content }) => content.length)).to.deep.equal([1_000_000, 2]);
    expect(visitor.outcome).to.equal(0);
  });

  it('that is reset, at rest or amid an answer, is forgotten', () => {
    for (const text of ['', 'GET / HT', request('GET /bytes/1099511627776'), request('PUT /sha256', ['Content-Length: 9'], 'a')]) {
      const one = world.visit();
      one.reads = false;
      one.say(text);
      (world.stacks[1] as Stack).service(SOCKETS).setOption(one.endpoint, SOL_SOCKET, SO_LINGER, { l_onoff: 1, l_linger: 0 });
      one.endpoint.close();
      world.settle();
    }
    visitor.endpoint.close();
    world.pass(2);
    expect(world.clock.countTimers()).to.equal(0);
  });

  it('ends with the service, at rest or amid an answer', async () => {
    const visitors = ['', 'GET / HT', request('GET /bytes/1099511627776'), request('PUT /sha256', ['Content-Length: 9'], 'a')].map(
      (text) => {
        const one = world.visit();
        one.say(text);
        return one;
      },
    );
    await world.sim.run((async () => world.server?.close())());
    world.pass(1);
    for (const one of [visitor, ...visitors]) expect(one.outcome).to.be.lessThan(1);
    expect(world.clock.countTimers()).to.equal(0);
  });
});
