using System.Buffers;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace UserTcp.Tool.Get;

/// <summary>How a page is to be fetched.</summary>
internal sealed record HttpWishes
{
    private static readonly KeyValuePair<string, string>[] s_usualHeaders =
        [new("User-Agent", "usertcp/0.1"), new("Accept", "*/*")];

    // The characters of a token (RFC 9110 §5.6.2).
    private static readonly SearchValues<char> s_nameLetters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    public required Uri Url { get; init; }

    /// <summary>User and password of the URL; null if it names none. A header field of `-H` goes before.</summary>
    public AuthenticationHeaderValue? Credentials { get; init; }

    /// <summary>
    /// The one version to speak, without TLS too (h2c); null for the highest that TLS agrees on, and 1.1 without it.
    /// </summary>
    public Version? HttpVersion { get; init; }

    /// <summary>More header fields, or other values for those that are sent anyway.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The file for the body; null or "-" for the standard output.</summary>
    public string? OutputFile { get; init; }

    /// <summary>Whether any certificate will do.</summary>
    public bool IgnoresCertificates { get; init; }

    /// <summary>Whose certificates are trusted; null for whom the operating system trusts.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Whether an answer of 400 or more is a failure, and its body is not wanted.</summary>
    public bool FailsOnError { get; init; }

    /// <summary>Whether the header fields are shown.</summary>
    public bool IsVerbose { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest that everything may take; null for no limit.</summary>
    public TimeSpan? MaxTime { get; init; }

    public HttpRequestMessage MakeRequest()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Url);
        if (HttpVersion is not null)
        {
            request.Version = HttpVersion;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }
        else
        {
            request.Version = System.Net.HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        }

        if (!Headers.Any(field => field.Key.Equals("Authorization", StringComparison.OrdinalIgnoreCase)))
            request.Headers.Authorization = Credentials;
        foreach ((string name, string value) in s_usualHeaders.Where(usual => !Headers.Any(own => IsSame(own, usual)))
            .Concat(Headers))
        {
            // A name that is refused is that of a field of a content, such as Content-Type.
            if (!request.Headers.TryAddWithoutValidation(name, value))
                (request.Content ??= new ByteArrayContent([])).Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>Reads a header field as curl has it, "Name: value".</summary>
    /// <exception cref="ToolException">It is none, or one that would not be true.</exception>
    public static KeyValuePair<string, string> ParseHeader(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? "" : text[..colon];
        string value = text[(colon + 1)..].Trim();
        if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(s_nameLetters))
            throw new ToolException(Failure.Usage, $"'{text}' is not a header field such as 'Name: value'.");
        if (value.Any(letter => !char.IsAscii(letter) || char.IsControl(letter)))
            throw new ToolException(Failure.Usage, $"The value of '{text}' has letters that a header cannot have.");
        if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            throw new ToolException(Failure.Usage, "Content-Length cannot be given: nothing is sent with the request.");

        return new KeyValuePair<string, string>(name, value);
    }

    /// <summary>Reads a URL; without a scheme it is http, as with curl.</summary>
    /// <exception cref="ToolException">It is malformed, or of another protocol.</exception>
    public static Uri ParseUrl(string text)
    {
        string full = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        if (!Uri.TryCreate(full, UriKind.Absolute, out Uri? url) || url.IdnHost.Length == 0 || url.Port == 0)
            throw new ToolException(Failure.BadUrl, $"'{text}' is not a URL.");
        if (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
            throw new ToolException(Failure.BadUrl, $"'{url.Scheme}' is not spoken here: use http or https.");

        return url;
    }

    /// <summary>The same URL without user and password: those are nobody's but the server's.</summary>
    public static Uri WithoutUser(Uri url) =>
        url.UserInfo.Length == 0 ? url : new UriBuilder(url) { UserName = "", Password = "" }.Uri;

    /// <summary>User and password of a URL as Basic (RFC 7617), decoded; null if it has none.</summary>
    public static AuthenticationHeaderValue? CredentialsOf(Uri url)
    {
        if (url.UserInfo.Length == 0)
            return null;

        string[] parts = url.UserInfo.Split(':', 2);
        string user = Uri.UnescapeDataString(parts[0]);
        string password = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
        byte[] plain = Encoding.UTF8.GetBytes($"{user}:{password}");
        return new AuthenticationHeaderValue("Basic", Convert.ToBase64String(plain));
    }

    /// <summary>Reads certificates in PEM.</summary>
    /// <exception cref="ToolException">The file cannot be read, or has none.</exception>
    public static X509Certificate2Collection ReadAuthorities(string file)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException
            or ArgumentException)
        {
            throw new ToolException(
                Failure.Authorities, $"'{file}' cannot be read: {ToolException.WordsOf(error)}", error);
        }

        return authorities.Count > 0
            ? authorities
            : throw new ToolException(Failure.Authorities, $"{file} has no certificate in PEM.");
    }

    private static bool IsSame(KeyValuePair<string, string> one, KeyValuePair<string, string> other) =>
        one.Key.Equals(other.Key, StringComparison.OrdinalIgnoreCase);
}
