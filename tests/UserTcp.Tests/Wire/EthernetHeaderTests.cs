using UserTcp.Wire;

namespace UserTcp.Tests.Wire;

public class EthernetHeaderTests
{
    [Fact]
    public void Fields_are_read_where_the_wire_has_them()
    {
        byte[] frame = Convert.FromHexString("0200000000010200000000020800AABB");

        Assert.True(EthernetHeader.TryParse(frame, out EthernetHeader header));
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:01"), header.Destination);
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:02"), header.Source);
        Assert.Equal(EtherType.Ipv4, header.EtherType);
        Assert.False(header.IsLength);
        Assert.Equal([0xaa, 0xbb], header.Payload.ToArray());
    }

    [Fact]
    public void Every_runt_is_refused()
    {
        for (int length = 0; length < EthernetHeader.Size; length++)
        {
            Assert.False(EthernetHeader.TryParse(new byte[length], out _), $"{length} bytes");
        }

        Assert.True(EthernetHeader.TryParse(new byte[EthernetHeader.Size], out EthernetHeader least));
        Assert.True(least.Payload.IsEmpty);
    }

    [Theory]
    [InlineData(0x0000, true)]
    [InlineData(0x05dc, true)]
    [InlineData(0x05ff, true)]
    [InlineData(0x0600, false)]
    [InlineData(0x8100, false)]
    public void A_type_below_0x600_is_the_length_of_an_802_3_frame(int type, bool isLength)
    {
        byte[] frame = new byte[60];
        frame[12] = (byte)(type >> 8);
        frame[13] = (byte)type;

        Assert.True(EthernetHeader.TryParse(frame, out EthernetHeader header));
        Assert.Equal(isLength, header.IsLength);
    }

    [Fact]
    public void What_is_written_is_fourteen_bytes_in_wire_order()
    {
        byte[] frame = new byte[EthernetHeader.Size + 1];
        EthernetHeader.Write(
            frame, MacAddress.Broadcast, MacAddress.Parse("02:5a:11:0c:7e:21"), EtherType.Arp);

        Assert.Equal("FFFFFFFFFFFF025A110C7E21080600", Convert.ToHexString(frame));
    }
}
