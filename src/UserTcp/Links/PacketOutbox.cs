using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// Sends frames from where they lie, several by one system call: the virtio header and the headers as one piece, then
/// the payload. One thread at a time.
/// </summary>
internal sealed unsafe class PacketOutbox : IDisposable
{
    public const int MostFrames = 64;
    private const int PiecesPerFrame = 3;
    private MultiMessage* _messages;
    private MessagePiece* _pieces;

    public PacketOutbox()
    {
        _messages = (MultiMessage*)NativeMemory.AllocZeroed(MostFrames, (nuint)sizeof(MultiMessage));
        _pieces = (MessagePiece*)NativeMemory.AllocZeroed(MostFrames * PiecesPerFrame, (nuint)sizeof(MessagePiece));
        for (int i = 0; i < MostFrames; i++)
            _messages[i].Header.Pieces = &_pieces[i * PiecesPerFrame];
    }

    ~PacketOutbox() => Free();

    /// <summary>Sends frames, in order, at most <see cref="MostFrames"/>.</summary>
    /// <returns>How many were sent; negative for an error, which is the last of the platform's.</returns>
    public int Send(int socket, ReadOnlySpan<TxFrame> frames)
    {
        int count = Math.Min(frames.Length, MostFrames);
        for (int i = 0; i < count; i++)
            Describe(frames[i], i);
        if (count > 1)
            return LibcNative.SendMessages(socket, _messages, (uint)count, LibcNative.DoNotWait);

        return LibcNative.SendMessage(socket, &_messages->Header, LibcNative.DoNotWait) < 0 ? -1 : 1;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Describe(in TxFrame frame, int index)
    {
        MessagePiece* pieces = &_pieces[index * PiecesPerFrame];
        byte* header = AddressOf(frame.Header) - FrameOffload.Size; // the headroom that every frame has
        *(FrameOffload*)header = frame.Offload;
        pieces[0] = new MessagePiece { Start = header, Length = (nuint)(FrameOffload.Size + frame.Header.Length) };
        int count = 1;
        if (!frame.Payload1.IsEmpty)
            pieces[count++] = Piece(frame.Payload1);
        if (!frame.Payload2.IsEmpty)
            pieces[count++] = Piece(frame.Payload2);
        _messages[index].Header.PieceCount = (nuint)count;
    }

    private static MessagePiece Piece(ReadOnlySpan<byte> bytes) =>
        new() { Start = AddressOf(bytes), Length = (nuint)bytes.Length };

    // The bytes of a frame do not move (TxFrame).
    private static byte* AddressOf(ReadOnlySpan<byte> bytes) =>
        (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));

    private void Free()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_pieces);
        _messages = null;
        _pieces = null;
    }
}
