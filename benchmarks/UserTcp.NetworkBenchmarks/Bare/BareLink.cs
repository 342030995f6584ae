using System.Buffers.Binary;
using System.Net;
using UserTcp.Links;

namespace UserTcp.NetworkBenchmarks.Bare;

internal delegate void SegmentHandler(BareFlow flow, in BareSegment segment);

/// <summary>
/// TCP over a link without recovery, timers, queues or copies: the ceiling of a stack over the same link. The peer is
/// trusted, as in no other place: its frames are well formed.
/// </summary>
internal sealed unsafe class BareLink : IDisposable
{
    public const int SegmentBytes = 1460;

    /// <summary>The text of a super-segment.</summary>
    public const int MaxText = 44 * SegmentBytes;

    private const int HeaderBytes = BareHeaders.EthernetBytes + BareHeaders.IpBytes + BareHeaders.TcpBytes;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private readonly LinkDevice _device;
    private readonly MacAddress _own = MacAddress.CreateLocal("bare"u8);
    private readonly (uint Own, uint Peer) _ends;
    private readonly RxBatch _batch = new();
    private readonly byte[] _header =
        GC.AllocateArray<byte>(TxFrame.Headroom + HeaderBytes + BareHeaders.SynOptionBytes, pinned: true);
    private readonly Dictionary<ushort, BareFlow> _flows = [];
    private MacAddress _peer;
    private ushort _lastPort = 20_000;

    /// <summary>Uses a device, which is disposed of with this object.</summary>
    /// <param name="device">Any that finishes checksums and cuts super-segments.</param>
    /// <param name="own">An address that nobody has.</param>
    /// <param name="peer">The peer's, on the same link.</param>
    public BareLink(LinkDevice device, IPAddress own, IPAddress peer)
    {
        _device = device;
        _ends = (ToNumber(own), ToNumber(peer));
        _device.SetReceiveAddress(_own);
    }

    /// <summary>The window that connections advertise from now on, in bytes.</summary>
    public int Window { get; set; } = 1 << 20;

    /// <summary>Opens connections to one port.</summary>
    public BareFlow[] Connect(int port, int count)
    {
        if (_peer.IsZero)
            Resolve();
        BareFlow[] flows = [.. Enumerable.Range(0, count).Select(_ => new BareFlow(++_lastPort, (ushort)port))];
        foreach (BareFlow flow in flows)
        {
            _flows.Add(flow.Port, flow);
            TrySend(flow, BareHeaders.Syn);
        }

        while (!flows.All(flow => flow.IsOpen))
        {
            Await();
            Receive();
        }

        return flows;
    }

    /// <summary>Resets connections.</summary>
    public void End(IEnumerable<BareFlow> flows)
    {
        foreach (BareFlow flow in flows)
        {
            while (!TrySend(flow, BareHeaders.Reset | BareHeaders.Ack))
            {
                Await();
                Receive();
            }

            _flows.Remove(flow.Port);
        }
    }

    /// <summary>Sends text that stays where it is, as one frame.</summary>
    /// <returns>False, and nothing happens, if the device is full.</returns>
    public bool TrySend(BareFlow flow, byte flags, byte* text = null, int length = 0)
    {
        int options = (flags & BareHeaders.Syn) != 0 ? BareHeaders.SynOptionBytes : 0;
        Span<byte> header = _header.AsSpan(TxFrame.Headroom);
        _peer.CopyTo(header);
        _own.CopyTo(header[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[12..], BareHeaders.Ip);
        int bytes = HeaderBytes + options + length;
        BareHeaders.WriteIp(
            header[BareHeaders.EthernetBytes..], _ends.Own, _ends.Peer, bytes - BareHeaders.EthernetBytes);
        const int tcpStart = BareHeaders.EthernetBytes + BareHeaders.IpBytes;
        BareHeaders.WriteTcp(header[tcpStart..], flow, flags, Window, _ends, bytes - tcpStart);
        bool isSuper = length > SegmentBytes;
        var offload = new FrameOffload
        {
            Flags = FrameOffloadFlags.NeedsChecksum,
            ChecksumStart = tcpStart,
            ChecksumOffset = BareHeaders.ChecksumOffset,
            HeaderLength = (ushort)(HeaderBytes + options),
            Segmentation = isSuper ? SegmentationOffload.TcpV4 : SegmentationOffload.None,
            SegmentSize = isSuper ? (ushort)SegmentBytes : (ushort)0,
        };
        fixed (byte* start = header)
        {
            var frame = new TxFrame(start, HeaderBytes + options, text, length, null, 0, offload);
            if (_device.Transmit([frame]) == 0)
                return false;
        }

        flow.Next += (uint)length;
        return true;
    }

    /// <summary>Handles the frames that are there, then sends the ACKs that are owed: one a connection.</summary>
    public void Receive(SegmentHandler? handler = null)
    {
        _batch.Clear();
        _device.Receive(_batch);
        for (int i = 0; i < _batch.Count; i++)
        {
            ReadOnlySpan<byte> frame = _batch[i].Bytes;
            if (BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == BareHeaders.Arp)
                OnArp(frame);
            else if (_flows.TryGetValue(BareHeaders.ReadTcp(frame, out BareSegment segment), out BareFlow? flow))
                OnSegment(flow, segment, handler);
        }

        foreach (BareFlow flow in _flows.Values)
        {
            if (flow.OwesAck && TrySend(flow, BareHeaders.Ack))
                flow.OwesAck = false;
        }
    }

    /// <summary>Waits until the device has frames, or room again.</summary>
    /// <exception cref="IOException">Nothing happened: a frame was lost, and nothing sends it again.</exception>
    public void Await()
    {
        if (!_device.Wait(s_patience))
            throw new IOException($"Nothing came within {s_patience.TotalSeconds} s, and there is no recovery.");
    }

    public void Dispose()
    {
        _device.Dispose();
        _batch.Dispose();
    }

    private static void OnSegment(BareFlow flow, in BareSegment segment, SegmentHandler? handler)
    {
        if ((segment.Flags & BareHeaders.Reset) != 0)
            throw new IOException("The peer reset a connection.");

        if ((segment.Flags & BareHeaders.Syn) != 0)
        {
            flow.Open(segment, BareHeaders.ReadShift(segment.Options));
            return;
        }

        flow.OnAck(segment);
        handler?.Invoke(flow, segment);
    }

    private void Resolve()
    {
        SendArp();
        while (_peer.IsZero)
        {
            Await();
            Receive();
        }
    }

    private void OnArp(ReadOnlySpan<byte> frame)
    {
        if (BareHeaders.ReadArp(frame, _ends.Peer) is not { } found)
            return;

        _peer = found.Sender;
        if (found.IsRequest)
            SendArp();
    }

    private void SendArp()
    {
        Span<byte> frame = stackalloc byte[BareHeaders.ArpBytes];
        BareHeaders.WriteArp(frame, (_own, _ends.Own), (_peer, _ends.Peer));
        _device.Transmit([TxFrame.Create(frame)]);
    }

    private static uint ToNumber(IPAddress address) =>
        BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
}
