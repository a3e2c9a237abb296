import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { eachInAWorld, pattern, request, type Visitor, type World } from './visitor.js';

const sha256 = (text: string): string => `${createHash('sha256').update(text, 'latin1').digest('hex')}\n`;

describe('the http service answers', () => {
  let world: World;
  let visitor: Visitor;
  eachInAWorld((one, first) => {
    world = one;
    visitor = first;
  });

  it('GET / with a page whose length it tells', () => {
    visitor.say(request('GET /'));
    const [answer] = visitor.answers();
    expect(Object.fromEntries(answer?.fields ?? [])).to.deep.equal({
      Date: 'Sun, 06 Nov 1994 08:49:37 GMT',
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': String(answer?.content.length),
      Connection: 'keep-alive',
      'Keep-Alive': 'timeout=5',
    });
    expect(answer?.status).to.equal(200);
    expect(answer?.content.toString()).to.match(/^<!doctype html>.*<\/html>\n$/s);
    expect(visitor.outcome).to.equal(undefined);
  });

  it('HEAD as GET, without content [RFC 9110 §9.3.2]', () => {
    visitor.say(request('GET /') + request('HEAD /') + request('HEAD /bytes/1000') + request('HEAD /nowhere'));
    const [get, ...heads] = visitor.answers(1, 2, 3);
    expect(heads[0]?.fields).to.deep.equal(get?.fields);
    expect(heads.map(({ status, fields }) => [status, fields.get('Content-Length')?.length])).to.deep.equal([
      [200, 3],
      [200, 4],
      [404, 2],
    ]);
  });

  it('with the Date of now, to the second [RFC 9110 §6.6.1]', () => {
    for (let i = 0; i < 3; i++) {
      visitor.say(request('GET /') + request('GET /bytes/0') + request('GET /'));
      world.clock.setSystemTime(Date.UTC(2024, 1, 29, 23, 59, 58 + i));
    }
    expect(visitor.answers().map(({ fields }) => fields.get('Date')?.slice(5, 25))).to.deep.equal(
      ['06 Nov 1994 08:49:37', '29 Feb 2024 23:59:58', '29 Feb 2024 23:59:59'].flatMap((date) => [date, date, date]),
    );
  });

  for (const count of [0, 1, 251, 65_511, 65_512, 1_000_000]) {
    it(`GET /bytes/${count} with so many octets, of which octet i is i mod 251`, () => {
      visitor.say(request(`GET /bytes/${count}`));
      world.sim.advance(2_000_000);
      const [answer] = visitor.answers();
      expect(answer?.fields.get('Content-Length')).to.equal(String(count));
      expect(answer?.content.equals(pattern(count))).to.equal(true);
    });
  }

  for (const text of ['', '-1', '1.5', '0x10', 'x', '1099511627777', '99999999999999'])
    it(`GET /bytes/${text} with 400`, () => {
      visitor.say(request(`GET /bytes/${text}`) + request('GET /bytes/1099511627776').replace('GET', 'HEAD'));
      expect(visitor.answers(1).map(({ status, fields }) => [status, fields.get('Content-Length')?.length])).to.deep.equal([
        [400, 2],
        [200, 13],
      ]);
    });

  it('PUT and POST /sha256 with the digest of content with a length [RFC 9112 §6.3]', () => {
    visitor.say(request('PUT /sha256', ['Content-Length: 5'], 'abcde') + request('POST /sha256', ['Content-Length: 0']));
    expect(visitor.answers().map(({ content }) => content.toString())).to.deep.equal([sha256('abcde'), sha256('')]);
  });

  it('with the digest of content in chunks, whatever their extensions and trailers [RFC 9112 §7.1]', () => {
    const chunked = ['Transfer-Encoding: Chunked'];
    const chunks = '3\r\nabc\r\n0A;a=b;c="d"\r\n0123456789\r\n0\r\nHost: trailer\r\nX: y\r\n\r\n';
    visitor.say(request('PUT /sha256', chunked, chunks) + request('GET /bytes/0'));
    expect(visitor.answers().map(({ content }) => content.toString())).to.deep.equal([sha256('abc0123456789'), '']);
  });

  it('the same however requests are cut into segments', () => {
    const all =
      request('GET /bytes/7?a=b', ['X-Empty:', 'Accept: */*']) +
      request('PUT /sha256', ['Expect: 100-continue', 'Transfer-Encoding: chunked'], '3\r\nabc\r\n1\r\nd\r\n0\r\nX: y\r\n\r\n') +
      request('PUT /sha256', ['content-LENGTH: 4'], 'abcd') +
      request('HEAD /', ['Connection: close']);
    for (const size of [1, 2, 3, 5, 7, 11, 1000]) {
      const one = world.visit();
      one.saySlowly(all, size);
      const answers = one.answers(4);
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 100, 200, 200, 200]);
      expect(answers[0]?.content.equals(pattern(7))).to.equal(true);
      for (const i of [2, 3]) expect(answers[i]?.content.toString()).to.equal(sha256('abcd'));
      expect(one.outcome).to.equal(0);
    }
  });

  it('404 where there is nothing, 405 with what is allowed elsewhere [RFC 9110 §15.5.6]', () => {
    const lines = ['GET /nowhere', 'OPTIONS *', 'DELETE /', 'POST /bytes/1', 'GET /sha256', 'PATCH /sha256'];
    visitor.say(lines.map((line) => request(line)).join(''));
    expect(visitor.answers().map(({ status, fields }) => [status, fields.get('Allow')])).to.deep.equal([
      [404, undefined],
      [404, undefined],
      [405, 'GET, HEAD'],
      [405, 'GET, HEAD'],
      [405, 'PUT, POST'],
      [405, 'PUT, POST'],
    ]);
  });

  it('targets in absolute form as those in origin form [RFC 9112 §3.2.2]', () => {
    for (const target of ['http://192.0.2.1/bytes/3', 'HTTP://other:80/bytes/3?x', 'http://192.0.2.1', 'http://192.0.2.1?bytes'])
      visitor.say(request(`GET ${target}`));
    expect(visitor.answers().map(({ content }) => content.length > 3)).to.deep.equal([false, false, true, true]);
    expect(visitor.statuses()).to.deep.equal([200, 200, 200, 200]);
  });

  it('a request to upgrade as if it did not ask [RFC 9110 §7.8]', () => {
    const fields = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
    visitor.say(request('GET /bytes/1', fields) + request('PUT /sha256', [...fields, 'Content-Length: 1'], 'a') + request('GET /bytes/2'));
    expect(visitor.answers().map(({ content }) => content.length)).to.deep.equal([1, 65, 2]);
  });
});
