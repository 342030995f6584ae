using System.IO.Compression;

namespace UserTcp.Tool.Get;

/// <summary>
/// A body of the coding "deflate": in the format of zlib (RFC 9110 §8.4.1.2), or raw, as some servers have it. The
/// first octet tells which.
/// </summary>
internal sealed class DeflateBody(Stream body) : ReadOnlyStream
{
    private const int ZlibMethod = 8;
    private Stream? _decoder;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _decoder ??= await OpenAsync(cancellationToken);
        return await _decoder.ReadAsync(buffer, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            (_decoder ?? body).Dispose();
        base.Dispose(disposing);
    }

    private async Task<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        byte[] first = new byte[1];
        if (await body.ReadAsync(first, cancellationToken) == 0)
            return Null;

        Stream whole = new Prefixed(first[0], body);
        return (first[0] & 0xf) == ZlibMethod
            ? new ZLibStream(whole, CompressionMode.Decompress) : new DeflateStream(whole, CompressionMode.Decompress);
    }

    private sealed class Prefixed(byte first, Stream rest) : ReadOnlyStream
    {
        private bool _isBegun;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_isBegun || buffer.IsEmpty)
                return rest.ReadAsync(buffer, cancellationToken);

            _isBegun = true;
            buffer.Span[0] = first;
            return ValueTask.FromResult(1);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                rest.Dispose();
            base.Dispose(disposing);
        }
    }
}
