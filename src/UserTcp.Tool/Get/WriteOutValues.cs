using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace UserTcp.Tool.Get;

/// <summary>The variables of <c>-w</c>, with curl's names and curl's forms.</summary>
internal sealed class WriteOutValues
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // it is read by programs, not by browsers
    };

    private readonly HttpResponseMessage? _response;
    private readonly SortedDictionary<string, object?> _values;

    public WriteOutValues(HttpWishes wishes, HttpAttempt attempt, int exitCode, string? message)
    {
        _response = attempt.Response;
        ExitCode = exitCode;
        TimeSpan total = attempt.Trail.Elapsed;
        UserTcpConnection? connection = attempt.Trail.Last;
        long up = attempt.Hop.HasBody ? wishes.Body!.Sent : 0;
        int status = (int)(_response?.StatusCode ?? 0);
        _values = new(StringComparer.Ordinal)
        {
            ["content_type"] = _response is null ? null : ContentType(),
            ["errormsg"] = message,
            ["exitcode"] = exitCode,
            ["filename_effective"] = wishes.OutputFile,
            ["http_code"] = status,
            ["http_connect"] = 0,
            ["http_version"] = _response is null ? "0" : HttpRequests.NameOf(_response.Version),
            ["local_ip"] = connection?.LocalEndPoint.Address.ToString(),
            ["local_port"] = connection?.LocalEndPoint.Port ?? 0,
            ["method"] = HttpRequests.MethodOf(wishes, attempt.Hop),
            ["num_connects"] = attempt.Trail.Count,
            ["num_headers"] = _response is null ? 0 : HttpRequests.FieldsOf(_response).Count(),
            ["num_redirects"] = attempt.Hop.Number,
            ["redirect_url"] = attempt.RedirectUrl?.AbsoluteUri,
            ["remote_ip"] = connection?.RemoteEndPoint.Address.ToString(),
            ["remote_port"] = connection?.RemoteEndPoint.Port ?? 0,
            ["response_code"] = status,
            ["scheme"] = connection is null ? null : attempt.Hop.Url.Scheme.ToUpperInvariant(),
            ["size_download"] = attempt.BodyBytes,
            ["size_header"] = attempt.HeadBytes.Responses,
            ["size_request"] = attempt.HeadBytes.Requests,
            ["size_upload"] = up,
            ["speed_download"] = Rate(attempt.BodyBytes, total),
            ["speed_upload"] = Rate(up, total),
            ["ssl_verify_result"] = attempt.Trail.Distrust is null ? 0 : 1,
            ["url"] = wishes.UrlText,
            ["url_effective"] = attempt.Hop.Url.AbsoluteUri,
            ["urlnum"] = 0,
        };
        AddTimes(attempt, total);
    }

    public int ExitCode { get; }

    /// <summary>What a variable stands for; null if there is none of that name.</summary>
    public string? Find(string name)
    {
        if (_values.TryGetValue(name, out object? value))
            return TextOf(name, value);

        return name switch
        {
            "json" => Json(),
            "header_json" => HeaderJson(),
            _ => null,
        };
    }

    /// <summary>The value of a field of the answer; empty if there is none.</summary>
    public string FieldOf(string name) => _response is null ? "" : HttpRequests.FieldsOf(_response)
        .FirstOrDefault(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value ?? "";

    private void AddTimes(HttpAttempt attempt, TimeSpan total)
    {
        HttpTimes times = attempt.Trail.Times;
        _values["time_appconnect"] = times.Secure;
        _values["time_connect"] = times.Connect;
        _values["time_namelookup"] = times.Lookup;
        _values["time_pretransfer"] = times.Ready;
        _values["time_redirect"] = attempt.Times.Redirect;
        _values["time_starttransfer"] = attempt.Times.FirstByte;
        _values["time_total"] = total;
    }

    private static string TextOf(string name, object? value) => value switch
    {
        null => "",
        TimeSpan time => Seconds(time),
        int code when name is "http_code" or "response_code" or "http_connect" =>
            code.ToString("000", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private string? ContentType() => FieldOf("Content-Type") is { Length: > 0 } type ? type : null;

    private static string Seconds(TimeSpan time) =>
        time.TotalSeconds.ToString("0.000000", CultureInfo.InvariantCulture);

    private static long Rate(long bytes, TimeSpan time) => time > TimeSpan.Zero ? (long)(bytes / time.TotalSeconds) : 0;

    private string Json()
    {
        var all = new JsonObject();
        foreach ((string name, object? value) in _values)
            all[name] = value is TimeSpan time ? JsonNode.Parse(Seconds(time)) : JsonSerializer.SerializeToNode(value);
        return all.ToJsonString(s_json);
    }

    private string HeaderJson()
    {
        var all = new JsonObject();
        foreach ((string name, string value) in _response is null ? [] : HttpRequests.FieldsOf(_response))
        {
            string key = name.ToLowerInvariant();
            if (all[key] is not JsonArray values)
                all[key] = values = [];
            values.Add(value);
        }

        return all.ToJsonString(s_json);
    }
}
