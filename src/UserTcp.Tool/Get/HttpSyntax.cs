using System.Buffers;
using System.Net.Http.Headers;
using System.Text;

namespace UserTcp.Tool.Get;

/// <summary>URLs, header fields and users as curl's command line has them.</summary>
internal static class HttpSyntax
{
    // The characters of a token (RFC 9110 §5.6.2).
    private static readonly SearchValues<char> s_nameLetters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>Reads a header field, "Name: value"; an empty value keeps a usual field from being sent.</summary>
    /// <exception cref="ToolException">It is none, or one that would not be true.</exception>
    public static KeyValuePair<string, string> ParseHeader(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? "" : text[..colon];
        string value = text[(colon + 1)..].Trim();
        if (!IsToken(name))
            throw new ToolException(Failure.Usage, $"'{text}' is not a header field such as 'Name: value'.");
        if (value.Any(letter => !char.IsAscii(letter) || char.IsControl(letter)))
            throw new ToolException(Failure.Usage, $"The value of '{text}' has letters that a header cannot have.");
        if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            throw new ToolException(Failure.Usage, "Content-Length cannot be given: it follows from the content.");

        return new KeyValuePair<string, string>(name, value);
    }

    /// <summary>Reads a method.</summary>
    /// <exception cref="ToolException">It is none.</exception>
    public static string ParseMethod(string text) => IsToken(text)
        ? text : throw new ToolException(Failure.Usage, $"'{text}' is not a method such as DELETE.");

    /// <summary>Reads a URL; without a scheme it is http, as with curl.</summary>
    /// <exception cref="ToolException">It is malformed, or of another protocol.</exception>
    public static Uri ParseUrl(string text)
    {
        string full = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        if (!Uri.TryCreate(full, UriKind.Absolute, out Uri? url))
            throw new ToolException(Failure.BadUrl, $"'{text}' is not a URL.");

        CheckScheme(url);
        return url.IdnHost.Length > 0 && url.Port > 0
            ? url : throw new ToolException(Failure.BadUrl, $"'{text}' is not a URL.");
    }

    /// <exception cref="ToolException">The URL is of another protocol.</exception>
    public static void CheckScheme(Uri url)
    {
        if (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
            throw new ToolException(Failure.Protocol, $"'{url.Scheme}' is not spoken here: use http or https.");
    }

    /// <summary>The same URL without user and password: those are nobody's but the server's.</summary>
    public static Uri WithoutUser(Uri url) =>
        url.UserInfo.Length == 0 ? url : new UriBuilder(url) { UserName = "", Password = "" }.Uri;

    /// <summary>User and password of a URL as Basic (RFC 7617), decoded; null if it has none.</summary>
    public static AuthenticationHeaderValue? UserOf(Uri url)
    {
        if (url.UserInfo.Length == 0)
            return null;

        string[] parts = url.UserInfo.Split(':', 2);
        return Basic($"{Uri.UnescapeDataString(parts[0])}:{Uri.UnescapeDataString(parts.ElementAtOrDefault(1) ?? "")}");
    }

    /// <summary>User and password of <c>-u</c>.</summary>
    /// <exception cref="ToolException">There is no password: nobody is asked for one.</exception>
    public static AuthenticationHeaderValue ParseUser(string text) => text.Contains(':', StringComparison.Ordinal)
        ? Basic(text)
        : throw new ToolException(
            Failure.Usage, $"-u {text} has no password, and there is no prompt for one: use -u '{text}:PASSWORD'.");

    private static AuthenticationHeaderValue Basic(string user) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(user)));

    private static bool IsToken(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(s_nameLetters);
}
