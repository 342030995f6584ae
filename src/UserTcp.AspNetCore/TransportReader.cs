using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace UserTcp.AspNetCore;

/// <summary>The two halves of a connection, as Kestrel sees them.</summary>
internal sealed class TransportPipes(PipeReader input, PipeWriter output) : IDuplexPipe
{
    public PipeReader Input => input;

    public PipeWriter Output => output;
}

/// <summary>
/// The bytes of a connection with Kestrel's exceptions: the kind of the exception decides what Kestrel logs. A read
/// that completes at once passes through; one that waits costs a pooled state machine.
/// </summary>
/// <param name="inner">The connection's own reader.</param>
/// <param name="translate">Makes the exception of a failed read, before the read fails.</param>
internal sealed class TransportReader(PipeReader inner, Func<UserTcpConnectionException, Exception> translate)
    : PipeReader
{
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        Translated(inner.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        try
        {
            return inner.TryRead(out result);
        }
        catch (UserTcpConnectionException error)
        {
            throw translate(error);
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
        inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    protected override ValueTask<ReadResult> ReadAtLeastAsyncCore(
        int minimumSize, CancellationToken cancellationToken) =>
        Translated(inner.ReadAtLeastAsync(minimumSize, cancellationToken));

    private ValueTask<ReadResult> Translated(ValueTask<ReadResult> read) =>
        read.IsCompletedSuccessfully ? read : AwaitAsync(read);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> AwaitAsync(ValueTask<ReadResult> read)
    {
        try
        {
            return await read.ConfigureAwait(false);
        }
        catch (UserTcpConnectionException error)
        {
            throw translate(error);
        }
    }
}
