using UserTcp.Tool.Terminal;
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

    [Theory]
    [InlineData(false, 1_700_000_000, 1_700_000_007_000_005_000)]
    [InlineData(true, 1_700_000_000, 1_700_000_007_000_005_000)]
    [InlineData(false, -5, 2_000_005_000)]
    [InlineData(false, long.MaxValue, long.MaxValue)] // beyond what can be told: the last moment that can
    [InlineData(true, long.MinValue, long.MinValue)]
    public void The_offset_of_an_interface_is_added_to_its_times(bool isBig, long offset, long nanoseconds)
    {
        byte[] bytes = new CaptureBytes(isBig).Section().Interface(1, null, offset)
            .Packet(0, 7_000_005, s_frame).ToArray();

        Assert.Equal(nanoseconds, Assert.Single(Read(bytes)).Nanoseconds);
    }

    [Fact]
    public void A_simple_packet_has_no_time_and_no_padding()
    {
        byte[] odd = CaptureBytes.Frame(1, 0, 16, 3);
        byte[] bytes = new CaptureBytes(isBig: false).Section().Interface(1).Simple(odd.Length, odd).ToArray();
        CapturedFrame frame = Assert.Single(Read(bytes));

        Assert.Null(frame.Nanoseconds);
        Assert.Equal(odd, frame.Bytes.ToArray());
    }

    [Fact]
    public void Of_a_simple_packet_no_more_is_kept_than_its_interface_keeps()
    {
        byte[] kept = CaptureBytes.Frame(1, 0, 16, 3)[..55];
        byte[] bytes = new CaptureBytes(isBig: true).Section().Interface(1, snapLength: 55)
            .Simple(1500, kept).ToArray();

        Assert.Equal(kept, Assert.Single(Read(bytes)).Bytes.ToArray());
        Assert.Throws<ToolException>(
            () => Read(new CaptureBytes(isBig: true).Section().Interface(1).Simple(1500, kept).ToArray()));
    }

    [Theory]
    [InlineData(2, 60u, 54u)] // swapped: the packet, then what was kept of it
    [InlineData(3, 60u, 54u)]
    [InlineData(3, 54u, 60u)] // as today
    [InlineData(4, 54u, 60u)]
    public void Lengths_of_old_versions_may_be_swapped(ushort minor, uint first, uint second)
    {
        byte[] bytes = new CaptureBytes(isBig: false).Classic(0xA1B2C3D4, 1, minor)
            .Record(1, 0, first, second, s_frame).Record(2, 0, first, second, s_frame).ToArray();

        Assert.Equal(54, s_frame.Length);
        Assert.Equal([s_frame, s_frame], Read(bytes).Select(frame => frame.Bytes.ToArray()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_modified_format_has_more_in_each_record(bool isBig)
    {
        byte[] more = [.. new byte[8], .. s_frame];
        byte[] bytes = new CaptureBytes(isBig).Classic(0xA1B2CD34, 1)
            .Record(7, 5, 54, 54, more).Record(8, 0, 54, 54, more).ToArray();

        Assert.Equal([7_000_005_000, 8_000_000_000], Read(bytes).Select(frame => frame.Nanoseconds!.Value));
        Assert.Equal([s_frame, s_frame], Read(bytes).Select(frame => frame.Bytes.ToArray()));
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
        var random = new Random(1);
        int read = 0;
        for (int round = 0; round < 5000; round++)
        {
            byte[] bad = Pcapng();
            for (int i = random.Next(1, 6); i > 0; i--)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            read += IsRead(bad) ? 1 : 0;
        }

        Assert.InRange(read, 1, 4999);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_capture_that_is_cut_anywhere_is_read_or_refused(bool isClassic)
    {
        byte[] whole = isClassic ? Classic() : Pcapng();
        int read = 0;
        for (int length = 0; length <= whole.Length; length++)
            read += IsRead(whole[..length]) ? 1 : 0;

        Assert.Equal(whole.Length - 3, read); // four bytes tell that it is one
    }

    [Fact]
    public void Damaged_classic_captures_with_any_time_are_read_or_refused()
    {
        var random = new Random(2);
        int read = 0;
        for (int round = 0; round < 5000; round++)
        {
            byte[] bad = Classic();
            for (int i = random.Next(1, 9); i > 0; i--)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            read += IsRead(bad) ? 1 : 0;
        }

        Assert.InRange(read, 1, 4999);
    }

    [Fact]
    public void Segments_of_random_bytes_and_times_are_read()
    {
        var random = new Random(3);
        for (int round = 0; round < 2000; round++)
        {
            long? offset = random.Next(2) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : null;
            var bytes = new CaptureBytes(isBig: false).Section().Interface(1, (byte)random.Next(19), offset);
            for (int i = random.Next(1, 12); i > 0; i--)
            {
                byte[] frame = CaptureBytes.Frame(
                    (uint)random.NextInt64(1L << 32), (uint)random.NextInt64(1L << 32), (byte)random.Next(64),
                    random.Next(40), random.Next(2) == 0, RandomBytes(random, 4 * random.Next(11)));
                bytes.Packet(0, (ulong)random.NextInt64(1L << random.Next(1, 63)) << random.Next(2), frame);
            }

            Assert.True(IsRead(bytes.ToArray()), $"Round {round}");
        }
    }

    [Fact]
    public void Frames_of_any_link_type_that_are_damaged_or_cut_are_read()
    {
        var random = new Random(5);
        for (int round = 0; round < 5000; round++)
        {
            Wrapping wrapping = Wrapping.All[random.Next(Wrapping.All.Count)];
            byte[] frame = wrapping.Wrap(CaptureBytes.Segment(1000, 1, 2, 16, random.Next(40)));
            for (int i = random.Next(1, 4); i > 0; i--)
                frame[random.Next(frame.Length)] = (byte)random.Next(256);
            frame = frame[..random.Next(frame.Length + 1)];
            Assert.True(IsRead(new CaptureBytes(isBig: false).Classic(0xA1B2C3D4, wrapping.Link)
                .Record(1, 0, frame).ToArray()));
        }
    }

    [Fact]
    public void Random_bytes_behind_a_head_are_read_or_refused()
    {
        var random = new Random(4);
        byte[][] heads =
        [
            new CaptureBytes(isBig: false).Section().Interface(1).ToArray(),
            new CaptureBytes(isBig: true).Section().ToArray(),
            new CaptureBytes(isBig: false).Classic(0xA1B2C3D4, 101).ToArray(),
            new CaptureBytes(isBig: true).Classic(0xA1B23C4D, 113).ToArray(),
        ];
        int read = 0;
        for (int round = 0; round < 1000; round++)
            read += IsRead([.. heads[round % heads.Length], .. RandomBytes(random, random.Next(500))]) ? 1 : 0;

        Assert.InRange(read, 1, 999);
    }

    private static byte[] RandomBytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Pcapng() => new CaptureBytes(isBig: false).Section().Interface(1, 9)
        .Packet(0, 1, CaptureBytes.Frame(1, 0, 2, 0, options: [2, 4, 5, 180, 3, 3, 7, 0]))
        .Packet(0, 2, CaptureBytes.Frame(9, 2, 18, 0, isBack: true))
        .Packet(0, 3, CaptureBytes.Frame(2, 10, 16, 30)).ToArray();

    private static byte[] Classic() => new CaptureBytes(isBig: false).Classic(0xA1B2C3D4, 1)
        .Record(1, 0, CaptureBytes.Frame(1, 0, 2, 0, options: [2, 4, 5, 180, 3, 3, 7, 0]))
        .Record(2, 0, CaptureBytes.Frame(9, 2, 18, 0, isBack: true))
        .Record(3, 0, CaptureBytes.Frame(2, 10, 16, 30))
        .Record(4, 0, CaptureBytes.Frame(10, 32, 16, 0, isBack: true))
        .Record(5, 0, CaptureBytes.Frame(10, 33, 16, 0, isBack: true, [5, 10, 0, 0, 0, 40, 0, 0, 0, 50, 0, 0]))
        .ToArray();

    // All that the command does with one; false if it is refused as one that is broken.
    private static bool IsRead(byte[] bytes)
    {
        try
        {
            TraceAnalysis analysis = TraceAnalysis.Of(CaptureFile.Read(new MemoryStream(bytes)));
            string page = TraceReport.Make("any", analysis, 5);
            Assert.InRange(page.Length, 1, 200_000 + 20 * bytes.Length);
            foreach (TraceConnection connection in analysis.Connections)
            {
                Assert.True(connection.End >= connection.Start, "It ends before it begins.");
                Assert.NotEmpty(ToolOutput.ToJson(TraceFlowSummary.Of(connection.Upwards)));
                Assert.NotEmpty(ToolOutput.ToJson(TraceFlowSummary.Of(connection.Downwards)));
            }

            return true;
        }
        catch (ToolException broken)
        {
            Assert.Equal(Failure.Read, broken.Failure);
            return false;
        }
    }

    private static List<CapturedFrame> Read(byte[] bytes) => [.. CaptureFile.Read(new MemoryStream(bytes))];
}
