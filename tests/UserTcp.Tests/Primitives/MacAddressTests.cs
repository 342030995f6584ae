using System.Net.NetworkInformation;
using System.ComponentModel;
using FsCheck;
using FsCheck.Xunit;

namespace UserTcp.Tests.Primitives;

public class MacAddressTests
{
    [Property]
    public void Octets_and_text_lead_back_to_the_address(DoNotSize<ulong> octets)
    {
        byte[] bytes = BitConverter.GetBytes(octets.Item)[..6];
        var mac = new MacAddress(bytes);
        byte[] copy = new byte[6];
        mac.CopyTo(copy);

        Assert.Equal(bytes, copy);
        Assert.Equal(mac, MacAddress.Parse(mac.ToString()));
        Assert.Equal(string.Join(':', bytes.Select(static b => b.ToString("x2"))), mac.ToString());
        Assert.Equal((bytes[0] & 1) != 0, mac.IsMulticast);
        Assert.Equal((bytes[0] & 2) != 0, mac.IsLocallyAdministered);
    }

    [Theory]
    [InlineData("02:5a:11:0c:7e:21")]
    [InlineData("02-5A-11-0C-7E-21")]
    [InlineData("02:5A:11-0c:7e:21")]
    public void Either_separator_and_either_case_are_read(string text) =>
        Assert.Equal("02:5a:11:0c:7e:21", MacAddress.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("02:5a:11:0c:7e")]
    [InlineData("02:5a:11:0c:7e:21:33")]
    [InlineData("02:5a:11:0c:7e:2")]
    [InlineData("02:5a:11:0c:7e:2g")]
    [InlineData("025a:11:0c:7e:211")]
    [InlineData(" 2:5a:11:0c:7e:21")]
    [InlineData("+2:5a:11:0c:7e:21")]
    [InlineData("02.5a.11.0c.7e.21")]
    [InlineData("025a110c7e21")]
    public void Anything_else_is_refused(string text)
    {
        Assert.False(MacAddress.TryParse(text, null, out MacAddress none));
        Assert.Equal(default, none);
        Assert.Throws<FormatException>(() => MacAddress.Parse(text));
    }

    [Fact]
    public void Null_is_no_address()
    {
        Assert.False(MacAddress.TryParse(null, null, out _));
        Assert.Throws<ArgumentNullException>(() => MacAddress.Parse(null!));
    }

    [Fact]
    public void Too_few_octets_throw()
    {
        Assert.Throws<ArgumentException>(() => new MacAddress(new byte[5]));
        Assert.Throws<ArgumentException>(() => MacAddress.Broadcast.CopyTo(new byte[5]));
    }

    [Fact]
    public void Special_addresses_say_so()
    {
        Assert.True(MacAddress.Broadcast.IsMulticast);
        Assert.False(MacAddress.Broadcast.IsZero);
        Assert.True(default(MacAddress).IsZero);
        Assert.False(default(MacAddress).IsMulticast);
    }

    [Property]
    public void A_made_address_is_local_unicast_and_the_same_each_time(byte[] seed)
    {
        MacAddress mac = MacAddress.CreateLocal(seed);

        Assert.True(mac.IsLocallyAdministered);
        Assert.False(mac.IsMulticast);
        Assert.Equal(mac, MacAddress.CreateLocal(seed));
    }

    [Fact]
    public void Different_seeds_make_different_addresses() =>
        Assert.NotEqual(MacAddress.CreateLocal("eth0"u8), MacAddress.CreateLocal("eth1"u8));

    [Fact]
    public void A_short_buffer_is_not_written()
    {
        Assert.False(MacAddress.Broadcast.TryFormat(new char[16], out int written, default, null));
        Assert.Equal(0, written);
        Assert.Equal("to ff:ff:ff:ff:ff:ff", $"to {MacAddress.Broadcast}");
    }

    [Fact]
    public void Configuration_binds_text_to_it()
    {
        TypeConverter converter = TypeDescriptor.GetConverter(typeof(MacAddress));

        Assert.True(converter.CanConvertFrom(typeof(string)));
        Assert.Equal(MacAddress.Broadcast, converter.ConvertFromInvariantString("ff:ff:ff:ff:ff:ff"));
    }

    [Fact]
    public void It_converts_to_the_platforms_address_and_back()
    {
        MacAddress address = MacAddress.Parse("02:5a:11:0c:7e:21");
        PhysicalAddress platform = address.ToPhysicalAddress();
        Assert.Equal(PhysicalAddress.Parse("025A110C7E21"), platform);
        Assert.Equal(address, new MacAddress(platform));
    }

    [Fact]
    public void A_platform_address_of_another_length_is_refused()
    {
        var e = Assert.Throws<ArgumentException>(() => new MacAddress(PhysicalAddress.None));
        Assert.Contains("0 octets", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new MacAddress(new PhysicalAddress(new byte[8])));
        Assert.Throws<ArgumentNullException>(() => new MacAddress((PhysicalAddress)null!));
    }
}
