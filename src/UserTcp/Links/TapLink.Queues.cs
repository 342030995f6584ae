using UserTcp.Links.Native;
using UserTcp.Wire;

namespace UserTcp.Links;

// Several queues of one interface (IFF_MULTI_QUEUE).
public sealed partial class TapLink
{
    /// <summary>Further queues of the interface; this one alone if the interface has a single queue.</summary>
    /// <inheritdoc/>
    public override IReadOnlyList<LinkDevice> OpenQueues(int count)
    {
        ThrowIfNoQueueCount(count);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_first != this)
            return [this];

        // The system sends to every queue that is open.
        CloseFrom(count);
        if (count > _queues.Length)
            OpenMore(count - _queues.Length);
        return [.. _queues];
    }

    // A stack with one shard asks for no queues, and may come after one with several.
    internal override void Steer(in Steering steering) => CloseFrom(steering.Count);

    /// <summary>Opens so many queues more, all or none of them.</summary>
    private void OpenMore(int count)
    {
        TapLink[] before = _queues;
        bool isDone = false;
        try
        {
            SocketNamespace.TryRun((int)_questions.Handle, () => isDone = TryAddQueues(count));
        }
        finally
        {
            if (!isDone)
                CloseFrom(before.Length);
        }
    }

    /// <summary>Adds queues; false if the interface has a single one.</summary>
    private bool TryAddQueues(int count)
    {
        string name = LinuxInterface.Name((int)_questions.Handle, _index)
            ?? throw new LinkDownException($"The interface '{_tap.Name}' is gone: it was deleted.");
        for (int i = 0; i < count; i++)
        {
            TapHandle? tap = TapHandle.TryOpen(name, Info.Medium, multiQueue: true, out int error);
            if (tap is null && error == LibcNative.InvalidArgument)
                return false;
            if (tap is null)
                throw Explain(name, Info.Medium, error).ToException();

            _queues = [.. _queues, new TapLink(this, tap)];
        }

        return true;
    }

    private void CloseFrom(int first)
    {
        TapLink[] queues = _queues;
        for (int i = queues.Length - 1; i >= first; i--)
            queues[i].Close();
        if (first > 0 && first < queues.Length)
            _queues = queues[..first];
    }

    private void Close()
    {
        if (_isDisposed)
            return;

        _isDisposed = true;
        _waiter.Dispose();
        _tap.Dispose();
    }
}
