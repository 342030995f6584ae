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

    public static string Heading(PerfTest test) =>
        $"[ ID]{RoleHeading(test)} Interval           Transfer     Bitrate"
        + (test.IsSender ? "         Retr  Cwnd" : "");

    public static IEnumerable<string> Interval(PerfInterval interval, PerfTest test) => interval.Directions
        .SelectMany(direction => Interval(direction, test.RoleOf(direction.IsSender)));

    private static IEnumerable<string> Interval(PerfInterval interval, string role)
    {
        bool isSender = interval.IsSender;
        string omitted = interval.IsOmitted ? "  (omitted)" : "";
        foreach (PerfStreamInterval stream in interval.Streams)
        {
            string line = Line(
                $"[{stream.Id,3}]{role}", interval.Start, interval.End, stream.Bytes, interval.RateOf(stream.Bytes));
            yield return (isSender
                ? $"{line}  {stream.Retransmits,3}   {Quantity.Bytes(stream.Info.CongestionWindow)}" : line) + omitted;
        }

        if (interval.Streams.Count > 1)
        {
            string sum = Line($"[SUM]{role}", interval.Start, interval.End, interval.Bytes, interval.BitsPerSecond);
            yield return (isSender ? $"{sum}  {interval.Retransmits,3}" : sum) + omitted;
        }
    }

    /// <summary>What both sides counted.</summary>
    public static IEnumerable<string> Outcome(PerfOutcome outcome)
    {
        yield return Rule;
        yield return $"[ ID]{RoleHeading(outcome.Test)} Interval           Transfer     Bitrate         Retr";
        foreach (PerfDirection direction in outcome.Directions)
        {
            foreach (string line in Totals(direction, outcome.Test.RoleOf(direction.OwnSends)))
                yield return line;
        }

        if (outcome.Test.IsClient && outcome.Other.ServerOutput is { } told)
        {
            yield return "";
            yield return "Server output:";
            foreach (string line in (told.Text ?? told.Json!.ToString()).TrimEnd().Split('\n'))
                yield return line;
        }
    }

    private static IEnumerable<string> Totals(PerfDirection direction, string role)
    {
        foreach (PerfStreamResult sent in direction.Sent)
        {
            yield return Total($"[{sent.Id,3}]{role}", [sent], direction.HasRetransmits) + "  sender";
            if (direction.ReceivedBy(sent.Id) is { } received)
                yield return Total($"[{sent.Id,3}]{role}", [received], hasRetransmits: false) + "  receiver";
        }

        if (direction.Sent.Count > 1)
        {
            yield return Total($"[SUM]{role}", direction.Sent, direction.HasRetransmits) + "  sender";
            yield return Total($"[SUM]{role}", direction.Received, hasRetransmits: false) + "  receiver";
        }
    }

    private static string RoleHeading(PerfTest test) => test.Parameters.IsBidirectional ? "[Role]" : "";

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
        $"{id} {$"{start,6:0.00}-{end:0.00}",-13} sec  {Quantity.Bytes(bytes),11}  "
        + $"{Quantity.BitsPerSecond(rate),15}");
}
