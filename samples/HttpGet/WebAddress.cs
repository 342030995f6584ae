namespace HttpGet;

/// <summary>URLs as people type them and as servers send them.</summary>
internal static class WebAddress
{
    /// <summary>Reads a URL; without a scheme it is http, as with curl.</summary>
    /// <exception cref="GetException">It is malformed, or of another protocol.</exception>
    public static Uri Parse(string text)
    {
        string full = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        return Uri.TryCreate(full, UriKind.Absolute, out Uri? url) ? Check(url, text) : throw Bad(text);
    }

    /// <summary>Where a redirect leads to; relative targets are common.</summary>
    /// <exception cref="GetException">It is malformed, or of another protocol.</exception>
    public static Uri Follow(Uri from, string location) =>
        Uri.TryCreate(from, location, out Uri? url) ? Check(url, location) : throw Bad(location);

    private static Uri Check(Uri url, string text)
    {
        if (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
            throw new GetException(ExitCode.UnknownProtocol, $"'{url.Scheme}' is not spoken here: use http or https.");
        if (url.IdnHost.Length == 0 || url.Port == 0)
            throw Bad(text);
        if (url.UserInfo.Length > 0)
            throw new GetException(ExitCode.BadUrl, "User names and passwords in URLs are not supported.");

        return url;
    }

    private static GetException Bad(string text) => new(ExitCode.BadUrl, $"'{text}' is not a URL.");
}
