using FsCheck.Xunit;
using UserTcp.Ip;
using UserTcp.Tests.Support;
using UserTcp.Tests.Wire;
using UserTcp.Wire;
using static UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Ip;

public class IcmpEchoTests
{
    [Property]
    [Rfc("1122 §3.2.2.6")]
    public void The_reply_comes_from_the_address_asked_and_repeats_the_data(
        ushort identifier, ushort number, byte[] data)
    {
        byte[] packet = new byte[1500];

        int length = Reply(Echo(8, 0, identifier, number, data), packet);

        Assert.Equal(28 + data.Length, length);
        Assert.True(IpPacket.TryParse(packet.AsSpan(0, length), out IpPacket header));
        Assert.True(header.HasValidHeader);
        Assert.Equal((Own, Peer, IpProtocol.Icmp), (header.Source, header.Destination, header.Protocol));
        Assert.True(IcmpMessage.TryParse(header.Payload, out IcmpMessage reply));
        Assert.True(reply.HasValidChecksum);
        Assert.Equal((IcmpType.EchoReply, 0), (reply.Type, reply.Code));
        Assert.Equal((identifier, number), (reply.Identifier, reply.SequenceNumber));
        Assert.Equal(data, reply.Body.ToArray());
    }

    [Fact, Rfc("1122 §3.2.2.6")]
    public void A_reply_that_does_not_fit_the_link_is_cut()
    {
        byte[] packet = new byte[1500];
        byte[] data = InternetChecksumTests.Noise(20_000);

        int length = Reply(Echo(8, 0, 1, 2, data), packet);

        Assert.Equal(1500, length);
        Assert.Equal(data[..1472], packet[28..]);
        Assert.True(IpPacket.TryParse(packet, out IpPacket header));
        Assert.True(IcmpMessage.TryParse(header.Payload, out IcmpMessage reply) && reply.HasValidChecksum);
    }

    [Fact]
    public void A_request_of_ours_is_whole()
    {
        byte[] packet = new byte[100];

        int length = IcmpEcho.WriteRequest(packet, Own, Peer, 7, 9, [1, 2, 3]);

        Assert.Equal(31, length);
        Assert.True(IpPacket.TryParse(packet.AsSpan(0, length), out IpPacket header));
        Assert.True(header.HasValidHeader && new Ipv4Header(header.Packet).DontFragment);
        Assert.Equal((Own, Peer), (header.Source, header.Destination));
        Assert.True(IcmpMessage.TryParse(header.Payload, out IcmpMessage echo) && echo.HasValidChecksum);
        Assert.Equal((IcmpType.EchoRequest, (ushort)7, (ushort)9), (echo.Type, echo.Identifier, echo.SequenceNumber));
        Assert.Equal([1, 2, 3], echo.Body.ToArray());
    }

    private static int Reply(byte[] message, byte[] packet)
    {
        Assert.True(IpPacket.TryParse(Ipv4(Peer, Own, message, protocol: 1), out IpPacket request));
        Assert.True(IcmpMessage.TryParse(request.Payload, out IcmpMessage echo));
        return IcmpEcho.WriteReply(request, echo, packet);
    }

    private static byte[] Echo(byte type, byte code, ushort identifier, ushort number, byte[] data) =>
        [type, code, 0, 0, (byte)(identifier >> 8), (byte)identifier, (byte)(number >> 8), (byte)number, .. data];
}
