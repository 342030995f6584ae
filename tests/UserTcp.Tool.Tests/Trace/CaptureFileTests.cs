using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Tests.Trace;

public sealed class CaptureFileTests
{
    private static readonly byte[] s_frame = CaptureBytes.Frame(1, 0, 2, 0);

    [Theory]
    [InlineData(false, 0xA1B2C3D4, 5, 7_000_005_000)]
    [InlineData(true, 0xA1B2C3D4, 5, 7_000_005_000)]
    [InlineData(false, 0xA1B23C4D, 5, 7_000_000_005)]
    [InlineData(true, 0xA1B23C4D, 5, 7_000_000_005)]
    public void Classic_captures_are_read_in_both_orders_and_resolutions(
        bool isBig, uint magic, uint fraction, long nanoseconds)
    {
        byte[] bytes = new CaptureBytes(isBig).Classic(magic, 1).Record(7, fraction, s_frame).ToArray();
        CapturedFrame frame = Assert.Single(Read(bytes));

        Assert.Equal((nanoseconds, LinkType.Ethernet), (frame.Nanoseconds, frame.Link));
        Assert.Equal(s_frame, frame.Bytes.ToArray());
    }

    [Theory]
    [InlineData(false, null, 7_000_005UL, 7_000_005_000)]
    [InlineData(true, null, 7_000_005UL, 7_000_005_000)]
    [InlineData(false, (byte)9, 7_000_000_005UL, 7_000_000_005)]
    [InlineData(true, (byte)0x8A, 3UL << 10, 3_000_000_000)]
    public void Pcapng_is_read_in_both_orders_and_all_resolutions(
        bool isBig, byte? resolution, ulong ticks, long nanoseconds)
    {
        byte[] bytes = new CaptureBytes(isBig).Section().Unknown().Interface(1, resolution)
            .Packet(0, ticks, s_frame).ToArray();
        CapturedFrame frame = Assert.Single(Read(bytes));

        Assert.Equal(nanoseconds, frame.Nanoseconds);
        Assert.Equal(s_frame, frame.Bytes.ToArray());
    }

    [Fact]
    public void A_second_section_has_its_own_order_and_interfaces()
    {
        byte[] first = new CaptureBytes(isBig: false).Section().Interface(1).Packet(0, 1, s_frame).ToArray();
        byte[] second = new CaptureBytes(isBig: true).Section().Interface(101).Packet(0, 2, s_frame).ToArray();

        Assert.Equal(
            [LinkType.Ethernet, LinkType.Raw], Read([.. first, .. second]).Select(frame => frame.Link));
    }

    [Fact]
    public void A_file_that_ends_within_a_frame_ends_before_it()
    {
        byte[] bytes = new CaptureBytes(isBig: false).Section().Interface(1)
            .Packet(0, 1, s_frame).Packet(0, 2, s_frame).ToArray();

        Assert.Single(Read(bytes[..^10]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("<html><body>no capture</body></html>")]
    public void What_is_no_capture_is_told(string text) =>
        Assert.Equal(Failure.Read, Assert.Throws<ToolException>(() => Read(System.Text.Encoding.ASCII.GetBytes(text)))
            .Failure);

    [Fact]
    public void A_frame_of_an_unknown_interface_is_a_broken_file() => Assert.Throws<ToolException>(
        () => Read(new CaptureBytes(isBig: false).Section().Packet(0, 1, s_frame).ToArray()));

    [Fact]
    public void Damaged_captures_are_read_or_refused_but_nothing_else()
    {
        byte[] good = new CaptureBytes(isBig: false).Section().Interface(1, 9)
            .Packet(0, 1, CaptureBytes.Frame(1, 0, 2, 0, options: [2, 4, 5, 180, 3, 3, 7, 0]))
            .Packet(0, 2, CaptureBytes.Frame(9, 2, 18, 0, isBack: true))
            .Packet(0, 3, CaptureBytes.Frame(2, 10, 16, 30)).ToArray();
        var random = new Random(1);
        int refused = 0;
        for (int round = 0; round < 5000; round++)
        {
            byte[] bad = [.. good];
            for (int i = random.Next(1, 6); i > 0; i--)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);

            try
            {
                TraceAnalysis analysis = TraceAnalysis.Of(CaptureFile.Read(new MemoryStream(bad)));
                Assert.NotEmpty(TraceReport.Make("damaged", analysis, 5));
            }
            catch (ToolException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1, 4999);
    }

    private static List<CapturedFrame> Read(byte[] bytes) => [.. CaptureFile.Read(new MemoryStream(bytes))];
}
