using System.Net;
using System.Net.NetworkInformation;
using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp;

/// <content>The end, and the calls that start the stack on first use.</content>
public sealed partial class UserTcpStack
{
    /// <summary>
    /// Completes when the stack has ended by its disposal. Fails when the stack has
    /// <see cref="UserTcpStackState.Faulted"/>, with the exception that ended it: an <see cref="IOException"/> if the
    /// link is gone.
    /// </summary>
    /// <remarks>
    /// A failed start is not an end: it may be tried again. Dispose of the stack after a fault, too.
    /// </remarks>
    public Task Completion => _life.Completion;

    /// <summary>
    /// Does the same as <see cref="DisposeAsync"/> and blocks until it is done. A call on the stack's own thread, from
    /// a continuation that runs inline, does not wait.
    /// </summary>
    public void Dispose() => _life.WaitFor(_life.BeginDispose(_settings.ShutdownTimeout));

    /// <summary>
    /// Resets every connection at once and disposes of the stack, also while <see cref="DisposeAsync"/> still waits for
    /// acknowledgements. Bytes that were not acknowledged are lost. Blocks until the stack's thread has ended, which
    /// takes milliseconds; on that thread it does not wait. Idempotent.
    /// </summary>
    public void Abort() => _life.Abort();

    /// <summary>
    /// Takes no more work, sends FIN on every connection, waits up to
    /// <see cref="UserTcpStackOptions.ShutdownTimeout"/> for queued bytes to be acknowledged, resets what is left and
    /// closes the link. The peers always hear FIN or RST. Idempotent: later calls wait for the first.
    /// </summary>
    /// <returns>Completed when the link is closed.</returns>
    public ValueTask DisposeAsync() => new(_life.BeginDispose(_settings.ShutdownTimeout));

    // Where something stands for the loopback, that of IPv6 will do as well.
    private HostAddress Destination(IPAddress address, string name) =>
        _settings.LoopbackAlias is not null && HostAddress.From(address) is { IsLoopback: true } loopback
            ? loopback
            : OptionCheck.Destination(address, name);

    private async ValueTask<UserTcpConnection> ConnectCoreAsync(
        HostAddress remote, ushort port, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        RunningStack running = await _life.RunAsync(cancellationToken).ConfigureAwait(false);
        return UserTcpConnection.Of(
            await running.ConnectAsync(remote, port, settings, cancellationToken).ConfigureAwait(false));
    }

    private async ValueTask<UserTcpListener> ListenCoreAsync(
        ListenerSettings settings, CancellationToken cancellationToken)
    {
        RunningStack running = await _life.RunAsync(cancellationToken).ConfigureAwait(false);
        return new UserTcpListener(running.Listen(settings));
    }

    private async ValueTask<UserTcpRequestListener> ListenForRequestsCoreAsync(
        ListenerSettings settings, CancellationToken cancellationToken)
    {
        RunningStack running = await _life.RunAsync(cancellationToken).ConfigureAwait(false);
        return new UserTcpRequestListener(running.Listen(settings));
    }

    private async ValueTask<UserTcpPingReply> PingCoreAsync(
        HostAddress destination, int length, TimeSpan timeout, byte timeToLive, CancellationToken cancellationToken)
    {
        RunningStack running = await _life.RunAsync(cancellationToken).ConfigureAwait(false);
        PingResult result = await running
            .PingAsync(destination, length, timeout, timeToLive, cancellationToken).ConfigureAwait(false);
        IPStatus status = result.Outcome switch
        {
            PingOutcome.Answered => IPStatus.Success,
            PingOutcome.TimedOut => IPStatus.TimedOut,
            _ => IPStatus.DestinationHostUnreachable,
        };
        return new UserTcpPingReply
        {
            Status = status,
            Address = result.Answer.From.ToIPAddress(),
            RoundTripTime = result.RoundTrip,
            DataLength = result.Answer.PayloadLength,
            TimeToLive = status == IPStatus.Success ? result.Answer.TimeToLive : (byte)0,
            Identifier = (ushort)(result.Key >> 16),
            SequenceNumber = (ushort)result.Key,
        };
    }
}
