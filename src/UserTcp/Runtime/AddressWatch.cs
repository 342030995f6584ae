using UserTcp.Ip;

namespace UserTcp.Runtime;

/// <summary>An address has another state.</summary>
internal readonly record struct AddressChange(LocalAddress Local, UserTcpAddressState State);

/// <summary>
/// Changes of addresses for one who watches them, in their order; none is left out. Added to under the door of shard 0,
/// read by one caller at a time.
/// </summary>
internal sealed class AddressWatch(TaskCreationOptions completions) : IWakeTarget
{
    private readonly Lock _gate = new();

    // All below is under the gate.
    private readonly Queue<AddressChange> _changes = new();
    private TaskCompletionSource? _more;
    private bool _isOver;

    public void Add(in AddressChange change)
    {
        lock (_gate)
            _changes.Enqueue(change);
    }

    /// <summary>Nothing is added any more; those that were are still handed out.</summary>
    public void End()
    {
        lock (_gate)
            _isOver = true;
    }

    /// <summary>The next change; null if there is none now.</summary>
    /// <param name="more">Completes when it is worth asking again; null after the end.</param>
    public AddressChange? TryNext(out Task? more)
    {
        lock (_gate)
        {
            more = null;
            if (_changes.TryDequeue(out AddressChange change))
                return change;
            if (!_isOver)
                more = (_more ??= new TaskCompletionSource(completions)).Task;
            return null;
        }
    }

    public void Wake(WakeReasons reasons, bool inlineAllowed)
    {
        TaskCompletionSource? more;
        lock (_gate)
            (more, _more) = (_more, null);
        more?.TrySetResult();
    }
}
