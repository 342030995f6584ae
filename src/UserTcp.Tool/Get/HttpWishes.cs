using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;

namespace UserTcp.Tool.Get;

/// <summary>How a page is to be fetched.</summary>
internal sealed record HttpWishes
{
    /// <summary>The URL as it was typed.</summary>
    public required string UrlText { get; init; }

    /// <summary>Without user and password.</summary>
    public required Uri Url { get; init; }

    /// <summary>User and password; null for none. A header field of `-H` goes before.</summary>
    public AuthenticationHeaderValue? User { get; init; }

    /// <summary>
    /// The one version to speak, without TLS too (h2c); null for the highest that TLS agrees on, and 1.1 without it.
    /// </summary>
    public Version? HttpVersion { get; init; }

    /// <summary>The method of all requests; null for that of the kind.</summary>
    public string? Method { get; init; }

    public HttpVerb Verb { get; init; }

    /// <summary>The content of the request; null for none.</summary>
    public RequestBody? Body { get; init; }

    /// <summary>More header fields, or other values for those that are sent anyway.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>How many redirects are followed, -1 for all of them; null if none is.</summary>
    public int? MaxRedirects { get; init; }

    /// <summary>Whether an encoded body is asked for, and decoded.</summary>
    public bool IsCompressed { get; init; }

    /// <summary>The file for the body; null or "-" for the standard output.</summary>
    public string? OutputFile { get; init; }

    /// <summary>The bytes that are there already: not asked for, and kept in the file.</summary>
    public long ResumeAt { get; init; }

    /// <summary>Whether any certificate will do.</summary>
    public bool IgnoresCertificates { get; init; }

    /// <summary>Whose certificates are trusted; null for whom the operating system trusts.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    public NameOverrides Names { get; init; } = new([]);

    /// <summary>Whether an answer of 400 or more is a failure, and its body is not wanted.</summary>
    public bool FailsOnError { get; init; }

    /// <summary>How often a failure that may pass is tried again.</summary>
    public int Retries { get; init; }

    /// <summary>Whether the header fields are shown.</summary>
    public bool IsVerbose { get; init; }

    /// <summary>Whether nothing but the result is shown.</summary>
    public bool IsSilent { get; init; }

    /// <summary>What is written when all is over; null for nothing.</summary>
    public WriteOut? WriteOut { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest that an attempt may take; null for no limit.</summary>
    public TimeSpan? MaxTime { get; init; }
}
