using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace KestrelServer;

/// <summary>
/// HTTP/1.1 and HTTP/2 on one port without TLS. Kestrel of .NET 10 takes HTTP/2 beside HTTP/1.1 only where TLS has
/// negotiated it; here the first bytes of a client decide (RFC 9113 §3.4), and the answer goes where Kestrel looks for
/// that of TLS.
/// </summary>
internal static class PriorKnowledge
{
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>
    /// Lets an end point with <see cref="HttpProtocols.Http1AndHttp2"/> speak both. Needs
    /// <see cref="KestrelServerOptions.AllowAlternateSchemes"/>: what looks like TLS here carries http.
    /// </summary>
    public static void UsePriorKnowledge(this ListenOptions listen) => listen.Use(next => async connection =>
    {
        if (await StartsWithPrefaceAsync(connection.Transport.Input))
        {
            var negotiated = new Negotiated();
            connection.Features.Set<ITlsConnectionFeature>(negotiated);
            connection.Features.Set<ITlsApplicationProtocolFeature>(negotiated);
        }

        await next(connection);
    });

    // Looks, and consumes nothing: what was seen is read again by whoever comes next.
    private static async Task<bool> StartsWithPrefaceAsync(PipeReader input)
    {
        while (true)
        {
            ReadResult result = await input.ReadAsync();
            ReadOnlySequence<byte> buffer = result.Buffer;
            int length = (int)Math.Min(buffer.Length, Preface.Length);
            byte[] start = buffer.Slice(0, length).ToArray();
            bool isMatch = start.AsSpan().SequenceEqual(Preface[..length]);
            bool isDecided = !isMatch || length == Preface.Length || result.IsCompleted || result.IsCanceled;
            input.AdvanceTo(buffer.Start, isDecided ? buffer.Start : buffer.End);
            if (isDecided)
                return isMatch && length == Preface.Length;
        }
    }

    private sealed class Negotiated : ITlsConnectionFeature, ITlsApplicationProtocolFeature
    {
        private static readonly byte[] s_http2 = "h2"u8.ToArray();

        public X509Certificate2? ClientCertificate { get; set; }

        public ReadOnlyMemory<byte> ApplicationProtocol => s_http2;

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
            Task.FromResult(ClientCertificate);
    }
}
