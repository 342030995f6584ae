using FsCheck.Xunit;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using UserTcp.Tests.Wire;
using UserTcp.Wire;
using static UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Ip;

public class IcmpErrorsTests
{
    // Ports 50000 to 80, SEQ 0x01020304: the eight octets that every quote has.
    private static readonly byte[] s_segment = [0xc3, 0x50, 0, 80, 1, 2, 3, 4];

    [Theory]
    [InlineData(3, 0, (int)IcmpErrorKind.NetworkUnreachable)]
    [InlineData(3, 1, (int)IcmpErrorKind.HostUnreachable)]
    [InlineData(3, 2, (int)IcmpErrorKind.ProtocolUnreachable)]
    [InlineData(3, 3, (int)IcmpErrorKind.PortUnreachable)]
    [InlineData(3, 4, (int)IcmpErrorKind.FragmentationNeeded)]
    [InlineData(3, 5, (int)IcmpErrorKind.SourceRouteFailed)]
    [InlineData(3, 6, (int)IcmpErrorKind.NetworkUnreachable)]
    [InlineData(3, 7, (int)IcmpErrorKind.HostUnreachable)]
    [InlineData(3, 8, (int)IcmpErrorKind.HostUnreachable)]
    [InlineData(3, 9, (int)IcmpErrorKind.Prohibited)]
    [InlineData(3, 10, (int)IcmpErrorKind.Prohibited)]
    [InlineData(3, 11, (int)IcmpErrorKind.NetworkUnreachable)]
    [InlineData(3, 12, (int)IcmpErrorKind.HostUnreachable)]
    [InlineData(3, 13, (int)IcmpErrorKind.Prohibited)]
    [InlineData(3, 15, (int)IcmpErrorKind.HostUnreachable)]
    [InlineData(11, 0, (int)IcmpErrorKind.TimeExceeded)]
    [InlineData(11, 1, (int)IcmpErrorKind.TimeExceeded)]
    [InlineData(12, 0, (int)IcmpErrorKind.ParameterProblem)]
    [InlineData(12, 1, (int)IcmpErrorKind.ParameterProblem)]
    [Rfc("9293 §3.9.2.2", "MUST-54"), Rfc("1122 §4.2.3.9")]
    public void Errors_are_told_apart_and_carry_the_flow(byte type, byte code, int kind)
    {
        Assert.Equal(PacketDropReason.None, Classify(Error(type, code, 1400, Quoted()), out IcmpReport report));

        Assert.Equal((IcmpErrorKind)kind, report.Kind);
        Assert.Equal(IpProtocol.Tcp, report.Protocol);
        Assert.Equal(new FlowKey(Own, 50000, Far, 80), report.Flow);
        Assert.Equal(0x01020304u, report.QuotedSeq.Value);
        Assert.Equal(28, report.QuotedLength);
        Assert.Equal(kind == (int)IcmpErrorKind.FragmentationNeeded ? 1400 : 0, report.NextHopMtu);
    }

    [Fact, Rfc("9293 §3.9.2.2", "MUST-55")]
    public void Source_quench_redirects_and_the_unknown_are_ignored()
    {
        for (int type = 0; type < 256; type++)
        {
            for (int code = 0; code < 256; code++)
            {
                bool known = type == 3 && code <= 15 || type == 11 && code <= 1 || type == 12;
                Assert.Equal(
                    known ? PacketDropReason.None : PacketDropReason.IgnoredIcmp,
                    Classify(Error((byte)type, (byte)code, 0, Quoted()), out _));
            }
        }
    }

    [Fact]
    public void Every_quote_that_is_too_short_is_malformed()
    {
        byte[] quote = Ipv4(Own, Far, s_segment, options: [1, 1, 1, 0]);
        for (int length = 0; length < quote.Length; length++)
        {
            Assert.Equal(PacketDropReason.Malformed, Classify(Error(3, 3, 0, quote[..length]), out _));
        }

        Assert.Equal(PacketDropReason.None, Classify(Error(3, 3, 0, quote), out IcmpReport report));
        Assert.Equal(50000, report.Flow.LocalPort);
    }

    [Fact]
    public void A_quote_that_is_no_IPv4_packet_is_malformed()
    {
        foreach (byte first in (byte[])[0x05, 0x65, 0x44, 0x4f])
        {
            byte[] quote = Quoted();
            quote[0] = first;
            Assert.Equal(PacketDropReason.Malformed, Classify(Error(3, 3, 0, quote), out _));
        }
    }

    [Fact]
    public void A_quote_of_what_we_never_send_is_unsolicited()
    {
        Assert.Equal(
            PacketDropReason.UnsolicitedIcmp, Classify(Error(3, 3, 0, Ipv4(Own, Far, s_segment, fragment: 1)), out _));
        Assert.Equal(
            PacketDropReason.UnsolicitedIcmp,
            Classify(Error(3, 3, 0, Ipv4(Own, Address("224.0.0.1"), s_segment)), out _));
        Assert.Equal(
            PacketDropReason.UnsolicitedIcmp,
            Classify(Error(3, 3, 0, Ipv4(HostAddress.AnyV4, Far, s_segment)), out _));
    }

    [Fact]
    public void The_quoted_length_is_what_was_sent_not_what_was_quoted()
    {
        byte[] quote = Ipv4(Own, Far, [.. s_segment, .. new byte[1452]])[..28];

        Assert.Equal(PacketDropReason.None, Classify(Error(3, 4, 0, quote), out IcmpReport report));
        Assert.Equal(1480, report.QuotedLength);
        Assert.Equal(0, report.NextHopMtu);
    }

    [Property(MaxTest = 1000)]
    public void Random_quotes_never_throw(byte type, byte code, byte[] quote)
    {
        Classify(Error((byte)(type % 13), code, 0, quote), out _);
        Classify(Error(3, (byte)(code % 16), 0, [0x45, .. quote]), out _);
    }

    [Fact, Rfc("1122 §3.2.2.1")]
    public void A_packet_that_nobody_takes_is_answered_by_its_kind()
    {
        Assert.Equal(IcmpUnreachableCode.Port, IcmpErrors.CodeFor(IpProtocol.Udp));
        Assert.Equal(IcmpUnreachableCode.Protocol, IcmpErrors.CodeFor((IpProtocol)132));
    }

    [Theory]
    [InlineData("192.0.2.2", "192.0.2.1", 17, 0, false, true)]
    [InlineData("192.0.2.2", "192.0.2.1", 17, 0x2000, false, true)]     // the first fragment
    [InlineData("192.0.2.2", "192.0.2.1", 17, 1, false, false)]         // a later one
    [InlineData("192.0.2.2", "192.0.2.1", 17, 0, true, false)]
    [InlineData("192.0.2.2", "192.0.2.255", 17, 0, false, false)]
    [InlineData("192.0.2.2", "255.255.255.255", 17, 0, false, false)]
    [InlineData("192.0.2.2", "224.0.0.251", 17, 0, false, false)]
    [InlineData("0.0.0.0", "192.0.2.1", 17, 0, false, false)]
    [InlineData("127.0.0.1", "192.0.2.1", 17, 0, false, false)]
    [InlineData("192.0.2.255", "192.0.2.1", 17, 0, false, false)]
    [InlineData("224.0.0.1", "192.0.2.1", 17, 0, false, false)]
    [InlineData("240.0.0.1", "192.0.2.1", 17, 0, false, false)]
    [InlineData("192.0.2.1", "192.0.2.1", 17, 0, false, false)]
    [Rfc("1122 §3.2.2")]
    public void Errors_are_not_sent_where_they_could_multiply(
        string source, string destination, byte protocol, int fragment, bool viaLinkBroadcast, bool may)
    {
        byte[] packet = Ipv4(Address(source), Address(destination), new byte[8], protocol, fragment: fragment);

        Assert.True(IpPacket.TryParse(packet, out IpPacket offending));
        Assert.Equal(may, IcmpErrors.MayAnswer(offending, Routes(), viaLinkBroadcast));
    }

    [Fact, Rfc("1122 §3.2.2")]
    public void No_error_answers_an_error()
    {
        for (int type = 0; type < 256; type++)
        {
            Assert.True(IpPacket.TryParse(Ipv4(Peer, Own, [(byte)type], 1), out IpPacket offending));
            Assert.Equal(type is not (3 or 4 or 5 or 11 or 12), IcmpErrors.MayAnswer(offending, Routes(), false));
        }

        Assert.True(IpPacket.TryParse(Ipv4(Peer, Own, [], 1), out IpPacket empty));
        Assert.False(IcmpErrors.MayAnswer(empty, Routes(), false));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(528)]
    [InlineData(529)]
    [InlineData(1480)]
    public void An_unreachable_quotes_the_packet_up_to_576_bytes_in_all(int size)
    {
        byte[] offending = Ipv4(Peer, Own, InternetChecksumTests.Noise(size), protocol: 17);
        byte[] packet = new byte[IcmpErrors.MaxPacketBytes];
        Assert.True(IpPacket.TryParse(offending, out IpPacket header));

        int length = IcmpErrors.WriteUnreachable(packet, header, IcmpUnreachableCode.Port);

        Assert.Equal(Math.Min(576, 28 + offending.Length), length);
        Assert.True(IpPacket.TryParse(packet.AsSpan(0, length), out IpPacket answer));
        Assert.True(answer.HasValidHeader);
        Assert.Equal((Own, Peer), (answer.Source, answer.Destination));
        Assert.True(IcmpMessage.TryParse(answer.Payload, out IcmpMessage message) && message.HasValidChecksum);
        Assert.Equal((IcmpType.DestinationUnreachable, 3), (message.Type, message.Code));
        Assert.Equal(offending[..(length - 28)], message.Body.ToArray());
    }

    [Fact, Rfc("1122 §3.3.2")]
    public void A_time_exceeded_says_reassembly()
    {
        Assert.True(IpPacket.TryParse(Ipv4(Peer, Own, new byte[16], fragment: 0x2000), out IpPacket first));
        byte[] packet = new byte[IcmpErrors.MaxPacketBytes];

        int length = IcmpErrors.WriteReassemblyTimeExceeded(packet, first);

        Assert.True(IpPacket.TryParse(packet.AsSpan(0, length), out IpPacket answer));
        Assert.True(IcmpMessage.TryParse(answer.Payload, out IcmpMessage message) && message.HasValidChecksum);
        Assert.Equal((IcmpType.TimeExceeded, 1), (message.Type, message.Code));
        Assert.Equal(first.Packet.ToArray(), message.Body.ToArray());
    }

    private static byte[] Quoted() => Ipv4(Own, Far, s_segment);

    private static byte[] Error(byte type, byte code, ushort mtu, byte[] quote) =>
        [type, code, 0, 0, 0, 0, (byte)(mtu >> 8), (byte)mtu, .. quote];

    private static PacketDropReason Classify(byte[] message, out IcmpReport report)
    {
        Assert.True(IcmpMessage.TryParse(message, out IcmpMessage parsed));
        return IcmpErrors.Classify(parsed, Routes(), out report);
    }
}
