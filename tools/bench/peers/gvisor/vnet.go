// A link endpoint over a TAP with the virtio-net header: super-segments and checksums are the kernel's, both ways. gVisor's own fdbased
// endpoint has that for sockets alone.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	vnetHeader = 10
	needsCsum  = 1
	gsoTCPv4   = 1
	gsoTCPv6   = 4
	gsoMost    = 65535
)

// Frames are read into pieces that grow, as fdbased reads them: a small frame takes a small one.
var pieces = []int{128, 256, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 32768}

type vnet struct {
	fd         int
	mtu        uint32
	address    tcpip.LinkAddress
	dispatcher atomic.Pointer[stack.NetworkDispatcher]
}

func newVnet(fd int, mtu uint32, address tcpip.LinkAddress) *vnet {
	return &vnet{fd: fd, mtu: mtu, address: address}
}

func (v *vnet) MTU() uint32                              { return v.mtu }
func (v *vnet) SetMTU(mtu uint32)                        { v.mtu = mtu }
func (v *vnet) MaxHeaderLength() uint16                  { return header.EthernetMinimumSize }
func (v *vnet) LinkAddress() tcpip.LinkAddress           { return v.address }
func (v *vnet) SetLinkAddress(address tcpip.LinkAddress) { v.address = address }
func (v *vnet) IsAttached() bool                         { return v.dispatcher.Load() != nil }
func (v *vnet) Wait()                                    {}
func (v *vnet) ARPHardwareType() header.ARPHardwareType  { return header.ARPHardwareEther }
func (v *vnet) Close()                                   {}
func (v *vnet) SetOnCloseAction(func())                  {}
func (v *vnet) GSOMaxSize() uint32                       { return gsoMost }
func (v *vnet) SupportedGSO() stack.SupportedGSO         { return stack.HostGSOSupported }
func (v *vnet) Capabilities() stack.LinkEndpointCapabilities {
	// Not TX checksums: what is no part of a super-segment comes with its own.
	return stack.CapabilityRXChecksumOffload | stack.CapabilityResolutionRequired
}

func (v *vnet) Attach(dispatcher stack.NetworkDispatcher) {
	if dispatcher == nil {
		v.dispatcher.Store(nil)
		return
	}
	if v.dispatcher.Swap(&dispatcher) == nil {
		go v.read()
	}
}

func (v *vnet) AddHeader(pkt *stack.PacketBuffer) {
	eth := header.Ethernet(pkt.LinkHeader().Push(header.EthernetMinimumSize))
	eth.Encode(&header.EthernetFields{
		SrcAddr: pkt.EgressRoute.LocalLinkAddress,
		DstAddr: pkt.EgressRoute.RemoteLinkAddress,
		Type:    pkt.NetworkProtocolNumber,
	})
}

func (v *vnet) ParseHeader(pkt *stack.PacketBuffer) bool {
	_, ok := pkt.LinkHeader().Consume(header.EthernetMinimumSize)
	return ok
}

func (v *vnet) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	written := 0
	for _, pkt := range pkts.AsSlice() {
		if err := v.write(pkt); err != nil {
			return written, err
		}
		written++
	}
	return written, nil
}

func (v *vnet) write(pkt *stack.PacketBuffer) tcpip.Error {
	var head [vnetHeader]byte
	if gso := pkt.GSOOptions; gso.Type != stack.GSONone {
		if gso.NeedsCsum {
			head[0] = needsCsum
			binary.NativeEndian.PutUint16(head[6:], header.EthernetMinimumSize+gso.L3HdrLen)
			binary.NativeEndian.PutUint16(head[8:], gso.CsumOffset)
		}
		if pkt.Data().Size() > int(gso.MSS) {
			head[1] = gsoTCPv4
			if gso.Type == stack.GSOTCPv6 {
				head[1] = gsoTCPv6
			}
			binary.NativeEndian.PutUint16(head[2:], uint16(pkt.HeaderSize()))
			binary.NativeEndian.PutUint16(head[4:], gso.MSS)
		}
	}
	parts := make([][]byte, 1, 8)
	parts[0] = head[:]
	for _, slice := range pkt.AsSlices() {
		if len(slice) > 0 {
			parts = append(parts, slice)
		}
	}
	if _, err := unix.Writev(v.fd, parts); err != nil {
		return tcpip.TranslateErrno(err.(unix.Errno))
	}
	return nil
}

// Reads frames for ever: one goroutine, which delivers them itself.
func (v *vnet) read() {
	views := make([]*buffer.View, len(pieces))
	parts := make([][]byte, len(pieces)+1)
	parts[0] = make([]byte, vnetHeader)
	for {
		for i := range views {
			if views[i] == nil {
				views[i] = buffer.NewViewSize(pieces[i])
				parts[i+1] = views[i].AsSlice()
			}
		}
		n, err := unix.Readv(v.fd, parts)
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "read: %v\n", err)
			os.Exit(1)
		}
		payload := buffer.Buffer{}
		left := n - vnetHeader
		for i := 0; i < len(views) && left > 0; i++ {
			left -= views[i].Size()
			payload.Append(views[i])
			views[i] = nil
		}
		payload.Truncate(int64(n - vnetHeader))
		v.deliver(payload)
	}
}

func (v *vnet) deliver(payload buffer.Buffer) {
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: payload})
	defer pkt.DecRef()
	if !v.ParseHeader(pkt) {
		return
	}
	eth := header.Ethernet(pkt.LinkHeader().Slice())
	to := eth.DestinationAddress()
	if to != v.address && to[0]&1 == 0 {
		return
	}
	pkt.RXChecksumValidated = true
	if dispatcher := v.dispatcher.Load(); dispatcher != nil {
		(*dispatcher).DeliverNetworkPacket(eth.Type(), pkt)
	}
}
