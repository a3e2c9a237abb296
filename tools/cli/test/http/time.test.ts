import { expect } from 'chai';
import { eachInAWorld, request, type Visitor, type World } from './visitor.js';

describe('the http service’s patience', () => {
  let world: World;
  let visitor: Visitor;
  eachInAWorld((one, first) => {
    world = one;
    visitor = first;
  });

  it('is 5 s between requests [RFC 9112 §9.8]', () => {
    for (let i = 0; i < 3; i++) {
      visitor.say(request('GET /bytes/0'));
      world.pass(5);
      expect(visitor.outcome).to.equal(undefined);
    }
    world.pass(2);
    expect(visitor.statuses()).to.deep.equal([200, 200, 200]);
    expect(visitor.outcome).to.equal(0);
  });

  it('is 60 s for a first request', () => {
    world.pass(60);
    expect(visitor.outcome).to.equal(undefined);
    world.pass(2);
    expect(visitor.received.length).to.equal(0);
    expect(visitor.outcome).to.equal(0);
  });

  it('is 60 s for a head, however it drips, then 408 [RFC 9110 §15.5.9]', () => {
    visitor.say('GET / HTTP/1.1\r\nHost: a\r\n');
    for (let i = 0; i < 59; i++) {
      visitor.say('X: y\r\n');
      world.pass(1);
    }
    expect(visitor.received.length).to.equal(0);
    world.pass(3);
    expect(visitor.statuses()).to.deep.equal([408]);
    expect(visitor.outcome).to.equal(0);
  });

  it('has no end while content comes, or an answer leaves', () => {
    visitor.say(request('PUT /sha256', ['Content-Length: 2'], 'a'));
    const other = world.visit();
    other.reads = false;
    other.say(request('GET /bytes/20000000'));
    world.pass(100);
    visitor.say('b');
    expect(visitor.statuses()).to.deep.equal([200]);
    other.reads = true;
    other.read();
    world.pass(2);
    expect(other.answers()[0]?.content.length).to.equal(20_000_000);
  });

  it('is 5 s with a client that goes on sending after its last answer [RFC 9112 §9.6]', () => {
    visitor.say(request('GET /bytes/1', ['Connection: close']));
    for (let i = 0; i < 5; i++) {
      expect(visitor.say('x'.repeat(1000))).to.equal(1000);
      world.pass(1);
    }
    world.pass(2);
    visitor.say('x');
    expect(visitor.say('x')).to.be.lessThan(0);
    expect(visitor.statuses()).to.deep.equal([200]);
  });

  it('takes one timer while there are connections, and none without', () => {
    const others = [1, 2, 3].map(() => world.visit());
    expect(world.clock.countTimers()).to.equal(1);
    for (const one of [visitor, ...others]) one.endWriting();
    world.pass(2);
    expect(world.clock.countTimers()).to.equal(0);
    world.visit().say(request('GET /'));
    expect(world.clock.countTimers()).to.equal(1);
  });
});
