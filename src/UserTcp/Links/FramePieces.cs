using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>A frame as the pieces of one system call, where its bytes lie.</summary>
internal static unsafe class FramePieces
{
    /// <summary>The virtio header and the headers as one piece, then the payload.</summary>
    public const int Most = 3;

    /// <summary>Describes a frame with its virtio header in front.</summary>
    /// <param name="frame">Valid until the call is made.</param>
    /// <param name="pieces">Room for <see cref="Most"/>.</param>
    /// <returns>How many pieces there are.</returns>
    public static int Describe(in TxFrame frame, MessagePiece* pieces)
    {
        byte* header = AddressOf(frame.Header) - FrameOffload.Size; // the headroom that every frame has
        *(FrameOffload*)header = frame.Offload;
        pieces[0] = new MessagePiece { Start = header, Length = (nuint)(FrameOffload.Size + frame.Header.Length) };
        int count = 1;
        if (!frame.Payload1.IsEmpty)
            pieces[count++] = Piece(frame.Payload1);
        if (!frame.Payload2.IsEmpty)
            pieces[count++] = Piece(frame.Payload2);
        return count;
    }

    private static MessagePiece Piece(ReadOnlySpan<byte> bytes) =>
        new() { Start = AddressOf(bytes), Length = (nuint)bytes.Length };

    // The bytes of a frame do not move (TxFrame).
    private static byte* AddressOf(ReadOnlySpan<byte> bytes) =>
        (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));
}
