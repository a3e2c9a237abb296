// gVisor's netstack on a TAP, with the services that the bench drives:
//
//	gvisor DEVICE MODE offload|plain PORT ADDRESS/BITS...
//
// The device is there already, with the kernel's end configured. Says "ready" once it serves, and serves until it is killed.
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

const (
	nic     = 1
	address = tcpip.LinkAddress("\x02\x70\x65\x65\x72\x01")
	body    = 512
)

// What any of gVisor's errors says; they are no Go errors.
func check(what string, err any) {
	if e, ok := err.(tcpip.Error); ok && e != nil {
		fail(what, e)
	} else if err != nil && !ok {
		fail(what, err)
	}
}

func fail(what string, why any) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, why)
	os.Exit(1)
}

// Attaches to the TAP. Returns its descriptor and MTU.
func open(name string, offload bool) (int, uint32) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR, 0)
	check("open /dev/net/tun", err)
	request, err := unix.NewIfreq(name)
	check("device", err)
	flags := uint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if offload {
		flags |= unix.IFF_VNET_HDR
	}
	request.SetUint16(flags)
	check("TUNSETIFF", unix.IoctlIfreq(fd, unix.TUNSETIFF, request))
	if offload {
		check("TUNSETOFFLOAD", unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, unix.TUN_F_CSUM|unix.TUN_F_TSO4|unix.TUN_F_TSO6|unix.TUN_F_TSO_ECN))
	}
	iface, err := net.InterfaceByName(name)
	check("interface", err)
	return fd, uint32(iface.MTU)
}

func link(name string, offload bool) stack.LinkEndpoint {
	fd, mtu := open(name, offload)
	if offload {
		return newVnet(fd, mtu, address)
	}
	endpoint, err := fdbased.New(&fdbased.Options{
		FDs:                []int{fd},
		MTU:                mtu,
		EthernetHeader:     true,
		Address:            address,
		PacketDispatchMode: fdbased.Readv,
	})
	check("link", err)
	return endpoint
}

func newStack(endpoint stack.LinkEndpoint, addresses []netip.Prefix) *stack.Stack {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6},
	})
	sack := tcpip.TCPSACKEnabled(true)
	check("sack", s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack))
	// As much as Linux grows to.
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 131072, Max: 6 << 20}
	check("receive buffer", s.SetTransportProtocolOption(tcp.ProtocolNumber, &receive))
	send := tcpip.TCPSendBufferSizeRangeOption{Min: 4096, Default: 1 << 20, Max: 4 << 20}
	check("send buffer", s.SetTransportProtocolOption(tcp.ProtocolNumber, &send))
	moderate := tcpip.TCPModerateReceiveBufferOption(true)
	check("autotuning", s.SetTransportProtocolOption(tcp.ProtocolNumber, &moderate))
	control := tcpip.CongestionControlOption("cubic")
	check("cubic", s.SetTransportProtocolOption(tcp.ProtocolNumber, &control))
	check("nic", s.CreateNIC(nic, endpoint))
	for _, prefix := range addresses {
		protocol := header.IPv4ProtocolNumber
		if prefix.Addr().Is6() {
			protocol = header.IPv6ProtocolNumber
		}
		own := tcpip.AddrFromSlice(prefix.Addr().AsSlice())
		full := tcpip.AddressWithPrefix{Address: own, PrefixLen: prefix.Bits()}
		check("address", s.AddProtocolAddress(nic, tcpip.ProtocolAddress{Protocol: protocol, AddressWithPrefix: full}, stack.AddressProperties{}))
		s.AddRoute(tcpip.Route{Destination: full.Subnet(), NIC: nic})
	}
	return s
}

func main() {
	if len(os.Args) < 6 {
		fmt.Fprintln(os.Stderr, "usage: gvisor DEVICE MODE offload|plain PORT ADDRESS/BITS...")
		os.Exit(2)
	}
	mode := os.Args[2]
	port, err := strconv.ParseUint(os.Args[4], 10, 16)
	check("port", err)
	var addresses []netip.Prefix
	for _, text := range os.Args[5:] {
		prefix, err := netip.ParsePrefix(text)
		check("address", err)
		addresses = append(addresses, prefix)
	}
	s := newStack(link(os.Args[1], os.Args[3] == "offload"), addresses)
	for _, prefix := range addresses {
		protocol := ipv4.ProtocolNumber
		if prefix.Addr().Is6() {
			protocol = ipv6.ProtocolNumber
		}
		at := tcpip.FullAddress{NIC: nic, Addr: tcpip.AddrFromSlice(prefix.Addr().AsSlice()), Port: uint16(port)}
		if mode == "udp-echo" {
			conn, err := gonet.DialUDP(s, &at, nil, protocol)
			check("bind", err)
			go serveDatagrams(conn)
		} else {
			listener, err := gonet.ListenTCP(s, at, protocol)
			check("listen", err)
			go serveConnections(listener, mode)
		}
	}
	fmt.Println("ready")
	// A line asks for what the heap holds after a collection.
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		fmt.Println(memory.HeapAlloc + memory.StackInuse)
	}
	select {}
}

func serveDatagrams(conn *gonet.UDPConn) {
	buffer := make([]byte, 65536)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err == nil {
			conn.WriteTo(buffer[:n], from)
		}
	}
}

func serveConnections(listener *gonet.TCPListener, mode string) {
	for {
		conn, err := listener.Accept()
		if err == nil {
			go serve(conn, mode)
		}
	}
}

var answer = []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", body, make([]byte, body)))

func serve(conn net.Conn, mode string) {
	defer conn.Close()
	if mode == "close-first" {
		return
	}
	size := 1 << 18
	if mode != "receive" && mode != "send" {
		size = 4096
	}
	buffer := make([]byte, size)
	for {
		if mode == "send" {
			if _, err := conn.Write(buffer); err != nil {
				return
			}
			continue
		}
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		switch mode {
		case "echo":
			_, err = conn.Write(buffer[:n])
		case "http":
			_, err = conn.Write(answer)
		}
		if err != nil {
			return
		}
	}
}
