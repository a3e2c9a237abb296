import {
  ARPHRD_NONE,
  attach,
  type Device,
  type DevicePort,
  definePlugin,
  LINK_TYPE,
  type LinkType,
  NO_OFFLOAD,
  TIMERS,
  use,
} from '@protoloom/contracts';
import { Driver, type DriverTimer } from '@protoloom/node';
import { assemble } from '@protoloom/stack';
import { expect } from 'chai';

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function rig() {
  const clock = { us: 1000 };
  const armed: (number | 'cancel' | 'close')[] = [];
  let expired: () => void = () => undefined;
  const timer: DriverTimer = {
    arm: (us) => void armed.push(us),
    cancel: () => void armed.push('cancel'),
    close: () => void armed.push('close'),
  };
  let fired = 0;
  const plugin = definePlugin({
    name: 'ticker',
    version: '1.0.0',
    api: '^1.0.0',
    uses: { timers: use(TIMERS, '^1.0') },
    attaches: { link: attach(LINK_TYPE, ARPHRD_NONE, '^1.0') },
    create: ({ use: { timers } }) => {
      const once = timers.timer(undefined, () => void fired++);
      return { start: () => once.arm(500), handlers: { link } };
    },
  });
  const stack = assemble({ plugins: [plugin], host: { nowUs: () => clock.us, entropy: (bytes) => bytes.fill(7) } });
  const driver = new Driver(
    stack,
    () => clock.us,
    (run) => {
      expired = run;
      return timer;
    },
  );
  return { clock, armed, stack, driver, expire: () => expired(), fired: () => fired };
}

describe('the driver', () => {
  it('arms one timer for what is due later, and runs it then', async () => {
    const { clock, armed, stack, driver, expire, fired } = rig();
    stack.start();
    await immediate();
    // The wheel may ask to be looked at earlier, never later.
    for (let looks = 0; looks < 5 && fired() === 0; looks++) {
      const us = armed.at(-1);
      if (typeof us !== 'number') break;
      expect(clock.us + us).to.be.at.most(1500);
      clock.us += us;
      expire();
      await immediate();
    }
    expect([fired(), clock.us]).to.deep.equal([1, 1500]);
    driver.stop();
  });

  it('arms nothing while the stack is idle', async () => {
    const { armed, driver } = rig();
    await immediate();
    await immediate();
    expect(armed.filter((one) => typeof one === 'number')).to.deep.equal([]);
    driver.stop();
    expect(armed.at(-1)).to.equal('close');
  });

  it('runs a turn within the event that frames come with, and after the call where a call made work', async () => {
    const { clock, stack, driver } = rig();
    await immediate();
    const turns: number[] = [];
    const turn = stack.turn.bind(stack);
    stack.turn = () => {
      turns.push(clock.us);
      turn();
    };
    let port: DevicePort | undefined;
    stack.link.add(device((opened) => (port = opened)));
    stack.link.up('wire0');
    await immediate();
    turns.length = 0;
    clock.us = 2000;
    port?.readable();
    expect(turns).to.deep.equal([2000]);
    await immediate();
    expect(turns).to.deep.equal([2000]);
    driver.stop();
  });
});

const link: LinkType = {
  name: 'none',
  headerBytes: 0,
  addressBytes: 0,
  flags: 0,
  broadcast: new Uint8Array(0),
  rx: () => undefined,
  writeHeader: () => undefined,
  groupAddress: () => false,
};

/** A device without a link layer that has no frames. */
const device = (opened: (port: DevicePort) => void): Device => ({
  name: 'wire0',
  type: ARPHRD_NONE,
  address: undefined,
  mtu: 1500,
  features: NO_OFFLOAD,
  headerBytes: 0,
  open: opened,
  poll: () => 0,
  transmit: () => true,
  setMtu: () => 0,
  setAddress: () => 0,
  close: () => undefined,
});
