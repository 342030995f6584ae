namespace UserTcp.Tool.Get;

/// <summary>What failures of HttpClient mean to curl.</summary>
internal static class HttpFailures
{
    /// <summary>The same failure in the words of the tool.</summary>
    /// <param name="error">Of HttpClient, or of a stream of its.</param>
    /// <param name="url">The page.</param>
    /// <param name="trail">Knows why a certificate was refused.</param>
    /// <param name="isInBody">Whether the head of the answer had come.</param>
    public static ToolException Translate(Exception error, Uri url, HttpTrail trail, bool isInBody)
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is ToolException known)
                return known;
        }

        if (error is IOException)
        {
            // HttpIOException where HTTP noticed it, the stream's own where a reset came.
            bool isShort = error is HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded };
            return new ToolException(
                isInBody && isShort ? Failure.Short : Failure.Receive, $"The connection broke: {error.Message}", error);
        }

        // What HttpClient says of itself is only that something went wrong, and what TLS says, to look further.
        string cause = error.GetBaseException().Message;
        HttpRequestError kind = ((HttpRequestException)error).HttpRequestError;
        if (kind == HttpRequestError.SecureConnectionError)
            return TranslateHandshake(error, url, trail, cause);

        Failure failure = kind switch
        {
            HttpRequestError.ResponseEnded => Failure.NoReply,
            HttpRequestError.InvalidResponse => Failure.Reply,
            _ => Failure.Receive,
        };
        return new ToolException(failure, cause == error.Message ? cause : $"{error.Message} {cause}", error);
    }

    private static ToolException TranslateHandshake(Exception error, Uri url, HttpTrail trail, string cause) =>
        trail.Distrust is { } distrust
        ? new ToolException(
            Failure.Certificate, $"{distrust} --cacert FILE says whom to trust, -k that any certificate will do.",
            error)
        : new ToolException(Failure.Tls, $"The TLS handshake with {url.IdnHost} failed: {cause}", error);
}
