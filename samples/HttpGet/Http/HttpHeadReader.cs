using System.Buffers;
using System.Globalization;

namespace HttpGet.Http;

/// <summary>Reads the head of a response (RFC 9112 §4, §5) and derives from it where the body ends (§6.3).</summary>
internal static class HttpHeadReader
{
    private static readonly SearchValues<char> s_token = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Reads past 1xx answers to the one that counts.</summary>
    /// <param name="input">The connection's receiving half.</param>
    /// <param name="method">The request's method: an answer to HEAD has no body.</param>
    /// <param name="limits">What is accepted.</param>
    public static async ValueTask<HttpResponse> ReadAsync(HttpInput input, string method, HttpLimits limits)
    {
        for (int interim = 0; interim <= limits.InterimResponses; interim++)
        {
            HttpResponse response = await ReadOneAsync(input, limits);
            if (response.Status == 101)
                throw Malformed("switched protocols though nobody asked for it");
            if (response.Status >= 200)
                return response with { Body = BodyOf(response, method) };
        }

        throw Malformed($"sent more than {limits.InterimResponses} interim answers");
    }

    /// <summary>Reads fields up to the empty line that ends them. Serves headers and trailers alike.</summary>
    /// <returns>The fields; null if the connection ended before the empty line.</returns>
    public static async ValueTask<HttpFields?> ReadFieldsAsync(HttpInput input, HttpLimits limits)
    {
        HttpFields fields = new();
        int bytes = 0;
        while (await input.ReadLineAsync(limits.LineBytes) is { } line)
        {
            if (line.Length == 0)
                return fields;

            bytes += line.Length;
            if (bytes > limits.HeaderBytes || fields.All.Count >= limits.HeaderCount)
                throw Malformed($"sent more than {limits.HeaderBytes} bytes or {limits.HeaderCount} lines of header");

            AddField(fields, line);
        }

        return null;
    }

    private static async ValueTask<HttpResponse> ReadOneAsync(HttpInput input, HttpLimits limits)
    {
        string line = await input.ReadLineAsync(limits.LineBytes) ?? throw EndedEarly(input);
        HttpResponse response = ParseStatus(line);
        HttpFields fields = await ReadFieldsAsync(input, limits) ?? throw EndedEarly(input);
        return response with { Fields = fields };
    }

    private static GetException EndedEarly(HttpInput input) => input.HasReceived
        ? new(ExitCode.ReceiveFailed, "The server closed the connection in the middle of its header.")
        : new(ExitCode.EmptyReply, "The server closed the connection without an answer.");

    /// <summary>
    /// RFC 9112 §4: HTTP/1.x, three digits, and a reason that may be missing together with its space.
    /// </summary>
    private static HttpResponse ParseStatus(string line)
    {
        bool isHttp = line.Length >= 12 && line.StartsWith("HTTP/1.", StringComparison.Ordinal)
            && char.IsAsciiDigit(line[7]) && line[8] == ' ' && (line.Length == 12 || line[12] == ' ');
        if (!isHttp || !int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status)
            || status < 100)
            throw Malformed("did not answer in HTTP/1");

        return new()
        {
            MinorVersion = line[7] - '0',
            Status = status,
            Reason = line.Length > 13 ? line[13..].Trim() : "",
            Fields = new(),
        };
    }

    private static void AddField(HttpFields fields, string line)
    {
        if (line[0] is ' ' or '\t')
        {
            if (fields.All.Count == 0)
                throw Malformed("sent a header that begins with a folded line");

            fields.Fold(line.Trim(' ', '\t'));
            return;
        }

        int colon = line.IndexOf(':');
        if (colon <= 0 || line.AsSpan(0, colon).ContainsAnyExcept(s_token))
            throw Malformed("sent a header line without a proper name");

        fields.Add(line[..colon], line[(colon + 1)..].Trim(' ', '\t'));
    }

    /// <summary>RFC 9112 §6.3, in its order.</summary>
    private static HttpBodyExtent BodyOf(HttpResponse response, string method)
    {
        if (method == "HEAD" || response.Status is 204 or 304)
            return new(HttpBodyKind.None);

        string[] codings = [.. response.Fields.List("Transfer-Encoding")];
        if (codings.Length > 0)
            return BodyOf(response, codings);

        string[] lengths = [.. response.Fields.List("Content-Length").Distinct()];
        if (lengths.Length == 0)
            return new(response.Fields["Content-Length"] is null ? HttpBodyKind.UntilClose : throw BadLength());
        if (lengths.Length > 1
            || !long.TryParse(lengths[0], NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            throw BadLength();

        return new(HttpBodyKind.Length, length);
    }

    private static HttpBodyExtent BodyOf(HttpResponse response, string[] codings)
    {
        // RFC 9112 §6.1: in HTTP/1.0 such framing is faulty. And we asked for no coding but chunked.
        if (response.MinorVersion == 0 || codings.Length > 1
            || !codings[0].Equals("chunked", StringComparison.OrdinalIgnoreCase))
            throw Malformed($"used a transfer coding that was not asked for ({string.Join(", ", codings)})");

        return new(HttpBodyKind.Chunked);
    }

    private static GetException BadLength() => Malformed("sent contradictory or senseless Content-Length fields");

    private static GetException Malformed(string what) => new(ExitCode.ReceiveFailed, $"The server {what}.");
}
