using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Ip;

/// <summary>
/// Puts fragments together (RFC 791 §3.2, with the holes of RFC 815). Bounded in time, datagrams and memory; the oldest
/// datagram makes room. Fragments that overlap cost the whole datagram, except a repetition, which changes nothing.
/// </summary>
internal sealed class Reassembly(IpLimits? limits = null)
{
    private readonly IpLimits _limits = limits ?? IpLimits.Default;

    // Oldest first. All wait equally long, so the first is due first.
    private readonly List<FragmentedDatagram> _waiting = [];
    private FragmentedDatagram? _done;
    private int _bytes;

    public int Count => _waiting.Count;

    /// <summary>Memory held, in bytes.</summary>
    public int Bytes => _bytes;

    /// <summary>Datagrams that were dropped to make room.</summary>
    public long Evicted { get; private set; }

    public Instant NextDeadline => _waiting.Count > 0 ? _waiting[0].Deadline : Instant.Never;

    /// <summary>
    /// Takes a fragment. Answers None with the whole datagram as <paramref name="whole"/>, if this was the last piece
    /// (valid until the next call), or with an empty one; or why the fragment, or its datagram, was dropped.
    /// </summary>
    public PacketDropReason Add(in IpPacket fragment, Instant now, out ReadOnlySpan<byte> whole)
    {
        whole = default;
        ReleaseDone();
        FragmentedDatagram? datagram = Find(fragment);
        if (!IsPossible(fragment))
        {
            if (datagram is not null)
                Drop(datagram);
            return PacketDropReason.Malformed;
        }

        datagram ??= Begin(fragment, now);
        int before = datagram.Capacity;
        PacketDropReason reason = datagram.Add(fragment);
        _bytes += datagram.Capacity - before;
        if (reason != PacketDropReason.None)
        {
            Drop(datagram);
            return reason;
        }

        if (datagram.IsComplete)
        {
            _waiting.Remove(datagram);
            _done = datagram;
            whole = datagram.Finish();
            return whole.IsEmpty ? PacketDropReason.Malformed : PacketDropReason.None;
        }

        return MakeRoom(datagram);
    }

    /// <summary>
    /// Drops one datagram whose time is over; call until false. RFC 1122 §3.3.2: its sender is told, if the first
    /// fragment is here; <paramref name="quote"/> is what the ICMP error quotes, or empty. Valid until the next call.
    /// </summary>
    public bool TryExpire(Instant now, out ReadOnlySpan<byte> quote)
    {
        quote = default;
        ReleaseDone();
        if (_waiting.Count == 0 || _waiting[0].Deadline > now)
            return false;

        _done = _waiting[0];
        _waiting.RemoveAt(0);
        quote = _done.FirstFragment();
        return true;
    }

    // Only the last fragment may end inside a unit of eight octets, none may end beyond the largest packet ("ping of
    // death"), and none may be empty.
    private static bool IsPossible(in IpPacket fragment)
    {
        int length = fragment.Payload.Length;
        return length > 0
            && (!fragment.MoreFragments || length % 8 == 0)
            && fragment.HeaderLength + fragment.FragmentOffset + length <= Ipv4Header.MaxPacketBytes;
    }

    private FragmentedDatagram? Find(in IpPacket fragment)
    {
        foreach (FragmentedDatagram datagram in _waiting)
        {
            if (datagram.IsPartOf(fragment))
                return datagram;
        }

        return null;
    }

    private FragmentedDatagram Begin(in IpPacket fragment, Instant now)
    {
        if (_waiting.Count >= _limits.MaxReassemblies)
            Evict();

        var datagram = new FragmentedDatagram(fragment, now + _limits.ReassemblyTimeout);
        _waiting.Add(datagram);
        return datagram;
    }

    private PacketDropReason MakeRoom(FragmentedDatagram newest)
    {
        while (_bytes > _limits.MaxReassemblyBytes && _waiting[0] != newest)
        {
            Evict();
        }

        if (_bytes <= _limits.MaxReassemblyBytes)
            return PacketDropReason.None;

        Drop(newest);
        return PacketDropReason.FragmentLimit;
    }

    private void Evict()
    {
        Evicted++;
        Drop(_waiting[0]);
    }

    private void Drop(FragmentedDatagram datagram)
    {
        _waiting.Remove(datagram);
        Release(datagram);
    }

    private void ReleaseDone()
    {
        if (_done is { } done)
            Release(done);
        _done = null;
    }

    private void Release(FragmentedDatagram datagram)
    {
        _bytes -= datagram.Capacity;
        datagram.Release();
    }
}
