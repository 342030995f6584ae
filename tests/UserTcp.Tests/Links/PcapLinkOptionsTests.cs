using UserTcp.Links;

namespace UserTcp.Tests.Links;

/// <summary>What can be said of pcap without privileges; the lab has the rest.</summary>
public sealed class PcapLinkOptionsTests
{
    [Theory]
    [InlineData((64 << 10) - 1)]
    [InlineData((1 << 30) + 1)]
    public void A_buffer_out_of_range_is_refused_before_anything_is_opened(int bytes)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(
            () => PcapLink.Open("eth0", new PcapLinkOptions { BufferBytes = bytes }));
        Assert.Equal(nameof(PcapLinkOptions.BufferBytes), e.ParamName);
    }

    [Theory]
    [InlineData(67)]
    [InlineData(524_303)]
    public void A_frame_length_out_of_range_is_refused_before_anything_is_opened(int bytes)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(
            () => PcapLink.Open("eth0", new PcapLinkOptions { MaxReceiveFrame = bytes }));
        Assert.Equal(nameof(PcapLinkOptions.MaxReceiveFrame), e.ParamName);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void A_device_needs_a_name(string device) => Assert.Throws<ArgumentException>(() => PcapLink.Open(device));

    [Fact]
    public void A_missing_device_or_library_is_named_with_the_remedy()
    {
        if (PcapLink.IsSupported)
        {
            var e = Assert.Throws<LinkNotFoundException>(() => PcapLink.Open("no-such-device"));
            Assert.Contains("'no-such-device'", e.Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Throws<PcapNotFoundException>(() => PcapLink.Open("no-such-device"));
        }
    }

    [Fact]
    public void The_missing_library_is_described_by_its_names_and_package()
    {
        string message = new PcapNotFoundException().Message;
        string[] expected = OperatingSystem.IsWindows() ? ["wpcap.dll", "npcap.com"]
            : OperatingSystem.IsMacOS() ? ["libpcap.dylib"]
            : ["libpcap.so.1", "libpcap.so.0.8", "apt-get install libpcap0.8", "dnf install libpcap"];
        Assert.All(expected, word => Assert.Contains(word, message, StringComparison.Ordinal));
        Assert.IsAssignableFrom<DllNotFoundException>(new PcapNotFoundException());
    }
}
