using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace UserTcp.AspNetCore;

/// <summary>
/// Tells HTTP/2 by its preface (RFC 9113 §3.4), and puts the answer where Kestrel looks for that of TLS.
/// </summary>
internal sealed class PriorKnowledge(ConnectionContext connection)
{
    // What a timer takes; who asks for more means for ever.
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(int.MaxValue);

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public async Task RunAsync(ConnectionDelegate next, KestrelServerLimits limits)
    {
        if (connection.Features.Get<ITlsConnectionFeature>() is null)
        {
            // Kestrel's own clocks start behind us, and so does its way to end what is idle.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(ClosedRequested());
            if (limits.KeepAliveTimeout < s_longest)
                patience.CancelAfter(limits.KeepAliveTimeout);
            try
            {
                if (await StartsWithPrefaceAsync(patience.Token).ConfigureAwait(false))
                    Negotiate();
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is IOException or ConnectionAbortedException)
            {
                // Whoever reads next meets the same, and knows what to make of it.
            }
        }

        await next(connection).ConfigureAwait(false);
    }

    private CancellationToken ClosedRequested() =>
        connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;

    // Looks, and consumes nothing: what was seen is read again by whoever comes next.
    private async Task<bool> StartsWithPrefaceAsync(CancellationToken cancellationToken)
    {
        PipeReader input = connection.Transport.Input;
        while (true)
        {
            ReadResult result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = result.Buffer;
            bool isWhole = buffer.Length >= Preface.Length;
            bool isMatch = StartsAsPreface(buffer);
            bool isDecided = !isMatch || isWhole || result.IsCompleted || result.IsCanceled;
            input.AdvanceTo(buffer.Start, isDecided ? buffer.Start : buffer.End);
            if (isDecided)
                return isMatch && isWhole;
        }
    }

    private static bool StartsAsPreface(ReadOnlySequence<byte> buffer)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(buffer.Length, Preface.Length)];
        buffer.Slice(0, start.Length).CopyTo(start);
        return start.SequenceEqual(Preface[..start.Length]);
    }

    private void Negotiate()
    {
        var negotiated = new Negotiated();
        connection.Features.Set<ITlsConnectionFeature>(negotiated);
        connection.Features.Set<ITlsApplicationProtocolFeature>(negotiated);
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
