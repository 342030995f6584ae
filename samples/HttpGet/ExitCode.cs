namespace HttpGet;

/// <summary>How the program ends. The numbers are curl's, so that scripts which know one know the other.</summary>
internal enum ExitCode
{
    /// <summary>The page was fetched, whatever its HTTP status.</summary>
    Ok = 0,

    /// <summary>The URL's scheme is neither http nor https.</summary>
    UnknownProtocol = 1,

    /// <summary>The command line makes no sense.</summary>
    Usage = 2,

    /// <summary>The URL makes no sense.</summary>
    BadUrl = 3,

    /// <summary>The operating system does not know the name.</summary>
    NameNotResolved = 6,

    /// <summary>Refused, unreachable, or the link could not be opened.</summary>
    CannotConnect = 7,

    /// <summary>The connection ended in the middle of the body.</summary>
    CutShort = 18,

    /// <summary>The body or the capture could not be written.</summary>
    CannotWrite = 23,

    /// <summary>No answer in time.</summary>
    TimedOut = 28,

    /// <summary>The TLS handshake failed.</summary>
    TlsFailed = 35,

    /// <summary>More than five redirects.</summary>
    TooManyRedirects = 47,

    /// <summary>The server closed the connection without a byte.</summary>
    EmptyReply = 52,

    /// <summary>The connection broke, or what came is not HTTP.</summary>
    ReceiveFailed = 56,

    /// <summary>Ctrl+C.</summary>
    Interrupted = 130,
}
