using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>
/// Who listens where. The more specific listener gets the SYN: one address, then all of the stack's, then any address
/// with the port, then any address and port.
/// </summary>
internal sealed class ListenTable
{
    private readonly Dictionary<ListenKey, StackListener> _listeners = [];
    private readonly List<StackListener> _inOrder = [];
    private int _anyAddress;

    /// <summary>The listeners in the order in which they were added.</summary>
    public IReadOnlyList<StackListener> All => _inOrder;

    public int Count => _inOrder.Count;

    /// <summary>
    /// The key under which a call is kept: the address counts only where the listener is bound to one.
    /// </summary>
    public static ListenKey KeyFor(in ListenCall call, ushort port) =>
        new(call.Mode, call.Mode == ListenMode.OneAddress ? call.Address : HostAddress.AnyV4, port);

    /// <summary>False if the very same address and port are taken.</summary>
    public bool TryAdd(StackListener listener)
    {
        if (!_listeners.TryAdd(listener.Key, listener))
            return false;
        _inOrder.Add(listener);
        _anyAddress += listener.Key.Mode == ListenMode.AnyAddress ? 1 : 0;
        return true;
    }

    public void Remove(StackListener listener)
    {
        if (_listeners.TryGetValue(listener.Key, out StackListener? found) && ReferenceEquals(found, listener))
        {
            _listeners.Remove(listener.Key);
            _inOrder.Remove(listener);
            _anyAddress -= listener.Key.Mode == ListenMode.AnyAddress ? 1 : 0;
        }
    }

    public bool Contains(in ListenKey key) => _listeners.ContainsKey(key);

    /// <summary>Whether a local endpoint of our own is served by a listener that is bound to its port.</summary>
    public bool IsPortBound(HostAddress local, ushort port) =>
        Contains(new ListenKey(ListenMode.OneAddress, local, port))
        || Contains(new ListenKey(ListenMode.OwnAddresses, HostAddress.AnyV4, port));

    /// <summary>The listener for a SYN to this destination; null if there is none.</summary>
    public StackListener? Find(HostAddress destination, ushort port, bool isOwnAddress)
    {
        if (_inOrder.Count == 0)
            return null;

        StackListener? listener = null;
        bool isFound = isOwnAddress
            && (TryGet(ListenMode.OneAddress, destination, port, ref listener)
                || TryGet(ListenMode.OwnAddresses, HostAddress.AnyV4, port, ref listener));
        if (!isFound && !TryGet(ListenMode.AnyAddress, HostAddress.AnyV4, port, ref listener))
            TryGet(ListenMode.AnyAddress, HostAddress.AnyV4, 0, ref listener);
        return listener;
    }

    /// <summary>
    /// Whether packets to addresses that are not ours may be for a listener. Asked for each packet.
    /// </summary>
    public bool HasAnyAddressListener => _anyAddress > 0;

    private bool TryGet(ListenMode mode, HostAddress address, ushort port, ref StackListener? listener) =>
        _listeners.TryGetValue(new ListenKey(mode, address, port), out listener);
}
