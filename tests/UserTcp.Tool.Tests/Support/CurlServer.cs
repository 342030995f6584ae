using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace UserTcp.Tool.Tests.Support;

/// <summary>A server with a page for each of curl's options, which writes down what it was asked.</summary>
internal sealed class CurlServer : IAsyncDisposable
{
    private const string Page = "0123456789";
    private static readonly string[] s_shown =
        ["Authorization", "Cookie", "Range", "Content-Type", "Content-Length", "Transfer-Encoding", "Host", "X-Own"];

    private readonly SecureServer _server;

    private CurlServer(SecureServer server) => _server = server;

    /// <summary>The requests of all servers, in the order in which they came.</summary>
    public required ConcurrentQueue<string> Log { get; init; }

    /// <summary>Without a slash at the end.</summary>
    public string Url => _server.Url("127.0.0.1", "");

    /// <summary>The same server by another name.</summary>
    public string OtherUrl => _server.Url("localhost", "");

    public static async Task<CurlServer> StartAsync(ConcurrentQueue<string> log) => new(
        await SecureServer.StartAsync("http", HttpProtocols.Http1, context => AnswerAsync(context, log))) { Log = log };

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, ConcurrentQueue<string> log)
    {
        HttpRequest request = context.Request;
        using var reader = new StreamReader(request.Body, Encoding.Latin1);
        string body = await reader.ReadToEndAsync();
        // HttpClient says that there is no content where a method of its user's has none.
        IEnumerable<string> fields = s_shown
            .Where(name => request.Headers.ContainsKey(name) && (name, request.ContentLength) != ("Content-Length", 0))
            .Select(name => $"{name}={request.Headers[name]}");
        log.Enqueue($"{request.Method} {request.Path}{request.QueryString} {string.Join(' ', fields)} {body}");
        await PageAsync(context, request.Path.Value!.Split('/'));
    }

    private static Task PageAsync(HttpContext context, string[] path) => path[1] switch
    {
        "to" => RedirectAsync(context, int.Parse(path[2], null), context.Request.QueryString.Value![1..]),
        "again" => RedirectAsync(context, 302, path[2] == "0" ? "/end" : $"/again/{int.Parse(path[2], null) - 1}"),
        "range" => RangeAsync(context),
        "whole" => context.Response.WriteAsync(Page),
        "plain" => LengthAsync(context, Page),
        "status" => StatusAsync(context, int.Parse(path[2], null)),
        "gzip" => EncodedAsync(context),
        _ => LengthAsync(context, "ok\n"),
    };

    private static Task RedirectAsync(HttpContext context, int status, string target)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Location = target;
        return LengthAsync(context, "gone\n");
    }

    private static Task StatusAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return LengthAsync(context, "status\n");
    }

    private static async Task RangeAsync(HttpContext context)
    {
        string range = context.Request.Headers.Range.ToString();
        int from = range.Length == 0 ? 0 : int.Parse(range["bytes=".Length..^1], null);
        context.Response.StatusCode = from >= Page.Length ? 416 : range.Length == 0 ? 200 : 206;
        if (range.Length > 0)
        {
            context.Response.Headers.ContentRange =
                from >= Page.Length ? $"bytes */{Page.Length}" : $"bytes {from}-9/{Page.Length}";
        }

        await LengthAsync(context, from >= Page.Length ? "out of range\n" : Page[from..]);
    }

    private static async Task EncodedAsync(HttpContext context)
    {
        using var bytes = new MemoryStream();
        await using (var gzip = new GZipStream(bytes, CompressionLevel.Optimal, leaveOpen: true))
            await gzip.WriteAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Page, 100))));
        bool isAsked = context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal);
        context.Response.Headers.ContentEncoding = isAsked ? "gzip" : default;
        byte[] body = isAsked ? bytes.ToArray() : Encoding.ASCII.GetBytes(Page);
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    private static Task LengthAsync(HttpContext context, string text)
    {
        context.Response.ContentLength = text.Length;
        context.Response.ContentType = "text/plain";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text);
    }
}
