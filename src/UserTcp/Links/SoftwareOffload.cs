using System.Runtime.CompilerServices;
using UserTcp.Wire;

namespace UserTcp.Links;

/// <summary>
/// Does in C# what a device cannot: cuts TCP over IPv4 super-segments and finishes checksums, so that the stack can
/// always hand down its best form. Where the device below can, frames pass untouched.
/// </summary>
/// <remarks>
/// <para>
/// A super-segment of which the device takes only the beginning counts as accepted: its rest is copied (one frame at
/// most) and sent first by the next <see cref="Transmit"/> or <see cref="Receive"/>; until it has left, nothing else
/// is accepted.
/// </para>
/// <para>
/// Frames whose headers do not allow what they ask for are dropped and counted in
/// <see cref="LinkStatistics.TransmitDropped"/>. Owns the inner device and disposes of it. The threading rules are
/// those of <see cref="LinkDevice"/>.
/// </para>
/// </remarks>
public sealed unsafe class SoftwareOffload : LinkDevice
{
    private const int BatchFrames = 64;
    private const int MaxHeaderBytes = 160; // link header 14, IPv4 60, TCP 60, rounded up
    private const int SlotBytes = 176;      // with TxFrame.Headroom before it
    private const LinkFeatures Added = LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation;

    private readonly LinkDevice _inner;
    private readonly SoftwareOffload _first; // of the device's queues: it counts for all
    private readonly bool _innerSums;
    private readonly bool _innerCuts;
    private readonly int _linkHeaderLength;
    private readonly Lock _sending = new(); // the loop sends what is left while another thread may transmit
    private readonly byte[] _slotMemory = GC.AllocateUninitializedArray<byte>(BatchFrames * SlotBytes, pinned: true);
    private readonly byte* _slots;
    private readonly TxFrame[] _batch = new TxFrame[BatchFrames];
    private readonly Place[] _origins = new Place[BatchFrames];
    private int _batched;
    private byte[] _scratchMemory = []; // one frame: the rest of a super-segment, or one in unusual pieces
    private TxFrame _rest;
    private int _restSegment;
    private volatile bool _hasRest;
    private long _dropped;
    private volatile LinkInfo? _innerInfo;
    private LinkInfo? _info;

    /// <summary>Puts the decorator before a device.</summary>
    /// <param name="inner">The device; belongs to the decorator from now on.</param>
    public SoftwareOffload(LinkDevice inner)
        : this(inner, null)
    {
    }

    private SoftwareOffload(LinkDevice inner, SoftwareOffload? first)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _inner = inner;
        _first = first ?? this;
        _innerSums = (inner.Info.Features & LinkFeatures.TransmitChecksum) != 0;
        _innerCuts = (inner.Info.Features & Added) == Added;
        _linkHeaderLength = inner.Info.Medium == LinkMedium.Ethernet ? EthernetHeader.Size : 0;
        _slots = (byte*)Unsafe.AsPointer(ref _slotMemory[0]);
    }

    /// <summary>The inner device's properties; checksums and segmentation are offered as well.</summary>
    public override LinkInfo Info
    {
        get
        {
            LinkInfo inner = _inner.Info;
            if (!ReferenceEquals(inner, _innerInfo))
            {
                _info = inner with { Features = inner.Features | Added };
                _innerInfo = inner;
            }

            return _info!;
        }
    }

    /// <inheritdoc/>
    public override LinkStatistics Statistics
    {
        get
        {
            LinkStatistics inner = _inner.Statistics;
            return inner with { TransmitDropped = inner.TransmitDropped + Volatile.Read(ref _first._dropped) };
        }
    }

    /// <summary>The inner device's queues, each with a decorator of its own.</summary>
    /// <inheritdoc/>
    public override IReadOnlyList<LinkDevice> OpenQueues(int count) =>
        [this, .. QueueSharing.Open(_inner, count).Skip(1).Select(queue => new SoftwareOffload(queue, _first))];

    /// <inheritdoc/>
    public override void SetReceiveAddress(MacAddress address) => _inner.SetReceiveAddress(address);

    /// <inheritdoc/>
    public override int Receive(RxBatch batch)
    {
        if (_hasRest)
        {
            lock (_sending)
                TrySendRest();
        }

        return _inner.Receive(batch);
    }

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        lock (_sending)
        {
            if (!TrySendRest())
                return 0;
            if (!AnyNeedsWork(frames))
                return _inner.Transmit(frames);

            Place reached = Send(frames, default);
            if (reached.Segment == 0)
                return reached.Frame;

            Keep(frames[reached.Frame], reached.Segment);
            return reached.Frame + 1;
        }
    }

    /// <inheritdoc/>
    public override bool Wait(TimeSpan timeout) => _inner.Wait(timeout);

    /// <inheritdoc/>
    public override void Wake() => _inner.Wake();

    /// <summary>Disposes of the inner device; what is left of a super-segment is discarded.</summary>
    public override void Dispose()
    {
        lock (_sending)
        {
            _hasRest = false;
            _rest = default;
        }

        _inner.Dispose();
    }

    internal override void Steer(in Steering steering) => _inner.Steer(steering);

    private bool TrySendRest()
    {
        if (!_hasRest)
            return true;

        Place reached = Send(new ReadOnlySpan<TxFrame>(in _rest), new Place(0, _restSegment));
        _restSegment = reached.Segment;
        _hasRest = reached.Frame == 0;
        return !_hasRest;
    }

    private void Keep(in TxFrame frame, int nextSegment)
    {
        SegmentCutter.TryPlan(
            frame.Header, frame.Length, frame.Offload.SegmentSize, _linkHeaderLength, out SegmentCutter cutter);
        _rest = Repack(frame, cutter.HeaderLength);
        _restSegment = nextSegment;
        _hasRest = true;
    }

    private bool AnyNeedsWork(ReadOnlySpan<TxFrame> frames)
    {
        foreach (ref readonly TxFrame frame in frames)
        {
            if (NeedsCut(frame.Offload) || NeedsSum(frame.Offload))
                return true;
        }

        return false;
    }

    private bool NeedsCut(FrameOffload offload) => offload.Segmentation != SegmentationOffload.None && !_innerCuts;

    private bool NeedsSum(FrameOffload offload) => offload.IsChecksumPartial && !_innerSums;

    /// <summary>
    /// Sends from a place on, until the end or until the device is full; returns the place that was reached.
    /// </summary>
    private Place Send(ReadOnlySpan<TxFrame> frames, Place next)
    {
        while (next.Frame < frames.Length)
        {
            ref readonly TxFrame frame = ref frames[next.Frame];
            Work work = Decide(frame, out SegmentCutter cutter, out int headerLength);
            bool comesAlone = work is Work.Repack or Work.Drop; // one scratch memory; what is dropped is seen once
            if ((comesAlone || _batched == BatchFrames) && !TryFlush(out Place refused))
                return refused;

            next = work switch
            {
                Work.Pass => Add(frame, next),
                Work.Sum => Add(WithFinishedChecksum(frame), next),
                Work.Cut => AddPieces(frame, cutter, next),
                Work.Repack => AddRepacked(Repack(frame, headerLength), next),
                _ => Drop(next),
            };
        }

        return TryFlush(out Place stopped) ? next : stopped;
    }

    private Work Decide(in TxFrame frame, out SegmentCutter cutter, out int headerLength)
    {
        FrameOffload offload = frame.Offload;
        cutter = default;
        headerLength = 0;
        if (NeedsCut(offload))
        {
            if ((offload.Segmentation & ~SegmentationOffload.Ecn) != SegmentationOffload.TcpV4 || !SegmentCutter.TryPlan(
                frame.Header, frame.Length, offload.SegmentSize, _linkHeaderLength, out cutter))
                return Work.Drop;

            headerLength = cutter.HeaderLength;
            return frame.Header.Length == headerLength ? Work.Cut : Work.Repack;
        }

        if (!NeedsSum(offload))
            return Work.Pass;

        headerLength = offload.ChecksumStart + offload.ChecksumOffset + sizeof(ushort);
        if (headerLength > MaxHeaderBytes || headerLength > frame.Length)
            return Work.Drop;

        return headerLength <= frame.Header.Length && frame.Header.Length <= MaxHeaderBytes ? Work.Sum : Work.Repack;
    }

    private bool TryFlush(out Place refused)
    {
        int count = _batched;
        _batched = 0;
        refused = default;
        if (count == 0)
            return true;

        int taken = _inner.Transmit(_batch.AsSpan(0, count));
        if (taken == count)
            return true;

        refused = _origins[taken];
        return false;
    }

    private Place Add(in TxFrame frame, Place place)
    {
        _origins[_batched] = place;
        _batch[_batched++] = frame;
        return new Place(place.Frame + 1, 0);
    }

    private Place AddRepacked(in TxFrame frame, Place place) =>
        Decide(frame, out SegmentCutter cutter, out _) == Work.Cut
            ? AddPieces(frame, cutter, place)
            : Add(WithFinishedChecksum(frame), place);

    /// <summary>Adds the segments from a place on, as many as the batch holds.</summary>
    private Place AddPieces(in TxFrame frame, in SegmentCutter cutter, Place place)
    {
        for (int segment = place.Segment; segment < cutter.Count; segment++)
        {
            if (_batched == BatchFrames)
                return place with { Segment = segment };

            byte* header = Slot(_batched);
            cutter.WriteHeaders(frame.Header, segment, new Span<byte>(header, cutter.HeaderLength));
            TxFrame piece = frame.WithPayload(
                header, cutter.HeaderLength, cutter.TextStart(segment), cutter.TextLength(segment), cutter.Offload);
            Add(_innerSums ? piece : WithFinishedChecksum(piece), place with { Segment = segment });
        }

        return new Place(place.Frame + 1, 0);
    }

    /// <summary>
    /// The frame with its header in the next slot, the checksum finished. The field lies in the header.
    /// </summary>
    private TxFrame WithFinishedChecksum(in TxFrame frame)
    {
        var header = new Span<byte>(Slot(_batched), frame.Header.Length);
        frame.Header.CopyTo(header);
        FrameChecksum.TryFinish(header, frame.Payload1, frame.Payload2, frame.Offload);
        return frame.WithPayload(
            Slot(_batched), header.Length, 0, frame.Payload1.Length + frame.Payload2.Length, default);
    }

    /// <summary>
    /// Copies the frame into the scratch memory, as a header of the given length and one piece of payload.
    /// </summary>
    private TxFrame Repack(in TxFrame frame, int headerLength)
    {
        if (_scratchMemory.Length < TxFrame.Headroom + frame.Length)
            _scratchMemory = GC.AllocateUninitializedArray<byte>(
                TxFrame.Headroom + Math.Max(frame.Length, RxBatch.UsualFrameBytes), pinned: true);

        byte* start = (byte*)Unsafe.AsPointer(ref _scratchMemory[TxFrame.Headroom]);
        int length = frame.CopyTo(new Span<byte>(start, frame.Length));
        return new TxFrame(start, headerLength, start + headerLength, length - headerLength, null, 0, frame.Offload);
    }

    private Place Drop(Place place)
    {
        Interlocked.Increment(ref _first._dropped);
        return new Place(place.Frame + 1, 0);
    }

    private byte* Slot(int index) => _slots + (index * SlotBytes) + TxFrame.Headroom;

    private enum Work
    {
        /// <summary>The device does all there is to do.</summary>
        Pass,

        /// <summary>The checksum is finished here.</summary>
        Sum,

        /// <summary>The frame is cut here.</summary>
        Cut,

        /// <summary>To be summed or cut once its headers are a piece of their own.</summary>
        Repack,

        /// <summary>It asks for what its headers do not allow.</summary>
        Drop,
    }

    private readonly record struct Place(int Frame, int Segment);
}
