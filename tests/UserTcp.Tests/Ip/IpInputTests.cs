using FsCheck.Xunit;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using UserTcp.Tests.Wire;
using UserTcp.Wire;
using static UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Ip;

public class IpInputTests
{
    private static readonly byte[] s_text = [1, 2, 3, 4];

    [Theory]
    [InlineData("02:00:00:00:00:01", "02:00:00:00:00:02", 0x0800, PacketDropReason.None)]
    [InlineData("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:02", 0x0806, PacketDropReason.None)]
    [InlineData("01:00:5e:00:00:01", "02:00:00:00:00:02", 0x0800, PacketDropReason.None)]
    [InlineData("02:00:00:00:00:09", "02:00:00:00:00:02", 0x0800, PacketDropReason.NotForUs)]
    [InlineData("02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", 0x0800, PacketDropReason.Filtered)]
    [InlineData("02:00:00:00:00:01", "01:00:5e:00:00:01", 0x0806, PacketDropReason.Filtered)]
    [InlineData("02:00:00:00:00:01", "02:00:00:00:00:02", 0x002e, PacketDropReason.UnknownProtocol)]    // 802.3
    [InlineData("02:00:00:00:00:01", "02:00:00:00:00:02", 0x05dc, PacketDropReason.UnknownProtocol)]
    [InlineData("02:00:00:00:00:01", "02:00:00:00:00:02", 0x8100, PacketDropReason.UnknownProtocol)]    // VLAN
    [InlineData("02:00:00:00:00:01", "02:00:00:00:00:02", 0x86dd, PacketDropReason.UnknownProtocol)]    // IPv6
    public void Frames_are_sorted_by_their_header(string to, string from, int type, PacketDropReason reason)
    {
        byte[] frame = Frame(MacAddress.Parse(to), MacAddress.Parse(from), type, [0x45, .. new byte[45]]);

        Assert.Equal(reason, IpInput.CheckFrame(frame, OwnMac, out _));
    }

    [Fact]
    public void A_frame_carries_the_version_of_IP_that_its_type_says()
    {
        byte[] frame = Frame(OwnMac, PeerMac, 0x0800, Ipv6Bytes.Packet(Ipv6Bytes.TcpNext, s_text));

        Assert.Equal(PacketDropReason.Malformed, IpInput.CheckFrame(frame, OwnMac, out _));
    }

    [Fact]
    public void IPv6_is_not_spoken_yet_and_is_told_from_what_is_malformed()
    {
        byte[] packet = Ipv6Bytes.Packet(Ipv6Bytes.TcpNext, s_text);

        Assert.Equal(PacketDropReason.UnknownProtocol, Check(packet, out _));
        Assert.Equal(PacketDropReason.Malformed, Check(packet[..^1], out _));
    }

    [Fact]
    public void Runts_are_malformed()
    {
        byte[] frame = Frame(OwnMac, PeerMac, 0x0800, []);
        for (int length = 0; length < 14; length++)
        {
            Assert.Equal(PacketDropReason.Malformed, IpInput.CheckFrame(frame.AsSpan(0, length), OwnMac, out _));
        }
    }

    [Fact]
    public void A_sound_packet_for_us_is_taken()
    {
        byte[] packet = Ipv4(Peer, Own, s_text);

        Assert.Equal(PacketDropReason.None, Check(packet, out IpPacket header));
        Assert.Equal(s_text, header.Payload.ToArray());
    }

    [Fact]
    public void Padding_options_and_fragments_do_not_hinder()
    {
        Assert.Equal(PacketDropReason.None, Check([.. Ipv4(Peer, Own, s_text), 0, 0, 0], out _));
        byte[] withOptions = Ipv4(Peer, Own, s_text, options: [1, 1, 1, 0]);
        Assert.Equal(PacketDropReason.None, Check(withOptions, out IpPacket header));
        Assert.Equal(s_text, header.Payload.ToArray());
        Assert.Equal(PacketDropReason.None, Check(Ipv4(Peer, Own, s_text, fragment: 5), out header));
        Assert.True(header.IsFragment);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("255.255.255.255")]
    [InlineData("192.0.2.255")]
    [InlineData("192.0.2.0")]
    [InlineData("224.0.0.1")]
    [InlineData("239.1.2.3")]
    [InlineData("240.0.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("192.0.2.1")]       // ours: land
    [Rfc("1122 §3.2.1.3"), Rfc("9293 §3.9.2.3", "MUST-63")]
    public void A_source_that_is_no_other_single_host_is_dropped(string source) =>
        Assert.Equal(PacketDropReason.Filtered, Check(Ipv4(Address(source), Own, s_text), out _));

    [Theory]
    [InlineData("255.255.255.255")]
    [InlineData("192.0.2.255")]
    [InlineData("192.0.2.0")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.250")]
    [Rfc("9293 §3.9.2.3", "MUST-57")]
    public void What_is_sent_to_many_is_dropped_in_silence(string destination)
    {
        byte[] packet = Ipv4(Peer, Address(destination), s_text);
        Assert.Equal(PacketDropReason.BroadcastOrMulticast, Check(packet, out _));
        Assert.Equal(
            PacketDropReason.BroadcastOrMulticast,
            IpInput.CheckPacket(packet, Routes(), false, acceptsAnyAddress: true, out _));
    }

    [Fact, Rfc("1122 §3.3.6")]
    public void A_packet_for_us_alone_in_a_frame_for_all_is_dropped() =>
        Assert.Equal(
            PacketDropReason.BroadcastOrMulticast,
            IpInput.CheckPacket(Ipv4(Peer, Own, s_text), Routes(), viaLinkBroadcast: true, false, out _));

    [Theory]
    [InlineData("192.0.2.3", PacketDropReason.None)]
    [InlineData("198.51.100.7", PacketDropReason.None)]
    [InlineData("127.0.0.1", PacketDropReason.NotForUs)]
    [InlineData("0.0.0.0", PacketDropReason.NotForUs)]
    [InlineData("240.0.0.1", PacketDropReason.NotForUs)]
    public void Another_hosts_packet_is_taken_only_by_a_stack_that_accepts_any_address(
        string destination, PacketDropReason reason)
    {
        byte[] packet = Ipv4(Peer, Address(destination), s_text);
        Assert.Equal(PacketDropReason.NotForUs, Check(packet, out _));
        Assert.Equal(reason, IpInput.CheckPacket(packet, Routes(), false, acceptsAnyAddress: true, out _));
    }

    [Fact, Rfc("1122 §3.2.1.2")]
    public void A_wrong_header_checksum_is_counted_as_such()
    {
        byte[] packet = Ipv4(Peer, Own, s_text);
        packet[8]--;

        Assert.Equal(PacketDropReason.BadChecksum, Check(packet, out _));
    }

    [Fact]
    public void Versions_lengths_and_runts_that_cannot_be_are_malformed()
    {
        byte[] packet = Ipv4(Peer, Own, s_text);
        foreach (byte first in (byte[])[0x05, 0x55, 0x65, 0xf5, 0x40, 0x44, 0x47, 0x4f])
        {
            byte[] bad = [.. packet];
            bad[0] = first;
            Assert.Equal(PacketDropReason.Malformed, Check(bad, out _));
        }

        foreach (int total in (int[])[0, 19, 25, 65535])
        {
            byte[] bad = [.. packet];
            bad[2] = (byte)(total >> 8);
            bad[3] = (byte)total;
            Assert.Equal(PacketDropReason.Malformed, Check(Resum(bad), out _));
        }

        for (int length = 0; length < packet.Length; length++)
        {
            Assert.Equal(PacketDropReason.Malformed, Check(packet[..length], out _));
        }
    }

    [Property(MaxTest = 1000)]
    public void Random_bytes_never_throw_and_never_pass_for_a_packet_of_ours(byte[] bytes)
    {
        Assert.NotEqual(PacketDropReason.None, Check(bytes, out _));
        IpInput.CheckFrame(bytes, OwnMac, out _);
    }

    private static PacketDropReason Check(byte[] packet, out IpPacket header) =>
        IpInput.CheckPacket(packet, Routes(), viaLinkBroadcast: false, acceptsAnyAddress: false, out header);
}
