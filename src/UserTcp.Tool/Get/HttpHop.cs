namespace UserTcp.Tool.Get;

/// <summary>One request of a chain of redirects, by curl's rules.</summary>
/// <param name="Url">Without user and password.</param>
/// <param name="Verb">The kind of the request.</param>
/// <param name="Number">0 for the first one.</param>
/// <param name="First">The URL of the first one.</param>
/// <param name="KeepsUser">Whether no redirect so far led to another port or protocol.</param>
internal sealed record HttpHop(Uri Url, HttpVerb Verb, int Number, Uri First, bool KeepsUser)
{
    /// <summary>Whether fields of <c>-H</c> may tell who asks: only to the origin of the first request.</summary>
    public bool IsAtFirstOrigin => IsSameOrigin(First, Url);

    /// <summary>Whether user and password may be sent.</summary>
    public bool IsUserSent => KeepsUser && IsAtFirstOrigin;

    /// <summary>The content of the request belongs to these kinds.</summary>
    public bool HasBody => Verb is HttpVerb.Post or HttpVerb.Put;

    public static HttpHop Begin(Uri url, HttpVerb verb) => new(url, verb, 0, url, KeepsUser: true);

    /// <summary>
    /// The next one: 301 and 302 make a GET of a POST, 303 makes a GET of everything that has a content, all others
    /// change nothing.
    /// </summary>
    public HttpHop Follow(int status, Uri target) => this with
    {
        Url = HttpSyntax.WithoutUser(target),
        Verb = (status, Verb) switch
        {
            (301 or 302, HttpVerb.Post) => HttpVerb.Get,
            (303, HttpVerb.Post or HttpVerb.Put) => HttpVerb.Get,
            _ => Verb,
        },
        Number = Number + 1,
        KeepsUser = KeepsUser && target.Port == Url.Port && target.Scheme == Url.Scheme,
    };

    /// <summary>The place that a response sends us to; null if it sends us nowhere.</summary>
    /// <exception cref="ToolException">The location makes no sense.</exception>
    public static Uri? TargetOf(HttpResponseMessage response)
    {
        if ((int)response.StatusCode is < 300 or >= 400
            || !response.Headers.NonValidated.TryGetValues("Location", out var locations))
            return null;

        string location = locations.First();
        if (!Uri.TryCreate(response.RequestMessage!.RequestUri!, location, out Uri? target))
            throw new ToolException(Failure.BadUrl, $"The server redirects to '{location}', which is not a URL.");
        return target;
    }

    private static bool IsSameOrigin(Uri one, Uri other) =>
        one.Scheme == other.Scheme && one.IdnHost == other.IdnHost && one.Port == other.Port;
}
