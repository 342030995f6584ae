using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Ip;

/// <summary>One datagram of which fragments are here: its bytes, and the holes between them (RFC 815).</summary>
internal sealed class FragmentedDatagram
{
    // Enough for any order in which a network delivers; one-unit fragments with gaps are an attack.
    private const int MaxHoles = 64;

    // The payload lies behind room for the longest header: the first fragment's, which may come last.
    private const int PayloadAt = Ipv4Header.MaxSize;
    private const int SmallestBuffer = 4096;
    private const int Endless = int.MaxValue;

    private readonly HostAddress _source;
    private readonly HostAddress _destination;
    private readonly IpProtocol _protocol;
    private readonly uint _id;
    private readonly List<Hole> _holes = [new Hole(0, Endless)];
    private byte[] _buffer = [];
    private int _headerLength;
    private int _firstLength;
    private int _length = Endless;
    private bool _isMarked;
    private bool _hasNotEct;

    public FragmentedDatagram(in IpPacket fragment, Instant deadline)
    {
        Debug.Assert(fragment.Family.IsV4, "The header that is mended at the end is that of IPv4.");
        _source = fragment.Source;
        _destination = fragment.Destination;
        _protocol = fragment.Protocol;
        _id = fragment.FragmentId;
        Deadline = deadline;
    }

    public Instant Deadline { get; }

    public int Capacity => _buffer.Length;

    public bool IsComplete => _holes.Count == 0;

    /// <summary>RFC 791 §3.2: fragments of one datagram agree in addresses, protocol and identification.</summary>
    public bool IsPartOf(in IpPacket fragment) =>
        _id == fragment.FragmentId && _protocol == fragment.Protocol && _source == fragment.Source
        && _destination == fragment.Destination;

    /// <summary>Stores a fragment; anything but None means that the datagram is worth nothing any more.</summary>
    public PacketDropReason Add(in IpPacket fragment)
    {
        int start = fragment.FragmentOffset;
        int end = start + fragment.Payload.Length;
        if (!AgreesOnLength(end, isLast: !fragment.MoreFragments))
            return PacketDropReason.Malformed;

        Reserve(PayloadAt + end);
        int hole = FindHole(start, end);
        if (hole < 0)
            return IsRepetition(fragment, start, end) ? PacketDropReason.None : PacketDropReason.FragmentOverlap;

        _isMarked |= fragment.Ecn == EcnCodepoint.Ce;
        _hasNotEct |= fragment.Ecn == EcnCodepoint.NotEct;
        fragment.Payload.CopyTo(_buffer.AsSpan(PayloadAt + start));
        if (start == 0)
            TakeHeader(fragment);
        return Fill(hole, start, end);
    }

    /// <summary>
    /// The whole datagram as one packet, its header mended; empty if it is longer than a packet can be, or if a part is
    /// marked as having met congestion and another as not able to say so (RFC 3168 §5.3).
    /// </summary>
    public ReadOnlySpan<byte> Finish()
    {
        int total = _headerLength + _length;
        if (total > Ipv4Header.MaxPacketBytes || (_isMarked && _hasNotEct))
            return default;

        Span<byte> packet = _buffer.AsSpan(PayloadAt - _headerLength, total);
        if (_isMarked)
            packet[1] |= (byte)EcnCodepoint.Ce;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)total);
        BinaryPrimitives.WriteUInt16BigEndian(packet[6..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], 0);
        ulong sum = InternetChecksum.Sum(packet[.._headerLength]);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], InternetChecksum.Complete(sum));
        return packet;
    }

    /// <summary>The first fragment as it came, or nothing if it did not come.</summary>
    public ReadOnlySpan<byte> FirstFragment() =>
        _headerLength == 0 ? default : _buffer.AsSpan(PayloadAt - _headerLength, _headerLength + _firstLength);

    public void Release()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    // The last fragment says how long the datagram is: nothing lies beyond it, and no other says otherwise.
    private bool AgreesOnLength(int end, bool isLast)
    {
        if (_length != Endless)
            return isLast ? end == _length : end <= _length;
        if (!isLast)
            return true;
        if (HighestEnd > end)
            return false;

        _length = end;
        Hole open = _holes[^1];
        _holes.RemoveAt(_holes.Count - 1);
        if (open.Start < end)
            _holes.Add(open with { End = end });
        return true;
    }

    // While the end is not known the last hole is endless, and what has arrived ends where it begins.
    private int HighestEnd => _holes[^1].Start;

    private int FindHole(int start, int end)
    {
        for (int i = 0; i < _holes.Count; i++)
        {
            if (_holes[i].Start <= start && end <= _holes[i].End)
                return i;
        }

        return -1;
    }

    private bool IsRepetition(in IpPacket fragment, int start, int end)
    {
        foreach (Hole hole in _holes)
        {
            if (start < hole.End && hole.Start < end)
                return false;
        }

        return fragment.Payload.SequenceEqual(_buffer.AsSpan(PayloadAt + start, end - start));
    }

    private PacketDropReason Fill(int index, int start, int end)
    {
        Hole hole = _holes[index];
        _holes.RemoveAt(index);
        if (end < hole.End)
            _holes.Insert(index, hole with { Start = end });
        if (hole.Start < start)
            _holes.Insert(index, hole with { End = start });

        return _holes.Count > MaxHoles ? PacketDropReason.FragmentLimit : PacketDropReason.None;
    }

    private void TakeHeader(in IpPacket fragment)
    {
        _headerLength = fragment.HeaderLength;
        _firstLength = fragment.Payload.Length;
        fragment.Packet[.._headerLength].CopyTo(_buffer.AsSpan(PayloadAt - _headerLength));
    }

    private void Reserve(int length)
    {
        if (_buffer.Length >= length)
            return;

        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, SmallestBuffer));
        _buffer.CopyTo(larger, 0);
        Release();
        _buffer = larger;
    }

    private readonly record struct Hole(int Start, int End);
}
