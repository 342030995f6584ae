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
    public void Text_that_fills_a_hole_counts_and_is_no_repetition()
    {
        TraceAnalysis analysis = Analyse(
            (0, CaptureBytes.Frame(1000, 1, Ack, 1000)),
            (1, CaptureBytes.Frame(3000, 1, Ack, 1000)),
            (2, CaptureBytes.Frame(4000, 1, Ack, 1000)),
            (3, CaptureBytes.Frame(1, 2000, Ack, 0, isBack: true)),
            (10, CaptureBytes.Frame(2000, 1, Ack, 1000)),
            (20, CaptureBytes.Frame(1, 5000, Ack, 0, isBack: true)),
            (30, CaptureBytes.Frame(1, 5000, Ack, 0, isBack: true))); // of a later keep-alive: no progress
        TraceFlow up = Assert.Single(analysis.Connections).Upwards;
        var summary = TraceFlowSummary.Of(up);

        Assert.Equal((4000, 0, 1), (summary.Bytes, summary.Retransmissions, summary.OutOfOrder));
        Assert.Equal(4, up.Segments.Count);
        Assert.Equal(4000 * 8 / 0.020, summary.BitsPerSecond, 6);
        Assert.Equal(3, Assert.Single(up.RoundTrips).Value, 6); // what waited for the hole tells no time
    }

    [Fact]
    public void Text_that_is_new_in_part_is_a_repetition_and_its_new_octets_count()
    {
        TraceAnalysis analysis = Analyse(
            (0, CaptureBytes.Frame(1000, 1, Ack, 1000)),
            (1, CaptureBytes.Frame(3000, 1, Ack, 1000)),
            (2, CaptureBytes.Frame(1500, 1, Ack, 2000)));
        TraceFlow up = Assert.Single(analysis.Connections).Upwards;

        Assert.Equal((3000, 0), (up.Bytes, up.OutOfOrder));
        Assert.Equal([new TraceStroke(0.002, 500, 2500)], up.Retransmissions);
        Assert.Equal(3000 * 8 / 0.002, up.BitsPerSecond(), 6); // no acknowledgment was captured
    }

    [Fact]
    public void A_segment_of_each_order_counts_its_octets_once()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var seen = new HashSet<uint>();
            int again = 0;
            (long, byte[])[] frames = [.. Enumerable.Range(0, 40).Select(i =>
            {
                uint from = (uint)random.Next(100);
                int length = random.Next(1, 9);
                again += Enumerable.Range(0, length).Count(k => !seen.Add(from + (uint)k)) > 0 ? 1 : 0;
                return ((long)i, CaptureBytes.Frame(unchecked(from - 50), 1, Ack, length));
            })];
            TraceFlow up = Assert.Single(Analyse(frames).Connections).Upwards;

            Assert.True((seen.Count, again) == (up.Bytes, up.Retransmissions.Count), $"Seed {seed}");
            Assert.Equal(40, up.Segments.Count + up.Retransmissions.Count);
        }
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

    [Theory]
    [InlineData(Syn, 700, 0, 2)] // another number: another connection
    [InlineData(Syn, 99, 0, 1)] // sent again
    [InlineData(Ack, 100, 500, 1)]
    [InlineData(Fin | Ack, 100, 500, 1)]
    public void A_SYN_with_another_number_is_another_connection_though_no_end_was_captured(
        byte flags, uint seq, uint ack, int connections)
    {
        TraceAnalysis analysis = Analyse(
            (0, CaptureBytes.Frame(99, 0, Syn, 0)),
            (1, CaptureBytes.Frame(499, 100, Syn | Ack, 0, isBack: true)),
            (2, CaptureBytes.Frame(100, 500, Ack, 1000)),
            (9, CaptureBytes.Frame(seq, ack, flags, 0)));

        Assert.Equal(connections, analysis.Connections.Count);
        Assert.Equal(1000, analysis.Connections[0].Bytes);
    }

    [Theory]
    [InlineData(499, 100, 1)] // sent again
    [InlineData(777, 100, 1)] // a cookie of the next minute, for the same SYN
    [InlineData(777, 701, 2)] // for a SYN that was not captured
    public void An_answer_belongs_to_the_SYN_that_it_acknowledges(uint seq, uint ack, int connections)
    {
        TraceAnalysis analysis = Analyse(
            (0, CaptureBytes.Frame(99, 0, Syn, 0)),
            (1, CaptureBytes.Frame(499, 100, Syn | Ack, 0, isBack: true)),
            (2, CaptureBytes.Frame(seq, ack, Syn | Ack, 0, isBack: true)));

        Assert.Equal(connections, analysis.Connections.Count);
        Assert.All(analysis.Connections, item => Assert.Equal("10.0.0.1:1000", item.Client.ToString()));
    }

    [Fact]
    public void A_SYN_after_text_of_which_no_SYN_was_captured_is_another_connection()
    {
        Assert.Equal(2, Analyse(
            (0, CaptureBytes.Frame(100, 500, Ack, 1000)), (1, CaptureBytes.Frame(7000, 0, Syn, 0))).Connections.Count);
        Assert.Equal(2, Analyse(
            (0, CaptureBytes.Frame(100, 500, Ack, 1000)),
            (1, CaptureBytes.Frame(7000, 0, Syn, 0, isBack: true))).Connections.Count);

        // The same one, which two interfaces told of in another order.
        Assert.Single(Analyse(
            (0, CaptureBytes.Frame(100, 500, Ack, 1000)), (1, CaptureBytes.Frame(99, 0, Syn, 0))).Connections);
    }

    [Fact]
    public void Two_SYNs_that_meet_are_one_connection() => Assert.Single(Analyse(
        (0, CaptureBytes.Frame(99, 0, Syn, 0)),
        (1, CaptureBytes.Frame(499, 0, Syn, 0, isBack: true)),
        (2, CaptureBytes.Frame(99, 500, Syn | Ack, 0)),
        (3, CaptureBytes.Frame(499, 100, Syn | Ack, 0, isBack: true)),
        (4, CaptureBytes.Frame(100, 500, Ack, 1000))).Connections);

    [Fact]
    public void Many_SYNs_of_one_pair_of_ports_are_as_many_connections()
    {
        (long, byte[])[] frames = [.. Enumerable.Range(0, 60_000).Select(
            i => ((long)i, CaptureBytes.Frame((uint)(i / 2 * 7919), 0, Syn, 0)))]; // each sent twice

        Assert.Equal(30_000, Analyse(frames).Connections.Count);
    }

    [Fact]
    public void Frames_without_a_time_count_and_tell_no_round_trips()
    {
        TraceAnalysis analysis = TraceAnalysis.Of(
        [
            new CapturedFrame(null, LinkType.Ethernet, CaptureBytes.Frame(1000, 1, Ack, 1000)),
            new CapturedFrame(null, LinkType.Ethernet, CaptureBytes.Frame(1, 2000, Ack, 0, isBack: true)),
            new CapturedFrame(5_000_000_000, LinkType.Ethernet, CaptureBytes.Frame(2000, 1, Ack, 1000)),
            new CapturedFrame(7_000_000_000, LinkType.Ethernet, CaptureBytes.Frame(3000, 1, Ack, 1000)),
            new CapturedFrame(null, LinkType.Ethernet, CaptureBytes.Frame(1, 4000, Ack, 0, isBack: true)),
        ]);
        TraceConnection connection = Assert.Single(analysis.Connections);

        Assert.Equal((3000, 2.0), (connection.Bytes, connection.End));
        Assert.Empty(connection.Upwards.RoundTrips);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(5), analysis.Begin);
        Assert.Null(TraceAnalysis.Of([]).Begin);
    }

    [Fact]
    public void Frames_without_TCP_are_counted_by_the_reason()
    {
        TraceAnalysis analysis = TraceAnalysis.Of(
        [
            new CapturedFrame(0, LinkType.Ethernet, CaptureBytes.Frame(1, 0, Syn, 0)),
            new CapturedFrame(0, (LinkType)127, new byte[50]),
            new CapturedFrame(0, (LinkType)127, new byte[50]),
            new CapturedFrame(0, LinkType.Ethernet, new byte[5]),
        ]);

        Assert.Equal(
            [(2, "of link type 127 (radiotap and IEEE 802.11), which is not read"), (1, "cut before the TCP header")],
            analysis.WithoutTcp.Select(item => (item.Frames, item.Why.ToString())));
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
