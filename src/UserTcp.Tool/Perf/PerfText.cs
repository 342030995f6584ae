using System.Globalization;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Perf;

/// <summary>The lines of iperf3, column for column, for those who read them and for scripts that do.</summary>
internal static class PerfText
{
    public const string Rule = "- - - - - - - - - - - - - - - - - - - - - - - - -";

    public static IEnumerable<string> Connected(PerfTest test) => test.Streams.Select(stream =>
        $"[{stream.Id,3}] local {stream.Connection.LocalEndPoint.Address} port {stream.Connection.LocalEndPoint.Port} "
        + $"connected to {stream.Connection.RemoteEndPoint.Address} port {stream.Connection.RemoteEndPoint.Port}");

    public static string Heading(bool isSender) =>
        "[ ID] Interval           Transfer     Bitrate" + (isSender ? "         Retr  Cwnd" : "");

    public static IEnumerable<string> Interval(PerfInterval interval, bool isSender)
    {
        string omitted = interval.IsOmitted ? "  (omitted)" : "";
        foreach (PerfStreamInterval stream in interval.Streams)
        {
            string line = Line(
                $"{stream.Id,3}", interval.Start, interval.End, stream.Bytes, interval.RateOf(stream.Bytes));
            yield return (isSender
                ? $"{line}  {stream.Retransmits,3}   {Quantity.Bytes(stream.Info.CongestionWindow)}" : line) + omitted;
        }

        if (interval.Streams.Count > 1)
        {
            string sum = Line("SUM", interval.Start, interval.End, interval.Bytes, interval.BitsPerSecond);
            yield return (isSender ? $"{sum}  {interval.Retransmits,3}" : sum) + omitted;
        }
    }

    /// <summary>What both sides counted.</summary>
    public static IEnumerable<string> Outcome(PerfOutcome outcome)
    {
        yield return Rule;
        yield return "[ ID] Interval           Transfer     Bitrate         Retr";
        foreach (PerfStreamResult sent in outcome.Sender.Streams)
        {
            yield return Total($"{sent.Id,3}", [sent], outcome.Sender.HasRetransmits) + "  sender";
            if (outcome.Receiver.Streams.FirstOrDefault(item => item.Id == sent.Id) is { } received)
                yield return Total($"{sent.Id,3}", [received], hasRetransmits: false) + "  receiver";
        }

        if (outcome.Sender.Streams.Count > 1)
        {
            yield return Total("SUM", outcome.Sender.Streams, outcome.Sender.HasRetransmits) + "  sender";
            yield return Total("SUM", outcome.Receiver.Streams, hasRetransmits: false) + "  receiver";
        }
    }

    private static string Total(string id, IReadOnlyList<PerfStreamResult> streams, bool hasRetransmits)
    {
        double seconds = streams.Count == 0 ? 0 : streams.Max(stream => stream.Seconds);
        long bytes = streams.Sum(stream => stream.Bytes);
        string retransmits = hasRetransmits
            ? streams.Sum(stream => stream.Retransmits).ToString(CultureInfo.InvariantCulture) : "";
        return $"{Line(id, 0, seconds, bytes, seconds > 0 ? bytes * 8 / seconds : 0)}  {retransmits,3}           ";
    }

    private static string Line(string id, double start, double end, long bytes, double rate) => string.Create(
        CultureInfo.InvariantCulture,
        $"[{id}] {$"{start,6:0.00}-{end:0.00}",-13} sec  {Quantity.Bytes(bytes),11}  "
        + $"{Quantity.BitsPerSecond(rate),15}");
}
