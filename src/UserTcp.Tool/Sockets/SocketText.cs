using System.Globalization;
using System.Text;

namespace UserTcp.Tool.Sockets;

/// <summary>Listeners and connections as <c>ss</c> of iproute2 prints them.</summary>
internal static class SocketText
{
    private static readonly string[] s_titles =
        ["State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port", "Process"];

    /// <summary>The lines of a table.</summary>
    /// <param name="reports">The answers of the endpoints.</param>
    /// <param name="which">Listeners, connections, or both.</param>
    /// <param name="hasDetails">Whether each connection has a second line, its <c>tcp_info</c>.</param>
    public static IEnumerable<string> Lines(
        IReadOnlyList<EndpointReport> reports, (bool Listeners, bool Connections) which, bool hasDetails)
    {
        List<(string[] Cells, string? Details)> rows = [(s_titles, null)];
        foreach (EndpointReport report in reports)
        {
            string process = $"users:((\"{report.Stack.Process}\",pid={report.Stack.ProcessId}))";
            if (which.Listeners)
                rows.AddRange(report.Listeners.Select(listener => (CellsOf(listener, process), (string?)null)));
            if (which.Connections)
            {
                rows.AddRange(report.Connections.Select(connection => (
                    CellsOf(connection, process), hasDetails ? "\t " + Details(connection) : null)));
            }
        }

        int[] widths = [.. Enumerable.Range(0, s_titles.Length).Select(i => rows.Max(row => row.Cells[i].Length))];
        foreach ((string[] cells, string? details) in rows)
        {
            yield return string.Join(' ', cells.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd();
            if (details is not null)
                yield return details;
        }
    }

    /// <summary>The <c>tcp_info</c> of a connection.</summary>
    public static string Details(ConnectionLine line)
    {
        var words = new Words();
        words.AddIf(line.Timestamps, "ts").AddIf(line.Sack, "sack").AddIf(line.Ecn, "ecn").Add(line.CongestionControl);
        words.AddIf(line.SendScale + line.ReceiveScale > 0, $"wscale:{line.SendScale},{line.ReceiveScale}");
        words.Add($"rto:{Ms(line.RtoUs)}").AddIf(line.Backoff > 0, $"backoff:{line.Backoff}");
        words.AddIf(line.RttUs > 0, $"rtt:{Ms(line.RttUs)}/{Ms(line.RttVarianceUs)}");
        words.Add($"mss:{line.SegmentSize}").Add($"pmtu:{line.PathMtu}").Add($"advmss:{line.ReceiveSegmentSize}");
        words.Add($"cwnd:{Segments(line.CongestionWindow, line)}");
        words.AddIf(
            line.SlowStartThreshold is > 0 and < int.MaxValue, $"ssthresh:{Segments(line.SlowStartThreshold, line)}");
        AddCounters(words, line);
        AddRates(words, line);
        AddTimes(words, line);
        words.AddIf(line.Unacknowledged > 0, $"unacked:{Segments(line.Unacknowledged, line)}");
        words.AddIf(
            line.Retransmits > 0, $"retrans:{Segments(line.BytesUnderWayAgain, line)}/{line.Retransmits}");
        words.AddIf(line.BytesLost > 0, $"lost:{Segments(line.BytesLost, line)}");
        words.AddIf(line.BytesSacked > 0, $"sacked:{Segments(line.BytesSacked, line)}");
        words.AddIf(line.ReorderingSeen, "reord_seen:1");
        words.AddIf(line.ReceiverRttUs > 0, $"rcv_rtt:{Ms(line.ReceiverRttUs)}").Add($"rcv_space:{line.ReceiveBuffer}");
        words.AddIf(line.NotSent > 0, $"notsent:{line.NotSent}");
        words.AddIf(line.MinRttUs > 0, $"minrtt:{Ms(line.MinRttUs)}");
        words.AddIf(line.OutOfOrderSegments > 0, $"rcv_ooopack:{line.OutOfOrderSegments}");
        words.Add($"snd_wnd:{line.PeerWindow}").Add($"rcv_wnd:{line.ReceiveWindow}").AddIf(line.Orphan, "orphan");
        return words.ToString();
    }

    private static void AddCounters(Words words, ConnectionLine line) => words
        .AddIf(line.BytesSent > 0, $"bytes_sent:{line.BytesSent}")
        .AddIf(line.BytesRetransmitted > 0, $"bytes_retrans:{line.BytesRetransmitted}")
        .AddIf(line.BytesAcked > 0, $"bytes_acked:{line.BytesAcked}")
        .AddIf(line.BytesReceived > 0, $"bytes_received:{line.BytesReceived}")
        .AddIf(line.SegmentsSent > 0, $"segs_out:{line.SegmentsSent}")
        .AddIf(line.SegmentsReceived > 0, $"segs_in:{line.SegmentsReceived}");

    private static void AddRates(Words words, ConnectionLine line) => words
        .AddIf(line.RttUs > 0, $"send {Rate(line.CongestionWindow / (line.RttUs / 1e6))}")
        .AddIf(line.SinceSendUs is not null, $"lastsnd:{line.SinceSendUs / 1000}")
        .AddIf(line.SinceReceiveUs is not null, $"lastack:{line.SinceReceiveUs / 1000}")
        .AddIf(line.PacingRate > 0, $"pacing_rate {Rate(line.PacingRate)}")
        .AddIf(line.DeliveryRate > 0, $"delivery_rate {Rate(line.DeliveryRate)}")
        .AddIf(line.DeliveryRateAppLimited, "app_limited");

    private static void AddTimes(Words words, ConnectionLine line) => words
        .AddIf(line.BusyUs >= 1000, $"busy:{line.BusyUs / 1000}ms")
        .AddIf(line.PeerWindowLimitedUs >= 1000, $"rwnd_limited:{Part(line.PeerWindowLimitedUs, line.BusyUs)}")
        .AddIf(line.SendBufferLimitedUs >= 1000, $"sndbuf_limited:{Part(line.SendBufferLimitedUs, line.BusyUs)}");

    private static string[] CellsOf(ListenerLine line, string process) =>
        ["LISTEN", Number(line.Pending), Number(line.Backlog), line.Local, "0.0.0.0:*", process];

    private static string[] CellsOf(ConnectionLine line, string process) =>
        [StateOf(line.State), Number(line.ReceiveQueue), Number(line.SendQueue), line.Local, line.Remote, process];

    private static string StateOf(string state) => state switch
    {
        "Established" => "ESTAB",
        "SynSent" => "SYN-SENT",
        "SynReceived" => "SYN-RECV",
        "FinWait1" => "FIN-WAIT-1",
        "FinWait2" => "FIN-WAIT-2",
        "CloseWait" => "CLOSE-WAIT",
        "LastAck" => "LAST-ACK",
        "Closed" => "UNCONN",
        _ => state.ToUpperInvariant(),
    };

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Segments(long bytes, ConnectionLine line) =>
        (bytes + line.SegmentSize - 1) / Math.Max(1, line.SegmentSize);

    private static string Ms(long us) => (us / 1000.0).ToString("0.###", CultureInfo.InvariantCulture);

    private static string Part(long us, long ofUs) => string.Create(
        CultureInfo.InvariantCulture, $"{us / 1000}ms({100.0 * us / Math.Max(1, ofUs):0.#}%)");

    private static string Rate(double bytesPerSecond) => (bytesPerSecond * 8) switch
    {
        >= 1e9 and var bits => string.Create(CultureInfo.InvariantCulture, $"{bits / 1e9:0.#}Gbps"),
        >= 1e6 and var bits => string.Create(CultureInfo.InvariantCulture, $"{bits / 1e6:0.#}Mbps"),
        >= 1e3 and var bits => string.Create(CultureInfo.InvariantCulture, $"{bits / 1e3:0.#}Kbps"),
        var bits => string.Create(CultureInfo.InvariantCulture, $"{bits:0}bps"),
    };

    private sealed class Words
    {
        private readonly StringBuilder _text = new();

        public Words Add(string word)
        {
            _text.Append(_text.Length > 0 ? " " : "").Append(word);
            return this;
        }

        public Words AddIf(bool isTrue, FormattableString word) =>
            isTrue ? Add(FormattableString.Invariant(word)) : this;

        public Words AddIf(bool isTrue, string word) => isTrue ? Add(word) : this;

        public override string ToString() => _text.ToString();
    }
}
