using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Get;

/// <summary>Tells what came of a page, and how the connection fared.</summary>
internal static class GetReport
{
    public static void Tell(HttpAttempt attempt, ToolOutput output)
    {
        HttpResponseMessage response = attempt.Response!;
        TimeSpan total = attempt.Trail.Elapsed;
        UserTcpConnection? connection = attempt.Trail.Last;
        UserTcpConnectionInfo? info = connection?.GetInfo();
        if (output.IsJson)
        {
            output.Json(new
            {
                Url = attempt.Hop.Url,
                Status = (int)response.StatusCode,
                HttpVersion = response.Version.ToString(),
                ContentType = response.Content.Headers.ContentType?.ToString(),
                Bytes = attempt.BodyBytes,
                Connections = attempt.Trail.Count,
                Local = connection?.LocalEndPoint.ToString(),
                Remote = connection?.RemoteEndPoint.ToString(),
                ConnectSeconds = attempt.Trail.Times.Connect.TotalSeconds,
                FirstByteSeconds = attempt.Times.FirstByte.TotalSeconds,
                TotalSeconds = total.TotalSeconds,
                TcpInfo = info,
            });
            return;
        }

        output.Note($"http  {(int)response.StatusCode} {response.ReasonPhrase}  HTTP/{response.Version}  "
            + $"{Quantity.Count(attempt.BodyBytes)} B  first byte {Quantity.Milliseconds(attempt.Times.FirstByte)}, "
            + $"all {Quantity.Milliseconds(total)}");
        if (info is { } tcp)
        {
            output.Note($"tcp   {connection!.LocalEndPoint} to {connection.RemoteEndPoint}  "
                + $"rtt {Quantity.Milliseconds(tcp.SmoothedRtt)}  cwnd {Quantity.Count(tcp.CongestionWindow)} B  "
                + $"segments {tcp.SegmentsSent} out, {tcp.SegmentsReceived} in  retransmitted {tcp.Retransmits}");
        }
    }
}
