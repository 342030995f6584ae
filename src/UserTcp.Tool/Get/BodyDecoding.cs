using System.IO.Compression;

namespace UserTcp.Tool.Get;

/// <summary>Decodes bodies (RFC 9110 §8.4). Not by the handler: it does not tell how many bytes came.</summary>
internal static class BodyDecoding
{
    /// <summary>The codings that are asked for.</summary>
    public const string Accepted = "deflate, gzip, br";

    /// <summary>The decoded body.</summary>
    /// <param name="body">As it came.</param>
    /// <param name="codings">In the order in which they were applied.</param>
    /// <exception cref="ToolException">A coding is not known.</exception>
    public static Stream Decode(Stream body, IEnumerable<string> codings) =>
        codings.Reverse().Aggregate(body, (stream, coding) => coding.ToLowerInvariant() switch
        {
            "identity" => stream,
            "gzip" or "x-gzip" => new GZipStream(stream, CompressionMode.Decompress),
            "deflate" => new DeflateBody(stream),
            "br" => new BrotliStream(stream, CompressionMode.Decompress),
            _ => throw new ToolException(Failure.Encoding, $"The body cannot be decoded: it is encoded as '{coding}'."),
        });
}
