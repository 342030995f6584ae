namespace HttpGet.Http;

/// <summary>How the end of a body is known.</summary>
internal enum HttpBodyKind
{
    None,
    Length,
    Chunked,
    UntilClose,
}

/// <summary>How much of a body there is.</summary>
internal readonly record struct HttpBodyExtent(HttpBodyKind Kind, long Length = 0);

/// <summary>The head of a response: status line, header fields, and what they say of the body.</summary>
internal sealed record HttpResponse
{
    public required int MinorVersion { get; init; }

    public required int Status { get; init; }

    public required string Reason { get; init; }

    public required HttpFields Fields { get; init; }

    public HttpBodyExtent Body { get; init; }

    /// <summary>Where the server sends us, for the statuses that do; null for all others.</summary>
    public string? RedirectTarget => Status is 301 or 302 or 303 or 307 or 308 ? Fields["Location"] : null;
}
