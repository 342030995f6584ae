using FsCheck;
using FsCheck.Xunit;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tests.Wire;

public class ArpPacketTests
{
    private const string Request =
        "0001" + "0800" + "06" + "04" + "0001" + "020000000002" + "C0000202" + "000000000000" + "C0000201";

    [Fact]
    public void A_request_is_read_field_by_field()
    {
        Assert.True(ArpPacket.TryParse(Convert.FromHexString(Request), out ArpPacket arp));

        Assert.Equal(
            new ArpPacket(
                ArpOperation.Request,
                MacAddress.Parse("02:00:00:00:00:02"),
                HostAddress.FromV4(0xc0000202),
                default,
                HostAddress.FromV4(0xc0000201)),
            arp);
        Assert.False(arp.IsProbe);
        Assert.False(arp.IsGratuitous);
    }

    [Fact]
    public void Padding_to_the_least_frame_is_no_part_of_it() =>
        Assert.True(ArpPacket.TryParse(Convert.FromHexString(Request + new string('0', 36)), out _));

    [Theory]
    [InlineData(0, "0006")]         // hardware: IEEE 802
    [InlineData(2, "86DD")]         // protocol: IPv6
    [InlineData(4, "08")]           // hardware address of eight octets
    [InlineData(4, "00")]
    [InlineData(5, "10")]           // protocol address of sixteen octets
    [InlineData(5, "00")]
    [InlineData(6, "0000")]         // operations that are neither request nor reply
    [InlineData(6, "0003")]
    [InlineData(6, "0101")]
    public void Wrong_sizes_and_kinds_are_refused(int at, string octets)
    {
        byte[] bytes = Convert.FromHexString(Request);
        Convert.FromHexString(octets).CopyTo(bytes, at);

        Assert.False(ArpPacket.TryParse(bytes, out _));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        byte[] bytes = Convert.FromHexString(Request);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(ArpPacket.TryParse(bytes.AsSpan(0, length), out _), $"{length} bytes");
        }
    }

    [Fact]
    public void A_probe_has_no_sender_address_and_an_announcement_names_itself()
    {
        Assert.True(ArpPacket.TryParse(Convert.FromHexString(Request), out ArpPacket arp));

        Assert.True((arp with { SenderAddress = HostAddress.AnyV4 }).IsProbe);
        Assert.False((arp with { SenderAddress = HostAddress.AnyV4, TargetAddress = HostAddress.AnyV4 }).IsGratuitous);
        Assert.True((arp with { TargetAddress = arp.SenderAddress }).IsGratuitous);
    }

    [Property]
    public void What_is_written_is_read_back(
        bool isReply, DoNotSize<ulong> senderMac, DoNotSize<uint> sender, DoNotSize<ulong> targetMac,
        DoNotSize<uint> target)
    {
        var packet = new ArpPacket(
            isReply ? ArpOperation.Reply : ArpOperation.Request,
            new MacAddress(BitConverter.GetBytes(senderMac.Item)),
            HostAddress.FromV4(sender.Item),
            new MacAddress(BitConverter.GetBytes(targetMac.Item)),
            HostAddress.FromV4(target.Item));
        byte[] bytes = new byte[ArpPacket.Size];

        packet.WriteTo(bytes);

        Assert.True(ArpPacket.TryParse(bytes, out ArpPacket read));
        Assert.Equal(packet, read);
    }

    [Property]
    public void Random_bytes_never_throw(byte[] bytes)
    {
        if (!ArpPacket.TryParse(bytes, out ArpPacket packet))
            return;

        byte[] again = new byte[ArpPacket.Size];
        packet.WriteTo(again);
        Assert.Equal(bytes[..ArpPacket.Size], again);
    }
}
