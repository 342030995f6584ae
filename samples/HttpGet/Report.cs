using System.Globalization;
using System.Net;
using System.Text;
using HttpGet.Http;
using UserTcp;

namespace HttpGet;

/// <summary>Tells what happens, line by line. Thread-safe.</summary>
internal sealed class Report(TextWriter writer, bool isVerbose)
{
    // The rate of less says more of the clock than of the network.
    private const long LongBody = 100_000;
    private readonly TextWriter _writer = TextWriter.Synchronized(writer);

    public bool IsVerbose { get; } = isVerbose;

    public void Title(string text) => _writer.WriteLine(Clean(text));

    /// <summary>A line of the report.</summary>
    public void Line(string label, string text) => _writer.WriteLine($"  {label,-9} {Clean(text)}");

    /// <summary>A line that only --verbose shows.</summary>
    public void Detail(string text)
    {
        if (IsVerbose)
            _writer.WriteLine(Clean(text));
    }

    public void Error(string text) => _writer.WriteLine($"HttpGet: {Clean(text)}");

    /// <summary>Draws over the current line, without ending it; an empty text removes it.</summary>
    public void Progress(string text)
    {
        _writer.Write($"\r\u001b[K{Clean(text)}");
        _writer.Flush();
    }

    public void Stack(UserTcpStack stack, string note)
    {
        string gateway = stack.Gateway is null ? "no gateway" : $"gateway {stack.Gateway}";
        Line("link", $"{stack.Link.Info.Name}  {stack.MacAddress}  mtu {stack.Link.Info.Mtu}  ({note})");
        Line("address", $"{string.Join(", ", stack.Addresses)}  {gateway}");
    }

    /// <summary>Who answered ARP, and what the two sides agreed on.</summary>
    public void Handshake(UserTcpStack stack, UserTcpConnection connection, TimeSpan elapsed)
    {
        foreach (UserTcpNeighbor neighbor in stack.GetNeighbors())
        {
            if (neighbor.MacAddress is { } mac && IsOnTheWay(neighbor.Address, stack, connection))
                Line("arp", $"{neighbor.Address} is at {mac}");
        }

        UserTcpConnectionInfo info = connection.GetInfo();
        Line("syn", $"{connection.LocalEndPoint} to {connection.RemoteEndPoint}");
        Line("syn-ack", $"{Options(info)}  rtt {Milliseconds(info.SmoothedRtt)}, connected in {Milliseconds(elapsed)}");
    }

    public void Response(HttpResponse response)
    {
        string type = response.Fields["Content-Type"] is { } found ? $"  {found}" : "";
        Line("http", $"{response.Status} {response.Reason}{type}");
    }

    public void Fetched(FetchResult fetch)
    {
        string rate = fetch.BodyBytes >= LongBody ? $"  {Rate(fetch.BodyBytes, fetch.Total - fetch.ToFirstByte)}" : "";
        Line("body", $"{Bytes(fetch.BodyBytes)}{rate}");
        Line("time", $"first byte {Milliseconds(fetch.ToFirstByte)}, all {Milliseconds(fetch.Total)}");
        Line("tcp", $"rtt {Milliseconds(fetch.Info.SmoothedRtt)}  cwnd {Bytes(fetch.Info.CongestionWindow)}  "
            + $"segments {fetch.Info.SegmentsSent} out, {fetch.Info.SegmentsReceived} in  "
            + $"retransmitted {fetch.Info.Retransmits}");
    }

    public void Statistics(IReadOnlyList<FetchResult> fetches, int wanted)
    {
        TimeSpan[] totals = [.. fetches.Select(fetch => fetch.Total).Order()];
        TimeSpan[] connects = [.. fetches.Select(fetch => fetch.ToConnect).Order()];
        Line("repeat", $"{fetches.Count} of {wanted} fetched  {Bytes(fetches.Sum(fetch => fetch.BodyBytes))} in all  "
            + $"retransmitted {fetches.Sum(fetch => fetch.Info.Retransmits)}");
        if (totals.Length > 0)
        {
            Line("connect", Spread(connects));
            Line("total", Spread(totals));
        }
    }

    public static string Bytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes:N0} B");

    public static string Milliseconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.0##} ms");

    public static string Rate(long bytes, TimeSpan time) => time <= TimeSpan.Zero
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / time.TotalSeconds / 1e6:0.0} MB/s");

    private static string Spread(TimeSpan[] sorted) =>
        $"min {Milliseconds(sorted[0])}, median {Milliseconds(sorted[sorted.Length / 2])}, "
        + $"max {Milliseconds(sorted[^1])}";

    private static bool IsOnTheWay(IPAddress address, UserTcpStack stack, UserTcpConnection connection) =>
        address.Equals(connection.RemoteEndPoint.Address) || address.Equals(stack.Gateway);

    private static string Options(UserTcpConnectionInfo info) => string.Join("  ", new[]
    {
        $"mss {info.SendSegmentSize}",
        info.SelectiveAcknowledgments ? "sack" : "no sack",
        info.SendWindowScale > 0 || info.ReceiveWindowScale > 0
            ? $"wscale {info.SendWindowScale}/{info.ReceiveWindowScale}" : "no wscale",
        info.Timestamps ? "timestamps" : "no timestamps",
    });

    /// <summary>What a server says must not steer the terminal.</summary>
    private static string Clean(string text)
    {
        if (!text.Any(char.IsControl))
            return text;

        StringBuilder clean = new(text);
        for (int i = 0; i < clean.Length; i++)
        {
            if (char.IsControl(clean[i]))
                clean[i] = '?';
        }

        return clean.ToString();
    }
}
