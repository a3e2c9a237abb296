// Options from outside, by the point TCP_OPTION: what they see of a passive open, and what they may refuse.
import { attach, definePlugin, type Plugin } from '@protoloom/contracts';
import { PHASE_SEGMENT, PHASE_SYN, TCP_OPTION } from '@protoloom/contracts/tcp';
import { expect } from 'chai';
import { Lab } from './lab.js';

/** RFC 4727 §7: a kind for experiments. */
const KIND = 253;
const option = (octet: number): number[] => [KIND, 4, 0, octet];

interface Heard {
  readonly phases: number[];
  readonly octets: number[];
  opened: number;
}

/** Echoes the last octet that it was shown, and refuses 99. */
function echo(heard: Heard): Plugin {
  return definePlugin({
    name: '@example/echo-option',
    version: '0.1.0',
    api: '^1.0.0',
    attaches: { echo: attach(TCP_OPTION, KIND, '^1.0') },
    create: () => ({
      handlers: {
        echo: {
          open: () => {
            heard.opened++;
            return { last: -1 };
          },
          parse(state: { last: number }, _, bytes, from, to, phase) {
            state.last = bytes[to - 1] as number;
            heard.phases.push(phase);
            heard.octets.push(state.last);
            return to - from === 2 && state.last !== 99 ? 0 : -1;
          },
          bytes: (state, _, phase) => (state.last >= 0 && phase !== PHASE_SYN ? 4 : 0),
          write(state, _, bytes, at) {
            bytes.set(option(state.last), at);
          },
        },
      },
    }),
  });
}

describe('options from outside', () => {
  const setUp = () => {
    const heard: Heard = { phases: [], octets: [], opened: 0 };
    const lab = new Lab({ plugins: [echo(heard)] });
    const listener = lab.listen();
    return { heard, lab, listener };
  };
  it('see the SYN of a passive open, and are in its SYN-ACK, also where that is sent again [RFC 9293 §3.1]', () => {
    const { heard, lab } = setUp();
    lab.in('S', { options: option(7) });
    expect(lab.sent()).to.have.length(1);
    expect(lab.options).to.equal('mss 1460,opt 253 0 7');
    lab.advance(1_100_000);
    expect(lab.sent()).to.have.length(1);
    expect(lab.options).to.equal('mss 1460,opt 253 0 7');
    expect(heard).to.deep.equal({ phases: [PHASE_SYN], octets: [7], opened: 1 });
  });

  it('keep the state of the half-open connection when it is established', () => {
    const { heard, lab, listener } = setUp();
    lab.in('S', { options: option(7) });
    lab.sent();
    lab.in('.', { seq: 1, ack: 1, options: option(8) });
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`accept: ${endpoint}`);
    lab.write(endpoint, 0, 10);
    expect(lab.sent()).to.have.length(1);
    expect(lab.options).to.equal('opt 253 0 8');
    expect(heard).to.deep.equal({ phases: [PHASE_SYN, PHASE_SEGMENT], octets: [7, 8], opened: 1 });
  });

  it('refuse a SYN, or the handshake’s end: each has the fate TCP_OPTION', () => {
    const { lab, listener } = setUp();
    lab.in('S', { options: option(99) });
    expect(lab.sent()).to.deep.equal([]);
    lab.in('S', { options: option(7) });
    lab.sent();
    lab.in('.', { seq: 1, ack: 1, options: option(99) });
    expect(listener.accept()).to.equal(-11);
    expect(lab.counters()).to.include({ optionRefused: 2 });
  });
});
