using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Tests.Trace;

public sealed class LinkLayersTests
{
    public static TheoryData<string> Names { get; } = [.. Wrapping.All.Select(wrapping => wrapping.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Tcp_is_found_below_every_header(string name)
    {
        Wrapping wrapping = Wrapping.All.Single(wrapping => wrapping.Name == name);
        byte[] frame = wrapping.Wrap(CaptureBytes.Segment(1234, 99, 7, 24, 5));
        TraceSegment? segment = Parse(wrapping.Link, [.. frame, 0, 0, 0], out _); // what is behind is no text

        Assert.NotNull(segment);
        string host = wrapping.IsIpv6 ? "[2001:db8::1]" : "10.0.0.1";
        Assert.Equal($"{host}:1234", segment.Source.ToString());
        Assert.Equal((99u, 7u, 5), (segment.Sequence, segment.Acknowledgment, segment.Length));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_frame_that_is_cut_within_its_headers_has_none(string name)
    {
        Wrapping wrapping = Wrapping.All.Single(wrapping => wrapping.Name == name);
        byte[] frame = wrapping.Wrap(CaptureBytes.Segment(1234, 99, 7, 24, 0));
        for (int length = 0; length < frame.Length; length++)
            Assert.Null(Parse(wrapping.Link, frame[..length], out _));
    }

    [Theory]
    [InlineData(105, "", "of link type 105 (IEEE 802.11), which is not read")]
    [InlineData(147, "", "of link type 147, which is not read")]
    [InlineData(-1, "", "of link type -1, which is not read")]
    [InlineData(1, "020000000002020000000001 0806 0000", "of Ethernet type 0x0806 (ARP)")]
    [InlineData(1, "020000000002020000000001 8100 0001 88e5 00", "of Ethernet type 0x88e5 (MACsec)")]
    [InlineData(1, "020000000002020000000001 0026 424203 00", "of LLC with service access point 0x42")]
    [InlineData(9, "ff03 c021 01", "of PPP protocol 0xc021")]
    [InlineData(101, "45000014000000004011000001020304 05060708", "of IP protocol 17 (UDP)")]
    [InlineData(101, "45000014000020004006000001020304 05060708", "with a fragment of a packet")]
    [InlineData(101, "45000028000000004006000001020304 05060708 0050", "cut before the TCP header")]
    [InlineData(101, "75000014000000004006000001020304 05060708", "with a header that contradicts itself")]
    [InlineData(239, "02000000 0000 0000", "with a header that contradicts itself")]
    public void The_reason_names_the_header_that_was_not_passed(int link, string frame, string words)
    {
        byte[] bytes = Convert.FromHexString(frame.Replace(" ", "", StringComparison.Ordinal));

        Assert.Null(Parse(link, bytes, out Obstacle why));
        Assert.Equal(words, why.ToString());
    }

    [Fact]
    public void A_frame_of_nothing_but_tags_ends()
    {
        byte[] frame = new byte[12 + 4 * 10_000];
        for (int i = 12; i < frame.Length; i += 4)
            (frame[i], frame[i + 1]) = (0x81, 0x00);

        Assert.Null(Parse(1, frame, out Obstacle why));
        Assert.Equal(Obstacle.Malformed, why);
    }

    private static TraceSegment? Parse(int link, byte[] frame, out Obstacle why) =>
        TraceSegment.Parse(new CapturedFrame(0, (LinkType)link, frame), out why);
}
