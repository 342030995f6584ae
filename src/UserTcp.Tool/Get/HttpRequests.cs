using System.Globalization;
using System.Text;

namespace UserTcp.Tool.Get;

/// <summary>Makes the requests of a chain, and the text of heads as HTTP/1.1 has it.</summary>
internal static class HttpRequests
{
    private const string Form = "application/x-www-form-urlencoded";

    /// <summary>Above this length a server is asked before the text of <c>-d</c> is sent, as by curl.</summary>
    private const long LongForm = 1024 * 1024;

    private static readonly KeyValuePair<string, string>[] s_usual =
        [new("User-Agent", "usertcp/0.1"), new("Accept", "*/*")];

    // Credentials are for the first origin only.
    private static readonly string[] s_secrets = ["Authorization", "Cookie"];

    public static string MethodOf(HttpWishes wishes, HttpHop hop) =>
        wishes.Method ?? hop.Verb.ToString().ToUpperInvariant();

    public static HttpRequestMessage Make(HttpWishes wishes, HttpHop hop)
    {
        var request = new HttpRequestMessage(new HttpMethod(MethodOf(wishes, hop)), hop.Url)
        {
            Version = wishes.HttpVersion ?? System.Net.HttpVersion.Version20,
            VersionPolicy = wishes.HttpVersion is null
                ? HttpVersionPolicy.RequestVersionOrLower : HttpVersionPolicy.RequestVersionExact,
            Content = hop.HasBody ? wishes.Body!.MakeContent() : null,
        };
        foreach ((string name, string value) in FieldsOf(wishes, hop))
        {
            // A name that is refused is that of a field of a content, such as Content-Type.
            if (!request.Headers.TryAddWithoutValidation(name, value))
                (request.Content ??= new ByteArrayContent([])).Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>The head of a request.</summary>
    public static string HeadOf(HttpRequestMessage request, Version version)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{request.Method} {request.RequestUri!.PathAndQuery} ");
        text.Append(CultureInfo.InvariantCulture, $"HTTP/{NameOf(version)}\r\n");
        if (request.Headers.Host is null)
        {
            Uri url = request.RequestUri;
            text.Append("Host: ").Append(url.IdnHost).Append(url.IsDefaultPort ? "" : $":{url.Port}").Append("\r\n");
        }

        AppendFields(text, request.Headers.NonValidated);
        if (request.Content is not null)
            AppendFields(text, request.Content.Headers.NonValidated);
        return text.Append("\r\n").ToString();
    }

    /// <summary>The head of a response.</summary>
    public static string HeadOf(HttpResponseMessage response)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"HTTP/{NameOf(response.Version)} {(int)response.StatusCode} ");
        text.Append(response.ReasonPhrase).Append("\r\n");
        AppendFields(text, response.Headers.NonValidated);
        AppendFields(text, response.Content.Headers.NonValidated);
        return text.Append("\r\n").ToString();
    }

    /// <summary>The fields of a response, each value by itself.</summary>
    public static IEnumerable<KeyValuePair<string, string>> FieldsOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .SelectMany(field => field.Value.Select(value => KeyValuePair.Create(field.Key, value)));

    /// <summary>A version of HTTP as curl names it.</summary>
    public static string NameOf(Version version) => version.Major == 1 ? version.ToString() : $"{version.Major}";

    private static IEnumerable<KeyValuePair<string, string>> FieldsOf(HttpWishes wishes, HttpHop hop)
    {
        IEnumerable<KeyValuePair<string, string>> given = wishes.Headers.Where(own => own.Value.Length > 0
            && (hop.IsAtFirstOrigin || !s_secrets.Contains(own.Key, StringComparer.OrdinalIgnoreCase)));
        return UsualFields(wishes, hop).Where(usual => !wishes.Headers.Any(own =>
            own.Key.Equals(usual.Key, StringComparison.OrdinalIgnoreCase))).Concat(given);
    }

    private static IEnumerable<KeyValuePair<string, string>> UsualFields(HttpWishes wishes, HttpHop hop)
    {
        foreach (KeyValuePair<string, string> field in s_usual)
            yield return field;
        if (hop.IsUserSent && wishes.User is { } user)
            yield return new("Authorization", user.ToString());
        if (wishes.IsCompressed)
            yield return new("Accept-Encoding", BodyDecoding.Accepted);
        if (wishes.ResumeAt > 0)
            yield return new("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={wishes.ResumeAt}-"));
        if (hop.Verb == HttpVerb.Post)
            yield return new("Content-Type", Form);
        if (hop.Verb == HttpVerb.Put || (hop.HasBody && wishes.Body!.Length > LongForm))
            yield return new("Expect", "100-continue");
    }

    private static void AppendFields(StringBuilder text, System.Net.Http.Headers.HttpHeadersNonValidated fields)
    {
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in fields)
        {
            foreach (string value in values)
                text.Append(name).Append(": ").Append(value).Append("\r\n");
        }
    }
}
