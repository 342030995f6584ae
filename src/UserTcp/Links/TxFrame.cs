using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace UserTcp.Links;

/// <summary>
/// A frame to send: its headers and at most two pieces of payload, which stay where they are. A frame that a device
/// gets is valid during <see cref="LinkDevice.Transmit"/> only; one of <see cref="Create"/> for as long as it is held.
/// </summary>
public readonly unsafe struct TxFrame
{
    /// <summary>
    /// The writable bytes before every header, so that a virtio header and the headers can leave as one piece.
    /// </summary>
    public const int Headroom = FrameOffload.Size;

    private readonly byte* _header;
    private readonly byte* _payload1;
    private readonly byte* _payload2;
    private readonly byte[]? _owned;
    private readonly int _headerLength;
    private readonly int _payload1Length;
    private readonly int _payload2Length;

    private TxFrame(byte[] owned, FrameOffload offload)
    {
        _owned = owned;
        _header = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(owned)) + Headroom;
        _headerLength = owned.Length - Headroom;
        Offload = offload;
    }

    /// <summary>
    /// Describes a frame in memory that stays put, without a copy. Code without pointers uses <see cref="Create"/>.
    /// </summary>
    /// <param name="header">All headers, preceded by <see cref="Headroom"/> writable bytes.</param>
    /// <param name="headerLength">The length of the headers, in bytes.</param>
    /// <param name="payload1">The first piece of payload, or null.</param>
    /// <param name="payload1Length">Its length, in bytes.</param>
    /// <param name="payload2">The second piece of payload, or null.</param>
    /// <param name="payload2Length">Its length, in bytes.</param>
    /// <param name="offload">The checksum and segmentation work that is left to the device.</param>
    public TxFrame(
        byte* header, int headerLength, byte* payload1, int payload1Length, byte* payload2, int payload2Length,
        FrameOffload offload)
    {
        _header = header;
        _headerLength = headerLength;
        _payload1 = payload1;
        _payload1Length = payload1Length;
        _payload2 = payload2;
        _payload2Length = payload2Length;
        Offload = offload;
    }

    /// <summary>
    /// Makes a frame of its own, for a device that sends other frames than it was given: a switch, a device that
    /// changes frames, a test. The bytes are copied to memory that does not move and lives as long as the frame.
    /// </summary>
    /// <param name="bytes">The whole frame, link header first.</param>
    /// <param name="offload">What the device has to do.</param>
    /// <returns>The frame; all of it is <see cref="Header"/>.</returns>
    public static TxFrame Create(ReadOnlySpan<byte> bytes, FrameOffload offload = default)
    {
        byte[] owned = GC.AllocateUninitializedArray<byte>(Headroom + bytes.Length, pinned: true);
        bytes.CopyTo(owned.AsSpan(Headroom));
        return new TxFrame(owned, offload);
    }

    /// <summary>The checksum and segmentation work that is left to the device.</summary>
    public FrameOffload Offload { get; }

    /// <summary>The length of the whole frame, in bytes.</summary>
    public int Length => _headerLength + _payload1Length + _payload2Length;

    /// <summary>The headers, link header first (a whole frame if there is no payload).</summary>
    public ReadOnlySpan<byte> Header => new(_header, _headerLength);

    /// <summary>The first piece of payload; may be empty.</summary>
    public ReadOnlySpan<byte> Payload1 => new(_payload1, _payload1Length);

    /// <summary>The second piece of payload; may be empty.</summary>
    public ReadOnlySpan<byte> Payload2 => new(_payload2, _payload2Length);

    /// <summary>Copies the frame into one piece.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <returns><see cref="Length"/>.</returns>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int CopyTo(Span<byte> destination)
    {
        Header.CopyTo(destination);
        Payload1.CopyTo(destination[_headerLength..]);
        Payload2.CopyTo(destination[(_headerLength + _payload1Length)..]);
        return Length;
    }

    /// <summary>A frame with a header of its own and a part of this frame's payload, which stays where it is.</summary>
    internal TxFrame WithPayload(byte* header, int headerLength, int start, int length, FrameOffload offload)
    {
        int first = Math.Clamp(_payload1Length - start, 0, length);
        int start2 = Math.Max(0, start - _payload1Length);
        return new TxFrame(
            header, headerLength, _payload1 + (first > 0 ? start : 0), first, _payload2 + start2, length - first,
            offload);
    }
}
