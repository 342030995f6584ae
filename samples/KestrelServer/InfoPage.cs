using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using UserTcp;
using UserTcp.AspNetCore;

namespace KestrelServer;

/// <summary>The page: what the stack knows of the connection that asked for it.</summary>
internal static class InfoPage
{
    public static async Task WriteAsync(HttpContext context)
    {
        UserTcpConnection connection = context.Features.GetRequiredFeature<IUserTcpConnectionFeature>().Connection;
        (string Name, string Value)[] rows = [.. Rows(context.Request.Protocol, connection)];
        bool isBrowser = context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal);
        context.Response.ContentType = isBrowser ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
        await context.Response.WriteAsync(isBrowser ? Html(rows) : Plain(rows), context.RequestAborted);
    }

    private static IEnumerable<(string Name, string Value)> Rows(string protocol, UserTcpConnection connection)
    {
        UserTcpConnectionInfo info = connection.GetInfo();
        yield return ("protocol", protocol);
        yield return ("connection", $"{connection.Id}: {connection.RemoteEndPoint} → {connection.LocalEndPoint}");
        yield return ("state", $"{info.State}, {info.CongestionControl}, {info.RecoveryState}");
        yield return ("round trip", $"{Milliseconds(info.SmoothedRtt)}, at least {Milliseconds(info.MinRtt)}");
        yield return ("retransmission timeout", Milliseconds(info.RetransmitTimeout));
        yield return ("segment size", $"{Number(info.SendSegmentSize)} out, {Number(info.ReceiveSegmentSize)} in");
        yield return ("congestion window", $"{Number(info.CongestionWindow)} bytes");
        yield return ("windows", $"{Number(info.PeerWindow)} bytes theirs, {Number(info.ReceiveWindow)} ours");
        yield return ("bytes", $"{Number(info.BytesSent)} out, {Number(info.BytesReceived)} in");
        yield return ("segments", $"{Number(info.SegmentsSent)} out, {Number(info.SegmentsReceived)} in");
        yield return ("retransmitted", $"{Number(info.Retransmits)} segments");
    }

    private static string Plain((string Name, string Value)[] rows) =>
        string.Concat(rows.Select(row => $"{row.Name,-24}{row.Value}\n"));

    private static string Html((string Name, string Value)[] rows)
    {
        StringBuilder page = new("<!DOCTYPE html>\n<title>tcp_info</title>\n");
        page.Append("<h1>This request's connection</h1>\n<table>\n");
        foreach ((string name, string value) in rows)
            page.Append($"<tr><th>{name}</th><td>{WebUtility.HtmlEncode(value)}</td></tr>\n");
        return page.Append("</table>\n").ToString();
    }

    private static string Milliseconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.###} ms");

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
