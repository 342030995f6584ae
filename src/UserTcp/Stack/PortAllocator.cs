using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>Says which ports are taken for the purpose at hand.</summary>
internal interface IPortUse
{
    bool IsTaken(ushort port);
}

/// <summary>
/// Chooses local ports (RFC 6056 §3.3.3, algorithm 3): each destination has its own hidden starting point, so that a
/// stranger cannot guess the next port, and ports to one destination are reused as late as possible.
/// </summary>
internal sealed class PortAllocator
{
    // Ports, hash tables and sequence numbers must not be derivable from one another: the domain separates them.
    private const ulong Domain = 0x706f_7274_735f_3630;

    private readonly SipHash _secret;
    private readonly ushort _first;
    private readonly int _count;
    private uint _next;

    public PortAllocator(in SipHash secret, ushort first, ushort last)
    {
        ArgumentOutOfRangeException.ThrowIfZero(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        _secret = secret;
        _first = first;
        _count = last - first + 1;
        _next = (uint)secret.Hash(Domain);
    }

    /// <summary>False if every port of the range is taken.</summary>
    public bool TryPick<TUse>(HostAddress local, HostAddress remote, ushort remotePort, in TUse use, out ushort port)
        where TUse : struct, IPortUse
    {
        uint offset = (uint)_secret.Hash(_secret.Hash(new FlowKey(local, 0, remote, remotePort)), Domain);
        for (int tries = 0; tries < _count; tries++)
        {
            port = (ushort)(_first + (uint)(unchecked(_next++ + offset) % (uint)_count));
            if (!use.IsTaken(port))
                return true;
        }

        port = 0;
        return false;
    }
}
