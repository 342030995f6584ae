using System.Net;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Dump;

/// <summary>
/// Makes sequence numbers relative, as tcpdump does: the first segment with an ACK, and each SYN with one, is shown
/// with its own numbers; later segments of the connection count from these.
/// </summary>
internal sealed class SequenceBook
{
    /// <summary>Connections that are remembered; beyond it the book begins anew.</summary>
    private const int MaxConnections = 65_536;

    private readonly Dictionary<(IPEndPoint Low, IPEndPoint High), (uint OfLow, uint OfHigh)> _first = [];

    /// <summary>The numbers of a segment as they are to be shown.</summary>
    public (uint Sequence, uint Acknowledgment) Relate(TraceSegment segment)
    {
        if (!segment.HasAcknowledgment)
            return (segment.Sequence, segment.Acknowledgment);

        bool isLow = IsBefore(segment.Source, segment.Destination);
        (IPEndPoint, IPEndPoint) key =
            isLow ? (segment.Source, segment.Destination) : (segment.Destination, segment.Source);
        if (segment.IsSyn || !_first.TryGetValue(key, out (uint OfLow, uint OfHigh) first))
        {
            if (_first.Count >= MaxConnections)
                _first.Clear();
            uint peer = segment.Acknowledgment - 1;
            _first[key] = isLow ? (segment.Sequence, peer) : (peer, segment.Sequence);
            return (segment.Sequence, segment.Acknowledgment);
        }

        (uint own, uint other) = isLow ? (first.OfLow, first.OfHigh) : (first.OfHigh, first.OfLow);
        return (segment.Sequence - own, segment.Acknowledgment - other);
    }

    private static bool IsBefore(IPEndPoint one, IPEndPoint other)
    {
        int order = one.Address.GetAddressBytes().AsSpan().SequenceCompareTo(other.Address.GetAddressBytes());
        return order != 0 ? order < 0 : one.Port < other.Port;
    }
}
