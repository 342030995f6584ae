using System.Diagnostics;

namespace HttpGet;

/// <summary>Tells what happened below HTTP, line by line.</summary>
internal sealed class Account(TextWriter writer)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _toFirstByte;

    public void Line(string label, string text) => writer.WriteLine($"  {label,-8} {Clean(text)}");

    public void Opened(UserTcpStack stack)
    {
        writer.WriteLine("HttpGet: a page through UserTcp, not through the kernel's TCP");
        Line("link", $"{stack.Link.Info.Name}  {stack.MacAddress}  mtu {stack.Link.Info.Mtu}");
        Line("address", $"{string.Join(", ", stack.Addresses)}  gateway {stack.Gateway?.ToString() ?? "none"}");
        _clock.Restart();
    }

    public void Connected(UserTcpStack stack, UserTcpConnection connection)
    {
        IPAddress[] onTheWay = [connection.RemoteEndPoint.Address, stack.Gateway ?? IPAddress.None];
        foreach (UserTcpNeighbor neighbor in stack.GetNeighbors().Where(one => onTheWay.Contains(one.Address)))
            Line("arp", $"{neighbor.Address} is at {neighbor.MacAddress}");

        UserTcpConnectionInfo info = connection.GetInfo();
        Line("syn", $"{connection.LocalEndPoint} to {connection.RemoteEndPoint}");
        Line("syn-ack", $"mss {info.SendSegmentSize}  {(info.SelectiveAcknowledgments ? "sack" : "no sack")}  "
            + $"wscale {info.SendWindowScale}/{info.ReceiveWindowScale}  "
            + $"{(info.Timestamps ? "timestamps" : "no timestamps")}  rtt {Milliseconds(info.SmoothedRtt)}");
    }

    public void Answered(string status)
    {
        _toFirstByte = _clock.Elapsed;
        Line("http", status);
    }

    public void Ended(long bodyBytes, UserTcpConnectionInfo info)
    {
        Line("body", $"{bodyBytes} B");
        Line("time", $"first byte {Milliseconds(_toFirstByte)}, all {Milliseconds(_clock.Elapsed)}");
        Line("tcp", $"rtt {Milliseconds(info.SmoothedRtt)}  cwnd {info.CongestionWindow} B  "
            + $"segments {info.SegmentsSent} out, {info.SegmentsReceived} in  retransmitted {info.Retransmits}");
    }

    /// <summary>What a server says must not steer the terminal.</summary>
    public static string Clean(string text) =>
        string.Concat(text.Select(letter => char.IsControl(letter) ? '?' : letter));

    private static string Milliseconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.0##} ms");
}
