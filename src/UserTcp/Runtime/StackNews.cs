using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>
/// Tells log and waiters what becomes of a stack: its addresses, its limits, its end. Members named On… run under the
/// door, and tell when it is closed again.
/// </summary>
/// <param name="stack">The name of the stack.</param>
/// <param name="link">The name of its link.</param>
/// <param name="logger">Its log.</param>
/// <param name="completions">How waiters are completed.</param>
internal sealed class StackNews(string stack, string link, LimitedLogger logger, TaskCreationOptions completions)
{
    private readonly TaskCompletionSource<AddressConflict?> _claimed = new(completions);
    private readonly TaskCompletionSource<Exception> _faulted = new(completions);

    /// <summary>Completes when the addresses are ours, with the conflict if they are not.</summary>
    public Task<AddressConflict?> Claimed => _claimed.Task;

    /// <summary>Completes, with the reason, if the stack ends by itself, and never otherwise.</summary>
    public Task<Exception> Faulted => _faulted.Task;

    /// <summary>Where nobody else can be, nobody is asked.</summary>
    public void ClaimUnasked() => _claimed.SetResult(null);

    // All are claimed at the same moment; that each is told of is for the log.
    public void OnAddressClaimed(HostAddress address, WakeList wakes) => Later(wakes, () =>
    {
        LogMessages.AddressClaimed(logger, stack, address.ToString());
        _claimed.TrySetResult(null);
    });

    public void OnAddressConflict(AddressConflict conflict, WakeList wakes) => Later(wakes, () =>
    {
        // While starting it is the caller's exception; later there is nobody to throw it at.
        if (!_claimed.TrySetResult(conflict))
            LogMessages.AddressConflict(logger, stack, conflict.Address.ToString(), conflict.OtherMac, conflict.Count);
    });

    public void OnLimit(StackLimit limit, long count, WakeList wakes) =>
        Later(wakes, () => LogMessages.LimitReached(logger, limit, stack, count));

    public void OnFault(Exception cause, WakeList wakes) => Later(wakes, () =>
    {
        if (cause is LinkDownException { IsIntended: true })
            LogMessages.LinkClosed(logger, stack, link);
        else if (cause is IOException)
            LogMessages.LinkDown(logger, cause, stack, link);
        else
            LogMessages.StackFaulted(logger, cause, stack);
        _claimed.TrySetResult(null);
        _faulted.TrySetResult(cause);
    });

    /// <summary>The stack runs.</summary>
    public void TellStart(StackConfig config, bool isDeterministic)
    {
        if (isDeterministic && (config.Link.Features & LinkFeatures.PointToPoint) == 0)
            LogMessages.DeterministicSeed(logger, stack, link);
        if (!logger.IsEnabled(LogLevel.Information))
            return;

        string addresses = string.Join(", ", config.Addresses.Select(a => $"{a.Address}/{a.PrefixLength}"));
        LogMessages.StackStarted(logger, stack, link, addresses, config.MacAddress);
    }

    private static void Later(WakeList wakes, Action tell) => wakes.Add(new Notice(tell), WakeReasons.Decided);
}

/// <summary>Something rare that is to be done when the door is closed again.</summary>
internal sealed class Notice(Action tell) : IWakeTarget
{
    public void Wake(WakeReasons reasons, bool inlineAllowed) => tell();
}
