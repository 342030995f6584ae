using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>The possible uses of a local port.</summary>
internal enum PortState : byte
{
    Free,

    /// <summary>Its last connection is in TIME-WAIT, and a later timestamp will tell a new one from it.</summary>
    Reusable,

    Taken,

    /// <summary>Another shard would have the flow.</summary>
    Elsewhere,
}

/// <summary>Says which ports are taken for the purpose at hand.</summary>
internal interface IPortUse
{
    PortState Of(ushort port);
}

/// <summary>
/// Chooses local ports (RFC 6056 §3.3.3, algorithm 3): each destination has its own hidden starting point, so that a
/// stranger cannot guess the next port, and ports to one destination are reused as late as possible. Towards a
/// destination with many ports taken it remembers which, so that no call looks them all up again.
/// </summary>
internal sealed class PortAllocator
{
    /// <summary>
    /// So many ports are looked up for one that is free; then the first that is reusable is as good.
    /// </summary>
    public const int Tries = 128;

    private const int MostCrowds = 16;

    // Ports, hash tables and sequence numbers must not be derivable from one another: the domain separates them.
    private const ulong Domain = 0x706f_7274_735f_3630;

    private readonly SipHash _secret;
    private readonly ushort _first;
    private readonly int _count;
    private readonly List<CrowdedPorts> _crowds = []; // the one made last comes last
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
    public bool TryPick<TUse>(
        in FlowKey destination, bool mayReuse, in TUse use, out ushort port)
        where TUse : struct, IPortUse
    {
        uint offset = (uint)_secret.Hash(_secret.Hash(destination), Domain);
        int reusable = -1;
        int tries = Math.Min(Tries, _count);
        for (int looked = 0; tries > 0 && looked < _count; looked++)
        {
            int index = IndexOf(offset);
            _next++;
            port = (ushort)(_first + index);
            PortState state = use.Of(port);
            if (state == PortState.Elsewhere)
                continue;

            tries--;
            if (state == PortState.Free)
            {
                Relax(destination);
                return true;
            }

            if (state == PortState.Reusable && mayReuse && reusable < 0)
                reusable = index;
        }

        if (reusable < 0)
            reusable = _count <= Tries ? -1 : Crowd(destination).Find(IndexOf(offset), _first, mayReuse, use);
        if (reusable >= 0)
            _next += (uint)((reusable - IndexOf(offset) + _count) % _count) + 1;
        port = reusable < 0 ? (ushort)0 : (ushort)(_first + reusable);
        return reusable >= 0;
    }

    /// <summary>A flow left a table: its port may be free, or reusable.</summary>
    public void OnReleased(in FlowKey flow)
    {
        foreach (CrowdedPorts crowd in _crowds)
        {
            if (crowd.IsOf(flow))
                crowd.Forget(flow.LocalPort - _first);
        }
    }

    /// <summary>Nobody listens on the port any more.</summary>
    public void OnReleased(ushort port)
    {
        foreach (CrowdedPorts crowd in _crowds)
        {
            crowd.Forget(port - _first);
        }
    }

    private int IndexOf(uint offset) => (int)(unchecked(_next + offset) % (uint)_count);

    private CrowdedPorts Crowd(in FlowKey destination)
    {
        int at = FindCrowd(destination);
        if (at >= 0)
            return _crowds[at];
        if (_crowds.Count == MostCrowds)
            _crowds.RemoveAt(0);
        var crowd = new CrowdedPorts(destination, _count);
        _crowds.Add(crowd);
        return crowd;
    }

    // A port was found at once. The memory stays while it holds half of the ports: it would have to be made again.
    private void Relax(in FlowKey destination)
    {
        int at = _crowds.Count == 0 ? -1 : FindCrowd(destination);
        if (at >= 0 && _crowds[at].Known * 2 < _count)
            _crowds.RemoveAt(at);
    }

    private int FindCrowd(in FlowKey destination)
    {
        for (int i = 0; i < _crowds.Count; i++)
        {
            if (_crowds[i].IsOf(destination))
                return i;
        }

        return -1;
    }
}
