namespace HttpGet.Http;

/// <summary>What a server may ask of us before we stop listening. Everything has a limit.</summary>
internal sealed record HttpLimits
{
    public static HttpLimits Default { get; } = new();

    /// <summary>The longest status line, header line or chunk-size line, in bytes without its line end.</summary>
    public int LineBytes { get; init; } = 8 * 1024;

    /// <summary>All header lines of one message together, in bytes; the same again for trailers.</summary>
    public int HeaderBytes { get; init; } = 64 * 1024;

    /// <summary>The number of header lines of one message.</summary>
    public int HeaderCount { get; init; } = 256;

    /// <summary>The number of 1xx answers before the real one.</summary>
    public int InterimResponses { get; init; } = 16;
}
