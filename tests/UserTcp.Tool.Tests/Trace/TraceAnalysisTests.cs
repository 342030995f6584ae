using System.Text.Json;
using UserTcp.Tool.Simulation;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Tests.Trace;

public sealed class TraceAnalysisTests
{
    private const byte Fin = 1, Syn = 2, Rst = 4, Ack = 16;

    // MSS 1460 and a window scale of 7.
    private static readonly byte[] s_offer = [2, 4, 5, 180, 3, 3, 7, 1];

    [Fact]
    public void A_connection_is_told_by_its_segments()
    {
        TraceAnalysis analysis = Analyse(
            (0, CaptureBytes.Frame(99, 0, Syn, 0, options: s_offer)),
            (10, CaptureBytes.Frame(499, 100, Syn | Ack, 0, isBack: true, s_offer)),
            (20, CaptureBytes.Frame(100, 500, Ack, 1000)),
            (21, CaptureBytes.Frame(1100, 500, Ack, 1000)),
            (30, CaptureBytes.Frame(500, 1100, Ack, 0, isBack: true)),
            (40, CaptureBytes.Frame(1100, 500, Ack, 1000)),
            (55, CaptureBytes.Frame(500, 2100, Ack, 0, isBack: true)),
            (60, CaptureBytes.Frame(2100, 500, Fin | Ack, 0)));
        TraceConnection connection = Assert.Single(analysis.Connections);
        TraceFlow up = connection.Upwards;

        Assert.Equal("10.0.0.1:1000", connection.Client.ToString());
        Assert.Equal((2000, 0), (up.Bytes, connection.Downwards.Bytes));
        Assert.Equal((1460, 7), (up.SegmentSize, up.WindowScale));
        Assert.Equal([new TraceStroke(0.02, 0, 1000), new TraceStroke(0.021, 1000, 2000)], up.Segments);
        Assert.Equal([new TraceStroke(0.04, 1000, 2000)], up.Retransmissions);
        Assert.Equal(["SYN", "FIN"], up.Marks.Select(mark => mark.Text));
        Assert.Equal([0, 1000, 2000], up.Acks.Select(point => point.Value));

        // The window of the SYN is not scaled, the others are.
        Assert.Equal([1000, 1000 + 128_000, 2000 + 128_000], up.WindowEdges.Select(point => point.Value));

        // By Karn the second segment, which was sent twice, tells no time.
        Assert.Equal(10, Assert.Single(up.RoundTrips).Value, 3);
    }

    [Fact]
    public void Sequence_numbers_may_come_round()
    {
        TraceAnalysis analysis = Analyse(
            (0, CaptureBytes.Frame(uint.MaxValue - 500, 1, Ack, 1000)),
            (1, CaptureBytes.Frame(unchecked(uint.MaxValue - 500 + 1000), 1, Ack, 1000)),
            (2, CaptureBytes.Frame(1, unchecked(uint.MaxValue - 500 + 2000), Ack, 0, isBack: true)));
        TraceFlow up = Assert.Single(analysis.Connections).Upwards;

        Assert.Equal(2000, up.Bytes);
        Assert.Empty(up.Retransmissions);
        Assert.Equal(2000, up.Acks[^1].Value);
    }

    [Fact]
    public void The_same_ports_again_after_the_end_are_another_connection()
    {
        TraceAnalysis analysis = Analyse(
            (0, CaptureBytes.Frame(99, 0, Syn, 0)),
            (1, CaptureBytes.Frame(0, 100, Rst | Ack, 0, isBack: true)),
            (2, CaptureBytes.Frame(700, 0, Syn, 0)));

        Assert.Equal([true, false], analysis.Connections.Select(connection => connection.WasReset));
    }

    [Fact]
    public void A_capture_that_begins_with_the_answer_still_knows_who_asked()
    {
        TraceAnalysis analysis = Analyse((0, CaptureBytes.Frame(499, 100, Syn | Ack, 0, isBack: true)));

        Assert.Equal("10.0.0.1:1000", Assert.Single(analysis.Connections).Client.ToString());
    }

    [Fact]
    public void It_sees_what_the_stack_knows_of_itself()
    {
        using var capture = new MemoryStream();
        LiveSample sample;
        using (var transfer = new LiveTransfer(new LivePath { Loss = 0.01 }, capture))
            sample = transfer.Advance(TimeSpan.FromSeconds(5));

        TraceAnalysis analysis = TraceAnalysis.Of(CaptureFile.Read(new MemoryStream(capture.ToArray())));
        TraceConnection connection = Assert.Single(analysis.Connections);
        var summary = TraceFlowSummary.Of(connection.Upwards);
        Assert.True(sample.Info.Retransmits > 10, "Nothing was lost: the test shows nothing.");
        Assert.Equal(sample.Info.Retransmits, summary.Retransmissions);
        Assert.Equal(sample.Info.BytesAcked, connection.Upwards.Acks.Max(point => point.Value));
        Assert.InRange(summary.RttMinMs!.Value, 40, 41);
        Assert.Equal(sample.Info.MinRtt.TotalMilliseconds, summary.RttMinMs.Value, 0.5);
    }

    [Fact]
    public void Time_that_goes_back_is_no_progress_and_far_times_make_no_more_points()
    {
        TraceAnalysis analysis = Analyse(
            (0, CaptureBytes.Frame(1000, 1, Ack, 1000)),
            (0, CaptureBytes.Frame(1, 1000, Ack, 0, isBack: true)),
            (4_000_000_000_000, CaptureBytes.Frame(1, 1500, Ack, 0, isBack: true)),
            (1000, CaptureBytes.Frame(1, 2000, Ack, 0, isBack: true)));
        TraceConnection connection = Assert.Single(analysis.Connections);
        TracePoint[] points = [.. connection.Upwards.Throughput().Take(1000)];

        Assert.Equal(4e9, connection.End);
        Assert.Equal(120, points.Length);
        double step = 4e9 / 120;
        Assert.Equal(1000 * 8 / step, points[^1].Value, 12);
        Assert.All(points[..^1], point => Assert.Equal(0, point.Value));
        Assert.Equal(1000 * 8 / 4e9, TraceFlowSummary.Of(connection.Upwards).BitsPerSecond, 12);
    }

    [Fact]
    public void The_steps_of_the_throughput_hold_all_that_was_acknowledged()
    {
        TraceAnalysis analysis = Analyse([
            (0, CaptureBytes.Frame(1000, 1, Ack, 1000)),
            .. Enumerable.Range(0, 11).Select(i =>
                ((long)i * i, CaptureBytes.Frame(1, 1000 + 100 * (uint)i, Ack, 0, isBack: true)))]);
        IReadOnlyList<TracePoint> points = Assert.Single(analysis.Connections).Upwards.Throughput();

        Assert.Equal(100, points.Count); // milliseconds, the shortest step
        Assert.Equal(1000, points.Sum(point => point.Value / 8 * 0.001), 6);
        Assert.Equal([0, 3, 8, 15, 24, 35, 48, 63, 80, 99], points.Index().Where(point => point.Item.Value > 0)
            .Select(point => point.Index));
    }

    [Fact]
    public void The_page_holds_all_data_and_nothing_in_them_ends_its_script()
    {
        TraceAnalysis analysis = Analyse(
            (0, CaptureBytes.Frame(99, 0, Syn, 0)), (1, CaptureBytes.Frame(100, 500, Ack, 1000)));
        string page = TraceReport.Make("</script><b>.pcap", analysis, 5);
        int from = page.IndexOf("const data = ", StringComparison.Ordinal) + "const data = ".Length;
        using JsonDocument data = JsonDocument.Parse(page[from..page.IndexOf(";\n", from, StringComparison.Ordinal)]);

        Assert.Single(page.Split("</script>")[1..]);
        Assert.Equal("</script><b>.pcap", data.RootElement.GetProperty("name").GetString());
        JsonElement flow = data.RootElement.GetProperty("connections")[0].GetProperty("flows")[0];
        Assert.Equal(3, flow.GetProperty("segments").GetArrayLength());
        Assert.DoesNotContain("http://", page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal),
            StringComparison.Ordinal);
    }

    private static TraceAnalysis Analyse(params (long Milliseconds, byte[] Frame)[] frames) =>
        TraceAnalysis.Of(frames.Select(item =>
            new CapturedFrame(item.Milliseconds * 1_000_000L, LinkType.Ethernet, item.Frame)));
}
