//! A TAP whose frames are read into, and written from, one buffer each.
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::{Duration, Instant};

const ETHERNET_HEADER: usize = 14;
/// _IOW('T', 202, int)
const TUNSETIFF: libc::c_ulong = 0x4004_54ca;

#[repr(C)]
struct Request {
    name: [u8; libc::IFNAMSIZ],
    flags: libc::c_short,
    rest: [u8; 22],
}

pub struct Tap {
    fd: libc::c_int,
    mtu: usize,
    received: Vec<u8>,
    sent: Vec<u8>,
}

impl Tap {
    /// Attaches to the device. None: errno says why not.
    pub fn open(name: &str) -> Option<Tap> {
        let mtu = std::fs::read_to_string(format!("/sys/class/net/{name}/mtu")).ok()?.trim().parse::<usize>().ok()? + ETHERNET_HEADER;
        let mut request = Request { name: [0; libc::IFNAMSIZ], flags: (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short, rest: [0; 22] };
        request.name[..name.len()].copy_from_slice(name.as_bytes());
        // SAFETY: a descriptor that is checked, and a request as long as the kernel's struct ifreq.
        let fd = unsafe {
            let fd = libc::open(c"/dev/net/tun".as_ptr(), libc::O_RDWR | libc::O_NONBLOCK);
            if fd < 0 || libc::ioctl(fd, TUNSETIFF, &mut request) < 0 {
                return None;
            }
            fd
        };
        Some(Tap { fd, mtu, received: vec![0; mtu], sent: vec![0; mtu] })
    }

    /// Until a frame waits, or so long.
    pub fn wait(&self, most: Option<Duration>) {
        let mut poll = libc::pollfd { fd: self.fd, events: libc::POLLIN, revents: 0 };
        let ms = most.map_or(-1, |delay| delay.total_micros().div_ceil(1000).min(60_000) as libc::c_int);
        // SAFETY: one pollfd.
        unsafe { libc::poll(&mut poll, 1, ms) };
    }
}

impl Device for Tap {
    type RxToken<'a> = RxToken<'a>;
    type TxToken<'a> = TxToken<'a>;

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.max_transmission_unit = self.mtu;
        capabilities.medium = Medium::Ethernet;
        capabilities
    }

    fn receive(&mut self, _: Instant) -> Option<(RxToken<'_>, TxToken<'_>)> {
        // SAFETY: no more than the buffer holds.
        let length = unsafe { libc::read(self.fd, self.received.as_mut_ptr().cast(), self.received.len()) };
        if length <= 0 {
            return None;
        }
        Some((RxToken(&self.received[..length as usize]), TxToken { fd: self.fd, buffer: &mut self.sent }))
    }

    fn transmit(&mut self, _: Instant) -> Option<TxToken<'_>> {
        Some(TxToken { fd: self.fd, buffer: &mut self.sent })
    }
}

pub struct RxToken<'a>(&'a [u8]);

impl phy::RxToken for RxToken<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(self.0)
    }
}

pub struct TxToken<'a> {
    fd: libc::c_int,
    buffer: &'a mut [u8],
}

impl phy::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let frame = &mut self.buffer[..length];
        let result = fill(frame);
        // SAFETY: as long as the frame. One that the kernel has no room for is lost, as on a wire.
        unsafe { libc::write(self.fd, frame.as_ptr().cast(), length) };
        result
    }
}
