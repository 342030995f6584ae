using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>The limits that can hold up a sender which has text to send.</summary>
internal enum SendLimit : byte
{
    /// <summary>All is acknowledged: nothing to do.</summary>
    Idle,

    /// <summary>The network: congestion control, pacing, the round trip.</summary>
    Network,

    /// <summary>The peer's window.</summary>
    PeerWindow,

    /// <summary>All is sent, and the application waits until it may write again.</summary>
    SendBuffer,
}

/// <summary>How long a sender was held up by what.</summary>
internal struct Chronograph
{
    private SendLimit _limit;
    private Instant _since;
    private TimeSpan _network;
    private TimeSpan _peerWindow;
    private TimeSpan _sendBuffer;

    /// <summary>From now on it is this.</summary>
    public void Enter(SendLimit limit, Instant now)
    {
        if (limit == _limit)
            return;

        this = At(now);
        _limit = limit;
    }

    /// <summary>With the time counted up to now.</summary>
    public readonly Chronograph At(Instant now)
    {
        Chronograph next = this;
        TimeSpan spent = now - _since;
        next._since = now;
        switch (_limit)
        {
            case SendLimit.Network:
                next._network += spent;
                break;
            case SendLimit.PeerWindow:
                next._peerWindow += spent;
                break;
            case SendLimit.SendBuffer:
                next._sendBuffer += spent;
                break;
        }

        return next;
    }

    /// <summary>All the time in which anything was unacknowledged.</summary>
    public readonly TimeSpan Busy => _network + _peerWindow + _sendBuffer;

    public readonly TimeSpan PeerWindowLimited => _peerWindow;

    public readonly TimeSpan SendBufferLimited => _sendBuffer;
}
