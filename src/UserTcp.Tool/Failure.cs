namespace UserTcp.Tool;

/// <summary>What kept a command from doing its work. Each command has its own exit codes for it.</summary>
internal enum Failure
{
    /// <summary>The command line makes no sense.</summary>
    Usage,

    /// <summary>The URL makes no sense.</summary>
    BadUrl,

    /// <summary>The operating system does not know the name.</summary>
    Name,

    /// <summary>The link could not be opened.</summary>
    Link,

    /// <summary>Refused, or unreachable.</summary>
    Connect,

    /// <summary>No answer in time.</summary>
    TimedOut,

    /// <summary>The TLS handshake failed.</summary>
    Tls,

    /// <summary>The server's certificate is not one to trust.</summary>
    Certificate,

    /// <summary>The certificates to trust cannot be read.</summary>
    Authorities,

    /// <summary>The server answered with an error, and that was to count.</summary>
    HttpStatus,

    /// <summary>The redirects never ended.</summary>
    TooManyRedirects,

    /// <summary>A file could not be read, or is not what it was said to be.</summary>
    Read,

    /// <summary>A file, the standard output, or the capture could not be written.</summary>
    Write,

    /// <summary>Nobody reads the standard output any more, which ends a command without a word.</summary>
    OutputClosed,

    /// <summary>The body is not encoded as its server says.</summary>
    Encoding,

    /// <summary>The connection broke, or what came was not of the protocol.</summary>
    Receive,

    /// <summary>The URL is of a protocol that is not spoken here.</summary>
    Protocol,

    /// <summary>The server answered with something that is not HTTP.</summary>
    Reply,

    /// <summary>The server closed the connection before its answer was complete.</summary>
    NoReply,

    /// <summary>The body ended before its end.</summary>
    Short,

    /// <summary>The server cannot send a page from its middle on.</summary>
    Range,

    /// <summary>An entry of addresses makes no sense.</summary>
    Resolve,

    /// <summary>The content of a request would have to be sent twice and cannot be.</summary>
    Rewind,
}
