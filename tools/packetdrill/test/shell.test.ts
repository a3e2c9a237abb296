import { expect } from 'chai';
import { failing, passes } from './scripts.js';

/** A script of commands alone. */
const commands = (...lines: readonly string[]): string => lines.map((line) => `0 \`${line}\`\n`).join('');
const FILES: Readonly<Record<string, string>> = {
  './defaults.sh':
    '#!/bin/bash\n# of a suite\nip tcp_metrics flush all > /dev/null 2>&1\nsysctl -q net.ipv4.tcp_rmem="4096 $((64*1024)) $((2*(1024+1024)*1024))"\nsysctl -q net.ipv4.tcp_no_such=1\ntc qdisc add dev tun0 root pfifo\n',
  './loop.sh': './loop.sh',
};
const readFile = (path: string): string | undefined => FILES[path];
const reads = (path: string, value: string): string => `0 \`sysctl -n ${path} | grep -q "^${value}$"\`\n`;

describe('the commands of scripts', () => {
  it('sysctl: several at once, quoted, hexadecimal, by its file, to be read', () => {
    passes(
      commands(
        'sysctl -q net.ipv4.tcp_timestamps=0 net.ipv4.tcp_sack=0',
        'sysctl -w net.ipv4.ip_local_port_range="2000 3000"',
        'sysctl -q net.ipv4.ip_default_ttl=0x20',
        'echo 5 > /proc/sys/net/ipv4/tcp_syn_retries',
        'cat /proc/sys/net/ipv4/tcp_syn_retries | grep -q 5',
        'sysctl -e -q net.ipv4.no_such=1',
      ) +
        reads('net.ipv4.tcp_timestamps', '0') +
        reads('net.ipv4.tcp_sack', '0') +
        reads('net.ipv4.ip_default_ttl', '32') +
        reads('net.ipv4.ip_local_port_range', '2000.3000'),
    );
    passes(commands('echo 3 > /sys/module/tcp_cubic/parameters/hystart_detect'));
    expect(failing(commands('echo 0 > /sys/module/tcp_cubic/parameters/hystart_detect')).result.reason).to.contain('has no such parameter');
    expect(failing(commands('sysctl -q net.ipv4.no_such=1')).result.reason).to.equal('sysctl: the stack has no net.ipv4.no_such');
    expect(failing(commands('sysctl -q net.ipv4.ip_default_ttl=0')).result.reason).to.match(/^sysctl: .*ip_default_ttl/);
  });

  it('set_sysctls.py keeps what was, and sysctl_restore puts it back', () => {
    passes(
      `${reads('net.ipv4.tcp_timestamps', '1')}${commands('./set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0')}${reads('net.ipv4.tcp_timestamps', '0')}` +
        `${commands('/tmp/sysctl_restore_$PPID.sh')}${reads('net.ipv4.tcp_timestamps', '1')}`,
    );
  });

  it("a suite's own file is read and understood; it goes on after what the stack does not have", () => {
    const { conversation } = passes(commands('./defaults.sh') + reads('net.ipv4.tcp_rmem', '4096.65536.4194304'), { readFile });
    expect(conversation.join('\n')).to.contain('the stack has no net.ipv4.tcp_no_such');
    passes(reads('net.ipv4.tcp_rmem', '4096.65536.4194304'), { readFile, options: { init_scripts: './defaults.sh' } });
    expect(failing(commands('./absent.sh'), { readFile }).result.reason).to.equal('there is no file ./absent.sh');
    expect(failing(commands('./defaults.sh')).result.reason).to.equal('there is no file ./defaults.sh');
    expect(failing(commands('./loop.sh'), { readFile }).result.reason).to.contain('more than 10 deep');
  });

  it('what is not understood is named, and nothing of it is done', () => {
    expect(failing(commands('iptables -F')).result.reason).to.match(/^the command iptables is not understood; there is sysctl, ip,/);
    expect(failing(commands('ip rule add')).result.reason).to.contain('ip rule is not understood');
    expect(failing(commands('tc qdisc add dev tun0 root netem')).result.reason).to.equal('tc: the stack has no queue discipline netem');
    expect(failing(commands('tc qdisc add dev tun0 root pfifo limit 1')).result.reason).to.contain('has no limit');
    expect(failing(commands('ethtool -K tun0 lro on')).result.reason).to.contain('the device has no lro');
    expect(failing(commands('echo 1 > /etc/passwd')).result.reason).to.contain('> /etc/passwd is not understood');
    expect(failing(commands('cat /etc/passwd')).result.reason).to.contain('/etc/passwd is not understood');
    expect(failing(commands('echo $(id)')).result.reason).to.contain('is not understood');
    expect(failing(commands('echo $HOME')).result.reason).to.contain('HOME is not set');
    expect(failing(commands('ip route change 192.0.2.1 dev tun0 quickack 1')).result.reason).to.contain(
      "the stack's routes have no quickack",
    );
  });

  it('a shell: && || ; pipes, comments, quotes, the status of the last command', () => {
    passes(
      commands(
        'true && true',
        'false || true',
        'false; true',
        '# nothing\n true',
        "echo 'a b' | grep -q 'a b'",
        'echo a\\\n b | grep -q "a b"',
        'echo x | grep -c x | grep 1',
      ),
    );
    expect(failing(commands('true && false')).result.reason).to.equal('the command ended with 1: true && false');
    expect(failing(commands('echo a | grep -q b')).result.status).to.equal('fail');
    expect(failing(commands("echo 'a")).result.reason).to.contain("closing '");
  });

  it('nstat tells what has changed since it was asked last', () => {
    passes(`0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3
+0 \`nstat > /dev/null\`
+0 sendto(3, ..., 10, 0, ..., ...) = 10
+0 > udp (10)
+0 \`nstat -s | grep UdpOutDatagrams | grep -q " 1 "\`
+0 \`nstat | grep UdpOutDatagrams | grep -q " 1 "\`
+0 \`nstat UdpOutDatagrams | grep -v kernel | grep -c Udp || true\`
+0 \`nstat -az | grep UdpInErrors | grep -q " 0 "\`
`);
  });

  it('ss and /proc/net/tcp list the sockets of the script', () => {
    passes(`0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 \`ss -tln | grep LISTEN | grep -q ":8080"\`
+0 \`grep " 0A " /proc/net/tcp /proc/net/tcp6 | grep ":1F90"\`
`);
  });

  it('ip route and ip link work on the stack: MSS and MTU follow', () => {
    passes(`0 \`ip route change 192.0.2.1 via 192.168.0.2 dev tun0 advmss 1100 mtu lock 1300 initcwnd 4\`
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0 > S 0:0(0) <mss 1100,sackOK,TS val 100 ecr 0,nop,wscale 10>
`);
    passes(`0 \`ip link set dev tun0 mtu 1000\`
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0 > S 0:0(0) <mss 960,sackOK,TS val 100 ecr 0,nop,wscale 10>
`);
  });
});
