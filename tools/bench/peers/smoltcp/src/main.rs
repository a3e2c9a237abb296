//! smoltcp on a TAP, with the services that the bench drives:
//!
//!     smoltcp-peer DEVICE MODE plain PORT ADDRESS/BITS...
//!
//! The device is there already, with the kernel's end configured. Says "ready" once it serves, and serves until it is killed.
mod tap;

use smoltcp::iface::{Config, Interface, PollIngressSingleResult, PollResult, SocketHandle, SocketSet};
use smoltcp::socket::{tcp, udp};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, IpCidr};
use std::mem::size_of;
use std::process::exit;
use std::sync::mpsc::{channel, Receiver};
use tap::Tap;

const ADDRESS: [u8; 6] = [0x02, 0x70, 0x65, 0x65, 0x72, 0x02];
const BODY: usize = 512;
/// Frames that are read before the services have their turn.
const BATCH: usize = 64;
const LATEST: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Receive,
    Send,
    UdpEcho,
    Echo,
    CloseFirst,
    CloseLast,
    Idle,
    Http,
}

/// A socket is one connection, and one that listens: as many as there are to be, each with its buffers (receive, send).
struct Shape {
    sockets: usize,
    receive: usize,
    send: usize,
}

impl Mode {
    fn parse(text: &str) -> Option<Mode> {
        Some(match text {
            "receive" | "rest" => Mode::Receive,
            "send" => Mode::Send,
            "udp-echo" => Mode::UdpEcho,
            "echo" => Mode::Echo,
            "close-first" => Mode::CloseFirst,
            "close-last" => Mode::CloseLast,
            "idle" => Mode::Idle,
            "http" => Mode::Http,
            _ => return None,
        })
    }

    fn shape(self) -> Shape {
        let (sockets, receive, send) = match self {
            Mode::Receive => (128, 1 << 20, 1 << 12),
            Mode::Send => (128, 1 << 12, 1 << 20),
            Mode::Idle => (10_016, 1 << 16, 1 << 14),
            _ => (128, 1 << 14, 1 << 14),
        };
        Shape { sockets, receive, send }
    }
}

fn fail(what: &str) -> ! {
    eprintln!("{what}: {}", std::io::Error::last_os_error());
    exit(1)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (Some(mode), true) = (arguments.get(2).and_then(|text| Mode::parse(text)), arguments.len() >= 6) else {
        eprintln!("usage: smoltcp-peer DEVICE MODE plain PORT ADDRESS/BITS...");
        exit(2)
    };
    let Ok(port) = arguments[4].parse::<u16>() else {
        eprintln!("{}: no port", arguments[4]);
        exit(2)
    };
    let mut device = Tap::open(&arguments[1]).unwrap_or_else(|| fail("TAP"));
    let mut config = Config::new(EthernetAddress(ADDRESS).into());
    config.random_seed = 1;
    let mut iface = Interface::new(config, &mut device, Instant::now());
    iface.update_ip_addrs(|addresses| {
        for text in &arguments[5..] {
            match text.parse::<IpCidr>() {
                Ok(address) if addresses.push(address).is_ok() => {}
                _ => {
                    eprintln!("{text}: no address, or one too many");
                    exit(2)
                }
            }
        }
    });
    let mut sockets = SocketSet::new(vec![]);
    let handles = open(mode, port, &mut sockets);
    println!("ready");
    let asked = questions();
    serve(mode, port, &mut device, &mut iface, &mut sockets, &handles, &asked)
}

/// Lines of standard input.
fn questions() -> Receiver<()> {
    let (ask, asked) = channel();
    std::thread::spawn(move || {
        for _ in std::io::stdin().lines() {
            let _ = ask.send(());
        }
    });
    asked
}

/// Octets that connections hold: their sockets, with both buffers.
fn held(mode: Mode, sockets: &SocketSet, handles: &[SocketHandle]) -> usize {
    let shape = mode.shape();
    let open = handles.iter().filter(|handle| sockets.get::<tcp::Socket>(**handle).state() == tcp::State::Established).count();
    open * (size_of::<tcp::Socket>() + shape.receive + shape.send)
}

fn open(mode: Mode, port: u16, sockets: &mut SocketSet) -> Vec<SocketHandle> {
    if mode == Mode::UdpEcho {
        let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 256], vec![0; 1 << 16]);
        let mut socket = udp::Socket::new(buffer(), buffer());
        socket.bind(port).expect("a port");
        return vec![sockets.add(socket)];
    }
    let shape = mode.shape();
    (0..shape.sockets)
        .map(|_| {
            let mut socket = tcp::Socket::new(
                tcp::SocketBuffer::new(vec![0; shape.receive]),
                tcp::SocketBuffer::new(vec![0; shape.send]),
            );
            socket.set_nagle_enabled(false);
            socket.set_congestion_control(tcp::CongestionControl::Cubic);
            socket.listen(port).expect("a port");
            sockets.add(socket)
        })
        .collect()
}

fn serve(
    mode: Mode,
    port: u16,
    device: &mut Tap,
    iface: &mut Interface,
    sockets: &mut SocketSet,
    handles: &[SocketHandle],
    asked: &Receiver<()>,
) -> ! {
    loop {
        if mode == Mode::Idle && asked.try_recv().is_ok() {
            println!("{}", held(mode, sockets, handles));
        }
        let now = Instant::now();
        iface.poll_maintenance(now);
        let mut batch = 0;
        while batch < BATCH && !matches!(iface.poll_ingress_single(now, device, sockets), PollIngressSingleResult::None) {
            batch += 1;
        }
        for handle in handles {
            if mode == Mode::UdpEcho {
                echo_datagrams(sockets.get_mut(*handle));
            } else {
                serve_connection(mode, port, sockets.get_mut(*handle));
            }
        }
        while iface.poll_egress(now, device, sockets) == PollResult::SocketStateChanged {}
        if batch < BATCH {
            // A question is answered soon, whatever happens on the device.
            let most = iface.poll_delay(now, sockets);
            device.wait(if mode == Mode::Idle { Some(most.map_or(LATEST, |delay| delay.min(LATEST))) } else { most });
        }
    }
}

fn echo_datagrams(socket: &mut udp::Socket) {
    while socket.can_recv() && socket.can_send() {
        let Ok((data, from)) = socket.recv() else { return };
        let mut copy = [0; 2048];
        let length = data.len().min(copy.len());
        copy[..length].copy_from_slice(&data[..length]);
        let _ = socket.send_slice(&copy[..length], from);
    }
}

fn serve_connection(mode: Mode, port: u16, socket: &mut tcp::Socket) {
    match socket.state() {
        tcp::State::Listen | tcp::State::SynReceived => return,
        // It serves the next: nobody could wait for TIME-WAIT's end with a socket to spare.
        tcp::State::Closed | tcp::State::TimeWait => {
            socket.abort();
            let _ = socket.listen(port);
            return;
        }
        _ => {}
    }
    match mode {
        Mode::CloseFirst => socket.close(),
        Mode::Send => {
            while socket.can_send() && socket.send(|room| (room.len(), room.len())).is_ok_and(|sent| sent > 0) {}
        }
        Mode::Echo => {
            while socket.can_recv() && socket.can_send() {
                let mut copy = [0; 4096];
                let Ok(length) = socket.recv_slice(&mut copy) else { break };
                let _ = socket.send_slice(&copy[..length]);
            }
        }
        Mode::Http => {
            while socket.can_recv() && socket.recv(|data| (data.len(), data.len())).is_ok_and(|read| read > 0) {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {BODY}\r\n\r\n");
                let _ = socket.send_slice(head.as_bytes());
                let _ = socket.send_slice(&[b'x'; BODY]);
            }
        }
        _ => while socket.can_recv() && socket.recv(|data| (data.len(), data.len())).is_ok_and(|read| read > 0) {},
    }
    if !socket.may_recv() && !socket.can_recv() {
        socket.close();
    }
}
