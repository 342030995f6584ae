using UserTcp.Primitives;
using UserTcp.Testing.Network;
using UserTcp.Testing.Swarm;
using UserTcp.Wire;
using Theirs = PacketDotNet;

namespace UserTcp.Simulation.Tests;

/// <summary>PacketDotNet reads along in the swarm: it finds every frame sound, and the same in it as we do.</summary>
public sealed class OracleTapTests
{
    private const ulong Seeds = 10;

    [Fact]
    public void Ten_seeds_are_read_by_PacketDotNet_as_by_us()
    {
        var tap = new OracleTap();
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            using var run = new SwarmRun(PlanMaker.Make(seed));
            foreach (CoreHost host in run.Hosts)
                host.Link.Taps.Add(tap);
            run.Run();
        }

        Assert.True(tap.Arps > 10, $"{tap.Arps} ARP packets");
        Assert.True(tap.Segments > 1000, $"{tap.Segments} segments");
        Assert.True(tap.Options > 1000, $"{tap.Options} segments with options");
    }

    private sealed class OracleTap : IFrameTap
    {
        public int Arps { get; private set; }

        public int Segments { get; private set; }

        public int Options { get; private set; }

        public void OnSent(ReadOnlySpan<byte> frame, Instant now)
        {
            Theirs.Packet packet = Theirs.Packet.ParsePacket(Theirs.LinkLayers.Ethernet, frame.ToArray());
            Assert.True(EthernetHeader.TryParse(frame, out EthernetHeader ethernet));
            if (ethernet.EtherType == EtherType.Arp)
            {
                Assert.True(ArpPacket.TryParse(ethernet.Payload, out ArpPacket arp));
                Check(arp, packet.Extract<Theirs.ArpPacket>());
                return;
            }

            Assert.True(Ipv4Header.TryParse(ethernet.Payload, out Ipv4Header ip));
            Check(ip, packet.Extract<Theirs.IPv4Packet>());
        }

        public void OnReceived(ReadOnlySpan<byte> frame, Instant now)
        {
            // The faults of the network are in there; the sender's link has shown the frame.
        }

        public void Flush()
        {
        }

        private void Check(in ArpPacket ours, Theirs.ArpPacket theirs)
        {
            Assert.Equal((ushort)ours.Operation, (ushort)theirs.Operation);
            Assert.Equal(ours.SenderAddress.ToIPAddress(), theirs.SenderProtocolAddress);
            Assert.Equal(ours.TargetAddress.ToIPAddress(), theirs.TargetProtocolAddress);
            Arps++;
        }

        private void Check(in Ipv4Header ours, Theirs.IPv4Packet theirs)
        {
            Assert.True(theirs.ValidIPChecksum, "The IPv4 checksum is wrong.");
            Assert.Equal(ours.TotalLength, theirs.TotalLength);
            Assert.Equal((byte)ours.Protocol, (byte)theirs.Protocol);
            Assert.Equal(IpProtocol.Tcp, ours.Protocol); // nobody in the swarm has a reason for ICMP
            Assert.True(TcpSegment.TryParse(ours.Payload, out TcpSegment segment));
            Check(segment, theirs.Extract<Theirs.TcpPacket>());
        }

        private void Check(in TcpSegment ours, Theirs.TcpPacket theirs)
        {
            Assert.True(theirs.ValidChecksum, "The TCP checksum is wrong.");
            Assert.False(ours.HasBrokenOptions);
            Assert.Equal(ours.Seq.Value, theirs.SequenceNumber);
            Assert.Equal(ours.Ack.Value, theirs.AcknowledgmentNumber);
            Assert.Equal((ushort)ours.Flags, theirs.Flags);
            Assert.Equal(ours.Window.Value, theirs.WindowSize);
            Assert.Equal(ours.UrgentPointer, (ushort)theirs.UrgentPointer);
            Assert.Equal(
                ours.Text.ToArray(), theirs.HasPayloadPacket ? theirs.PayloadPacket.Bytes : theirs.PayloadData ?? []);
            Segments++;
            if (theirs.DataOffset * 4 > TcpSegment.HeaderSize)
                Options++;
        }
    }
}
