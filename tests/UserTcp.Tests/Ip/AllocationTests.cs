using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using UserTcp.Wire;
using static UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Ip;

public class AllocationTests
{
    [Fact]
    public void From_frame_to_segment_and_back_nothing_is_allocated()
    {
        RoutingTable routes = Routes();
        var paths = new PathMtu(1500);
        paths.OnTooBig(Peer, 1400, 1500, At(0));
        byte[] frame = Written(new byte[14 + 20 + 32 + 1448]);
        bool sound = PassThrough(frame, routes, paths);
        Allocation.IsNone(() => sound &= PassThrough(frame, routes, paths), rounds: 1000);
        Assert.True(sound);
    }

    private static bool PassThrough(byte[] frame, RoutingTable routes, PathMtu paths)
    {
        bool sound = IpInput.CheckFrame(frame, OwnMac, out EthernetHeader ethernet) == PacketDropReason.None;
        PacketDropReason reason = IpInput.CheckPacket(ethernet.Payload, routes, false, false, out IpPacket ip);
        sound &= reason == PacketDropReason.None;
        sound &= InternetChecksum.IsTransportValid(ip.Source, ip.Destination, ip.Protocol, ip.Payload);
        sound &= TcpSegment.TryParse(ip.Payload, out TcpSegment segment) && segment.Text.Length == 1448;
        sound &= routes.TryResolve(ip.Source, out NextHop hop) && hop.Address == Peer;
        sound &= paths.Get(ip.Source, At(1)) == 1400;
        Written(frame);
        return sound;
    }

    private static byte[] Written(byte[] frame)
    {
        var options = new TcpOptions { HasTimestamps = true, TsVal = 1, TsEcr = 2 };
        Span<byte> tcp = frame.AsSpan(34);
        EthernetHeader.Write(frame, OwnMac, PeerMac, EtherType.Ipv4);
        Ipv4Header.Write(frame.AsSpan(14), new Ipv4Fields(Peer, Own, IpProtocol.Tcp, 20 + tcp.Length));
        int header = TcpSegmentWriter.WriteHeader(
            tcp, 80, 50000, new SeqNumber(1), new SeqNumber(2), TcpFlags.Ack, new WireWindow(3), 0, options);
        TcpSegmentWriter.WriteChecksum(tcp[..header], Peer, Own, tcp[header..]);
        return frame;
    }
}
