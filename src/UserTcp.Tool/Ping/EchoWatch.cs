using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using UserTcp.Diagnostics;
using UserTcp.Links;

namespace UserTcp.Tool.Ping;

/// <summary>One more answer to a request that has one.</summary>
/// <param name="Key">Identifier and sequence number.</param>
/// <param name="From">The host that answered.</param>
/// <param name="DataLength">The bytes that came back.</param>
/// <param name="TimeToLive">Of the answer.</param>
/// <param name="Elapsed">Since the request.</param>
internal readonly record struct EchoDuplicate(
    (ushort Identifier, ushort Sequence) Key, IPAddress From, int DataLength, byte TimeToLive, TimeSpan Elapsed);

/// <summary>
/// Sees the echo requests and answers of a stack, and tells of duplicates: the stack takes the first answer only.
/// </summary>
internal sealed class EchoWatch : IPacketTap
{
    private const int EthernetHeader = 14;
    private const int Ipv4Header = 20;
    private const int IcmpHeader = 8;
    private const byte Icmp = 1;
    private const byte EchoReply = 0;
    private const byte EchoRequest = 8;

    // Later answers than to so many requests ago are not told from first ones.
    private const int MostRequests = 100_000;

    private readonly Queue<(ushort, ushort)> _order = [];
    private readonly Dictionary<(ushort Identifier, ushort Sequence), (long Sent, bool IsAnswered)> _requests = [];

    /// <summary>Hears of duplicates, one at a time, on a thread of the stack.</summary>
    public Action<EchoDuplicate> OnDuplicate { get; set; } = static _ => { };

    public void OnPacket(in PacketTapContext packet)
    {
        ReadOnlySpan<byte> ip = PacketOf(packet);
        int header = ip.Length < Ipv4Header || ip[0] >> 4 != 4 ? 0 : (ip[0] & 0xf) * 4;
        if (header < Ipv4Header || ip[9] != Icmp || packet.DropReason != PacketDropReason.None)
            return;

        int length = Math.Min(ip.Length, BinaryPrimitives.ReadUInt16BigEndian(ip[2..])) - header;
        bool isFragment = (BinaryPrimitives.ReadUInt16BigEndian(ip[6..]) & 0x3fff) != 0;
        if (isFragment || length < IcmpHeader)
            return;

        ReadOnlySpan<byte> message = ip.Slice(header, length);
        (ushort, ushort) key = (
            BinaryPrimitives.ReadUInt16BigEndian(message[4..]), BinaryPrimitives.ReadUInt16BigEndian(message[6..]));
        if (packet.Direction == PacketDirection.Sent && message[0] == EchoRequest)
            OnRequest(key);
        else if (packet.Direction == PacketDirection.Received && message[0] == EchoReply)
            OnReply(key, ip, length - IcmpHeader);
    }

    private static ReadOnlySpan<byte> PacketOf(in PacketTapContext packet)
    {
        if (packet.Link.Medium == LinkMedium.Ip)
            return packet.Frame;

        return packet.Frame.Length > EthernetHeader && packet.Frame[12] == 8 && packet.Frame[13] == 0
            ? packet.Frame[EthernetHeader..] : default;
    }

    private void OnRequest((ushort, ushort) key)
    {
        _requests[key] = (Stopwatch.GetTimestamp(), false);
        _order.Enqueue(key);
        if (_order.Count > MostRequests)
            _requests.Remove(_order.Dequeue());
    }

    private void OnReply((ushort, ushort) key, ReadOnlySpan<byte> ip, int dataLength)
    {
        if (!_requests.TryGetValue(key, out (long Sent, bool IsAnswered) request))
            return;

        if (request.IsAnswered)
        {
            OnDuplicate(new EchoDuplicate(
                key, new IPAddress(ip.Slice(12, 4)), dataLength, ip[8], Stopwatch.GetElapsedTime(request.Sent)));
        }

        _requests[key] = (request.Sent, true);
    }
}
